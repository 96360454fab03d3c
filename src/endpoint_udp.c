// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_udp.c - what gVisor's UDP sockets reserve (EP-26, EP-27)
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

/**
 * udp_register() - Reserve a port if there is none yet, and register
 * @id:		What to register; gets the port
 * @as:		Filled in: what was reserved and registered as
 *
 * The options are sampled here. If the id is refused the port is released,
 * also one that bind had reserved (EP-27 a).
 */
static int udp_register(struct stack *stack, struct endpoint *ep,
	const uint8_t *networks, uint8_t count, struct endpoint_id *id,
	struct portman_reservation *as)
{
	struct demux_key key;
	int rc;

	*as = endpoint_reservation(ep, networks, count, &id->local,
		id->local_port);
	if (!ep->id.local_port) {
		rc = stack_reserve(stack, as, NULL, NULL, &id->local_port);
		if (rc)
			return rc;
		as->port = id->local_port;
	}
	ep->held.flags = as->flags;
	key = endpoint_key(as, id);
	if (demux_register(&stack->demux, &key, ep))
		return 0;
	endpoint_release(stack, as);
	ep->held.flags = 0;
	return EADDRINUSE;
}

static void udp_unregister(struct stack *stack, struct endpoint *ep,
	const struct portman_reservation *as)
{
	struct demux_key key = endpoint_key(as, &ep->id);

	demux_unregister(&stack->demux, &key, ep);
}

int udp_bind(struct stack *stack, struct endpoint *ep, struct full_addr to)
{
	uint8_t networks[2] = { 0, 4 }, count = 1;
	struct endpoint_id id = { .local_port = to.port };
	struct portman_reservation as;
	int rc;

	if (ep->state != EP_INITIAL)
		return EINVAL;
	rc = endpoint_resolve(ep, &to, &networks[0]);
	if (rc)
		return rc;
	if (to.addr.len && !endpoint_is_group(&to.addr) &&
	    !endpoint_is_local(&to))
		return EADDRNOTAVAIL;
	if (networks[0] == 6 && !ep->v6only && !to.addr.len)
		count = 2;	/* EP-09 */
	id.local = to.addr;
	rc = udp_register(stack, ep, networks, count, &id, &as);
	if (rc)
		return rc;
	ep->id = id;
	ep->held = as;
	ep->nic = to.nic;
	ep->bind_addr = to.addr;
	ep->was_bound = true;
	ep->state = EP_BOUND;
	return 0;
}

int udp_connect(struct stack *stack, struct endpoint *ep, struct full_addr to)
{
	static const uint8_t both[2] = { 4, 6 };
	struct endpoint_id id = { .local_port = ep->id.local_port,
		.remote_port = to.port };
	struct portman_reservation as, old = endpoint_held(ep);
	struct addr local = ep->id.local, source;
	uint8_t network;
	bool away;
	int rc;

	if (ep->nic && to.nic && ep->nic != to.nic)
		return EINVAL;
	if (ep->nic)
		to.nic = ep->nic;
	rc = endpoint_resolve(ep, &to, &network);
	if (rc)
		return rc;
	if (endpoint_is_group(&local))
		memset(&local, 0, sizeof(local));
	rc = endpoint_route(&local, to.nic, &to.addr, network, &source,
		&id.remote, &away);
	if (rc)
		return rc;
	/* The route's address, unless it was bound, even to the wildcard */
	id.local = ep->state == EP_INITIAL ? source : ep->id.local;
	if (stack->head && ep->id.local_port)
		udp_unregister(stack, ep, &old);
	/* One that may speak both registers both, also for one IPv6 peer. */
	if (network == 6 && !ep->v6only)
		rc = udp_register(stack, ep, both, 2, &id, &as);
	else
		rc = udp_register(stack, ep, &network, 1, &id, &as);
	if (rc)
		return rc;
	/* Only now does the old id go, so the same peer again is refused. */
	if (!stack->head && ep->id.local_port)
		udp_unregister(stack, ep, &old);
	ep->id = id;
	ep->held = as;
	ep->source = source;
	ep->state = EP_CONNECTED;
	return 0;
}

int udp_disconnect(struct stack *stack, struct endpoint *ep)
{
	struct portman_reservation held = endpoint_held(ep), as = { 0 };
	struct endpoint_id id = { 0 };
	int rc;

	if (ep->state != EP_CONNECTED)
		return 0;
	if (ep->was_bound) {
		id.local = ep->id.local;
		id.local_port = ep->id.local_port;
		rc = udp_register(stack, ep, held.networks, held.network_count,
			&id, &as);
		if (rc)
			return rc;
		/* It leaves the old id with the flags of now (EP-27 c). */
		held.flags = as.flags;
		id.local = ep->bind_addr;
	} else {
		endpoint_release(stack, &held);
	}
	udp_unregister(stack, ep, &held);
	ep->held = as;
	ep->id = id;
	ep->state = ep->was_bound ? EP_BOUND : EP_INITIAL;
	return 0;
}

int udp_shutdown(struct endpoint *ep)
{
	return ep->state == EP_INITIAL ? ENOTCONN : 0;
}

void udp_close(struct stack *stack, struct endpoint *ep)
{
	struct portman_reservation held = endpoint_held(ep);

	if (ep->state == EP_BOUND || ep->state == EP_CONNECTED) {
		udp_unregister(stack, ep, &held);
		endpoint_release(stack, &held);
	}
	ep->state = EP_CLOSED;
}
