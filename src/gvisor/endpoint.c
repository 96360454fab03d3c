// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint.c - addresses, routes and ports of gVisor's endpoints
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

#include "util.h"
#include "world.h"

static const struct addr loopback4 = { 4, { 127, 0, 0, 1 } },
			 loopback6 = { 16, { [15] = 1 } };

bool endpoint_is_group(const struct addr *addr)
{
	if (addr->len == 16)
		return addr->bytes[0] == 0xff;
	return (addr->len == 4 && addr->bytes[0] >> 4 == 14) ||
	       world_is_broadcast(addr);
}

bool endpoint_is_local(const struct full_addr *addr)
{
	int32_t nic = world_owner(&addr->addr);

	/* Each device has the broadcast addresses of all. */
	return world_is_broadcast(&addr->addr) ||
	       (nic && (!addr->nic || addr->nic == nic));
}

int endpoint_resolve(struct stack *stack, const struct endpoint *ep,
	struct full_addr *addr, uint8_t *network)
{
	struct gvisor *gvisor = &stack->gvisor;

	*network = ep->network;
	if (addr->addr.len == 4) {
		*network = 4;
	} else if (addr_is_mapped(&addr->addr) &&
		   gvisor_applies(gvisor, GVISOR_mapped_is_ipv4)) {
		*network = 4;
		addr->addr = addr_unmapped(&addr->addr);
		if (addr_is_any(&addr->addr) &&
			gvisor_applies(gvisor, GVISOR_zero_is_wildcard))
			memset(&addr->addr, 0, sizeof(addr->addr));
	}
	/* An address that was left from before may be of the other family. */
	if (ep->id.local.len && addr->addr.len &&
		ep->id.local.len != addr->addr.len)
		return ENDPOINT_UNKNOWN;
	if (*network == 4 && ep->network == 6 && ep->v6only &&
		gvisor_refuses(gvisor, GVISOR_mapped_for_v6only))
		return EHOSTUNREACH;
	return *network == 6 && ep->network == 4 ? ENDPOINT_UNKNOWN : 0;
}

int endpoint_route(struct stack *stack, const struct addr *local, int32_t nic,
	const struct addr *to, uint8_t network, struct addr *source,
	struct addr *remote)
{
	int32_t owner = world_owner(to);
	int32_t from = world_owner(local->len ? local : to);

	if (!to->len) {
		*source = local->len   ? *local :
			  network == 4 ? loopback4 :
					 loopback6;
		*remote = *source;
		if (network == 6 && !addr_equal(source, &loopback6) &&
			!gvisor_applies(&stack->gvisor,
				GVISOR_wildcard_peer_is_source))
			*remote = loopback6;
		return 0;
	}
	if (!owner && !world_is_on_link(to, WORLD_VETH0) &&
		gvisor_refuses(&stack->gvisor, GVISOR_no_route))
		return EHOSTUNREACH;
	if (!owner || (nic && nic != from))
		return ENDPOINT_UNKNOWN;
	*remote = *to;
	*source = local->len ? *local : *to;
	return 0;
}

void stack_reset(struct stack *stack)
{
	stack->demux.count = 0;
	stack->random = 0;
	stack->steer = 0;
	stack->count = 0;
}

struct endpoint *endpoint_new(struct stack *stack, uint8_t transport,
	uint8_t network)
{
	struct endpoint *ep = &stack->endpoints[stack->count++];

	/* An op makes at most one: a socket, or the child of a connect. */
	ASSERT(stack->count <= ENDPOINTS_MAX);
	memset(ep, 0, sizeof(*ep));
	ep->transport = transport;
	ep->network = network;
	return ep;
}

bool stack_hold_range(struct stack *stack, uint16_t *first, uint16_t *last)
{
	struct gvisor *gvisor = &stack->gvisor;
	uint16_t port = stack->steer;

	portman_range(stack->ports, first, last);
	if (port < *first || port > *last)
		return false;
	/* The count has 16 bits, so 65536 ports count as none. */
	if (*last - *first == UINT16_MAX &&
		gvisor_applies(gvisor, GVISOR_range_of_all_is_empty))
		return false;
	portman_set_range(stack->ports, port, port);
	return true;
}

