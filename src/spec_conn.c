// SPDX-License-Identifier: Apache-2.0
/*
 * spec_conn.c - connections: handshake, FIN, RST, TIME_WAIT
 *
 * A socket and its peer point at each other until one of them has forgotten.
 * What is closed but still has a port is an orphan: a socket without a name.
 */
#include "spec_conn.h"

static struct spec_socket *peer_of(struct spec *spec,
	const struct spec_socket *s)
{
	return s->peer ? &spec->sockets[s->peer - 1] : NULL;
}

static uint8_t ref(struct spec *spec, const struct spec_socket *s)
{
	return 1 + (s - spec->sockets);
}

static bool is_stream(const struct spec_socket *s)
{
	return s->type != NO_TYPE && !spec_is_udp(s);
}

static bool is_same_tuple(const struct spec_socket *b,
	const struct in16 *local, uint16_t port, const struct in16 *remote,
	uint16_t remote_port)
{
	return is_stream(b) && b->state != CLOSED && b->state != LISTEN &&
	       b->port == port && b->peer_port == remote_port &&
	       in16_equal(b->rcv, *local) && in16_equal(b->peer_addr, *remote);
}

bool conn_is_unique(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool recycle)
{
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *b = &spec->sockets[i];

		if (b == s || !is_same_tuple(b, &s->rcv, port, &s->peer_addr,
				      s->peer_port))
			continue;
		if (b->device && b->device != s->device)
			continue;
		if (b->state != TIME_WAIT || !recycle ||
		    !APPLIES(spec, time_wait_is_recycled))
			return false;
		tcp_leave(spec, b);
		spec_free(spec, b);
	}
	return true;
}

void conn_done(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *peer = peer_of(spec, s);

	if (peer && peer != s)
		peer->peer = 0;
	s->peer = 0;
	s->state = CLOSED;
	s->shut = SHUT_RCV | SHUT_SEND;
	if (s->orphan) {
		tcp_leave(spec, s);
		spec_free(spec, s);
	} else if (!(s->locks & PORT_LOCK)) {
		tcp_leave(spec, s);
	}
}

/* The stand-in of what has said goodbye, without an owner (TW-01) */
static void wait_out(struct spec *spec, struct spec_socket *s, bool half)
{
	struct spec_socket *waits = s, *peer = peer_of(spec, s);

	if (!s->orphan) {
		waits = spec_new(spec, s->type);
		*waits = *s;
		waits->held = false;
		waits->listener = 0;
		waits->orphan = true;
		waits->locks &= CONNECT_BOUND;
		tcp_join(spec, waits, s->port);
		conn_done(spec, s);
	}
	waits->state = TIME_WAIT;
	waits->peer = 0;
	if (half && peer) {
		waits->peer = ref(spec, peer);
		peer->peer = ref(spec, waits);
	} else if (peer) {
		peer->peer = 0;
	}
}

static void receive_reset(struct spec *spec, struct spec_socket *s)
{
	if (s->state == TIME_WAIT) {
		tcp_leave(spec, s);
		spec_free(spec, s);
		return;
	}
	conn_done(spec, s);
}

static bool reaches(const struct spec_socket *s,
	const struct spec_socket *peer)
{
	return (!s->v4_ops || in16_mapped(peer->rcv)) &&
	       spec_reaches(s, peer->rcv, peer->device);
}

/* tcp_need_reset() */
static bool has_connection(const struct spec_socket *s)
{
	return s->state == ESTABLISHED || s->state == CLOSE_WAIT ||
	       s->state == FIN_WAIT1 || s->state == FIN_WAIT2;
}

static void stop_listening(struct spec *spec, struct spec_socket *s)
{
	for (unsigned int i = 0; i < SPEC_SOCKETS_MAX && i < spec->count; i++) {
		struct spec_socket *child = &spec->sockets[i];

		if (!is_stream(child) || child->listener != ref(spec, s))
			continue;
		child->listener = 0;
		child->orphan = true;
		conn_abort(spec, child);
		tcp_leave(spec, child);
		spec_free(spec, child);
	}
	s->waiting = 0;
}

void conn_abort(struct spec *spec, struct spec_socket *s)
{
	bool resets = has_connection(s) && !s->repair;
	bool listens = s->state == LISTEN;
	struct spec_socket *peer = peer_of(spec, s);

	if (s->state != CLOSED) {
		s->state = CLOSED;
		if (!(s->locks & PORT_LOCK) &&
		    APPLIES(spec, disconnect_frees_chosen_port))
			tcp_leave(spec, s);
	}
	s->peer = 0;
	if (peer && peer != s) {
		peer->peer = 0;
		if (resets && reaches(s, peer))
			receive_reset(spec, peer);
	}
	if (listens)
		stop_listening(spec, s);
	s->peer_port = 0;
	if (APPLIES(spec, disconnect_resets_address))
		tcp_reset_addr(spec, s);
	s->shut = 0;
}

