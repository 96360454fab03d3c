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

#include <stdlib.h>

#include "checked.h"
#include "narrow.h"
#include "util.h"
#include "variant_ports.h"
#include "compare/divergence.h"
#include "compare/judge.h"

enum { VARIANTS = 8 };

static const char *const names[2] = { "portman", "portlist" };
static struct subject manager, list;
static struct pair pair;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	ASSERT(!subject_open(&list, &subject_portlist, names[1]));
	checked_open(&manager, &list);
	ASSERT(!diff_pair(&pair, &manager, &list));
	return 0;
}

static void compare(struct program *program)
{
	struct judge judge = {
		.pair = &pair, .tally = &fuzz_counters->tally, .asked = true
	};
	static struct finding found;
	int verdict;

	narrow_if_costly(program);
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
	const struct op save = op_make(OP_SAVE, 0), live = op_make(OP_LIVE, 0);
	static struct program program, variant;
	struct gen_random random = { program_hash(data, size) };

	fuzz_counters->execs++;
	if (!fuzz_unpack(data, size, LEVEL_RESERVATION, &program)) {
		fuzz_counters->refused++;
		return 0;
	}
	checked_each_op(true);
	compare(&program);
	checked_each_op(false);
	variant = program;
	variant_insert(&variant, gen_random(&random) % (program.count + 1),
		save);
	for (int i = 0; i < VARIANTS; i++) {
		if (i)
			variant_ports_make(&random, &program, &variant);
		program_append(&variant, &live);
		compare(&variant);
	}
	return 0;
}
