// SPDX-License-Identifier: Apache-2.0
/*
 * in16.c - addresses: their two forms, and which are local in the world
 */
#include "in16.h"

#include <string.h>

#include "world.h"

struct addr in16_addr(struct in16 from, bool v6)
{
	struct addr out = { .len = v6 ? 16 : 4 };
	uint64_t high = __builtin_bswap64(from.high);
	uint64_t low = __builtin_bswap64(from.low);
	uint32_t v4 = __builtin_bswap32(from.low);

	if (v6) {
		memcpy(out.bytes, &high, 8);
		memcpy(out.bytes + 8, &low, 8);
	} else {
		memcpy(out.bytes, &v4, 4);
	}
	return out;
}

bool in16_is_broadcast4(uint32_t v4)
{
	struct addr addr = in16_addr(in16_v4(v4), false);

	return world_is_broadcast(&addr);
}

bool in16_is_group4(uint32_t v4)
{
	return v4 >> 28 == 14 || in16_is_broadcast4(v4);
}

uint32_t in16_device4(uint32_t v4)
{
	struct addr addr = in16_addr(in16_v4(v4), false);

	return world_is_broadcast(&addr) ? 0 : world_owner(&addr);
}

uint32_t in16_device6(struct in16 addr)
{
	struct addr v6 = in16_addr(addr, true);

	return world_owner(&v6);
}

uint32_t in16_device(struct in16 addr)
{
	return in16_mapped(addr) ? in16_device4(addr.low) : in16_device6(addr);
}

/* An address that is not global is usable on its own device only. */
bool in16_is_usable6(struct in16 addr, uint32_t device)
{
	uint32_t own = in16_device6(addr);

	return own && (!device || device == own || in16_global(addr));
}
