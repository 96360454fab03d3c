/* SPDX-License-Identifier: Apache-2.0 */
/*
 * in16.h - addresses of both families in one form (private to spec)
 */
#ifndef IN16_H
#define IN16_H

#include <string.h>

#include "addr.h"

/* An address of either family; an IPv4 address is in its mapped form */
struct in16 {
	uint64_t high, low;
};

/** in16_v4() - The mapped form of an IPv4 address in host order */
static inline struct in16 in16_v4(uint32_t v4)
{
	return (struct in16){ 0, UINT64_C(0xffff) << 32 | v4 };
}

/** in16_equal() - Are they the same? */
static inline bool in16_equal(struct in16 a, struct in16 b)
{
	return a.high == b.high && a.low == b.low;
}

/** in16_any() - Is it "::"? */
static inline bool in16_any(struct in16 a)
{
	return !a.high && !a.low;
}

/** in16_mapped() - Is it an IPv4 address? */
static inline bool in16_mapped(struct in16 a)
{
	return !a.high && a.low >> 32 == 0xffff;
}

/** in16_is() - Is it that IPv4 address? */
static inline bool in16_is(struct in16 a, uint32_t v4)
{
	return !a.high && a.low == (UINT64_C(0xffff) << 32 | v4);
}

#define IN16_ANY ((struct in16){ 0, 0 })
#define IN16_LOOPBACK ((struct in16){ 0, 1 })

/** in16_from() - Convert an address of a program */
static inline struct in16 in16_from(const struct addr *addr)
{
	struct in16 out;
	uint32_t v4;

	if (addr->len == 4) {
		memcpy(&v4, addr->bytes, 4);
		return in16_v4(__builtin_bswap32(v4));
	}
	memcpy(&out.high, addr->bytes, 8);
	memcpy(&out.low, addr->bytes + 8, 8);
	out.high = __builtin_bswap64(out.high);
	out.low = __builtin_bswap64(out.low);
	return out;
}

/** in16_addr() - Convert it back; @v6: to an IPv6 address */
struct addr in16_addr(struct in16 from, bool v6);

/** in16_multicast() - IPv6 multicast, of whatever scope */
static inline bool in16_multicast(struct in16 a)
{
	return a.high >> 56 == 0xff;
}

/** in16_link_local() - IPv6 unicast that means something on one link only */
static inline bool in16_link_local(struct in16 a)
{
	return a.high >> 54 == 0xfe80 >> 6;
}

/** in16_global() - IPv6 unicast that means the same on every link */
static inline bool in16_global(struct in16 a)
{
	return !in16_multicast(a) && !in16_link_local(a) &&
	       !in16_equal(a, IN16_LOOPBACK);
}

/** in16_scoped() - Does it mean something on one device only? */
static inline bool in16_scoped(struct in16 a)
{
	unsigned int scope = a.high >> 48 & 15;

	return in16_link_local(a) ||
	       (in16_multicast(a) && (scope == 1 || scope == 2));
}

/** in16_device4() - Device of a local IPv4 address, 0 if foreign */
uint32_t in16_device4(uint32_t v4);

/** in16_is_group4() - Is it multicast or broadcast? */
bool in16_is_group4(uint32_t v4);

/** in16_is_broadcast4() - Is it broadcast? */
bool in16_is_broadcast4(uint32_t v4);

/** in16_is_usable6() - Is it local, and usable on @device (0: any)? */
bool in16_is_usable6(struct in16 addr, uint32_t device);

/** in16_device6() - Device of a local IPv6 address, 0 if foreign */
uint32_t in16_device6(struct in16 addr);

/** in16_device() - The same of an address of either family */
uint32_t in16_device(struct in16 addr);

#endif /* IN16_H */
