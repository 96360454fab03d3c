// SPDX-License-Identifier: Apache-2.0
/*
 * parse_only.c - a target that decodes its input and does nothing with it
 *
 * What a fuzzer can do at most with programs: ci/bench runs it beside others.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;

	fuzz_counters->execs++;
	fuzz_counters->tally.programs += fuzz_unpack(data, size, LEVEL_SOCKET,
		&program);
	return 0;
}
