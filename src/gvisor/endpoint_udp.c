// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_udp.c - what gVisor's UDP sockets reserve
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

/**
 * udp_register() - Reserve a port if there is none yet, and register
 * @id:		What to register; gets the port
 * @as:		Filled in: what was reserved and registered as
 * @refusal:	The rule to cite if the id is taken
 *
 * The options are sampled here. If the id is refused the port is released,
 * also one that bind had reserved.
 */
static int udp_register(struct stack *stack, struct endpoint *ep,
	const uint8_t *networks, uint8_t count, struct endpoint_id *id,
	struct reservation *as, enum gvisor_rule refusal)
{
	struct gvisor *gvisor = &stack->gvisor;
	uint8_t before = ep->held.flags;
	bool bound = ep->id.local_port;
	struct demux_key key;
	int rc;

	*as = endpoint_reservation(ep, networks, count, &id->local,
		id->local_port);
	if (bound && as->flags != before &&
		!gvisor_applies(gvisor, GVISOR_udp_takes_new_flags))
		as->flags = before;
	if (!bound) {
		rc = stack_reserve(stack, as, NULL, NULL, &id->local_port);
		if (rc)
			return rc;
		as->port = id->local_port;
	}
	ep->held.flags = as->flags;
	key = endpoint_key(as, id);
	if (demux_register(&stack->demux, &key, ep) ||
		!gvisor_refuses(gvisor, refusal))
		return 0;
	if (bound && !gvisor_applies(gvisor, GVISOR_udp_refusal_releases)) {
		ep->held.flags = before;
	} else {
		endpoint_release(stack, as);
		ep->held.flags = 0;
	}
	return EADDRINUSE;
}

static void udp_unregister(struct stack *stack, struct endpoint *ep,
	const struct reservation *as)
{
	struct demux_key key = endpoint_key(as, &ep->id);

	demux_unregister(&stack->demux, &key, ep);
}

int endpoint_udp_bind(struct stack *stack, struct endpoint *ep,
	struct full_addr to)
{
	uint8_t networks[2] = { 0, 4 }, count = 1;
	struct endpoint_id id = { .local_port = to.port };
	struct gvisor *gvisor = &stack->gvisor;
	struct reservation as;
	int rc;

	if (ep->state != EP_INITIAL) {
		gvisor_decide(gvisor, GVISOR_udp_bound_before);
		return EINVAL;
	}
	rc = endpoint_resolve(stack, ep, &to, &networks[0]);
	if (rc)
		return rc;
	if (to.addr.len && !endpoint_is_local(&to) &&
		!(endpoint_is_group(&to.addr) &&
			gvisor_applies(gvisor, GVISOR_udp_groups_unchecked)) &&
		gvisor_refuses(gvisor, GVISOR_udp_address_not_local))
		return EADDRNOTAVAIL;
	if (networks[0] == 6 && !ep->v6only && !to.addr.len &&
		gvisor_applies(gvisor, GVISOR_dual_wildcard_is_two))
		count = 2;
	id.local = to.addr;
	rc = udp_register(stack, ep, networks, count, &id, &as,
		GVISOR_udp_id_registered);
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

int endpoint_udp_connect(struct stack *stack, struct endpoint *ep,
	struct full_addr to)
{
	static const uint8_t both[2] = { 4, 6 };
	struct endpoint_id id = { .local_port = ep->id.local_port,
		.remote_port = to.port };
	struct reservation as, old = endpoint_held(ep);
	struct gvisor *gvisor = &stack->gvisor;
	struct addr local = ep->id.local, source;
	bool bound = ep->id.local_port, first;
	uint8_t network;
	int rc;

	rc = endpoint_resolve(stack, ep, &to, &network);
	if (rc)
		return rc;
	if (endpoint_is_group(&local))
		memset(&local, 0, sizeof(local));
	rc = endpoint_route(stack, &local, ep->nic, &to.addr, network, &source,
		&id.remote);
	if (rc)
		return rc;
	/* An unbound socket gets the route's address; a bound one keeps its
	 * own, even the wildcard. */
	id.local = ep->state == EP_INITIAL ? source : ep->id.local;
	first = bound &&
		gvisor_applies(gvisor, GVISOR_udp_connect_registers_first);
	if (bound && !first)
		udp_unregister(stack, ep, &old);
	/* A dual socket registers both networks, even for an IPv6 peer. */
	if (network == 6 && !ep->v6only &&
		gvisor_applies(gvisor, GVISOR_udp_connect_reserves_both))
		rc = udp_register(stack, ep, both, 2, &id, &as,
			GVISOR_udp_ends_in_use);
	else
		rc = udp_register(stack, ep, &network, 1, &id, &as,
			GVISOR_udp_ends_in_use);
	if (rc)
		return rc;
	/* Only now does the old id go, so the same peer again is refused. */
	if (first)
		udp_unregister(stack, ep, &old);
	if (ep->was_bound && old.network_count > as.network_count &&
		!gvisor_applies(gvisor, GVISOR_udp_connect_narrows)) {
		ep->owed = endpoint_owed(ep);
		ep->owes = true;
	}
	gvisor_decide(gvisor, GVISOR_udp_connected);
	ep->id = id;
	ep->held = as;
	ep->source = source;
	ep->state = EP_CONNECTED;
	return 0;
}

int endpoint_udp_disconnect(struct stack *stack, struct endpoint *ep)
{
	struct reservation held = endpoint_held(ep), as = { 0 };
	struct endpoint_id id = { 0 };
	struct gvisor *gvisor = &stack->gvisor;
	bool stays = ep->was_bound;
	int rc;

	gvisor_decide(gvisor, GVISOR_udp_disconnected);
	if (ep->state != EP_CONNECTED)
		return 0;
	if (!stays)
		stays = !gvisor_applies(gvisor, GVISOR_udp_disconnect_frees);
	if (stays) {
		id.local = ep->id.local;
		id.local_port = ep->id.local_port;
		rc = udp_register(stack, ep, held.networks, held.network_count,
			&id, &as, GVISOR_udp_disconnect_refused);
		if (rc)
			return rc;
		gvisor_decide(gvisor, GVISOR_udp_disconnected);
		/* It leaves the old id with the flags that it has now. */
		held.flags = as.flags;
		id.local = ep->bind_addr;
	} else {
		endpoint_release(stack, &held);
	}
	udp_unregister(stack, ep, &held);
	ep->held = as;
	ep->id = id;
	ep->state = stays ? EP_BOUND : EP_INITIAL;
	return 0;
}

int endpoint_udp_shutdown(struct stack *stack, struct endpoint *ep)
{
	if (ep->state == EP_INITIAL) {
		gvisor_decide(&stack->gvisor, GVISOR_udp_not_shut_down);
		return ENOTCONN;
	}
	if (ep->state != EP_CONNECTED &&
		gvisor_refuses(&stack->gvisor, GVISOR_udp_peer_is_missing))
		return ENOTCONN;
	gvisor_decide(&stack->gvisor, GVISOR_udp_shut_down);
	return 0;
}

void endpoint_udp_close(struct stack *stack, struct endpoint *ep)
{
	struct reservation held = endpoint_held(ep);
	struct reservation owed = endpoint_owed(ep);

	gvisor_decide(&stack->gvisor, GVISOR_endpoint_closed);
	if (ep->state == EP_BOUND || ep->state == EP_CONNECTED) {
		udp_unregister(stack, ep, &held);
		endpoint_release(stack, &owed);
	}
	ep->state = EP_CLOSED;
}
