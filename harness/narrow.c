// SPDX-License-Identifier: Apache-2.0
/*
 * narrow.c - few ports for programs that would search many of them
 */
#include "narrow.h"

#include "util.h"
#include "variant.h"
#include "ports/portman.h"

/*
 * A program that may ask about more ports than COST_MAX has a range of NARROW
 * ports instead.
 */
enum { COST_MAX = 2000, NARROW = 16, PORTS = 65536 };

/* May an op go through all the range? How many ports does it ask about then? */
static uint32_t walk_cost(const struct op *op, uint32_t held)
{
	bool reserves = op->kind == OP_RESERVE && !op->reserve.res.port;
	struct tester test = reserves ? op->reserve.test : op->pick.test;

	if (!reserves && op->kind != OP_PICK && op->kind != OP_PICK_STABLE)
		return 0;
	switch (test.kind) {
	case TEST_NONE:
	case TEST_EQ:
	case TEST_GE:
	case TEST_LT:
	case TEST_NTH: return PORTS;
	}
	return 2 * (held + 1);
}

/* May the search for ports take long, if the range is wide? */
static bool is_costly(const struct program *program)
{
	uint32_t held = 0, cost = 0;

	for (unsigned int i = 0; i < program->count && cost <= COST_MAX; i++) {
		const struct op *op = &program->ops[i];
		uint32_t times = op->kind == OP_REPEAT ? op->repeat.times : 1;

		op -= op->kind == OP_REPEAT;
		held += times;
		cost += MIN(walk_cost(op, held), COST_MAX + 1) * times;
	}
	return cost > COST_MAX;
}

void narrow_if_costly(struct program *program)
{
	struct op op = op_make(OP_RANGE, 0);

	if (!is_costly(program))
		return;
	for (unsigned int i = 0; i < program->count; i++) {
		struct op *at = &program->ops[i];

		if (at->kind == OP_RANGE && at->range.set &&
			at->range.last - at->range.first >= NARROW)
			at->range.last = at->range.first + NARROW - 1;
	}
	op.range.set = 1;
	op.range.first = PORTMAN_FIRST_EPHEMERAL;
	op.range.last = PORTMAN_FIRST_EPHEMERAL + NARROW - 1;
	variant_insert(program, 0, op);
}
