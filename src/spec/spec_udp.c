// SPDX-License-Identifier: Apache-2.0
/*
 * spec_udp.c - may this UDP socket have this port?
 *
 * UDP has no buckets and no caches. All sockets with a port are in one ordered
 * list, new ones at its head. The first owner of the port that is in the way of
 * a new socket decides for all behind it, so the order of binds matters.
 *
 * Throughout, a is the socket that asks and b is an owner of the port.
 */
#include "spec_udp.h"

#include <string.h>

#include "spec_overlap.h"
#include "spec_range.h"
#include "spec_socket.h"

/* With more owners than this in a slot, the table by address is searched. */
enum { CROWD = 10 };

/* Is the owner in the way, unless SO_REUSEPORT lets both have the port? */
static bool is_in_the_way(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	if (a->reuse && spec_socket_owner_reuse(spec, b) &&
		HOLDS(spec, udp_share_reuseaddr))
		return false;
	return spec_overlap_devices(spec, a, b) &&
	       spec_overlap_addrs(spec, a, b);
}

/* The rule by which an owner that is in the way shares, or does not */
static enum spec_rule ask_owner(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	bool reuseport = a->reuseport && spec_socket_owner_reuseport(spec, b);
	bool same_owner = a->uid == b->uid || !HOLDS(spec, udp_conflict_uid);

	RETURN_IF(spec, reuseport && same_owner, udp_share_reuseport);
	RETURN_IF(spec, reuseport, udp_conflict_uid);
	return ANSWER(spec, udp_conflict);
}

/* The owners that a search looks at: all, or those in one slot by address */
enum part { ALL, OF_ADDRESS, OF_WILDCARDS };

static bool is_in_part(enum part part, const struct spec_socket *a,
	const struct spec_socket *b)
{
	return part == ALL ||
	       (part == OF_WILDCARDS ? spec_socket_is_wildcard(b) :
				       in16_equal(a->rcv, b->rcv));
}

/* Go down a list: the first owner that is in the way decides. */
static enum spec_rule scan(struct spec *spec, const struct spec_socket *a,
	uint16_t port, enum part part)
{
	const uint8_t *list = part == ALL ? spec->udp : spec->udp2;
	enum spec_rule answer = SPEC_NO_RULE;

	for (unsigned int i = 0; i < spec->udp_count; i++) {
		const struct spec_socket *b = &spec->sockets[list[i]];
		enum spec_rule rule;

		if (b->port != port || !is_in_part(part, a, b))
			continue;
		if (!is_in_the_way(spec, a, b)) {
			if (a->reuse && spec_socket_owner_reuse(spec, b) &&
				HOLDS(spec, udp_share_reuseaddr))
				answer = RULE_udp_share_reuseaddr;
			continue;
		}
		rule = ask_owner(spec, a, b);
		if (spec_rule_errno(rule) ||
			APPLIES(spec, udp_first_match_decides))
			return rule;
		answer = rule;
	}
	return answer;
}

static unsigned int count(struct spec *spec, uint16_t port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spec->udp_count; i++)
		n += spec->sockets[spec->udp[i]].port == port;
	return n;
}

/* In the table by address, all wildcards are in one slot; it is asked last. */
static enum spec_rule scan_by_address(struct spec *spec,
	const struct spec_socket *a, uint16_t port)
{
	enum spec_rule rule = scan(spec, a, port, OF_ADDRESS), wild;

	if (spec_rule_errno(rule))
		return rule;
	wild = scan(spec, a, port, OF_WILDCARDS);
	return wild ? wild : rule;
}

