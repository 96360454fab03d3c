// SPDX-License-Identifier: Apache-2.0
/*
 * addr.c - one address type for every op
 */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "util.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

int addr_parse(const char *text, struct addr *addr)
{
	struct addr out = { 0 };

	if (!text || !addr)
		return -EINVAL;
	if (inet_pton(AF_INET, text, out.bytes) == 1)
		out.len = 4;
	else if (inet_pton(AF_INET6, text, out.bytes) == 1)
		out.len = 16;
	else
		return -EINVAL;
	*addr = out;
	return 0;
}

const char *addr_print(const struct addr *addr, char *text)
{
	int family = addr->len == 4 ? AF_INET : AF_INET6;

	if (!addr->len)
		return strcpy(text, "*");
	ASSERT(inet_ntop(family, addr->bytes, text, ADDR_TEXT_MAX));
	return text;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->len != b->len)
		return false;
	/* Of known lengths, these are single instructions. */
	return a->len == 4  ? !memcmp(a->bytes, b->bytes, 4) :
	       a->len == 16 ? !memcmp(a->bytes, b->bytes, 16) :
			      true;
}

bool addr_is_any(const struct addr *addr)
{
	static const uint8_t zero[16];

	return addr->len && !memcmp(addr->bytes, zero, addr->len);
}

bool addr_is_mapped(const struct addr *addr)
{
	return addr->len == 16 &&
	       !memcmp(addr->bytes, mapped_prefix, sizeof(mapped_prefix));
}

struct addr addr_unmapped(const struct addr *addr)
{
	struct addr out = { .len = 4 };

	if (!addr_is_mapped(addr))
		return *addr;
	memcpy(out.bytes, addr->bytes + 12, 4);
	return out;
}
