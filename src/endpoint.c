// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint.c - addresses, routes and ports of gVisor's endpoints
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

#include "util.h"
#include "world.h"

static const struct addr
	loopback4 = { 4, { 127, 0, 0, 1 } },
	loopback6 = { 16, { [15] = 1 } },
	veth0_v4 = { 4, { 10, 0, 0, 1 } },
	veth0_v6 = { 16, { 0xfd, [15] = 1 } },
	veth0_link = { 16, { 0xfe, 0x80, [15] = 2 } },
	veth1_v4 = { 4, { 10, 0, 0, 2 } },
	veth1_v6 = { 16, { 0xfd, [15] = 2 } },
	broadcast = { 4, { 255, 255, 255, 255 } },
	veth_broadcast = { 4, { 10, 0, 0, 255 } },
	lo_broadcast = { 4, { 127, 255, 255, 255 } };

static const struct {
	const struct addr *addr;
	int32_t nic;
} locals[] = {
	{ &loopback6, WORLD_LO },
	{ &veth0_v4, WORLD_VETH0 },
	{ &veth0_v6, WORLD_VETH0 },
	{ &veth0_link, WORLD_VETH0 },
	{ &veth1_v4, WORLD_VETH1 },
	{ &veth1_v6, WORLD_VETH1 },
};

