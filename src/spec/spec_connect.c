// SPDX-License-Identifier: Apache-2.0
/*
 * spec_connect.c - connect: the questions before anything is sent
 */
#include "spec_connect.h"

#include <errno.h>

#include "spec_bucket.h"
#include "spec_choose.h"
#include "spec_flow.h"
#include "spec_leak.h"
#include "spec_open.h"
#include "spec_range.h"
#include "spec_route.h"
#include "spec_socket.h"
#include "spec_udp.h"

/**
 * struct target - Where a connect goes
 * @v4:		By IPv4, perhaps from an AF_INET6 socket
 */
struct target {
	struct in16 to;
	uint32_t scope;
	uint16_t port;
	bool v4;
};

static enum spec_rule check_name(struct spec *spec, const struct spec_socket *s,
	const struct op *op, struct target *target)
{
	const struct place *place = &op->bind.place;
	bool four = place->addr.len == 4;

	RETURN_IF(spec, four && spec_socket_is_v6(s) && !spec_socket_is_udp(s),
		connect_ipv4_name_short);
	/* A UDP socket of AF_INET6 takes an IPv4 name, too. */
	RETURN_IF(spec, four && spec_socket_is_v6(s) && s->v6only,
		connect_ipv4_name_v6only);
	RETURN_IF(spec, !four && !spec_socket_is_v6(s), connect_ipv6_name);
	*target = (struct target){ .to = in16_from(&place->addr),
		.scope = place->scope,
		.port = place->port,
		.v4 = four };
	return SPEC_NO_RULE;
}

/* tcp_v6_connect() and __ip6_datagram_connect(): is the name fit for IPv6? */
static enum spec_rule check6(struct spec *spec, struct spec_socket *s,
	struct target *target)
{
	if (in16_any(target->to))
		target->to = in16_mapped(s->rcv) ? in16_v4(LOOPBACK4) :
						   IN16_LOOPBACK;
	target->v4 = in16_mapped(target->to);
	RETURN_IF(spec, in16_multicast(target->to) && !spec_socket_is_udp(s),
		connect_multicast);
	if (in16_scoped(target->to)) {
		if (target->scope) {
			RETURN_IF(spec, s->device && s->device != target->scope,
				connect_other_scope);
			if (APPLIES(spec, connect_scope_sets_device))
				s->device = target->scope;
		}
		RETURN_IF(spec, !s->device, connect_no_scope);
	}
	RETURN_IF(spec, target->v4 && s->v6only, connect_mapped_v6only);
	return SPEC_NO_RULE;
}

/* Not of Linux: is what bind has got left as it is? */
static bool keeps_wildcard(struct spec *spec, const struct spec_socket *s)
{
	return !APPLIES(spec, connect_narrows_address) ||
	       (!s->with_peer && APPLIES(spec, udp_connect_keeps_wildcard));
}

/* __ip4_datagram_connect(): choose the address that UDP sends from. */
static enum spec_rule udp_connect4(struct spec *spec, struct spec_socket *s,
	const struct target *target)
{
	bool moved = false;
	struct route route;
	enum spec_rule rule = spec_route_ipv4(spec, s, target->to.low, &route);

	if (rule)
		return rule;
	RETURN_IF(spec, route.broadcast, connect_udp_broadcast);
	s->peer_addr = route.to;
	if (!s->source4)
		s->source4 = route.from.low;
	if (spec_socket_is_wildcard(s) && keeps_wildcard(spec, s)) {
		s->source = spec_socket_is_v6(s) ? in16_v4(s->source4) :
						   s->source;
		return RULE_connect_udp;
	}
	if (!s->rcv4) {
		s->rcv4 = route.from.low;
		moved = true;
	}
	if (spec_socket_is_v6(s)) {
		if (in16_any(s->source) || in16_is(s->source, 0))
			s->source = in16_v4(s->source4);
		if (in16_any(s->rcv) || in16_is(s->rcv, 0))
			s->rcv = in16_v4(s->rcv4);
		else
			moved = false;
	} else if (moved) {
		s->rcv = in16_v4(s->rcv4);
	}
	if (moved)
		spec_udp_move(spec, s);
	return RULE_connect_udp;
}