void stack_free_range(struct stack *stack, uint16_t first, uint16_t last)
{
	portman_set_range(stack->ports, first, last);
}

/* Reserve the one port that is to be chosen */
static int reserve_steered(struct stack *stack, const struct reservation *res,
	int (*test)(uint16_t, void *), void *arg, uint16_t *port)
{
	uint16_t first, last;
	int rc;

	if (!stack_hold_range(stack, &first, &last))
		return -EAGAIN;
	rc = portman_reserve(stack->ports, res, 0, test, arg, port);
	stack_free_range(stack, first, last);
	return rc;
}

/* The last port that is free: who leads will choose others, and most likely not
 * this one. */
static int reserve_last(struct stack *stack, const struct reservation *res,
	int (*test)(uint16_t, void *), void *arg, uint16_t *port)
{
	uint16_t first, last;
	int rc = -EAGAIN;

	portman_range(stack->ports, &first, &last);
	for (int p = last; p >= first && rc == -EAGAIN; p--) {
		stack->steer = p;
		rc = reserve_steered(stack, res, test, arg, port);
	}
	stack->steer = 0;
	return rc;
}

int stack_reserve(struct stack *stack, const struct reservation *res,
	int (*test)(uint16_t, void *), void *arg, uint16_t *port)
{
	bool choose = !res->port;
	int rc;

	gvisor_decide(&stack->gvisor, GVISOR_port_in_use);
	if (choose && stack->steer)
		rc = reserve_steered(stack, res, test, arg, port);
	else if (choose && stack->untold)
		rc = reserve_last(stack, res, test, arg, port);
	else
		rc = portman_reserve(stack->ports, res,
			choose ? stack->random++ : 0, test, arg, port);
	if (rc != -EADDRINUSE)
		gvisor_decide(&stack->gvisor, rc     ? GVISOR_port_not_found :
					      choose ? GVISOR_port_found :
						       GVISOR_port_reserved);
	if (!rc && !*port)
		return ENDPOINT_UNKNOWN; /* a range may begin at port 0 */
	return rc == -ENOMEM ? rc : -rc;
}

struct reservation endpoint_reservation(const struct endpoint *ep,
	const uint8_t *networks, uint8_t count, const struct addr *addr,
	uint16_t port)
{
	struct reservation res = { .network_count = count,
		.transport = ep->transport,
		.flags = ep->flags,
		.device = ep->device,
		.port = port };

	memcpy(res.networks, networks, count);
	res.addr.len = addr->len;
	memcpy(res.addr.bytes, addr->bytes, sizeof(res.addr.bytes));
	return res;
}

struct reservation endpoint_held(const struct endpoint *ep)
{
	struct reservation res = ep->held;

	res.transport = ep->transport;
	res.port = ep->id.local_port;
	res.addr.len = ep->id.local.len;
	memcpy(res.addr.bytes, ep->id.local.bytes, sizeof(res.addr.bytes));
	return res;
}

struct reservation endpoint_owed(const struct endpoint *ep)
{
	struct reservation res = endpoint_held(ep);

	if (!ep->owes)
		return res;
	memcpy(res.networks, ep->owed.networks, sizeof(res.networks));
	res.network_count = ep->owed.network_count;
	res.addr = ep->owed.addr;
	return res;
}

struct demux_key endpoint_key(const struct reservation *as,
	const struct endpoint_id *id)
{
	struct demux_key key = { .network_count = as->network_count,
		.transport = as->transport,
		.flags = as->flags,
		.device = as->device,
		.id = *id };

	memcpy(key.networks, as->networks, sizeof(key.networks));
	return key;
}

void endpoint_release(struct stack *stack, const struct reservation *res)
{
	/* If it is not found as it was reserved, the port leaks. */
	portman_release(stack->ports, res);
}

void endpoint_narrow(struct stack *stack, struct endpoint *ep,
	const struct reservation *wide, const struct addr *addr,
	uint8_t network)
{
	endpoint_release(stack, wide);
	ep->owed = *wide;
	ep->owed.networks[0] = network;
	ep->owed.network_count = 1;
	ep->owed.addr = *addr;
	ep->owes = true;
	/* All who had to share the wildcard share this. */
	portman_reserve(stack->ports, &ep->owed, 0, NULL, NULL, NULL);
}