static bool is_link_local(const struct addr *addr)
{
	return addr->len == 16 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

static bool is_loopback4(const struct addr *addr)
{
	return addr->len == 4 && addr->bytes[0] == 127;
}

/* In 10.0.0.0/24 or fd00::/64, which veth0 and veth1 are in */
static bool is_on_link(const struct addr *addr)
{
	size_t prefix = addr->len == 4 ? 3 : 8;
	const struct addr *like = addr->len == 4 ? &veth0_v4 : &veth0_v6;

	return addr->len && !memcmp(addr->bytes, like->bytes, prefix);
}

int32_t endpoint_nic(const struct addr *addr)
{
	if (is_loopback4(addr))
		return WORLD_LO;
	for (size_t i = 0; i < ARRAY_SIZE(locals); i++)
		if (addr_equal(addr, locals[i].addr))
			return locals[i].nic;
	return 0;
}

bool endpoint_is_group(const struct addr *addr)
{
	if (addr->len == 16)
		return addr->bytes[0] == 0xff;
	return (addr->len == 4 && addr->bytes[0] >> 4 == 14) ||
	       addr_equal(addr, &broadcast) ||
	       addr_equal(addr, &veth_broadcast) ||
	       addr_equal(addr, &lo_broadcast);
}

bool endpoint_is_local(const struct full_addr *addr)
{
	int32_t nic = endpoint_nic(&addr->addr);

	/* Each device has that of all hosts. */
	return addr_equal(&addr->addr, &broadcast) ||
	       (nic && (!addr->nic || addr->nic == nic));
}

int endpoint_resolve(const struct endpoint *ep, struct full_addr *addr,
	uint8_t *network)
{
	*network = ep->network;
	if (addr->addr.len == 4) {
		*network = 4;
	} else if (addr_is_mapped(&addr->addr)) {
		*network = 4;
		addr->addr = addr_unmapped(&addr->addr);
		if (addr_is_any(&addr->addr))
			memset(&addr->addr, 0, sizeof(addr->addr));
	}
	/* An address from before limits what comes after (EP-12, EP-20). */
	if (ep->id.local.len == 4 && addr->addr.len == 16)
		return EINVAL;
	if (ep->id.local.len == 16 && addr->addr.len == 4)
		return ENETUNREACH;
	if (*network == 4 && ep->network == 6 && ep->v6only)
		return EHOSTUNREACH;	/* EP-03 */
	return *network == 6 && ep->network == 4 ? EINVAL : 0;
}

/* To where nobody of ours is: only what is next to veth0 can be reached */
static int route_away(const struct addr *local, int32_t nic,
	const struct addr *to, struct addr *source)
{
	if (is_link_local(to)) {
		if (!nic || nic == WORLD_MISSING)
			return ENETUNREACH;
		if (nic != WORLD_VETH0)
			return ENDPOINT_UNKNOWN;
		*source = local->len ? *local : veth0_link;
		return 0;
	}
	if (!is_on_link(to))
		return ENETUNREACH;
	if (local->len && endpoint_nic(local) == WORLD_LO)
		return ENDPOINT_UNKNOWN;
	*source = local->len ? *local : to->len == 4 ? veth0_v4 : veth0_v6;
	return 0;
}

int endpoint_route(const struct addr *local, int32_t nic,
	const struct addr *to, uint8_t network, struct addr *source,
	struct addr *remote, bool *away)
{
	int32_t owner = endpoint_nic(to);

	*away = false;
	if (!to->len) {
		*source = local->len ? *local :
			  network == 4 ? loopback4 : loopback6;
		*remote = *source;
		return 0;
	}
	*remote = *to;
	if (!owner) {
		*away = true;
		return route_away(local, nic, to, source);
	}
	if (nic && nic != (local->len ? endpoint_nic(local) : owner))
		return nic == WORLD_MISSING || local->len ? ENETUNREACH :
							    ENDPOINT_UNKNOWN;
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

	/* An op makes a socket, or connects one: that makes at most a child. */
	ASSERT(stack->count <= ENDPOINTS_MAX);
	memset(ep, 0, sizeof(*ep));
	ep->transport = transport;
	ep->network = network;
	return ep;
}

void stack_hold_range(struct stack *stack, uint16_t *first, uint16_t *last)
{
	uint16_t port = stack->steer;
	bool has;

	portman_range(stack->ports, first, last);
	/* All 65536 ports count as none (GV-25): no range can be empty else. */
	has = port >= *first && port <= *last && *last - *first != UINT16_MAX;
	portman_set_range(stack->ports, has ? port : 0,
		has ? port : UINT16_MAX);
}

void stack_free_range(struct stack *stack, uint16_t first, uint16_t last)
{
	portman_set_range(stack->ports, first, last);
}

int stack_reserve(struct stack *stack, const struct portman_reservation *res,
	int (*test)(uint16_t, void *), void *arg, uint16_t *port)
{
	bool choose = !res->port;
	uint16_t first, last;
	int rc;

	if (choose && stack->steer)
		stack_hold_range(stack, &first, &last);
	rc = portman_reserve(stack->ports, res,
		choose ? stack->random++ : 0, test, arg, port);
	if (choose && stack->steer)
		stack_free_range(stack, first, last);
	if (!rc && !*port)
		return ENDPOINT_UNKNOWN; /* GV-18: no port to work with */
	return rc == -ENOMEM ? rc : -rc;
}

struct portman_reservation endpoint_reservation(const struct endpoint *ep,
	const uint8_t *networks, uint8_t count, const struct addr *addr,
	uint16_t port)
{
	struct portman_reservation res = { .network_count = count,
		.transport = ep->transport, .flags = ep->flags,
		.device = ep->device, .port = port };

	memcpy(res.networks, networks, count);
	res.addr.len = addr->len;
	memcpy(res.addr.bytes, addr->bytes, sizeof(res.addr.bytes));
	return res;
}

struct portman_reservation endpoint_held(const struct endpoint *ep)
{
	struct portman_reservation res = ep->held;

	res.transport = ep->transport;
	res.port = ep->id.local_port;
	res.addr.len = ep->id.local.len;
	memcpy(res.addr.bytes, ep->id.local.bytes, sizeof(res.addr.bytes));
	return res;
}

struct demux_key endpoint_key(const struct portman_reservation *as,
	const struct endpoint_id *id)
{
	struct demux_key key = { .network_count = as->network_count,
		.transport = as->transport, .flags = as->flags,
		.device = as->device, .id = *id };

	memcpy(key.networks, as->networks, sizeof(key.networks));
	return key;
}

void endpoint_release(struct stack *stack,
	const struct portman_reservation *res)
{
	/* What is not found stays reserved: EP-12, EP-20, EP-27. */
	portman_release(stack->ports, res);
}