/* __ip6_datagram_connect(): the same for IPv6 */
static enum spec_rule udp_connect6(struct spec *spec, struct spec_socket *s,
	const struct target *target)
{
	struct route route;
	enum spec_rule rule = spec_route_ipv6(spec, s, target->to, &route);

	if (rule)
		return rule;
	s->peer_addr = route.to;
	if (in16_any(s->source))
		s->source = route.from;
	if (in16_any(s->rcv) && !keeps_wildcard(spec, s)) {
		s->rcv = route.from;
		s->rcv4 = APPLIES(spec, ipv6_connect_sets_dummy) ? DUMMY4 : 0;
		spec_udp_move(spec, s);
	}
	return RULE_connect_udp;
}

/* 0.0.0.1, at which nobody is */
enum { NOWHERE4 = 1 };

/* Not of Linux: choose a port at the address that it will send from. */
static enum spec_rule choose_at_source(struct spec *spec,
	const struct spec_socket *s, const struct op *op, uint16_t *port)
{
	struct spec_socket narrow = *s, twin;
	struct target target = { 0 };
	struct route route;
	enum spec_rule rule = check_name(spec, s, op, &target);
	bool v4;

	if (!rule && spec_socket_is_v6(s) && op->bind.place.addr.len == 16)
		rule = check6(spec, &narrow, &target);
	v4 = target.v4 || !spec_socket_is_v6(s);
	if (!rule)
		rule = v4 ? spec_route_ipv4(spec, s, target.to.low, &route) :
			    spec_route_ipv6(spec, s, target.to, &route);
	/* Without a way there it sends from nowhere: any address will do. */
	if (rule)
		return spec_udp_choose(spec, s, s, port);
	if (v4) {
		spec_socket_set_ipv4(&narrow, route.from.low);
	} else {
		narrow.rcv = route.from;
		narrow.rcv4 = DUMMY4;
	}
	/* Who is of both families asks in IPv4, too: where nobody is. */
	twin = narrow;
	if (!v4 && !s->v6only)
		spec_socket_set_ipv4(&twin, NOWHERE4);
	return spec_udp_choose(spec, &narrow, v4 ? &narrow : &twin, port);
}

/* Where it is: whoever was bound is there, whatever it has connected to since.
 * One wildcard is as good as the other. */
static struct in16 own_end(const struct spec_socket *s)
{
	struct in16 end = s->with_peer ? s->rcv : s->taken_rcv;

	return in16_is(end, 0) ? IN16_ANY : end;
}

/* To Linux the mapped wildcard is an address that was asked for. */
static bool is_at_wildcard(const struct spec_socket *s)
{
	return !(s->locks & ADDR_LOCK) || in16_is(s->taken_rcv, 0);
}

/* Not of Linux: has another one, on the same device, both of these ends, and
 * do the two not share them by SO_REUSEADDR? */
static bool meets_same_ends(struct spec *spec, const struct spec_socket *s,
	uint32_t device)
{
	for (unsigned int i = 0; i < spec->udp_count; i++) {
		const struct spec_socket *b = &spec->sockets[spec->udp[i]];

		if (b != s && b->state == ESTABLISHED && b->port == s->port &&
			b->peer_port == s->peer_port &&
			in16_equal(b->peer_addr, s->peer_addr) &&
			in16_equal(own_end(b), own_end(s)) &&
			b->last_device == device &&
			!(b->last_reuse && s->reuse))
			return true;
	}
	return false;
}

