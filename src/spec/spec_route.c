// SPDX-License-Identifier: Apache-2.0
/*
 * spec_route.c - how to get to an address in this world, and from which
 */
#include "spec_route.h"

#include "spec_socket.h"
#include "world.h"

static bool is_loopback4(uint32_t v4)
{
	return v4 >> 24 == 127;
}

static bool is_multicast4(uint32_t v4)
{
	return v4 >> 28 == 14;
}

/* Is it in the network of both ends of the pair? */
static bool is_on_link4(uint32_t v4)
{
	struct addr addr = in16_addr(in16_v4(v4), false);

	return world_is_on_link(&addr, WORLD_VETH0);
}

static struct in16 address_of(uint32_t device, unsigned int len,
	bool link_local)
{
	return in16_from(&world_addr_of(device, len, link_local)->addr);
}

/* inet_select_addr(): the address that a device sends from */
static uint32_t own4(uint32_t device)
{
	uint32_t owner = device == WORLD_VETH0 ? WORLD_VETH0 : WORLD_VETH1;

	return address_of(owner, 4, false).low;
}

/* Is it a broadcast address on this device, or on any for 0? */
static bool is_broadcast_of(uint32_t v4, uint32_t device)
{
	if (!in16_is_broadcast4(v4))
		return false;
	return !device || v4 == UINT32_MAX ||
	       (device == WORLD_LO) == is_loopback4(v4);
}

/* Send by a device, to whatever neighbour has the address. */
static enum spec_rule by_device4(struct spec *spec, uint32_t device,
	uint32_t *from, struct route *route)
{
	if (!*from)
		*from = own4(device);
	RETURN_IF(spec, is_loopback4(*from) && device != WORLD_LO,
		route_from_loopback);
	/* Packets that leave by lo come in by lo, but nobody resets them. */
	route->arrives = device == WORLD_LO ? WORLD_LO : 0;
	route->foreign = true;
	return SPEC_NO_RULE;
}

/* To the loopback network Linux sends from its first address. */
static uint32_t source_of(struct spec *spec, uint32_t owner, uint32_t to)
{
	return owner == WORLD_LO &&
			       !APPLIES(spec, loopback_source_is_destination) ?
		       LOOPBACK4 :
		       to;
}

static enum spec_rule lookup4(struct spec *spec, uint32_t device,
	uint32_t *from, uint32_t to, struct route *route)
{
	uint32_t owner = in16_device4(to);

	if (is_multicast4(to) || is_broadcast_of(to, device)) {
		RETURN_IF(spec, !*from && !device && is_multicast4(to),
			route_unreachable);
		RETURN_IF(spec, !*from && !device && to == UINT32_MAX,
			route_unreachable);
		RETURN_IF(spec, *from && !device && !in16_device4(*from),
			route_from_foreign);
		route->broadcast = !is_multicast4(to);
		route->group = true;
		if (!*from && !device)
			*from = is_loopback4(to) ? LOOPBACK4 :
						   own4(WORLD_VETH0);
		RETURN_IF(spec,
			!device && is_on_link4(to) && is_loopback4(*from),
			route_from_loopback);
		return device ? by_device4(spec, device, from, route) :
				SPEC_NO_RULE;
	}
	if (owner && (!device || device == owner)) {
		route->arrives = owner;
		if (!*from)
			*from = source_of(spec, owner, to);
		return SPEC_NO_RULE;
	}
	if (device)
		return by_device4(spec, device, from, route);
	RETURN_IF(spec, !is_on_link4(to), route_unreachable);
	return by_device4(spec, WORLD_VETH0, from, route);
}

/* ip_route_output_key_hash_rcu(), with the questions in its order */
enum spec_rule spec_route_ipv4(struct spec *spec, const struct spec_socket *s,
	uint32_t to, struct route *route)
{
	uint32_t from = s->source4;
	enum spec_rule rule;

	*route = (struct route){ .v4 = true };
	RETURN_IF(spec, is_multicast4(from) || from == UINT32_MAX,
		route_from_group);
	RETURN_IF(spec, from && !in16_device4(from) && !s->transparent,
		route_from_foreign);
	RETURN_IF(spec, s->device && !world_has_device(s->device),
		route_no_device);
	if (!to && !from)
		from = !s->device || s->device == WORLD_LO ? LOOPBACK4 :
							     own4(s->device);
	if (!to)
		to = from;
	rule = lookup4(spec, s->device, &from, to, route);
	route->from = in16_v4(from);
	route->to = in16_v4(to);
	return rule;
}

/* Is it on the link of a device, though no socket here has it? */
static bool is_on_link6(struct in16 to, uint32_t device)
{
	struct addr addr = in16_addr(to, true);

	if (in16_multicast(to))
		return device != WORLD_LO;
	if (in16_link_local(to))
		return device == WORLD_VETH0;
	return device != WORLD_LO && world_is_on_link(&addr, WORLD_VETH0);
}