enum spec_rule spec_udp_ask(struct spec *spec, const struct spec_socket *s,
	uint16_t port)
{
	unsigned int n = count(spec, port);
	enum spec_rule rule;

	RETURN_IF(spec, spec_range_may_be_untold(spec, port), not_modelled);
	if (!n)
		return ANSWER(spec, udp_port_free);
	if (n + spec->udp_others > CROWD && !spec_socket_is_wildcard(s) &&
		APPLIES(spec, udp_crowd_by_address))
		rule = scan_by_address(spec, s, port);
	else
		rule = scan(spec, s, port, ALL);
	return rule ? rule : ANSWER(spec, udp_apart);
}

/* Where the kernel chooses, an owner is not cited, but its user counts. */
static bool shares_found(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	return a->reuseport && spec_socket_owner_reuseport(spec, b) &&
	       HOLDS(spec, udp_share_reuseport) &&
	       (a->uid == b->uid || !APPLIES(spec, udp_search_asks_users));
}

/* Where the kernel chooses, every owner of the port is asked. */
static bool is_free(struct spec *spec, const struct spec_socket *a,
	uint16_t port)
{
	if (spec_range_is_reserved(spec, port))
		return false;
	for (unsigned int i = 0; i < spec->udp_count; i++) {
		const struct spec_socket *b = &spec->sockets[spec->udp[i]];

		if (b->port == port && is_in_the_way(spec, a, b) &&
			!shares_found(spec, a, b))
			return false;
	}
	return true;
}

/* For both? Mostly they are one. */
static bool are_free(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *also, uint16_t port)
{
	return is_free(spec, a, port) &&
	       (also == a || is_free(spec, also, port));
}

enum spec_rule spec_udp_choose(struct spec *spec, const struct spec_socket *s,
	const struct spec_socket *also, uint16_t *port)
{
	struct spec_range range = spec_range_of(spec, s);
	uint32_t p = range.low;

	RETURN_IF(spec, spec_range_may_be_full(spec, range), not_modelled);
	while (p <= range.high && !are_free(spec, s, also, p))
		p++;
	RETURN_IF(spec, p > range.high, udp_no_port_left);
	if (spec_state_leader_got_none(spec))
		for (p = range.high; !are_free(spec, s, also, p);)
			p--;
	*port = p;
	if (spec_state_leader_port(spec, port) &&
		!(spec_range_has(range, *port) &&
			(spec_range_may_be_untold(spec, *port) ||
				are_free(spec, s, also, *port))))
		return SPEC_NO_RULE;
	return ANSWER(spec, udp_port_chosen);
}

static void insert(uint8_t *list, unsigned int count, unsigned int at,
	uint8_t index)
{
	memmove(list + at + 1, list + at, count - at);
	list[at] = index;
}

static void drop(uint8_t *list, unsigned int count, uint8_t index)
{
	uint8_t *at = memchr(list, index, count);

	ASSERT(at);
	memmove(at, at + 1, list + count - at - 1);
}

void spec_udp_take(struct spec *spec, struct spec_socket *s, uint16_t port)
{
	bool tail = spec_socket_is_v6(s) && s->reuseport &&
		    APPLIES(spec, udp_ipv6_reuseport_last);
	unsigned int at = tail ? spec->udp_count : 0;

	ASSERT(spec->udp_count < SPEC_UDP_MAX);
	insert(spec->udp, spec->udp_count, at, s - spec->sockets);
	insert(spec->udp2, spec->udp_count, at, s - spec->sockets);
	spec->udp_count++;
	spec_socket_note_taken(s);
	s->port = port;
	s->held = true;
}

void spec_udp_leave(struct spec *spec, struct spec_socket *s)
{
	if (!s->held)
		return;
	drop(spec->udp, spec->udp_count, s - spec->sockets);
	drop(spec->udp2, spec->udp_count, s - spec->sockets);
	spec->udp_count--;
	s->port = 0;
	s->held = false;
}

void spec_udp_move(struct spec *spec, struct spec_socket *s)
{
	if (!s->held)
		return;
	drop(spec->udp2, spec->udp_count, s - spec->sockets);
	insert(spec->udp2, spec->udp_count - 1, 0, s - spec->sockets);
}
