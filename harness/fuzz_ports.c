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
#include "variant_ports.h"
#include "compare/divergence.h"
#include "compare/gen.h"
#include "compare/judge.h"
#include "subjects/reserve.h"

/*
 * A program that may ask about more ports than COST_MAX has a range of NARROW
 * ports instead. Longer walks are for corpus/cases and portclash random.
 */
enum { VARIANTS = 8, COST_MAX = 2000, NARROW = 16 };

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
		if (i)
			variant_ports_make(&random, &program, &variant);
		else
			variant = program;
		if (!i)
			variant_insert(&variant,
				gen_random(&random) % (program.count + 1),
				save_op);
		program_append(&variant, &live_op);
		compare(&variant);
	}
	return 0;
}