static enum spec_rule udp_connect(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	const struct outcome *leader = spec->leader;
	uint32_t device = s->device;
	struct target target;
	enum spec_rule rule;
	uint16_t port;
	bool got_port, asks;

	if (s->state == ESTABLISHED && is_at_wildcard(s) &&
		APPLIES(spec, udp_reconnect_picks_source))
		spec_socket_clear_addr(s);
	rule = s->port ? SPEC_NO_RULE :
	       APPLIES(spec, udp_connect_asks_at_source) ?
			 choose_at_source(spec, s, op, &port) :
			 spec_udp_choose(spec, s, s, &port);
	RETURN_IF(spec, rule == RULE_udp_no_port_left,
		connect_udp_no_port_left);
	if (rule && rule != RULE_udp_port_chosen &&
		rule != RULE_udp_no_port_left)
		return rule;
	got_port = rule == RULE_udp_port_chosen;
	if (got_port) {
		spec_udp_take(spec, s, port);
		s->with_peer = true;
		s->name_port = port;
		s->name_unknown = leader && leader->value != VALUE_NUMBER;
		if (s->name_unknown)
			spec_range_add_untold(spec, s);
	}
	asks = !APPLIES(spec, udp_connect_notes_peer);
	rule = check_name(spec, s, op, &target);
	if (!rule && spec_socket_is_v6(s) && op->bind.place.addr.len == 16 &&
		asks)
		rule = check6(spec, s, &target);
	if (!rule && !asks)
		rule = ANSWER(spec, connect_udp);
	if (!rule)
		rule = target.v4 || !spec_socket_is_v6(s) ?
			       udp_connect4(spec, s, &target) :
			       udp_connect6(spec, s, &target);
	if (rule == RULE_connect_udp) {
		s->peer_port = target.port;
		if (meets_same_ends(spec, s, device) &&
			HOLDS(spec, connect_udp_same_ends))
			rule = RULE_connect_udp_same_ends;
	}
	if (rule != RULE_connect_udp && got_port &&
		!APPLIES(spec, udp_refused_connect_keeps_port)) {
		spec_udp_leave(spec, s);
		s->name_port = 0;
	}
	if (rule != RULE_connect_udp)
		return rule;
	if (!s->port)
		return SPEC_NO_RULE;
	s->state = ESTABLISHED;
	s->last_device = device;
	s->last_reuse = s->reuse;
	s->last_reuseport = s->reuseport;
	s->last_v4 = target.v4;
	if (!(s->locks & PORT_LOCK))
		*out = outcome_number(s->port);
	return rule;
}

static enum spec_rule check_state(struct spec *spec, struct spec_socket *s)
{
	bool was_reset = s->was_reset;

	s->was_reset = false;
	RETURN_IF(spec, was_reset, connect_was_reset);
	RETURN_IF(spec, s->dead == DEAD_CLIENT, connect_failed_before);
	RETURN_IF(spec, s->dead, dead_socket_refuses);
	RETURN_IF(spec, s->dead, ended_socket_is_gone);
	RETURN_IF(spec, s->call == CONNECTED, connect_connected);
	RETURN_IF(spec, s->call == CONNECTING, connect_connecting);
	RETURN_IF(spec, s->state != CLOSED, connect_listening);
	RETURN_IF(spec, s->repair, not_modelled);
	RETURN_IF(spec, spec_socket_is_mptcp(s), not_modelled);
	return SPEC_NO_RULE;
}

/* A socket at a wildcard gets the address that the route sends from. */
static void set_source(struct spec *spec, struct spec_socket *s,
	const struct route *route)
{
	bool moves = route->v4 ? !s->source4 : in16_any(s->rcv);

	if (moves && APPLIES(spec, connect_moves_address)) {
		spec_bucket_move_from(spec, s);
		if (route->v4)
			spec_socket_set_ipv4(s, route->from.low);
		else
			s->rcv = route->from;
		spec_bucket_move_to(spec, s);
	}
	if (route->v4) {
		s->source4 = route->from.low;
		s->rcv4 = route->from.low;
	} else {
		s->source = s->rcv;
		s->rcv4 = APPLIES(spec, ipv6_connect_sets_dummy) ? DUMMY4 : 0;
	}
}

