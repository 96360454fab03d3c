// SPDX-License-Identifier: Apache-2.0
/*
 * minimize.c - the smallest program that still does it
 *
 * DOC: Theory of Operation
 *
 * minimize_divergence() first drops all ops after the one that diverges; of a
 * repeat that diverges the last time becomes an op. Then it asks whether the
 * program still diverges. If it does not, the reason is a port that a kernel
 * chose by chance, so it asks again with that port as the only one to choose.
 * A law has the ops in another order, so that it may need what comes later:
 * then, and only then, nothing is cut. From there on minimize() works with one
 * test: the op that diverges is the last one, unless nothing was cut, is of the
 * same kind, and has the same two outcomes, but for values.
 *
 * minimize() changes the program by passes, and takes a candidate only if it is
 * another program and the test holds for it (minimize_keep()). So after every
 * step the test holds for the best program. One step is not tested: sockets get
 * the names a, b, c, which no subject sees. For that reason the divergence is
 * asked for once more at the end.
 *
 * Why it ends. make_plain() goes round until no pass changes anything. Each of
 * its passes drops ops, or moves a value to an earlier place in a fixed list of
 * values, plainest first, or makes an op of a plainer kind (a bind of a listen
 * or connect, a close of a shutdown). None adds an op, and none goes back. So
 * there are finitely many steps; PASSES_MAX stands guard over that. Steps of
 * ops are swapped only if the program then comes earlier in a total order
 * (minimize_order.c). minimize_listeners() does add an op, but takes away a use
 * of ":@a", which no pass brings back. Another order may allow plainer values,
 * and these another order, so minimize() repeats the whole; it stops when
 * nothing has changed, and in any case after ROUNDS_MAX rounds.
 *
 * Why the result is canonical. The order of passes and of values is fixed, so
 * the same program and the same answers give the same result. What can be
 * written in several ways (addresses, ports, the order of independent ops, the
 * names of sockets) is written in the first way that will do, wherever the
 * search began. So two programs with one cause mostly become the same one. They
 * need not: a program from which no single step leads on may still not be the
 * smallest. Then the cause has two forms, and its class two cases (class.c).
 * And a program may end with another cause than it began with, if that other
 * one has the same two outcomes at the same kind of op.
 */
#include "minimize.h"

#include <errno.h>
#include <string.h>

#include "minimize_private.h"
#include "util.h"

/* Of socket programs longer than this, which are slow, no pairs are dropped */
enum { ROUNDS_MAX = 8, PASSES_MAX = 1000, PAIRS_OPS_MAX = 24 };

/* Take a candidate if it is another program for which the test holds */
bool minimize_keep(struct minimizer *m, const struct program *candidate)
{
	if (program_equal(candidate, m->best) || !m->test(candidate, m->arg))
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

/* Drop pairs that must go together: a reserve and its release, two options */
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

/* Each pass only ever makes it smaller or plainer, so this ends. */
static void make_plain(struct minimizer *m)
{
	bool changed = true;

	for (int pass = 0; changed; pass++) {
		ASSERT(pass < PASSES_MAX);
		changed = drop_ops(m);
		changed |= minimize_sockets(m);
		changed |= minimize_values(m);
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
		minimize_listeners(&m);
		minimize_order(&m);
	} while (!program_equal(&before, program) && ++round < ROUNDS_MAX);
}

/* What must stay as it was: the kind of the op that differs; that it is the
 * last one, unless nothing was cut (@whole); and but for values the outcomes of
 * @divergence, which is that of the last candidate kept */
struct wanted {
	struct pair *pair;
	bool whole;
	uint8_t kind;
	struct divergence divergence;
	int error;
};

static bool still_diverges(const struct program *program, void *arg)
{
	struct wanted *want = arg;
	struct divergence now;
	int verdict;

	if (want->error || !program->count)
		return false;
	verdict = diff_one(want->pair, program, &now);
	if (verdict < 0)
		want->error = verdict;
	if (verdict != DIVERGE || program->ops[now.index].kind != want->kind ||
		(!want->whole && now.index != program->count - 1u) ||
		!outcome_alike(&now.outcomes[0],
			&want->divergence.outcomes[0]) ||
		!outcome_alike(&now.outcomes[1], &want->divergence.outcomes[1]))
		return false;
	want->divergence = now;
	return true;
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
	*op = op_sysctl(SYSCTL_PORT_RANGE, chosen->a, chosen->a);
	if (!still_diverges(&forced, want))
		return false;
	*program = forced;
	return true;
}

int minimize_divergence(struct pair *pair, struct program *program,
	struct divergence *divergence)
{
	struct wanted want = { .pair = pair, .divergence = *divergence };
	struct program whole = *program;

	while (program->count > divergence->index + 1)
		program_remove(program, program->count - 1);
	unroll(program);
	want.kind = program->ops[program->count - 1].kind;
	if (!force_choice(program, &want)) {
		/* A law may need what comes later: it has the ops in another
		 * order. */
		*program = whole;
		want.whole = true;
		if (want.error || !still_diverges(program, &want))
			return want.error ? want.error : -EAGAIN;
	}
	minimize(program, still_diverges, &want);
	if (!want.error && !still_diverges(program, &want))
		return want.error ? want.error : -EAGAIN;
	*divergence = want.divergence;
	return want.error;
}
