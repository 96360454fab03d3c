// SPDX-License-Identifier: Apache-2.0
/*
 * spec_choose.c - which TCP port may the kernel choose?
 *
 * DOC: Theory of Operation
 *
 * The kernel begins its search at a random port, so the specification does not
 * predict the port. It says which ports may be chosen, and whether the search
 * may fail. If the leader told its choice, the specification follows it, or
 * objects: no rule answers. Without a leader it takes the first port that may
 * be chosen.
 *
 * Bind and listen (inet_csk_find_open_port). The range is searched in steps of
 * two: first the ports of the other parity than its low end, then the rest.
 * Connects begin with the parity of the low end, so that the two keep out of
 * each other's way. A socket with SO_REUSEADDR searches the lower half of the
 * range before the upper half. A port is free if no socket has it, or if no
 * owner overlaps: options and caches let nobody in here. If no port is free and
 * ip_autobind_reuse is set, a second search shares by SO_REUSEADDR.
 *
 * Connect (__inet_hash_connect). A port is free if no socket has it, or if
 * connects alone have begun its bucket and the 4-tuple is new. Owners, their
 * addresses and their options are not asked.
 *
 * The order of a search does not matter to what may be chosen, but its reach
 * does. The kernel rounds the number of ports down to an even one, and goes
 * round by that. So a range of an odd number of ports loses an end: the first
 * port or the last, as the random start has it; of three ports always the last.
 * If only such an end is free, both a choice and a refusal are right. A search
 * here therefore finds a port that is sure, one that may be, or none.
 *
 * One more choice shows in the outcome only. A socket that takes the port that
 * it connects to may meet itself. Of the free ports, those that do not fit the
 * leader's outcome in this are taken last. So are those from which it would
 * meet an older connection, which the other end still knows.
 */
#include "spec_choose.h"

#include <errno.h>

#include "spec_bucket.h"
#include "spec_flow.h"
#include "spec_range.h"
#include "spec_tcp.h"

/* In a range of so many ports, nobody meets by chance. */
enum { FEW = 1024 };

/**
 * struct search - What a search found
 * @sure:	A port that is free and that every such search looks at, or 0
 * @maybe:	A port that is free and that some searches overlook, or 0
 */
struct search {
	uint16_t sure, maybe;
};

static bool is_free(struct spec *spec, const struct spec_socket *s,
	uint16_t port, enum spec_tcp_asking how)
{
	if (spec_range_is_reserved(spec, port))
		return false;
	return !spec_bucket_find(spec, port) ||
	       !spec_rule_errno(spec_tcp_ask_owners(spec, s, port, how));
}

/* May a search of an odd range overlook this port? Of three, only the last. */
static bool is_lost_end(struct spec_range range, uint32_t port)
{
	return port == range.high ||
	       (port == range.low && range.high - range.low > 2);
}

static void search_part(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how, struct search *found)
{
	bool odd = spec_range_is_odd(range) &&
		   APPLIES(spec, odd_range_loses_an_end);

	for (uint32_t step = 0; step < 2 && !found->sure; step++) {
		/* First the ports of the other parity than the low end's */
		for (uint32_t p = range.low + !step; p <= range.high; p += 2) {
			if (!is_free(spec, s, p, how))
				continue;
			if (odd && is_lost_end(range, p)) {
				found->maybe = range.high - range.low > 2 ? p :
									    0;
				continue;
			}
			found->sure = p;
			return;
		}
	}
}

static struct search search(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how)
{
	struct search found = { 0 };
	uint32_t size = range.high - range.low + 1;
	uint32_t half = range.low + (size >> 2 << 1);
	struct spec_range lower = { range.low, half - 1 };
	struct spec_range upper = { half, range.high };

	/* Sockets that may share are kept together, in the lower half. */
	if (s->reuse == CAN_REUSE && size >= 4) {
		search_part(spec, s, lower, how, &found);
		if (!found.sure)
			search_part(spec, s, upper, how, &found);
	} else {
		search_part(spec, s, range, how, &found);
	}
	return found;
}

/* Take the leader's port, if it told one; false if it may not be chosen. */
static bool follow(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how, uint16_t *port)
{
	if (!spec_state_leader_port(spec, port))
		return true;
	return spec_range_has(range, *port) &&
	       (spec_range_may_be_untold(spec, *port) ||
		       is_free(spec, s, *port, how));
}

static uint16_t choose_untold(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how, uint16_t first)
{
	uint32_t p = range.high;

	if (!spec_state_leader_got_none(spec))
		return first;
	while (p > first && !is_free(spec, s, p, how))
		p--;
	return p;
}

enum spec_rule spec_choose_for_bind(struct spec *spec,
	const struct spec_socket *s, uint16_t *port)
{
	bool refused = spec->leader && spec->leader->kind == OUTCOME_ERRNO;
	struct spec_range range = spec_range_of(spec, s);

	RETURN_IF(spec, spec_range_may_be_full(spec, range), not_modelled);
	for (enum spec_tcp_asking how = ASK_SEARCH; how <= ASK_AGAIN; how++) {
		struct search found;

		if (how == ASK_AGAIN && !spec->autobind_reuse)
			break;
		found = search(spec, s, range, how);
		if (!found.sure && (!found.maybe || refused))
			continue;
		*port = choose_untold(spec, s, range, how,
			found.sure ? found.sure : found.maybe);
		if (!refused && !follow(spec, s, range, how, port)) {
			if (found.sure)
				return SPEC_NO_RULE;
			/* The kernel may have overlooked it, and gone on. */
			continue;
		}
		RETURN_IF(spec, how == ASK_SEARCH, tcp_port_chosen);
		RETURN_IF(spec, how == ASK_AGAIN, tcp_port_chosen_again);
	}
	return ANSWER(spec, tcp_no_port_left);
}

