// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_known.c - for which calls is it known what gVisor does?
 */
#include "endpoint_known.h"

#include "util.h"

static bool is_link_local(const struct addr *addr)
{
	return addr->len == 16 && addr->bytes[0] == 0xfe;
}

/* Is an address of the family of one that a refused bind has left behind? */
static bool fits(const struct endpoint *ep, const struct addr *to)
{
	struct addr plain = addr_unmapped(to);

	if (ep->network == 4 || !ep->id.local.len)
		return true;
	return addr_unmapped(&ep->id.local).len == plain.len;
}

static bool covers_bind(const struct endpoint *ep, const struct op *op)
{
	const struct place *place = &op->bind.place;

	/* It says so before it looks at the address. */
	if (ep->state != EP_INITIAL)
		return true;
	return !is_link_local(&place->addr) && fits(ep, &place->addr);
}

static bool is_bound_to(const struct endpoint *ep, uint8_t network)
{
	for (int i = 0; i < ep->held.network_count; i++)
		if (ep->held.networks[i] == network)
			return true;
	return ep->network == 4 || ep->state == EP_INITIAL || ep->v6only;
}

static bool covers_connect(const struct endpoint *ep, const struct op *op)
{
	const struct addr *addr = &op->bind.place.addr;
	struct full_addr to = { .addr = addr_unmapped(addr) };

	if (is_link_local(addr) || ep->device || ep->held.device)
		return false;
	if (endpoint_is_group(&to.addr)) /* bind takes some */
		return false;
	if (!fits(ep, addr) || !is_bound_to(ep, to.addr.len == 4 ? 4 : 6))
		return false;
	/* From one address to another, the route is not known. */
	return !ep->id.local.len || ep->state >= EP_LISTEN ||
	       addr_equal(&ep->id.local, &to.addr);
}

/* Has either end a device, by which its segments would go? */
static bool has_device(const struct endpoint *ep)
{
	return ep->device || (ep->peer && ep->peer->device);
}

/* The port that a connect chose before it failed is told to nobody. */
static bool covers_failed(const struct endpoint *ep, bool explicit,
	const struct op *op)
{
	if (op->kind == OP_BIND)
		return covers_bind(ep, op);
	if (op->kind == OP_GET)
		return explicit || op->get.property != GET_NAME;
	return op->kind == OP_SET || op->kind == OP_LISTEN ||
	       op->kind == OP_ACCEPT || op->kind == OP_SHUTDOWN;
}

bool endpoint_known_covers(const struct endpoint *ep, bool explicit,
	const struct op *op)
{
	bool tcp = ep->transport == 6;
	/* A refused listen also makes it EP_CLOSED, but there is no peer. */
	bool closing = ep->state > EP_CONNECTED &&
		       (ep->state != EP_CLOSED || ep->id.remote_port);

	if (op->kind == OP_CLOSE || (tcp && op->kind == OP_DISCONNECT))
		return true;
	if (ep->failed || ep->state == EP_ERROR)
		return op->kind == OP_CONNECT ? covers_connect(ep, op) :
						covers_failed(ep, explicit, op);
	if (tcp && closing)
		return op->kind == OP_SHUTDOWN && !has_device(ep);
	switch (op->kind) {
	case OP_GET:
		/* It is not known whether a child has its listener's device. */
		return op->get.property != GET_DEV || !tcp ||
		       ep->device == ep->held.device;
	case OP_LISTEN: return true;
	case OP_DISCONNECT: return true;
	case OP_BIND: return covers_bind(ep, op);
	case OP_CONNECT: return covers_connect(ep, op);
	}
	return true;
}
