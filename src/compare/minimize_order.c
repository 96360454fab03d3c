// SPDX-License-Identifier: Apache-2.0
/*
 * minimize_order.c - one order of ops, and one set of names, of many
 */
#include "minimize_private.h"

#include <stdlib.h>
#include <string.h>

/* Move one op to an earlier place, if it can go there */
static void move_op(struct minimizer *m, int from, int to)
{
	struct program c = *m->best;
	struct op op = c.ops[from];

	memmove(c.ops + to + 1, c.ops + to, (from - to) * sizeof(op));
	c.ops[to] = op;
	minimize_keep(m, &c);
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

/* A sysctl goes first, if it can */
static void sysctl_first(struct minimizer *m)
{
	int first = 0;

	for (int i = 0; i < m->best->count - 1; i++) {
		if (m->best->ops[i].kind != OP_SYSCTL)
			continue;
		if (i > first)
			move_op(m, i, first);
		first += m->best->ops[first].kind == OP_SYSCTL;
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

/* Move the ops that prepare a socket from @waiting to @out, options in order */
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

/* Call the sockets a, b, c in the order in which they are made; a socket that
 * takes the name of a closed one gets a name of its own */
static void rename_sockets(struct program *program)
{
	struct program out = *program, standard;
	uint8_t slots[PROGRAM_SOCKETS_MAX], next = 0;

	memset(slots, PROGRAM_SOCKETS_MAX, sizeof(slots));
	for (int i = 0; i < out.count; i++) {
		struct op *op = &out.ops[i];
		bool bind = op->kind == OP_BIND || op->kind == OP_CONNECT;
		uint8_t *made = op->kind == OP_SOCKET ? &op->sock :
				op->kind == OP_ACCEPT ? &op->accept.sock :
							NULL;
		uint8_t *of = bind ? &op->bind.place.port_of : NULL;

		if (op_has_socket(op) && slots[op->sock] < PROGRAM_SOCKETS_MAX)
			op->sock = slots[op->sock];
		else if (op_has_socket(op))
			return; /* of a socket that never was */
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

/* Where the step before @end begins. A step is an op, and before it the ops
 * that prepare it. */
static int step_start(const struct program *program, int end)
{
	int start = end - 1;

	while (start > 0 && is_preparation(&program->ops[start - 1]))
		start--;
	return start;
}

/* The order of programs: first by the sockets of their ops, so that ops on the
 * first socket come first; then by the bytes of the ops */
static int by_order(const struct program *a, const struct program *b)
{
	for (int i = 0; i < a->count; i++)
		if (a->ops[i].sock != b->ops[i].sock)
			return a->ops[i].sock - b->ops[i].sock;
	return memcmp(a->ops, b->ops, a->count * sizeof(*a->ops));
}

/* Swap the step that ends at @end with the one before it, that ends at @mid */
static struct program swapped(const struct program *program, int mid, int end)
{
	const struct op *ops = program->ops;
	int start = step_start(program, mid);
	struct program c = *program;

	if (ops[end - 1].sock == ops[mid - 1].sock) {
		/* The ops that prepare the first step prepare both. */
		c.ops[mid - 1] = ops[end - 1];
		c.ops[end - 1] = ops[mid - 1];
	} else {
		memcpy(c.ops + start, ops + mid, (end - mid) * sizeof(*ops));
		memcpy(c.ops + start + end - mid, ops + start,
			(mid - start) * sizeof(*ops));
	}
	order_ops(&c);
	rename_sockets(&c);
	return c;
}

/* Swap two steps that are neighbours, if that is a better order */
static bool swap_steps(struct minimizer *m)
{
	const struct op *ops = m->best->ops;
	/* The last op stays the last. */
	int end = step_start(m->best, m->best->count), mid;

	for (; end > 0; end = mid) {
		struct program c;

		mid = step_start(m->best, end);
		if (!mid || !op_has_socket(&ops[end - 1]) ||
			!op_has_socket(&ops[mid - 1]))
			continue;
		c = swapped(m->best, mid, end);
		if (by_order(&c, m->best) < 0 && minimize_keep(m, &c))
			return true;
	}
	return false;
}

void minimize_order(struct minimizer *m)
{
	struct program c;

	sysctl_first(m);
	options_first(m);
	c = *m->best;
	order_ops(&c);
	minimize_keep(m, &c);
	rename_sockets(m->best);
	while (swap_steps(m))
		;
}
