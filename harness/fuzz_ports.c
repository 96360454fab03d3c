// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_ports.c - the port manager against the flat list of reservations
 *
 * DOC: Theory of Operation
 *
 * Under test: portman, with the flat list (portlist) as its oracle. The input
 * is a program as bytes (bytes.h). It is run, and then VARIANTS edits
 * of it, drawn from a hash of the input: an exec of AFL++ costs 13 us however
 * little it does, so it had better do several. The first edit only saves and
 * loads somewhere in the middle, which must change no outcome.
 *
 * A failure is an outcome that differs; a structure that is not as it must be
 * (portman_check(): after ops of the input, at the end of an edit); a state
 * that does not survive being saved; and whatever a sanitizer says. Both sides
 * are pure, so all of it aborts.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "variant.h"
#include "compare/divergence.h"
#include "compare/gen.h"
#include "compare/judge.h"
#include "subjects/reserve.h"

/*
 * A program that may ask about more ports than COST_MAX has a range of NARROW
 * ports instead. Longer walks are for corpus/cases and portclash random.
 */
enum { VARIANTS = 8, EDITS_MAX = 3, COST_MAX = 2000, NARROW = 16 };

enum { PORTS = 65536, FEW = 32 };

static const char *const names[2] = { "portman", "portlist" };

/* Check the structure after each op, not only at the end: @steps so far */
static bool each_op;
static unsigned int steps;

/* Save, load, save: the same bytes; go on with what was loaded */
static int save(struct portman **pm)
{
	struct portman *loaded = portman_new();
	uint8_t *first, *second;
	size_t sizes[2];

	if (!loaded)
		return -ENOMEM;
	ASSERT(!portman_save(*pm, &first, &sizes[0]));
	ASSERT(!portman_load(loaded, first, sizes[0]));
	ASSERT(!portman_save(loaded, &second, &sizes[1]));
	ASSERT(sizes[0] == sizes[1] && !memcmp(first, second, sizes[0]));
	free(first);
	free(second);
	portman_free(*pm);
	*pm = loaded;
	return 0;
}

/* Its rules are told to nobody, and the manager is not watched: as others have
 * it. */
static struct gvisor gvisor;

static int checked_begin(struct subject *subject)
{
	subject->state = portman_new();
	steps = 0;
	return subject->state ? 0 : -ENOMEM;
}

static int checked_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct portman *pm = subject->state;
	int rc;

	(void)leader;
	if (op->kind == OP_SAVE) {
		rc = save(&pm);
		*out = outcome_ok();
	} else {
		rc = reserve_op(&pm, &gvisor, op, out);
	}
	subject->state = pm;
	/* All of it is looked at, so the more there were, the more seldom. */
	steps++;
	if (!rc && each_op && !(steps % (1 + steps / FEW)))
		portman_check(pm);
	return rc;
}

static int checked_end(struct subject *subject)
{
	portman_check(subject->state);
	portman_free(subject->state);
	subject->state = NULL;
	return 0;
}

/* The subject portman at the level of reservations, but checked at each step */
static const struct subject_type checked_type = {
	.name = "portman",
	.follows = true,
	.begin = checked_begin,
	.step = checked_step,
	.end = checked_end,
};

static struct subject checked = { .type = &checked_type };
static struct subject list;
static struct pair pair;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	rule_force(&gvisor_book, RULE_VERSION(2022, 12, 0), gvisor.force);
	ASSERT(!subject_open(&list, &subject_portlist, names[1]));
	strcpy(checked.name, names[0]);
	checked.can = list.can;
	ASSERT(!diff_pair(&pair, &checked, &list));
	return 0;
}

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

/* The same program, with few ports to choose from */
static void narrow(struct program *program)
{
	struct op op = op_make(OP_RANGE, 0);

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

static void compare(struct program *program)
{
	struct judge judge = {
		.pair = &pair, .tally = &fuzz_counters->tally, .asked = true
	};
	static struct finding found;
	int verdict;

	if (is_costly(program))
		narrow(program);
	fuzz_running(program);
	verdict = judge_program(&judge, program, &found);
	ASSERT(verdict == AGREE || verdict == DIVERGE);
	fuzz_running(NULL);
	if (verdict == AGREE)
		return;
	judge_minimize(&judge, &found);
	fputs("\nfuzz_ports: the port manager and the flat list differ\n\n",
		stderr);
	divergence_write(&found.program, names, &found.divergence, stderr);
	fuzz_keep(&found.program, names, &found.divergence);
	abort();
}

static unsigned int below(struct gen_random *random, unsigned int n)
{
	return (gen_random(random) >> 32) % n;
}

static bool is_reservation(const struct op *op)
{
	return op->kind >= OP_RESERVE && op->kind <= OP_AVAILABLE;
}

/* One field of a reservation, as some other op has it */
static void borrow(struct gen_random *random, struct reservation *to,
	const struct reservation *from)
{
	switch (below(random, 6)) {
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

/* Alter one op in place; only a reservation has much to alter */
static void alter(struct gen_random *random, struct program *program,
	struct op *op)
{
	const struct op *other = &program->ops[below(random, program->count)];

	if (op->kind == OP_REPEAT) {
		op->repeat.times = below(random, 9);
	} else if (is_reservation(op)) {
		if (below(random, 2) && is_reservation(other))
			borrow(random, &op->reserve.res, &other->reserve.res);
		else
			op->reserve.res.flags ^= 1u << below(random, 3);
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
		repeat.repeat.times = below(random, 8);
		if (kinds[i] != OP_AVAILABLE && repeat.repeat.times)
			program_append(program, &repeat);
	}
}

static void edit(struct gen_random *random, struct program *program)
{
	unsigned int at = below(random, program->count);
	unsigned int from = below(random, program->count);
	struct op *op = &program->ops[at], copy = program->ops[from];

	switch (below(random, 10)) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct op save_op = op_make(OP_SAVE, 0);
	const struct op live_op = op_make(OP_LIVE, 0);
	static struct program program, variant;
	struct gen_random random = { program_hash(data, size) };

	fuzz_counters->execs++;
	if (!fuzz_unpack(data, size, LEVEL_RESERVATION, &program)) {
		fuzz_counters->refused++;
		return 0;
	}
	each_op = true;
	compare(&program);
	each_op = false;
	for (int i = 0; i < VARIANTS; i++) {
		variant = program;
		if (!i)
			variant_insert(&variant,
				below(&random, program.count + 1), save_op);
		for (int n = i ? 1 + below(&random, EDITS_MAX) : 0;
			n && variant.count; n--)
			edit(&random, &variant);
		program_append(&variant, &live_op);
		compare(&variant);
	}
	return 0;
}