/* To nobody: is a reset the answer? */
static bool is_reset(const struct spec_socket *s)
{
	struct spec_socket nobody = { .rcv = s->peer_addr };

	return (!s->v4_ops || in16_mapped(s->peer_addr)) &&
	       spec_reaches(s, s->peer_addr, 0) &&
	       spec_reaches(&nobody, s->rcv, s->device) &&
	       (!s->device || spec_home(s->peer_addr) == s->device);
}

/* Our FIN arrives at the other end; the answer is here before we go on. */
static void deliver_fin(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *peer = peer_of(spec, s);
	bool answered;

	if (!peer) {
		if (is_reset(s))
			conn_done(spec, s);
		return;
	}
	if (!reaches(s, peer))
		return;
	if (peer == s) {
		wait_out(spec, s, false);
		return;
	}
	answered = reaches(peer, s);
	switch (peer->state) {
	case ESTABLISHED:
		peer->state = CLOSE_WAIT;
		peer->shut |= SHUT_RCV;
		if (answered)
			s->state = FIN_WAIT2;
		break;
	case FIN_WAIT1:
	case FIN_WAIT2:
	case TIME_WAIT:
		wait_out(spec, peer, false);
		if (answered)
			conn_done(spec, s);
		break;
	}
}

void conn_fin(struct spec *spec, struct spec_socket *s)
{
	if (s->state == ESTABLISHED)
		s->state = FIN_WAIT1;
	else if (s->state == CLOSE_WAIT)
		s->state = LAST_ACK;
	else
		return;
	deliver_fin(spec, s);
}

/* Which listener gets it (compute_score); @count is how many are as good */
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

		if (!is_stream(l) || l->state != LISTEN || l->port != port ||
		    (l->device && l->device != route->arrives))
			continue;
		if (route->v4) {
			exact = l->rcv4 == (uint32_t)route->to.low && !l->v6only;
			any = !l->rcv4 && !l->v6only;
		} else {
			exact = spec_v6(l) && in16_equal(l->rcv, route->to);
			any = spec_v6(l) && in16_any(l->rcv);
		}
		if (!exact && !any)
			continue;
		score = exact * 8 + (l->device ? 2 : 1) +
			(route->v4 && !spec_v6(l));
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

/* What accept will return: it has what the listener has now (CHD-01). */
static void make_child(struct spec *spec, struct spec_socket *listener,
	struct spec_socket *client, const struct route *route)
{
	struct spec_socket *child = spec_new(spec, listener->type);
	bool orphans = APPLIES(spec, orphan_keeps_owner);

	*child = *listener;
	/* A client that is not MPTCP gets what is plain TCP, too. */
	if (spec_is_mptcp(child)) {
		child->type = spec_v6(child) ? TCP6 : TCP4;
		child->shut = 0;
	}
	child->v4_ops |= spec_v6(child) && route->v4;
	child->held = false;
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
	child->uid = orphans ? listener->uid : 0;
	child->state = ESTABLISHED;
	child->peer = ref(spec, client);
	child->listener = ref(spec, listener);
	child->turn = spec->turn++;
	child->waiting = 0;
	client->peer = ref(spec, child);
	listener->waiting++;
	tcp_join(spec, child, listener->port);
	if (child->shut & SHUT_SEND)
		conn_fin(spec, child);
}

/* An older connection with the same ends, at the other end? */
static enum spec_rule meet_older(struct spec *spec, struct spec_socket *s,
	const struct route *route)
{
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *b = &spec->sockets[i];

		if (b == s || !is_same_tuple(b, &route->to, s->peer_port, &s->rcv,
				      s->port))
			continue;
		CHECK(spec, b->state != TIME_WAIT, not_modelled);
		tcp_leave(spec, b);
		spec_free(spec, b);
	}
	return SPEC_NO_RULE;
}

static enum spec_rule unanswered(struct spec *spec, struct spec_socket *s,
	enum spec_rule rule)
{
	s->state = SYN_SENT;
	s->call = CONNECTING;
	if (s->name_unknown)
		spec_lose_port(spec, s);
	/* Who has hung up need not wait to be told so. */
	CHECK(spec, s->shut == (SHUT_RCV | SHUT_SEND), connect_hung_up);
	return rule;
}

static enum spec_rule connect_to_itself(struct spec *spec,
	struct spec_socket *s)
{
	s->state = ESTABLISHED;
	s->call = CONNECTED;
	s->peer = ref(spec, s);
	if (s->shut & SHUT_SEND)
		conn_fin(spec, s);
	CHECK(spec, s->state == CLOSED, connect_aborted);
	CHECK(spec, true, connect_done);
	return SPEC_NO_RULE;
}