/* ipv6_dev_get_saddr(): the address to send from if the socket has none */
static struct in16 own6(struct in16 to, uint32_t device)
{
	bool second = device ? device == WORLD_VETH1 : in16_multicast(to);

	if (in16_device6(to))
		return to;
	if (in16_scoped(to) && device == WORLD_VETH0)
		return address_of(device, 16, true);
	return address_of(second ? WORLD_VETH1 : WORLD_VETH0, 16, false);
}

/* Does it go from one end of the pair to the other, and not by lo? */
static bool is_on_wire6(struct in16 from, struct in16 to, uint32_t device)
{
	return device && in16_global(from) && in16_global(to) &&
	       in16_device6(from) == device && in16_device6(to);
}

enum spec_rule spec_route_ipv6(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route)
{
	bool sends = spec_socket_is_udp(s) || in16_any(s->rcv);
	struct in16 from = sends ? s->source : s->rcv;
	uint32_t owner = in16_device6(to), device = s->device;
	bool arrives = owner && (!device || device == owner ||
					is_on_wire6(from, to, device));

	*route = (struct route){
		.from = from, .to = to, .arrives = arrives ? owner : 0
	};
	RETURN_IF(spec, device && !world_has_device(device), route_unreachable);
	RETURN_IF(spec, !arrives && !is_on_link6(to, device),
		route_unreachable);
	if (in16_any(from))
		route->from = own6(to, device);
	RETURN_IF(spec, in16_mapped(from), route_from_mapped);
	return SPEC_NO_RULE;
}

/*
 * Not of Linux: a stack that has lo and veth0 only, each with one address of a
 * family. Only between these there are answers. It numbers its devices from 1,
 * so that of all scopes of the world only lo's means a device there.
 */
static bool is_own(struct in16 a, bool v4)
{
	unsigned int len = v4 ? 4 : 16;

	return in16_equal(a, address_of(WORLD_LO, len, false)) ||
	       in16_equal(a, address_of(WORLD_VETH0, len, false));
}

bool spec_route_has_no_link(const struct spec_socket *s, struct in16 to,
	uint32_t scope)
{
	if (!in16_scoped(to))
		return in16_link_local(s->rcv);
	return scope ? scope != WORLD_LO : !is_own(s->rcv, false);
}

bool spec_route_is_lost(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route)
{
	bool v4 = in16_mapped(to), wild = spec_socket_is_wildcard(s);
	struct addr addr = in16_addr(to, !v4);
	uint32_t device = world_is_on_link(&addr, WORLD_VETH0) ? WORLD_VETH0 :
								 WORLD_LO;

	*route = (struct route){
		.from = wild ? address_of(device, v4 ? 4 : 16, false) : s->rcv,
		.to = to,
		.v4 = v4,
	};
	if (in16_any(to) || in16_is(to, 0))
		return APPLIES(spec, wildcard_is_no_destination);
	return (!is_own(to, v4) || !(wild || is_own(s->rcv, v4))) &&
	       APPLIES(spec, own_addresses_answer);
}

/* An answer goes out by the device of the listener, if it has one. */
static uint32_t back4(const struct route *there,
	const struct spec_socket *listener)
{
	uint32_t from = there->to.low, to = there->from.low;
	uint32_t owner = in16_device4(to);
	uint32_t device = listener ? listener->device : 0;

	if (!listener && there->foreign)
		return 0;
	if (!in16_device4(from) && !(listener && listener->transparent))
		return 0;
	if (!device || device == owner)
		return owner;
	return device == WORLD_LO ? WORLD_LO : 0;
}

/* A scoped address is answered by the device that the question came in by. */
static uint32_t back6(const struct route *there,
	const struct spec_socket *listener)
{
	bool loopback = in16_equal(there->from, IN16_LOOPBACK);
	uint32_t owner = in16_device6(there->from);

	if (listener && listener->device)
		return listener->device == owner ||
				       is_on_wire6(there->to, there->from,
					       listener->device) ?
			       owner :
			       0;
	if ((in16_scoped(there->from) || (loopback && !listener)) &&
		there->arrives != owner)
		return 0;
	return owner;
}

uint32_t spec_route_back(const struct route *there,
	const struct spec_socket *listener)
{
	return (there->v4 ? back4 : back6)(there, listener);
}

/* The addresses of a connection stay, but a device may be set later. */
bool spec_route_reaches(const struct spec_socket *s, struct in16 to,
	uint32_t to_device)
{
	bool v4 = in16_mapped(to);
	uint32_t arrives = in16_device(to);

	if (s->device && s->device != arrives &&
		(v4 || !is_on_wire6(s->rcv, to, s->device)))
		arrives = v4 && s->device == WORLD_LO ? WORLD_LO : 0;
	return arrives && (!to_device || to_device == arrives);
}
