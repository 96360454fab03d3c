// SPDX-License-Identifier: Apache-2.0
/*
 * diff.c - the first op at which two traces differ
 */
#include "diff.h"

#include <errno.h>
#include <string.h>

bool diff_outcomes(const struct op *op, const struct outcome *a,
	const struct outcome *b)
{
	if (a->kind != b->kind || a->error != b->error)
		return false;
	if (op_level(op->kind) == LEVEL_SOCKET && op->kind != OP_GET)
		return true;
	return outcome_equal(a, b);
}

enum verdict diff_traces(const struct program *program, const struct trace *a,
	const struct trace *b, struct divergence *divergence)
{
	for (unsigned int i = 0; i < program->count; i++) {
		const struct outcome *x = &a->outcomes[i];
		const struct outcome *y = &b->outcomes[i];
		bool na = x->kind == OUTCOME_NA || y->kind == OUTCOME_NA;

		if (!na && diff_outcomes(&program->ops[i], x, y))
			continue;
		divergence->index = i;
		divergence->outcomes[0] = *x;
		divergence->outcomes[1] = *y;
		divergence->before = *a;
		return na ? INCOMPARABLE : DIVERGE;
	}
	return AGREE;
}

static bool has_level(const struct capabilities *can, enum level level)
{
	uint32_t reservation = -(1u << OP_RESERVE);

	return can->ops & (level == LEVEL_RESERVATION ? reservation :
				   (1u << OP_REPEAT) - 1);
}

int diff_pair(struct pair *pair, struct subject *a, struct subject *b)
{
	pair->subjects[0] = a;
	pair->subjects[1] = b;
	/* One that follows must run after one that cannot. */
	pair->leader = a->type->follows && !b->type->follows;
	pair->can = capabilities_common(&a->can, &b->can);
	if (has_level(&pair->can, LEVEL_RESERVATION))
		pair->level = LEVEL_RESERVATION;
	else if (has_level(&pair->can, LEVEL_SOCKET))
		pair->level = LEVEL_SOCKET;
	else
		return -EINVAL;
	return 0;
}

int diff_run(struct pair *pair, const struct program *programs, size_t count,
	struct trace *traces[2])
{
	int first = pair->leader, second = !first;
	bool follows = pair->subjects[second]->type->follows;
	int rc = subject_run(pair->subjects[first], programs, count, NULL,
		traces[first]);

	return rc ? rc : subject_run(pair->subjects[second], programs, count,
		follows ? traces[first] : NULL, traces[second]);
}

int diff_one(struct pair *pair, const struct program *program,
	struct divergence *divergence)
{
	struct trace a, b, *traces[2] = { &a, &b };
	int rc = diff_run(pair, program, 1, traces);

	return rc ? rc : (int)diff_traces(program, &a, &b, divergence);
}
