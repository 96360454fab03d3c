// SPDX-License-Identifier: Apache-2.0
/*
 * quiet.c - what the fuzzer does not see
 *
 * This file alone is built without AFL++'s instrumentation, which would call
 * its own pointer to the map by another name here. Elsewhere than in a target
 * for AFL++ there is no map, and nothing is done.
 */
#include "fuzz.h"

#include <string.h>

extern uint8_t *__afl_area_ptr __attribute__((weak));
extern uint32_t __afl_map_size __attribute__((weak));

enum { MAP_MAX = 1 << 16 };

static uint8_t seen[MAP_MAX];

static size_t map_size(void)
{
	if (!&__afl_area_ptr || !&__afl_map_size || !__afl_area_ptr)
		return 0;
	return __afl_map_size < MAP_MAX ? __afl_map_size : MAP_MAX;
}

void fuzz_quiet_begin(void)
{
	size_t size = map_size();

	if (size)
		memcpy(seen, __afl_area_ptr, size);
}

void fuzz_quiet_end(void)
{
	size_t size = map_size();

	if (size)
		memcpy(__afl_area_ptr, seen, size);
}
