// SPDX-License-Identifier: Apache-2.0
/*
 * spec_open.c - a TCP connection begins: who answers, what accept will return
 */
#include "spec_open.h"

#include "spec_bucket.h"
#include "spec_flow.h"
#include "spec_range.h"
#include "spec_socket.h"

/* Does the listener listen on this device? */
static bool is_on(struct spec *spec, const struct spec_socket *l,
	uint32_t device)
{
	uint32_t own = spec_socket_owner_device(spec, l);

	return !own || own == device;
}

/* compute_score(): the listener that gets it; @count listeners are as good. */
static struct spec_socket *find_listener(struct spec *spec,
	const struct route *route, uint16_t port, unsigned int *count)
{
	struct spec_socket *best = NULL;
	int top = 0;

	*count = 0;
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *l = &spec->sockets[i];
		bool exact, any;
		int score;

		if (!spec_socket_is_stream(l) || l->state != LISTEN ||
			l->port != port || !is_on(spec, l, route->arrives))
			continue;
		if (route->v4) {
			exact = !l->v6only &&
				l->rcv4 == (uint32_t)route->to.low &&
				(in16_mapped(l->rcv) ||
					APPLIES(spec,
						ipv6_has_a_dummy_ipv4_address));
			any = !l->rcv4 && !l->v6only;
		} else {
			exact = spec_socket_is_v6(l) &&
				in16_equal(l->rcv, route->to);
			any = spec_socket_is_v6(l) && in16_any(l->rcv);
		}
		if (!exact && !any)
			continue;
		score = exact * 8 + (l->device ? 2 : 1) +
			(route->v4 && !spec_socket_is_v6(l));
		if (score > top)
			*count = 0;
		if (score >= top) {
			top = score;
			best = l;
			++*count;
		}
	}
	return best;
}

/* Make the socket that accept will return: it inherits from the listener. */
static void make_child(struct spec *spec, struct spec_socket *listener,
	struct spec_socket *client, const struct route *route)
{
	struct spec_socket *child = spec_socket_new(spec, listener->type);

	*child = *listener;
	/* Our clients are not MPTCP, so this end is plain TCP, too. */
	if (spec_socket_is_mptcp(child)) {
		child->type = spec_socket_is_v6(child) ? TCP6 : TCP4;
		child->shut = 0;
	}
	if (child->linger0 && APPLIES(spec, child_forgets_linger))
		child->linger0 = false;
	child->v4_ops |= spec_socket_is_v6(child) && route->v4;
	child->held = false;
	child->leak = 0;
	child->rcv = route->to;
	child->rcv4 = route->v4 ? (uint32_t)route->to.low : DUMMY4;
	child->source4 = child->rcv4;
	child->source = child->rcv;
	child->peer_addr = client->rcv;
	child->peer_port = client->port;
	child->name_port = listener->port;
	if (!route->v4 && in16_link_local(client->rcv) && !child->device)
		child->device = route->arrives;
	child->locks &= ~(PORT_LOCK | CONNECT_BOUND);
	child->state = ESTABLISHED;
	child->ahead = client->ahead;
	child->peer = spec_socket_ref(spec, client);
	child->listener = spec_socket_ref(spec, listener);
	child->turn = spec->turn++;
	child->waiting = 0;
	client->peer = spec_socket_ref(spec, child);
	listener->waiting++;
	spec_bucket_join(spec, child, listener->port);
	spec_socket_take_as(child, listener);
	child->with_peer = true;
	if (child->shut & SHUT_SEND)
		spec_flow_fin(spec, child);
}

static enum spec_rule unanswered(struct spec *spec, struct spec_socket *s,
	enum spec_rule rule)
{
	s->state = SYN_SENT;
	s->call = CONNECTING;
	if (s->name_unknown)
		spec_range_add_untold(spec, s);
	/* A socket that is shut down both ways does not wait for an answer. */
	RETURN_IF(spec, s->shut == (SHUT_RCV | SHUT_SEND), connect_hung_up);
	return rule;
}

/*
 * Does the other end still know an older connection with these ends? TIME_WAIT
 * makes room for the new one, if somebody listens and the SYN is newer. In any
 * other state it answers as the old one would, gets a reset for it, and leaves
 * the new one without an answer. So does TIME_WAIT without a listener; but then
 * the SYN comes again some milliseconds later, and is refused: a matter of luck
 * (tcp_timewait_state_process()).
 */
static enum spec_rule meet_older(struct spec *spec, struct spec_socket *s,
	const struct route *route, bool listened)
{
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *b = &spec->sockets[i];
		bool waits = b->state == TIME_WAIT;

		if (b == s || (b->device && b->device != route->arrives) ||
			!spec_flow_is_between(b, &route->to, s->peer_port,
				&s->rcv, s->port))
			continue;
		/* A simultaneous open connects them: not modelled. */
		RETURN_IF(spec, b->state == SYN_SENT, not_modelled);
		RETURN_IF(spec, waits && (!listened || b->ahead), not_modelled);
		spec_flow_reset(spec, b);
		if (!waits)
			return unanswered(spec, s, RULE_connect_unanswered);
	}
	return SPEC_NO_RULE;
}

static enum spec_rule connect_to_itself(struct spec *spec,
	struct spec_socket *s)
{
	s->state = ESTABLISHED;
	s->call = CONNECTED;
	s->peer = spec_socket_ref(spec, s);
	if (s->shut & SHUT_SEND)
		spec_flow_fin(spec, s);
	RETURN_IF(spec, s->state == CLOSED, connect_aborted);
	return ANSWER(spec, connect_done);
}

enum spec_rule spec_open(struct spec *spec, struct spec_socket *s,
	const struct route *route)
{
	struct spec_socket *listener;
	enum spec_rule rule;
	unsigned int count;
	uint32_t back;

	if (!route->arrives)
		return unanswered(spec, s, RULE_connect_unanswered);
	if (s->v4_ops && !route->v4 && HOLDS(spec, connect_stuck_to_ipv4))
		return unanswered(spec, s, RULE_connect_stuck_to_ipv4);
	if (in16_equal(route->to, s->rcv) && s->port == s->peer_port &&
		(!s->device || s->device == route->arrives)) {
		if (APPLIES(spec, self_connect_unanswered))
			return unanswered(spec, s, RULE_connect_unanswered);
		return connect_to_itself(spec, s);
	}
	listener = find_listener(spec, route, s->peer_port, &count);
	rule = meet_older(spec, s, route, listener);
	if (rule)
		return rule;
	RETURN_IF(spec, count > 1, not_modelled);
	back = spec_route_back(route, listener);
	if ((!back || (s->device && s->device != back)) &&
		HOLDS(spec, connect_no_way_back))
		return unanswered(spec, s, RULE_connect_no_way_back);
	if (!listener || spec_socket_is_shut_listener(spec, listener))
		return ANSWER(spec, connect_refused);
	if (listener->waiting > listener->backlog &&
		HOLDS(spec, connect_backlog_full))
		return unanswered(spec, s, RULE_connect_backlog_full);
	s->state = ESTABLISHED;
	s->call = CONNECTED;
	make_child(spec, listener, s, route);
	return RULE_connect_done;
}