/*
 * May a connect have the port? Its owners are not asked: it counts whether only
 * connects have begun the bucket, and whether the 4-tuple is new.
 */
static bool is_free_to_connect(struct spec *spec, const struct spec_socket *s,
	uint16_t port)
{
	const struct spec_port_bucket *bucket = spec_bucket_find(spec, port);

	if (spec_range_is_reserved(spec, port))
		return false;
	if (port == s->peer_port && in16_equal(s->rcv, s->peer_addr) &&
		APPLIES(spec, connect_avoids_itself))
		return false;
	if (bucket && (bucket->fast.reuse >= 0 || bucket->fast.reuseport >= 0))
		return HOLDS(spec, connect_asks_owners) &&
		       !spec_rule_errno(spec_tcp_ask_owners(spec, s, port,
			       ASK_CONNECT)) &&
		       spec_flow_is_unique(spec, s, port, NULL) &&
		       APPLIES(spec, connect_asks_owners);
	return !bucket || spec_flow_is_unique(spec, s, port, NULL);
}

/*
 * Would the leader have taken this free port? From the peer's own port a socket
 * connects to itself, and the leader's outcome tells whether it did: only then
 * a socket that was shut down before is aborted.
 */
static bool agrees(const struct spec *spec, const struct spec_socket *s,
	uint16_t port)
{
	const struct outcome *leader = spec->leader;

	return !leader ||
	       (port == s->peer_port) == (leader->error == ECONNABORTED);
}

/*
 * The next port that may be other than the one before: it has a bucket, is
 * reserved, or is the peer's
 */
static uint32_t next_apart(const struct spec *spec, const struct spec_socket *s,
	uint32_t port)
{
	uint32_t next = UINT16_MAX + 1;

	if (s->peer_port > port)
		next = s->peer_port;
	if (spec->reserved_high > port)
		next = MIN(next, MAX(port + 1, spec->reserved_low));
	for (unsigned int i = 0; i < spec->port_count; i++)
		if (spec->ports[i].port > port)
			next = MIN(next, spec->ports[i].port);
	return next;
}

/*
 * Does the other end still know an older connection from this port? Whose
 * connect failed did not tell its port; of thousands, it was not this.
 */
static bool meets_older(const struct spec *spec, const struct spec_socket *s,
	uint16_t port)
{
	for (unsigned int i = 0; i < spec->count; i++)
		if (spec_flow_is_between(&spec->sockets[i], &s->peer_addr,
			    s->peer_port, &s->rcv, port))
			return true;
	return false;
}

/* But of few ports it may have been: luck decides what is left of the older */
static bool may_meet_older(struct spec *spec, const struct spec_socket *s,
	struct spec_range range)
{
	if (!spec->leader || range.low == range.high ||
		range.high - range.low >= FEW)
		return false;
	for (unsigned int i = 0; i < spec->count; i++) {
		uint16_t port = spec->sockets[i].peer_port;

		if (spec_range_has(range, port) && meets_older(spec, s, port) &&
			is_free_to_connect(spec, s, port))
			return true;
	}
	return false;
}

static struct search search_for_connect(struct spec *spec,
	const struct spec_socket *s, struct spec_range range)
{
	/* A range of the socket's own is searched to its end. */
	bool odd = spec_range_is_odd(range) && !s->low && !s->high &&
		   APPLIES(spec, odd_range_loses_an_end);
	struct search found = { 0 };
	uint32_t p = range.low, next, older = 0;

	for (; p <= range.high && !found.sure; p = next) {
		next = p + 1;
		if (!is_free_to_connect(spec, s, p))
			continue;
		if (!agrees(spec, s, p)) {
			if (!found.maybe || p == s->peer_port)
				found.maybe = p;
			/* So does no other of the free ones. */
			if (p != s->peer_port)
				next = next_apart(spec, s, p);
		} else if (odd && is_lost_end(range, p)) {
			if (!found.maybe && range.high - range.low > 2)
				found.maybe = p;
		} else if (meets_older(spec, s, p)) {
			if (!older)
				older = p;
		} else {
			found.sure = p;
		}
	}
	if (!found.sure)
		found.sure = older;
	return found;
}

enum spec_rule spec_choose_for_connect(struct spec *spec,
	const struct spec_socket *s, uint16_t *port, bool *known)
{
	const struct outcome *leader = spec->leader;
	bool refused = leader && leader->kind == OUTCOME_ERRNO &&
		       leader->error == EADDRNOTAVAIL;
	struct spec_range range = spec_range_of(spec, s);
	struct search found;

	RETURN_IF(spec, spec_range_may_be_full(spec, range), not_modelled);
	/* A leader that says n/a does not tell if it connected to itself. */
	RETURN_IF(spec,
		leader && leader->kind == OUTCOME_NA &&
			spec_range_has(range, s->peer_port) &&
			in16_equal(s->rcv, s->peer_addr),
		not_modelled);
	found = search_for_connect(spec, s, range);
	RETURN_IF(spec, !found.sure && (!found.maybe || refused),
		connect_no_port_left);
	*port = found.sure ? found.sure : found.maybe;
	*known = !leader || range.low == range.high;
	if (!spec_state_leader_port(spec, port)) {
		RETURN_IF(spec, may_meet_older(spec, s, range), not_modelled);
		return SPEC_NO_RULE;
	}
	*known = true;
	if (spec_range_has(range, *port) &&
		(spec_range_may_be_untold(spec, *port) ||
			is_free_to_connect(spec, s, *port)))
		return SPEC_NO_RULE;
	return RULE_connect_no_port_left;
}
