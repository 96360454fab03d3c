// SPDX-License-Identifier: Apache-2.0
/*
 * minimize.c - a smaller program for which a test still holds
 */
#include "minimize.h"

#include <string.h>

/* Of programs longer than this no pairs are dropped: that would take long. */
enum { PAIRS_OPS_MAX = 24 };

/* The test, and the smallest program so far for which it held */
struct minimizer {
	struct program *best;
	minimize_test *test;
	void *arg;
};

/* Take a candidate if it is another program for which the test holds */
static bool keep(struct minimizer *m, const struct program *candidate)
{
	if (program_equal(candidate, m->best) || !m->test(candidate, m->arg))
		return false;
	*m->best = *candidate;
	return true;
}

/* All ops of one socket at once: that is most of the work, done fast. */
static bool drop_sockets(struct minimizer *m)
{
	bool changed = false;

	for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++) {
		struct program candidate = *m->best;

		for (int i = candidate.count - 1; i >= 0; i--) {
			const struct op *op = &candidate.ops[i];

			if ((op->kind == OP_SOCKET || op_has_socket(op)) &&
				op->sock == slot)
				program_remove(&candidate, i);
		}
		changed |= keep(m, &candidate);
	}
	return changed;
}

static bool drop_ops(struct minimizer *m)
{
	bool changed = false;

	for (int i = m->best->count - 1; i >= 0; i--) {
		struct program candidate = *m->best;

		if (i >= candidate.count)
			continue;
		program_remove(&candidate, i);
		changed |= keep(m, &candidate);
	}
	return changed;
}

/* Drop pairs that must go together: a reserve and its release, two options */
static bool drop_pairs(struct minimizer *m)
{
	bool changed = false;

	if (m->best->count > PAIRS_OPS_MAX)
		return false;
	for (int i = m->best->count - 1; i > 0; i--) {
		for (int j = i - 1; j >= 0; j--) {
			struct program candidate = *m->best;

			if (i >= candidate.count)
				break;
			program_remove(&candidate, i);
			if (j >= candidate.count)
				continue;
			program_remove(&candidate, j);
			changed |= keep(m, &candidate);
		}
	}
	return changed;
}

/* Call the sockets a, b, c in the order in which they are made */
static void rename_sockets(struct minimizer *m)
{
	struct program out = *m->best, standard;
	uint8_t slots[PROGRAM_SOCKETS_MAX], next = 0;

	if (out.level != LEVEL_SOCKET)
		return;
	memset(slots, PROGRAM_SOCKETS_MAX, sizeof(slots));
	for (unsigned int i = 0; i < out.count; i++) {
		struct op *op = &out.ops[i];
		uint8_t *made = op->kind == OP_SOCKET ? &op->sock :
				op->kind == OP_ACCEPT ? &op->accept.sock :
							NULL;
		uint8_t *of = op->kind == OP_BIND || op->kind == OP_CONNECT ?
				      &op->bind.place.port_of :
				      NULL;

		if (op_has_socket(op) && slots[op->sock] < PROGRAM_SOCKETS_MAX)
			op->sock = slots[op->sock];
		if (of && *of && slots[*of - 1] < PROGRAM_SOCKETS_MAX)
			*of = slots[*of - 1] + 1;
		if (!made)
			continue;
		if (slots[*made] == PROGRAM_SOCKETS_MAX)
			slots[*made] = next++;
		*made = slots[*made];
	}
	program_init(&standard, out.level);
	memcpy(out.names, standard.names, sizeof(out.names));
	keep(m, &out);
}

/* Each round drops ops, or is the last. */
void minimize(struct program *program, minimize_test *test, void *arg)
{
	struct minimizer m = { .best = program, .test = test, .arg = arg };
	bool changed;

	do {
		changed = drop_sockets(&m);
		changed |= drop_ops(&m);
		if (!changed)
			changed = drop_pairs(&m);
	} while (changed);
	rename_sockets(&m);
}
