// SPDX-License-Identifier: Apache-2.0
/*
 * variant_ports.c - programs of reservations that are nearly another one
 *
 * DOC: Theory of Operation
 *
 * Most variants are the program with one to three edits: something held is
 * held once more, dropped, asked about. One in four is a *gathering*: some
 * holders of the same ports at addresses of their own, with any flags, at times
 * as many as make a crowd (portman_crowd.h), and newcomers who meet them. What
 * depends on several holders is met soon so; one edit after the other would
 * take long.
 */
#include "variant_ports.h"

#include <string.h>

#include "util.h"

enum {
	EDITS_MAX = 3,
	FEW = 2,
	CROWD = 48,
	PROBES_MAX = 14,
	FLAGS = 8,
	FIRST_PORT = 16000,
	PORTS_MAX = 4
};

static bool is_reservation(const struct op *op)
{
	return op->kind >= OP_RESERVE && op->kind <= OP_AVAILABLE;
}

/* One field of a reservation, as some other op has it */
static void borrow(struct gen_random *random, struct reservation *to,
	const struct reservation *from)
{
	switch (gen_below(random, 6)) {
	case 0: to->addr = from->addr; break;
	case 1: to->port = from->port; break;
	case 2: to->device = from->device; break;
	case 3: to->transport = from->transport; break;
	case 4:
		to->dest_addr = from->dest_addr;
		to->dest_port = from->dest_port;
		break;
	case 5:
		memcpy(to->networks, from->networks, sizeof(to->networks));
		to->network_count = from->network_count;
	}
}

/* Seldom more than what eight bits count */
static unsigned int times(struct gen_random *random)
{
	return gen_below(random, 16) ? gen_below(random, 9) :
				       240 + gen_below(random, 120);
}

/* Alter one op in place; only a reservation has much to alter */
static void alter(struct gen_random *random, struct program *program,
	struct op *op)
{
	const struct op *other =
		&program->ops[gen_below(random, program->count)];

	if (op->kind == OP_REPEAT) {
		op->repeat.times = times(random);
	} else if (is_reservation(op)) {
		if (gen_below(random, 2) && is_reservation(other))
			borrow(random, &op->reserve.res, &other->reserve.res);
		else
			op->reserve.res.flags ^= 1u << gen_below(random, 3);
	}
}

/* The same reservation, in an op that has no tester and no random number */
static struct op turned(const struct op *op, enum op_kind kind)
{
	struct op out = op_make(is_reservation(op) ? kind : OP_LIVE, 0);

	if (is_reservation(op))
		out.reserve.res = op->reserve.res;
	return out;
}

/* Hold it some times more, drop it as often or not, and ask who has it */
static void hold_and_drop(struct gen_random *random, struct program *program,
	const struct op *op)
{
	static const uint8_t kinds[] = { OP_RESERVE, OP_RELEASE, OP_AVAILABLE };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct op again = turned(op, kinds[i]);
		struct op repeat = op_make(OP_REPEAT, 0);

		program_append(program, &again);
		repeat.repeat.times = times(random);
		if (kinds[i] != OP_AVAILABLE && repeat.repeat.times)
			program_append(program, &repeat);
	}
}

static void edit(struct gen_random *random, struct program *program)
{
	unsigned int at = gen_below(random, program->count);
	unsigned int from = gen_below(random, program->count);
	struct op *op = &program->ops[at], copy = program->ops[from];

	switch (gen_below(random, 10)) {
	case 0: variant_insert(program, at, copy); break;
	case 1: program_remove(program, at); break;
	case 2:
	case 3: alter(random, program, op); break;
	case 4: variant_insert(program, at, turned(&copy, OP_RELEASE)); break;
	case 5: variant_insert(program, at, turned(&copy, OP_AVAILABLE)); break;
	case 6:
	case 7:
		/* Something held, once more, as it is or nearly so */
		copy = turned(&copy, OP_RESERVE);
		variant_insert(program, at, copy);
		if (at < program->count)
			alter(random, program, &program->ops[at]);
		break;
	case 8: hold_and_drop(random, program, &copy); break;
	case 9:
		/* An exchange; the two inserts make it well formed again. */
		program_remove(program, at);
		variant_insert(program, MIN(from, program->count), copy);
	}
}

/* The holder of number @i of a gathering */
static struct reservation holder(struct gen_random *random,
	const struct reservation *like, unsigned int i, unsigned int ports)
{
	struct reservation res = *like;

	res.addr = (struct addr){ .len = 4, .bytes = { 10, 0, 1, i } };
	res.port = FIRST_PORT + gen_below(random, ports);
	res.flags = gen_below(random, FLAGS);
	if (gen_below(random, FLAGS))
		res.device = 0;
	return res;
}

/* Somebody who meets a holder, or who leaves */
static struct op newcomer(struct gen_random *random,
	const struct program *program, unsigned int holders)
{
	static const uint8_t kinds[] = { OP_RESERVE, OP_RESERVE, OP_TUPLE,
		OP_RELEASE, OP_RELEASE, OP_AVAILABLE };
	struct op op = op_make(kinds[gen_below(random, ARRAY_SIZE(kinds))], 0);

	/* Behind the range */
	op.reserve.res =
		program->ops[1 + gen_below(random, holders)].reserve.res;
	if (op.kind == OP_RELEASE)
		return op;
	op.reserve.res.flags = gen_below(random, FLAGS);
	if (gen_below(random, 2))
		op.reserve.res.addr = (struct addr){ 0 };
	if (op.kind == OP_RESERVE && !gen_below(random, 3))
		op.reserve.res.port = 0;
	return op;
}

static void gather(struct gen_random *random, const struct program *from,
	struct program *to)
{
	const struct op *some = &from->ops[gen_below(random, from->count)];
	bool crowd = !gen_below(random, 4),
	     leave = crowd && gen_below(random, 2);
	unsigned int holders = crowd ? CROWD : FEW + gen_below(random, FLAGS);
	unsigned int ports = crowd ? 1 : 1 + gen_below(random, PORTS_MAX);
	struct op op = op_make(OP_RANGE, 0);
	struct reservation like = {
		.networks = { 4 }, .network_count = 1, .transport = 6
	};

	if (is_reservation(some))
		like = some->reserve.res;
	program_init(to, LEVEL_RESERVATION);
	op.range.set = 1;
	op.range.first = FIRST_PORT;
	op.range.last = FIRST_PORT + ports - 1;
	program_append(to, &op);
	op = op_make(OP_RESERVE, 0);
	for (unsigned int i = 0; i < holders; i++) {
		op.reserve.res = holder(random, &like, i, ports);
		program_append(to, &op);
	}
	for (unsigned int i = 0; i < PROBES_MAX; i++) {
		if (leave && gen_below(random, 4))
			op = turned(&to->ops[1 + i], OP_RELEASE);
		else
			op = newcomer(random, to, holders);
		program_append(to, &op);
	}
}

void variant_ports_make(struct gen_random *random, const struct program *from,
	struct program *to)
{
	if (!gen_below(random, 4)) {
		gather(random, from, to);
		return;
	}
	*to = *from;
	for (unsigned int n = 1 + gen_below(random, EDITS_MAX); n && to->count;
		n--)
		edit(random, to);
}