enum spec_rule conn_open(struct spec *spec, struct spec_socket *s,
	const struct route *route)
{
	struct spec_socket *listener;
	enum spec_rule rule;
	unsigned int count;
	uint32_t back;

	if (!route->arrives)
		return unanswered(spec, s, RULE_connect_unanswered);
	if (s->v4_ops && !route->v4 &&
	    spec_holds(spec, RULE_connect_stuck_to_ipv4))
		return unanswered(spec, s, RULE_connect_stuck_to_ipv4);
	if (in16_equal(route->to, s->rcv) && s->port == s->peer_port &&
	    (!s->device || s->device == route->arrives))
		return connect_to_itself(spec, s);
	rule = meet_older(spec, s, route);
	if (rule)
		return rule;
	listener = find_listener(spec, route, s->peer_port, &count);
	CHECK(spec, count > 1, not_modelled);
	back = spec_route_back(route, listener);
	if ((!back || (s->device && s->device != back)) &&
	    spec_holds(spec, RULE_connect_no_way_back))
		return unanswered(spec, s, RULE_connect_no_way_back);
	CHECK(spec, !listener, connect_refused);
	if (!listener)
		return SPEC_NO_RULE;
	if (listener->waiting > listener->backlog)
		return unanswered(spec, s, RULE_connect_backlog_full);
	s->state = ESTABLISHED;
	s->call = CONNECTED;
	make_child(spec, listener, s, route);
	return RULE_connect_done;
}

enum spec_rule spec_disconnect(struct spec *spec, struct spec_socket *s)
{
	if (!spec_is_udp(s)) {
		conn_abort(spec, s);
		s->call = UNCONNECTED;
		return RULE_disconnect_tcp;
	}
	s->state = CLOSED;
	if (APPLIES(spec, udp_disconnect_drops_device))
		s->device = 0;
	if (!(s->locks & ADDR_LOCK) &&
	    APPLIES(spec, udp_disconnect_resets_address)) {
		bool was_any = spec_any(s);

		spec_any_again(s);
		if (s->locks & PORT_LOCK && !was_any)
			udp_readdressed(spec, s);
	}
	if (!(s->locks & PORT_LOCK) &&
	    APPLIES(spec, udp_disconnect_frees_chosen_port)) {
		udp_leave(spec, s);
		s->name_port = 0;
		s->name_unknown = false;
	}
	return RULE_disconnect_udp;
}

enum spec_rule spec_accept(struct spec *spec, struct spec_socket *s,
	uint8_t *index)
{
	struct spec_socket *first = NULL;

	CHECK(spec, spec_is_udp(s), accept_udp);
	CHECK(spec, s->state != LISTEN, accept_not_listening);
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *child = &spec->sockets[i];

		if (is_stream(child) && child->listener == ref(spec, s) &&
		    (!first || child->turn < first->turn))
			first = child;
	}
	CHECK(spec, !first, accept_nothing_waits);
	if (!first)
		return SPEC_NO_RULE;
	first->listener = 0;
	s->waiting--;
	if (APPLIES(spec, accept_changes_owner))
		first->uid = spec->euid;
	first->call = CONNECTED;
	*index = first - spec->sockets;
	return RULE_accept_done;
}

enum spec_rule spec_shutdown(struct spec *spec, struct spec_socket *s,
	const struct op *op)
{
	uint8_t how = op->shutdown.how + 1;

	if (spec_is_udp(s)) {
		CHECK(spec, s->state == CLOSED, shutdown_not_connected);
		return RULE_shutdown_udp;
	}
	switch (s->state) {
	case CLOSED:
		s->shut |= how;
		CHECK(spec, true, shutdown_not_connected);
		return SPEC_NO_RULE;
	case LISTEN:
		CHECK(spec, !(how & SHUT_RCV), shutdown_listener_write);
		/* fall through */
	case SYN_SENT:
		conn_abort(spec, s);
		s->call = UNCONNECTED;
		return RULE_shutdown_disconnects;
	}
	s->shut |= how;
	if (how & SHUT_SEND)
		conn_fin(spec, s);
	return RULE_shutdown_done;
}

void spec_close(struct spec *spec, struct spec_socket *s)
{
	if (spec_is_udp(s)) {
		udp_leave(spec, s);
		spec_free(spec, s);
		return;
	}
	s->orphan = true;
	if (s->state == LISTEN || s->state == SYN_SENT || s->linger0 ||
	    s->repair)
		conn_abort(spec, s);
	if (s->state == CLOSED) {
		tcp_leave(spec, s);
		spec_free(spec, s);
	} else if (s->state == FIN_WAIT2) {
		wait_out(spec, s, true);
	} else {
		conn_fin(spec, s);
		if (s->type != NO_TYPE && s->state == FIN_WAIT2)
			wait_out(spec, s, true);
	}
}
