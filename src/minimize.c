// SPDX-License-Identifier: Apache-2.0
/*
 * minimize.c - the smallest program that still does it
 */
#include "minimize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "util.h"

/* Of socket programs longer than this, which are slow, no pairs are dropped */
enum { ROUNDS_MAX = 8, PASSES_MAX = 1000, PAIRS_OPS_MAX = 24 };

/* Take a candidate if it is another program for which the test holds */
bool minimize_keep(struct minimizer *m, const struct program *candidate)
{
	if (program_equal(candidate, m->best) ||
	    !m->test(candidate, m->arg))
		return false;
	*m->best = *candidate;
	return true;
}

static bool drop_ops(struct minimizer *m)
{
	bool changed = false;

	/* All ops of one socket first: that is most of the work, done fast. */
	for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++) {
		struct program candidate = *m->best;

		for (int i = candidate.count - 1; i >= 0; i--) {
			const struct op *op = &candidate.ops[i];

			if ((op->kind == OP_SOCKET || op_has_socket(op)) &&
			    op->sock == slot)
				program_remove(&candidate, i);
		}
		changed |= minimize_keep(m, &candidate);
	}
	for (int i = m->best->count - 1; i >= 0; i--) {
		struct program candidate = *m->best;

		if (i >= candidate.count)
			continue;
		program_remove(&candidate, i);
		changed |= minimize_keep(m, &candidate);
	}
	return changed;
}

/* What must go together: a reserve and its release, two options */
static bool drop_pairs(struct minimizer *m)
{
	bool changed = false;

	if (m->best->level == LEVEL_SOCKET && m->best->count > PAIRS_OPS_MAX)
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
			changed |= minimize_keep(m, &candidate);
		}
	}
	return changed;
}

/* Move one op to an earlier place, if it can go there */
static bool move_op(struct minimizer *m, int from, int to)
{
	struct program c = *m->best;
	struct op op = c.ops[from];

	memmove(c.ops + to + 1, c.ops + to, (from - to) * sizeof(op));
	c.ops[to] = op;
	return minimize_keep(m, &c);
}

/* Set options when a socket is made, if that will do */
static void options_first(struct minimizer *m)
{
	for (int i = 1; i < m->best->count - 1; i++) {
		const struct op *ops = m->best->ops;
		int made = i;

		if (ops[i].kind != OP_SET)
			continue;
		while (made && (ops[made].kind != OP_SOCKET ||
			       ops[made].sock != ops[i].sock))
			made--;
		if (made + 1 < i && ops[made].kind == OP_SOCKET)
			move_op(m, i, made + 1);
	}
}

static bool is_preparation(const struct op *op)
{
	return op->kind == OP_SOCKET || op->kind == OP_SET;
}

static int by_option(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	return x->kind != y->kind ? x->kind - y->kind :
				    x->set.option - y->set.option;
}

/* Take what waits for a socket to be used; options in their own order */
static void flush(struct program *out, struct program *waiting, int slot)
{
	struct op mine[PROGRAM_OPS_MAX];
	int count = 0, left = 0;

	for (int i = 0; i < waiting->count; i++) {
		if (waiting->ops[i].sock == slot)
			mine[count++] = waiting->ops[i];
		else
			waiting->ops[left++] = waiting->ops[i];
	}
	waiting->count = left;
	qsort(mine, count, sizeof(*mine), by_option);
	for (int i = 0; i < count; i++)
		program_append(out, &mine[i]);
}

/* Make sockets, and set their options, only just before they are used */
static void order_ops(struct program *program)
{
	struct program out = *program, waiting;
	int last = program->count - 1;

	out.count = 0;
	program_init(&waiting, program->level);
	for (int i = 0; i <= last; i++) {
		const struct op *op = &program->ops[i];

		if (is_preparation(op) && i < last) {
			waiting.ops[waiting.count++] = *op;
			continue;
		}
		for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++)
			if (i == last && slot != op->sock)
				flush(&out, &waiting, slot);
		if (op->kind == OP_SOCKET || op_has_socket(op))
			flush(&out, &waiting, op->sock);
		program_append(&out, op);
	}
	if (out.count == program->count)
		*program = out;
}

/* A sysctl goes first, if it can */
static void sysctl_first(struct minimizer *m)
{
	for (int i = 1; i < m->best->count - 1; i++) {
		struct program c = *m->best;
		struct op op = c.ops[i];

		if (op.kind != OP_SYSCTL)
			continue;
		memmove(c.ops + 1, c.ops, i * sizeof(op));
		c.ops[0] = op;
		minimize_keep(m, &c);
	}
}

/* Call the sockets a, b, c in the order in which they are made, each its own */
static void rename_sockets(struct program *program)
{
	struct program out = *program, standard;
	uint8_t slots[PROGRAM_SOCKETS_MAX], next = 0;

	memset(slots, PROGRAM_SOCKETS_MAX, sizeof(slots));
	for (int i = 0; i < out.count; i++) {
		struct op *op = &out.ops[i];
		bool bind = op->kind == OP_BIND || op->kind == OP_CONNECT;
		uint8_t *made = op->kind == OP_SOCKET ? &op->sock :
			op->kind == OP_ACCEPT ? &op->accept.sock : NULL;
		uint8_t *of = bind ? &op->bind.place.port_of : NULL;

		if (op_has_socket(op) && slots[op->sock] < PROGRAM_SOCKETS_MAX)
			op->sock = slots[op->sock];
		else if (op_has_socket(op))
			return;		/* of a socket that never was */
		if (of && *of && slots[*of - 1] < PROGRAM_SOCKETS_MAX)
			*of = slots[*of - 1] + 1;
		else if (of && *of)
			return;
		if (!made)
			continue;
		if (next == PROGRAM_SOCKETS_MAX)
			return;
		slots[*made] = next;
		*made = next++;
	}
	program_init(&standard, out.level);
	memcpy(out.names, standard.names, sizeof(out.names));
	*program = out;
}

