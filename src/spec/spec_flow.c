// SPDX-License-Identifier: Apache-2.0
/*
 * spec_flow.c - TCP connections: FIN, RST, TIME_WAIT
 *
 * A socket and its peer point at each other until one of them has forgotten the
 * connection. A socket that is closed but still has a port is an orphan: no
 * name of the program means it.
 */
#include "spec_flow.h"

#include "spec_bucket.h"
#include "spec_leak.h"
#include "spec_route.h"
#include "spec_socket.h"
#include "spec_udp.h"

static struct spec_socket *peer_of(struct spec *spec,
	const struct spec_socket *s)
{
	return s->peer ? &spec->sockets[s->peer - 1] : NULL;
}

bool spec_flow_is_between(const struct spec_socket *b, const struct in16 *local,
	uint16_t port, const struct in16 *remote, uint16_t remote_port)
{
	return spec_socket_is_stream(b) && b->state != CLOSED &&
	       b->state != LISTEN && b->port == port &&
	       b->peer_port == remote_port && in16_equal(b->rcv, *local) &&
	       in16_equal(b->peer_addr, *remote);
}

bool spec_flow_is_unique(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool *recycled)
{
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *b = &spec->sockets[i];
		uint32_t device;

		if (b == s || !spec_flow_is_between(b, &s->rcv, port,
				      &s->peer_addr, s->peer_port))
			continue;
		device = spec_socket_owner_device(spec, b);
		if (device && device != s->device)
			continue;
		if (b->state != TIME_WAIT || !recycled ||
			!APPLIES(spec, time_wait_is_recycled))
			return false;
		*recycled = true;
		spec_bucket_leave(spec, b);
		spec_socket_free(spec, b);
	}
	return true;
}

/* tcp_done(): the connection is over; a port that was asked for stays. */
static void finish(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *peer = peer_of(spec, s);

	if (peer && peer != s)
		peer->peer = 0;
	s->peer = 0;
	s->state = CLOSED;
	s->shut = SHUT_RCV | SHUT_SEND;
	if (s->orphan) {
		spec_bucket_leave(spec, s);
		spec_socket_free(spec, s);
	} else if (!(s->locks & PORT_LOCK)) {
		spec_bucket_leave(spec, s);
	}
}

/*
 * tcp_time_wait(): a stand-in without an owner keeps the port. An orphan is its
 * own stand-in; a socket that still has a descriptor gets one beside it.
 */
static void wait_out(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *waits = s, *peer = peer_of(spec, s);

	if (!s->orphan) {
		waits = spec_socket_new(spec, s->type);
		*waits = *s;
		waits->held = false;
		waits->listener = 0;
		waits->orphan = true;
		waits->locks &= CONNECT_BOUND;
		spec_bucket_join(spec, waits, s->port);
		finish(spec, s);
	}
	waits->state = TIME_WAIT;
	waits->peer = 0;
	if (peer)
		peer->peer = 0;
}

/* Not of Linux: a connection that was given up leaves a socket of no use. */
static void end_for_ever(struct spec *spec, struct spec_socket *s)
{
	if (!APPLIES(spec, ended_connection_is_final))
		return;
	s->dead = DEAD_CLIENT;
	s->was_reset = true;
}

void spec_flow_reset(struct spec *spec, struct spec_socket *s)
{
	if (s->state == TIME_WAIT) {
		spec_bucket_leave(spec, s);
		spec_socket_free(spec, s);
		return;
	}
	s->dead |= HOLDS(spec, ended_socket_is_gone);
	finish(spec, s);
	if (!s->orphan && s->held && APPLIES(spec, ended_connection_frees_port))
		spec_bucket_leave(spec, s);
	end_for_ever(spec, s);
}

/* Do packets of a connection reach the peer? */
static bool reaches(struct spec *spec, const struct spec_socket *s,
	const struct spec_socket *peer)
{
	struct spec_socket from = *s;

	from.device = spec_socket_owner_device(spec, s);
	return (!s->v4_ops || in16_mapped(peer->rcv)) &&
	       spec_route_reaches(&from, peer->rcv,
		       spec_socket_owner_device(spec, peer));
}

/* tcp_need_reset(): has the peer a connection to reset? */
static bool has_connection(const struct spec_socket *s)
{
	return s->state == ESTABLISHED || s->state == CLOSE_WAIT ||
	       s->state == FIN_WAIT1;
}

static void disconnect(struct spec *spec, struct spec_socket *s);

