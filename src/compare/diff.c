// SPDX-License-Identifier: Apache-2.0
/*
 * diff.c - the first op at which two traces differ
 */
#include "diff.h"

#include <errno.h>
#include <string.h>

enum verdict diff_traces(const struct program *program, const struct trace *a,
	const struct trace *b, struct divergence *divergence)
{
	for (unsigned int i = 0; i < program->count; i++) {
		const struct outcome *x = &a->outcomes[i];
		const struct outcome *y = &b->outcomes[i];
		bool na = x->kind == OUTCOME_NA || y->kind == OUTCOME_NA;

		if (!na && outcome_same(&program->ops[i], x, y))
			continue;
		divergence->index = i;
		divergence->outcomes[0] = *x;
		divergence->outcomes[1] = *y;
		if (na)
			return INCOMPARABLE;
		divergence->before = *a;
		return DIVERGE;
	}
	return AGREE;
}

bool diff_has_level(const struct pair *pair, enum level level)
{
	uint32_t reservation = -(1u << OP_RESERVE);

	return pair->can.ops &
	       (level == LEVEL_RESERVATION ? reservation :
					     (1u << OP_REPEAT) - 1);
}

int diff_pair(struct pair *pair, struct subject *a, struct subject *b)
{
	pair->subjects[0] = a;
	pair->subjects[1] = b;
	/* One that follows must run after one that cannot. */
	pair->leader = a->type->follows && !b->type->follows;
	pair->can = subject_common(&a->can, &b->can);
	if (diff_has_level(pair, LEVEL_RESERVATION))
		pair->level = LEVEL_RESERVATION;
	else if (diff_has_level(pair, LEVEL_SOCKET))
		pair->level = LEVEL_SOCKET;
	else
		return -EINVAL;
	return 0;
}

/* Did a socket connect to itself? It did if the port that was chosen for it is
 * its destination's. If it was shut down before, that connection is aborted. */
static bool to_itself(const struct op *op, const struct outcome *out)
{
	if (op->kind != OP_CONNECT)
		return false;
	if (out->kind == OUTCOME_ERRNO && out->error == ECONNABORTED)
		return true;
	return out->kind == OUTCOME_OK && out->value == VALUE_NUMBER &&
	       (op->bind.place.port_of || op->bind.place.port == out->a);
}

/* Do they differ for no reason but a port that each has chosen by itself? Who
 * has no port has chosen none; under a law it may not have been asked to. */
static bool chose_apart(const struct op *op, const struct outcome *x,
	const struct outcome *y, bool law)
{
	if (!outcome_alike(x, y))
		return to_itself(op, x) || to_itself(op, y);
	if (op->kind == OP_GET)
		return x->value == VALUE_PLACE && x->a != y->a &&
		       (law || (x->a && y->a)) &&
		       addr_equal(&x->addr, &y->addr);
	return x->kind == OUTCOME_OK && !outcome_equal(x, y);
}

/* From the op for which they chose different ports on, make all n/a (diff.h) */
static void cut(const struct program *program, struct trace *a, struct trace *b,
	bool law)
{
	uint16_t told = 0; /* sockets whose port the program says */
	bool apart = false;

	for (unsigned int i = 0; i < program->count; i++) {
		bool again = program->ops[i].kind == OP_REPEAT && i;
		const struct op *op = &program->ops[i - again];
		struct outcome *x = &a->outcomes[i], *y = &b->outcomes[i];
		bool at_once = op->kind == OP_GET || !outcome_alike(x, y);
		bool here = op_level(op->kind) == LEVEL_SOCKET &&
			    chose_apart(op, x, y, law) &&
			    !(op->kind == OP_GET && told & 1u << op->sock);

		if (op->kind == OP_SOCKET)
			told &= ~(1u << op->sock);
		else if (op->kind == OP_BIND && x->kind == OUTCOME_OK &&
			 x->value == VALUE_NONE && op->bind.place.port)
			told |= 1u << op->sock;
		if (apart || (here && at_once))
			*x = *y = outcome_na();
		apart |= here;
	}
}

int diff_follower(const struct pair *pair)
{
	int second = !pair->leader;

	/* A law makes its choices in another program. */
	if (pair->subjects[pair->leader]->type->inner)
		return -1;
	return pair->subjects[second]->type->follows ? second : -1;
}

int diff_run(struct pair *pair, const struct program *programs, size_t count,
	struct trace *traces[2])
{
	int first = pair->leader, second = !first;
	bool follows = diff_follower(pair) >= 0;
	bool law = pair->subjects[0]->type->inner ||
		   pair->subjects[1]->type->inner;
	int rc = subject_run(pair->subjects[first], programs, count, NULL,
		traces[first]);

	if (!rc)
		rc = subject_run(pair->subjects[second], programs, count,
			follows ? traces[first] : NULL, traces[second]);
	for (size_t i = 0; i < count && !rc && !follows; i++)
		cut(&programs[i], &traces[0][i], &traces[1][i], law);
	return rc;
}