/* Where a step begins, which is an op with what prepares it: before @end */
static int step_start(const struct program *program, int end)
{
	int start = end - 1;

	while (start > 0 && is_preparation(&program->ops[start - 1]))
		start--;
	return start;
}

/* Does what is done with the first socket come first? Then what is in ops */
static int by_order(const struct program *a, const struct program *b)
{
	for (int i = 0; i < a->count; i++)
		if (a->ops[i].sock != b->ops[i].sock)
			return a->ops[i].sock - b->ops[i].sock;
	return memcmp(a->ops, b->ops, a->count * sizeof(*a->ops));
}

/* Swap two steps that are neighbours, if that is a better order */
static bool swap_steps(struct minimizer *m)
{
	/* The last op stays the last. */
	int end = step_start(m->best, m->best->count);

	while (end > 0) {
		const struct op *ops = m->best->ops;
		int start = step_start(m->best, end);
		int before = start ? step_start(m->best, start) : 0;
		struct program c = *m->best;

		memcpy(c.ops + before, ops + start,
			(end - start) * sizeof(*ops));
		memcpy(c.ops + before + end - start, ops + before,
			(start - before) * sizeof(*ops));
		order_ops(&c);
		rename_sockets(&c);
		if (op_has_socket(&ops[end - 1]) &&
		    (!start || op_has_socket(&ops[start - 1])) &&
		    by_order(&c, m->best) < 0 && minimize_keep(m, &c))
			return true;
		end = start;
	}
	return false;
}

/* One order for what can be done in several */
static void canonical_order(struct minimizer *m)
{
	struct program c = *m->best;

	order_ops(&c);
	minimize_keep(m, &c);
	rename_sockets(m->best);
	while (swap_steps(m))
		;
}

/* Each pass only ever makes it smaller or plainer, so this ends. */
static void make_plain(struct minimizer *m)
{
	bool changed = true;

	for (int pass = 0; changed; pass++) {
		ASSERT(pass < PASSES_MAX);
		changed = drop_ops(m);
		changed |= plain_sockets(m);
		changed |= plain_values(m);
		if (!changed)
			changed = drop_pairs(m);
	}
}

void minimize(struct program *program, minimize_test *test, void *arg)
{
	struct minimizer m = { .best = program, .test = test, .arg = arg };
	struct program before;
	int round = 0;

	/* In another order more may be plain. */
	do {
		before = *program;
		make_plain(&m);
		sysctl_first(&m);
		options_first(&m);
		canonical_order(&m);
	} while (!program_equal(&before, program) && ++round < ROUNDS_MAX);
}

struct wanted {
	struct pair *pair;
	uint8_t kind;
	struct divergence divergence;
	int error;
};

static bool still_diverges(const struct program *program, void *arg)
{
	struct wanted *want = arg;
	struct divergence now;
	int verdict;

	if (want->error || !program->count ||
	    program->ops[program->count - 1].kind != want->kind)
		return false;
	verdict = diff_one(want->pair, program, &now);
	if (verdict < 0)
		want->error = verdict;
	return verdict == DIVERGE && now.index == program->count - 1u &&
	       now.outcomes[0].kind == want->divergence.outcomes[0].kind &&
	       now.outcomes[1].kind == want->divergence.outcomes[1].kind &&
	       now.outcomes[0].error == want->divergence.outcomes[0].error &&
	       now.outcomes[1].error == want->divergence.outcomes[1].error;
}

/* "op, repeat n" diverges at its last time: make it "op, repeat n-1, op" */
static void unroll(struct program *program)
{
	struct op *last = &program->ops[program->count - 1], again;

	if (last->kind != OP_REPEAT || !last->repeat.times ||
	    program->count == PROGRAM_OPS_MAX)
		return;
	again = last[-1];
	if (--last->repeat.times)
		last++;
	*last = again;
	program->count = last + 1 - program->ops;
}

/*
 * A kernel that chose the port of another socket by chance does not do so
 * again. With that port as the only one to choose, it does.
 */
static bool force_choice(struct program *program, struct wanted *want)
{
	const struct outcome *chosen =
		&want->divergence.outcomes[want->pair->leader];
	struct program forced = *program;
	struct op *op = &forced.ops[0];

	if (still_diverges(program, want))
		return true;
	if (program->count == PROGRAM_OPS_MAX ||
	    chosen->value != VALUE_NUMBER || program->level != LEVEL_SOCKET)
		return false;
	memmove(op + 1, op, forced.count++ * sizeof(*op));
	memset(op, 0, sizeof(*op));
	op->kind = OP_SYSCTL;
	op->sysctl.key = SYSCTL_PORT_RANGE;
	op->sysctl.value = op->sysctl.high = chosen->a;
	if (!still_diverges(&forced, want))
		return false;
	*program = forced;
	return true;
}

int minimize_divergence(struct pair *pair, struct program *program,
	struct divergence *divergence)
{
	struct wanted want = { .pair = pair, .divergence = *divergence };

	while (program->count > divergence->index + 1)
		program_remove(program, program->count - 1);
	unroll(program);
	want.kind = program->ops[program->count - 1].kind;
	if (!force_choice(program, &want))
		return want.error ? want.error : -EAGAIN;
	minimize(program, still_diverges, &want);
	if (!want.error)
		want.error = diff_one(pair, program, divergence) < 0;
	return want.error;
}
