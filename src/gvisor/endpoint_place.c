// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_place.c - addresses as calls have them, and as gVisor reads them
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

/* What an address on the wire is at least long, and at most */
enum { LEN_FAMILY = 2, LEN_LINK = 20, LEN4 = 16, LEN6 = 28, LEN_UNIX = 110 };
enum { FAMILY_UNIX = 1, FAMILY4 = 2, FAMILY6 = 10, FAMILY_PACKET = 17 };

struct addr endpoint_shown(const struct endpoint *ep, const struct addr *addr)
{
	struct addr out = { .len = ep->network == 4 ? 4 : 16 };

	if (addr->len == out.len)
		return *addr;
	if (addr->len == 4) {
		memset(out.bytes + 10, 0xff, 2);
		memcpy(out.bytes + 12, addr->bytes, 4);
	}
	return out;
}

int endpoint_read_place(struct stack *stack, const struct endpoint *ep,
	const struct op *op, struct full_addr *to)
{
	struct gvisor *gvisor = &stack->gvisor;
	const struct place *place = &op->bind.place;
	unsigned int natural = place->addr.len == 16 ? LEN6 : LEN4;
	unsigned int len = op->bind.len == LEN_NATURAL ? natural : op->bind.len;
	unsigned int family = op->bind.family != FAMILY_NATURAL ?
				      op->bind.family :
			      natural == LEN6 ? FAMILY6 :
						FAMILY4;
	bool v6 = ep->network == 6;

	if (family == FAMILY_PACKET && len >= LEN_LINK)
		return ENDPOINT_UNKNOWN;
	if ((len < LEN_FAMILY || family == FAMILY_PACKET ||
		    len < (unsigned int)(v6 ? LEN6 : LEN4) ||
		    (family == FAMILY6 && len < LEN6)) &&
		gvisor_refuses(gvisor, GVISOR_address_too_short))
		return EINVAL;
	if (family == FAMILY_UNIX && len > LEN_UNIX &&
		gvisor_refuses(gvisor, GVISOR_unix_address_too_long))
		return EINVAL;
	if (family != (v6 ? FAMILY6 : FAMILY4) &&
		gvisor_refuses(gvisor, GVISOR_address_of_other_family))
		return EAFNOSUPPORT;
	memset(to, 0, sizeof(*to));
	to->port = place->port;
	/* Bytes of the other family happen to be zero: the wildcard. */
	if (natural != (v6 ? LEN6 : LEN4))
		return 0;
	if (addr_is_any(&place->addr) &&
		gvisor_applies(gvisor, GVISOR_zero_is_wildcard))
		return 0;
	to->addr = place->addr;
	if (v6 && to->addr.bytes[0] == 0xfe &&
		(to->addr.bytes[1] & 0xc0) == 0x80)
		to->nic = place->scope;
	return 0;
}

int endpoint_read_peer(struct stack *stack, const struct endpoint *ep,
	const struct op *op, struct full_addr *to)
{
	bool v6 = op->bind.place.addr.len == 16;
	struct op plain = *op;

	plain.bind.len = LEN_NATURAL;
	plain.bind.family = FAMILY_NATURAL;
	if (v6 == (ep->network == 6))
		return endpoint_read_place(stack, ep, &plain, to);
	if (v6 || ep->v6only) {
		gvisor_decide(&stack->gvisor, GVISOR_peer_of_other_family);
		return EINVAL;
	}
	memset(to, 0, sizeof(*to));
	to->port = op->bind.place.port;
	to->addr = endpoint_shown(ep, &op->bind.place.addr);
	return 0;
}