/* Connections that wait for accept are reset. */
static void stop_listening(struct spec *spec, struct spec_socket *s)
{
	/* No peer does not mean no spec. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	for (unsigned int i = 0; i < SPEC_SOCKETS_MAX && i < spec->count; i++) {
		struct spec_socket *child = &spec->sockets[i];

		if (!spec_socket_is_stream(child) ||
			child->listener != spec_socket_ref(spec, s))
			continue;
		child->listener = 0;
		child->orphan = true;
		disconnect(spec, child);
		spec_bucket_leave(spec, child);
		spec_socket_free(spec, child);
	}
	s->waiting = 0;
}

/* tcp_disconnect(): close it at once; a connected peer gets a reset. */
static void disconnect(struct spec *spec, struct spec_socket *s)
{
	bool resets = has_connection(s) && !s->repair;
	bool listens = s->state == LISTEN;
	struct spec_socket *peer = peer_of(spec, s);

	if (s->state != CLOSED) {
		s->state = CLOSED;
		if (!(s->locks & PORT_LOCK) &&
			APPLIES(spec, disconnect_frees_chosen_port))
			spec_bucket_leave(spec, s);
	}
	s->peer = 0;
	if (peer && peer != s) {
		peer->peer = 0;
		if (resets && reaches(spec, s, peer))
			spec_flow_reset(spec, peer);
	}
	if (listens)
		stop_listening(spec, s);
	s->peer_port = 0;
	if (APPLIES(spec, disconnect_resets_address))
		spec_bucket_reset_addr(spec, s);
	s->shut = 0;
}

/* There is no peer any more: does a reset come back from its address? */
static bool is_reset(const struct spec_socket *s)
{
	struct spec_socket nobody = { .rcv = s->peer_addr };

	return (!s->v4_ops || in16_mapped(s->peer_addr)) &&
	       spec_route_reaches(s, s->peer_addr, 0) &&
	       spec_route_reaches(&nobody, s->rcv, s->device) &&
	       (!s->device || in16_device(s->peer_addr) == s->device);
}

void spec_flow_probe(struct spec *spec, struct spec_socket *s)
{
	if (spec_socket_is_stream(s) && s->state == ESTABLISHED && !s->peer &&
		is_reset(s))
		spec_flow_reset(spec, s);
}

/* The FIN arrives at the other end, and its answer here, before the next op. */
static void deliver_fin(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *peer = peer_of(spec, s);

	if (!peer) {
		if (is_reset(s))
			finish(spec, s);
		return;
	}
	if (!reaches(spec, s, peer))
		return;
	if (peer == s) {
		wait_out(spec, s);
		return;
	}
	/* The first FIN is answered later, or together with the second. */
	if (peer->state == ESTABLISHED) {
		peer->state = CLOSE_WAIT;
		peer->shut |= SHUT_RCV;
	} else if (peer->state == FIN_WAIT1) {
		bool answered = reaches(spec, peer, s);

		wait_out(spec, peer);
		if (answered)
			finish(spec, s);
	}
}

void spec_flow_fin(struct spec *spec, struct spec_socket *s)
{
	if (s->state == ESTABLISHED)
		s->state = FIN_WAIT1;
	else if (s->state == CLOSE_WAIT)
		s->state = LAST_ACK;
	else
		return;
	deliver_fin(spec, s);
}

enum spec_rule spec_flow_disconnect(struct spec *spec, struct spec_socket *s)
{
	if (!spec_socket_is_udp(s)) {
		disconnect(spec, s);
		s->call = UNCONNECTED;
		return RULE_disconnect_tcp;
	}
	if (s->state == ESTABLISHED && !s->with_peer)
		s->last_device = s->device;
	s->state = CLOSED;
	if (APPLIES(spec, udp_disconnect_drops_device))
		s->device = 0;
	if (!(s->locks & ADDR_LOCK) &&
		APPLIES(spec, udp_disconnect_resets_address)) {
		bool was_any = spec_socket_is_wildcard(s);

		spec_socket_clear_addr(s);
		if (s->locks & PORT_LOCK && !was_any)
			spec_udp_move(spec, s);
	}
	if (s->port && !s->with_peer &&
		APPLIES(spec, udp_disconnect_keeps_bind))
		return RULE_disconnect_udp;
	if (!(s->locks & PORT_LOCK) &&
		APPLIES(spec, udp_disconnect_frees_chosen_port)) {
		spec_leak_udp(spec, s);
		spec_udp_leave(spec, s);
		s->name_port = 0;
		s->name_unknown = false;
	}
	return RULE_disconnect_udp;
}

enum spec_rule spec_flow_accept(struct spec *spec, struct spec_socket *s,
	uint8_t *index)
{
	struct spec_socket *first = NULL;

	RETURN_IF(spec, spec_socket_is_udp(s), accept_udp);
	RETURN_IF(spec,
		s->state != LISTEN || spec_socket_is_shut_listener(spec, s),
		accept_not_listening);
	for (unsigned int i = 0; i < spec->count; i++) {
		struct spec_socket *child = &spec->sockets[i];

		if (spec_socket_is_stream(child) &&
			child->listener == spec_socket_ref(spec, s) &&
			(!first || child->turn < first->turn))
			first = child;
	}
	if (!first)
		return ANSWER(spec, accept_nothing_waits);
	first->listener = 0;
	s->waiting--;
	if (APPLIES(spec, accept_changes_owner))
		first->uid = spec->euid;
	first->call = CONNECTED;
	*index = first - spec->sockets;
	return RULE_accept_done;
}

/* Not of Linux: what decides is memory of others; so the leader is asked. */
static bool may_be_aborted(const struct spec *spec, const struct spec_socket *s)
{
	return s->state == LISTEN && s->linger0 && spec->leader &&
	       spec->leader->kind == OUTCOME_CRASH;
}

static enum spec_rule shut_down(struct spec *spec, struct spec_socket *s,
	const struct op *op)
{
	uint8_t how = op->shutdown.how + 1;

	RETURN_IF(spec, spec_socket_is_udp(s), shutdown_udp_never);
	RETURN_IF(spec, s->dead, ended_socket_is_gone);
	RETURN_IF(spec, s->call == CONNECTING, connecting_is_busy);
	if (spec_socket_is_udp(s)) {
		RETURN_IF(spec, s->state == CLOSED && s->port,
			shutdown_udp_bound);
		RETURN_IF(spec, s->state == CLOSED, shutdown_not_connected);
		return RULE_shutdown_udp;
	}
	switch (s->state) {
	case CLOSED:
		RETURN_IF(spec, how & SHUT_RCV, shutdown_unconnected);
		if (APPLIES(spec, refused_shutdown_counts))
			s->shut |= how;
		return ANSWER(spec, shutdown_not_connected);
	case LISTEN:
		if (s->shut & ~how && APPLIES(spec, refused_shutdowns_add_up)) {
			s->ends |= s->shut;
			how |= s->shut;
		}
		RETURN_IF(spec, how != (SHUT_RCV | SHUT_SEND),
			shutdown_listener_half);
		RETURN_IF(spec, may_be_aborted(spec, s), listener_aborted);
		if (!(how & SHUT_RCV))
			return RULE_shutdown_listener_write;
		if (APPLIES(spec, shut_listener_stays)) {
			stop_listening(spec, s);
			s->shut = 0;
			return RULE_shutdown_disconnects;
		}
		/* fall through */
	case SYN_SENT:
		if (s->state == SYN_SENT)
			end_for_ever(spec, s);
		if (s->dead)
			s->last_name = spec_socket_name(s);
		disconnect(spec, s);
		s->call = UNCONNECTED;
		return RULE_shutdown_disconnects;
	}
	s->shut |= how;
	if (how & SHUT_SEND)
		spec_flow_fin(spec, s);
	return RULE_shutdown_done;
}

enum spec_rule spec_flow_shutdown(struct spec *spec, struct spec_socket *s,
	const struct op *op)
{
	enum spec_rule rule = shut_down(spec, s, op);

	s->ends |= rule && !spec_rule_errno(rule) ? op->shutdown.how + 1 : 0;
	if (s->ends == (SHUT_RCV | SHUT_SEND) &&
		HOLDS(spec, ended_socket_is_gone)) {
		if (s->state == CLOSED)
			spec_bucket_leave(spec, s);
		s->dead = true;
	}
	return rule;
}

enum spec_rule spec_flow_close(struct spec *spec, struct spec_socket *s)
{
	RETURN_IF(spec, may_be_aborted(spec, s), listener_aborted);
	if (spec_socket_is_udp(s)) {
		spec_leak_udp(spec, s);
		spec_udp_leave(spec, s);
		spec_socket_free(spec, s);
		return RULE_socket_closed;
	}
	s->orphan = true;
	if (s->state == LISTEN || s->state == SYN_SENT || s->repair ||
		(s->linger0 && !APPLIES(spec, linger_is_for_data)))
		disconnect(spec, s);
	if (s->state == CLOSED) {
		spec_bucket_leave(spec, s);
		spec_socket_free(spec, s);
	} else {
		spec_flow_fin(spec, s);
	}
	return RULE_socket_closed;
}