/* Give back what only the connect had taken. */
static void failed(struct spec *spec, struct spec_socket *s)
{
	if (!(s->locks & PORT_LOCK) && APPLIES(spec, failed_connect_frees_port))
		spec_bucket_leave(spec, s);
	spec_bucket_reset_addr(spec, s);
}

enum spec_rule spec_connect_port(struct spec *spec, struct spec_socket *s)
{
	bool known = true;
	enum spec_rule rule;
	uint16_t port;

	s->ahead = false;
	if (s->port) {
		RETURN_IF(spec,
			!spec_flow_is_unique(spec, s, s->port, &s->ahead),
			connect_same_4_tuple);
		return SPEC_NO_RULE;
	}
	rule = spec_choose_for_connect(spec, s, &port, &known);
	if (rule)
		return rule;
	if (APPLIES(spec, clients_free_the_port))
		s->locks |= CONNECT_BOUND;
	spec_bucket_join(spec, s, port);
	s->with_peer = true;
	s->name_port = port;
	s->name_unknown = !known;
	return SPEC_NO_RULE;
}

/* Not of Linux: the IPv4 wildcard is one to connect from by IPv6, too. */
static void forget_mapped_wildcard(struct spec *spec, struct spec_socket *s)
{
	if (!in16_is(s->rcv, 0) || !APPLIES(spec, mapped_wildcard_connects))
		return;
	spec_bucket_move_from(spec, s);
	spec_socket_clear_addr(s);
	spec_bucket_move_to(spec, s);
}

/* The way to the target, and the address to send from */
static enum spec_rule find_route(struct spec *spec, struct spec_socket *s,
	struct target *target, struct route *route)
{
	enum spec_rule rule;

	target->v4 = in16_mapped(target->to);
	RETURN_IF(spec,
		!target->v4 &&
			spec_route_has_no_link(s, target->to, target->scope),
		connect_no_such_link);
	if (spec_route_is_lost(spec, s, target->to, route))
		return SPEC_NO_RULE;
	rule = spec_socket_is_v6(s) ? check6(spec, s, target) : SPEC_NO_RULE;
	if (rule)
		return rule;
	s->v4_ops &= !target->v4;
	if (target->v4)
		return spec_route_ipv4(spec, s, target->to.low, route);
	forget_mapped_wildcard(spec, s);
	return spec_route_ipv6(spec, s, target->to, route);
}

static enum spec_rule tcp_connect(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	struct target target;
	struct route route;
	enum spec_rule rule = check_state(spec, s);

	if (!rule)
		rule = check_name(spec, s, op, &target);
	if (!rule)
		rule = find_route(spec, s, &target, &route);
	if (rule)
		return rule;
	RETURN_IF(spec, route.group, connect_group);
	set_source(spec, s, &route);
	s->peer_addr = route.to;
	s->peer_port = target.port;
	rule = spec_connect_port(spec, s);
	if (rule) {
		spec_leak_source(spec, s);
		failed(spec, s);
		return rule;
	}
	spec_leak_wildcard(spec, s);
	if (spec_socket_is_v6(s) && route.v4)
		s->v4_ops = true;
	rule = spec_open(spec, s, &route);
	if (rule == RULE_connect_refused &&
		APPLIES(spec, refused_connect_frees_port))
		spec_bucket_leave(spec, s);
	if (rule == RULE_connect_refused &&
		APPLIES(spec, refused_connect_is_final))
		s->dead = DEAD_CLIENT;
	if (rule == RULE_connect_refused || rule == RULE_connect_aborted) {
		s->shut = 0;
		s->call = UNCONNECTED;
		if (s->dead)
			s->last_name = spec_socket_name(s);
		failed(spec, s);
	} else if (rule == RULE_connect_done && !(s->locks & PORT_LOCK)) {
		*out = outcome_number(s->port);
	}
	return rule;
}

enum spec_rule spec_connect(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out)
{
	bool four = op->bind.place.addr.len == 4;

	RETURN_IF(spec, four == spec_socket_is_v6(s), name_of_other_family);
	return (spec_socket_is_udp(s) ? udp_connect : tcp_connect)(spec, s, op,
		out);
}
