// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_only.c - a target that asks this kernel, and compares nothing
 *
 * What fuzz_spec could do at most: the same calls, in worlds that are cleaned
 * in the same way. ci/bench runs it beside fuzz_spec.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include "quote.h"
#include "subjects/subject.h"

static struct subject kernel;
static pid_t owner; /* of the world */

static void open_world(void)
{
	if (subject_open(&kernel, &subject_kernel, "linux")) {
		quote_printf(stderr, "linux: %s\n", kernel.why);
		exit(3);
	}
	owner = getpid();
	subject_confine(&kernel, 1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	open_world();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	static struct trace trace;

	fuzz_counters->execs++;
	if (getpid() != owner) {
		subject_close(&kernel);
		open_world();
	}
	if (!fuzz_unpack(data, size, LEVEL_SOCKET, &program))
		return 0;
	fuzz_counters->tally.programs++;
	if (subject_run(&kernel, &program, 1, NULL, &trace)) {
		quote_printf(stderr, "%s\n", kernel.why);
		exit(3);
	}
	return 0;
}
