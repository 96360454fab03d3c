// SPDX-License-Identifier: Apache-2.0
/*
 * spec_route.c - how to get to an address in this world, and from which
 */
#include "spec_route.h"

#include "world.h"

static const uint32_t veth0 = 0x0a000001;

static bool on_link4(uint32_t v4)
{
	return v4 >> 8 == veth0 >> 8;
}

enum spec_rule spec_route4(struct spec *spec, const struct spec_socket *s,
	uint32_t to, struct route *route)
{
	uint32_t from = s->source4;

	*route = (struct route){ .v4 = true, .from4 = from, .to4 = to };
	CHECK(spec, s->device || s->transparent, not_modelled);
	if (from) {
		CHECK(spec, spec_group4(from), route_from_group);
		CHECK(spec, !spec_local4(from), route_from_foreign);
	}
	if (!to)
		to = route->to4 = from ? from : LOOPBACK4;
	route->device = spec_local4(to);
	if (!from)
		route->from4 = to >> 24 == 127 ? LOOPBACK4 :
			       route->device   ? to :
						 veth0;
	route->broadcast = spec_broadcast4(to);
	if (route->device || (route->broadcast && on_link4(to)))
		return SPEC_NO_RULE;
	if (to >> 24 == 127)
		return SPEC_NO_RULE;
	if (from && (to >> 28 == 14 || to == UINT32_MAX))
		return SPEC_NO_RULE;
	route->away = true;
	CHECK(spec, !on_link4(to), route_unreachable);
	return SPEC_NO_RULE;
}

enum spec_rule spec_route6(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route)
{
	struct in16 from = !in16_any(s->rcv) ? s->rcv : s->source;

	*route = (struct route){ .from = from, .to = to };
	CHECK(spec, s->device || s->transparent, not_modelled);
	CHECK(spec, in16_multicast(to) || in16_multicast(from), not_modelled);
	route->away = !spec_local6(to, 0);
	if (in16_any(from))
		route->from = route->away ?
			(struct in16){ UINT64_C(0xfd) << 56, 1 } : to;
	CHECK(spec, route->away && to.high != UINT64_C(0xfd) << 56,
		route_unreachable);
	CHECK(spec, in16_mapped(from), route_from_mapped);
	return SPEC_NO_RULE;
}
