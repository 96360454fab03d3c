// SPDX-License-Identifier: Apache-2.0
/*
 * subject_portman.c - the port manager as a subject, at both levels
 *
 * DOC: Theory of Operation
 *
 * Ops on reservations are calls of the port manager (see reserve_ops.h). Ops on
 * sockets become calls on endpoints (see endpoint.h), which call it as gVisor's
 * do. This is the one place where the words of sockets (reuseaddr) are turned
 * into those of reservations (most_recent, tuple_only).
 *
 * "portman@head" is gVisor as its newest upstream was read to be (marked HEAD
 * where the rules were taken down); it was never run.
 *
 * Where it must choose a port and knows the leader's choice, the range is that
 * one port for the moment, so that it is taken or refused as if no other were
 * left.
 */
#include "subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "evidence.h"
#include "reserve_ops.h"
#include "util.h"
#include "world.h"

enum { TCP = 6, UDP = 17 };

/* What an address on the wire is at least long (EP-01), and at most */
enum { LEN_FAMILY = 2, LEN_LINK = 20, LEN4 = 16, LEN6 = 28, LEN_UNIX = 110 };
enum { FAMILY_UNIX = 1, FAMILY4 = 2, FAMILY6 = 10, FAMILY_PACKET = 17 };

/* gVisor's limit of a backlog; one more than the backlog may wait (EP-13) */
enum { BACKLOG_MAX = 1024 };

/**
 * struct sock - A socket of the program
 * @ep:		What is under it
 * @explicit:	Its port was given, so outcomes do not say it
 */
struct sock {
	struct endpoint *ep;
	bool explicit;
};

/**
 * struct state - What a program works on
 * @ranged:	A sysctl has set the range of ports
 */
struct state {
	struct stack stack;
	struct sock sockets[PROGRAM_SOCKETS_MAX];
	bool ranged;
};

static bool is_udp(const struct endpoint *ep)
{
	return ep->transport == UDP;
}

/* EP-06 */
static void set_flag(struct endpoint *ep, uint8_t flag, bool on)
{
	ep->flags = on ? ep->flags | flag : ep->flags & ~flag;
}

static int set(struct endpoint *ep, const struct op *op)
{
	switch (op->set.option) {
	case OPT_REUSEADDR:
		set_flag(ep, is_udp(ep) ? PORTMAN_MOST_RECENT :
					  PORTMAN_TUPLE_ONLY, op->set.value);
		return 0;
	case OPT_REUSEPORT:
		set_flag(ep, PORTMAN_LOAD_BALANCED, op->set.value);
		return 0;
	case OPT_V6ONLY:
		if (ep->network != 6)
			return ENOPROTOOPT;
		if (ep->state != EP_INITIAL)
			return EINVAL;	/* EP-04 */
		ep->v6only = op->set.value;
		return 0;
	case OPT_DEV:
		if (op->set.value == WORLD_MISSING)
			return ENODEV;	/* EP-04 */
		ep->device = op->set.value;
		return 0;
	case OPT_LINGER: ep->linger0 = true; return 0;
	}
	return ENDPOINT_UNKNOWN;
}

static struct addr shown(const struct endpoint *ep, const struct addr *addr)
{
	struct addr out = { .len = ep->network == 4 ? 4 : 16 };

	if (addr->len == out.len)
		return *addr;
	if (addr->len == 4) {
		memset(out.bytes + 10, 0xff, 2);
		memcpy(out.bytes + 12, addr->bytes, 4);
	}
	return out;
}

static struct outcome get(const struct endpoint *ep, const struct op *op)
{
	struct outcome out = { .kind = OUTCOME_OK };
	const struct addr *addr = &ep->id.local;

	switch (op->get.property) {
	case GET_DEV:
		out.value = VALUE_DEVICE;
		out.a = ep->device;
		return out;
	case GET_V6ONLY:
		return ep->network == 6 ? outcome_number(ep->v6only) :
					  outcome_error(EOPNOTSUPP);
	}
	if (is_udp(ep))
		addr = ep->state == EP_CONNECTED ? &ep->source :
						   &ep->bind_addr;
	out.value = VALUE_PLACE;
	out.addr = shown(ep, addr);
	out.a = ep->id.local_port;
	return out;
}

/* EP-01, EP-02: what gVisor reads from the bytes of an address */
static int read_place(const struct endpoint *ep, const struct op *op,
	struct full_addr *to)
{
	const struct place *place = &op->bind.place;
	unsigned int natural = place->addr.len == 16 ? LEN6 : LEN4;
	unsigned int len = op->bind.len == LEN_NATURAL ? natural :
							 op->bind.len;
	unsigned int family = op->bind.family != FAMILY_NATURAL ?
		op->bind.family : natural == LEN6 ? FAMILY6 : FAMILY4;
	bool v6 = ep->network == 6;

	if (len < LEN_FAMILY || (family == FAMILY_PACKET && len < LEN_LINK))
		return EINVAL;
	if (family == FAMILY_PACKET)
		return ENDPOINT_UNKNOWN;
	if (len < (unsigned int)(v6 ? LEN6 : LEN4) ||
	    (family == FAMILY6 && len < LEN6) ||
	    (family == FAMILY_UNIX && len > LEN_UNIX))
		return EINVAL;
	if (family != (v6 ? FAMILY6 : FAMILY4))
		return EAFNOSUPPORT;
	memset(to, 0, sizeof(*to));
	to->port = place->port;
	/* Bytes of the other family happen to be zero: the wildcard. */
	if (natural != (v6 ? LEN6 : LEN4) || addr_is_any(&place->addr))
		return 0;
	to->addr = place->addr;
	if (v6 && to->addr.bytes[0] == 0xfe &&
	    (to->addr.bytes[1] & 0xc0) == 0x80)
		to->nic = place->scope;
	return 0;
}

/* connect is not as strict: a socket for both families takes either */
static int read_peer(const struct endpoint *ep, const struct op *op,
	struct full_addr *to)
{
	struct op plain = *op;

	plain.bind.len = LEN_NATURAL;
	plain.bind.family = FAMILY_NATURAL;
	if (op->bind.place.addr.len == 16)
		return ep->network == 4 ? EINVAL : read_place(ep, &plain, to);
	if (ep->network == 4)
		return read_place(ep, &plain, to);
	if (ep->v6only)
		return EINVAL;
	memset(to, 0, sizeof(*to));
	to->port = op->bind.place.port;
	to->addr = shown(ep, &op->bind.place.addr);
	return 0;
}

static int bind_socket(struct stack *stack, struct sock *sock,
	const struct op *op)
{
	struct endpoint *ep = sock->ep;
	struct full_addr to;
	int rc = read_place(ep, op, &to);

	if (!rc)
		rc = is_udp(ep) ? udp_bind(stack, ep, to) :
				  tcp_bind(stack, ep, to);
	if (!rc)
		sock->explicit = to.port;
	return rc == EAGAIN ? EADDRINUSE : rc;	/* EP-03 */
}

static int connect_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	struct full_addr to;
	int rc = read_peer(ep, op, &to);

	if (rc)
		return rc;
	return is_udp(ep) ? udp_connect(stack, ep, to) :
			    tcp_connect(stack, ep, to);
}

static int accept_socket(struct state *state, struct endpoint *ep,
	const struct op *op)
{
	struct endpoint *child;
	int rc = is_udp(ep) ? EOPNOTSUPP : tcp_accept(ep, &child);

	if (rc)
		return rc;
	state->sockets[op->accept.sock] = (struct sock){ child, true };
	return 0;
}

static int listen_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	unsigned int backlog = MIN(op->listen.backlog, BACKLOG_MAX) + 1;

	return is_udp(ep) ? EOPNOTSUPP : tcp_listen(stack, ep, backlog);
}

static int shutdown_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	uint8_t how = op->shutdown.how == SHUT_READ ? 1 :
		      op->shutdown.how == SHUT_WRITE ? 2 : 3;

	return is_udp(ep) ? udp_shutdown(ep) : tcp_shutdown(stack, ep, how);
}

static void close_socket(struct stack *stack, struct endpoint *ep)
{
	if (is_udp(ep))
		udp_close(stack, ep);
	else
		tcp_close(stack, ep);
}

static int socket_call(struct state *state, const struct op *op)
{
	struct stack *stack = &state->stack;
	struct sock *sock = &state->sockets[op->sock];

	switch (op->kind) {
	case OP_SOCKET:
		*sock = (struct sock){ .ep = endpoint_new(stack,
			type_is_udp(op->socket.type) ? UDP : TCP,
			type_is_v6(op->socket.type) ? 6 : 4) };
		return 0;
	case OP_SET: return set(sock->ep, op);
	case OP_BIND: return bind_socket(stack, sock, op);
	case OP_LISTEN: return listen_socket(stack, sock->ep, op);
	case OP_CONNECT: return connect_socket(stack, sock->ep, op);
	case OP_DISCONNECT:
		return is_udp(sock->ep) ? udp_disconnect(stack, sock->ep) :
					  EAFNOSUPPORT;
	case OP_ACCEPT: return accept_socket(state, sock->ep, op);
	case OP_SHUTDOWN: return shutdown_socket(stack, sock->ep, op);
	case OP_CLOSE: close_socket(stack, sock->ep); return 0;
	case OP_SYSCTL:
		if (MAX(op->sysctl.value, op->sysctl.high) > UINT16_MAX)
			return EINVAL;	/* EP-05 */
		return -portman_set_range(stack->ports, op->sysctl.value,
			op->sysctl.high);
	}
	return ENDPOINT_UNKNOWN;
}

/* Without a sysctl the range is the world's. But gVisor chooses from its own,
 * and whoever follows it must have that. */
static void settle_range(struct state *state, bool led)
{
	if (!state->ranged)
		portman_set_range(state->stack.ports,
			led ? PORTMAN_FIRST_EPHEMERAL : WORLD_RANGE_FIRST,
			led ? UINT16_MAX : WORLD_RANGE_LAST);
}

static int socket_step(struct state *state, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	const struct sock *sock = &state->sockets[op->sock];
	bool chooses = op->kind == OP_BIND || op->kind == OP_LISTEN ||
		       op->kind == OP_CONNECT;
	bool led = leader && leader->kind == OUTCOME_OK &&
		   leader->value == VALUE_NUMBER;
	int rc;

	settle_range(state, led);
	if (op_has_socket(op) &&
	    !evidence_covers(sock->ep, sock->explicit, op)) {
		*out = outcome_na();
		return 0;
	}
	if (op->kind == OP_GET) {
		*out = get(sock->ep, op);
		return 0;
	}
	state->stack.steer = chooses && led ? leader->a : 0;
	rc = socket_call(state, op);
	if (rc < 0)
		return rc;
	if (op->kind == OP_CONNECT && rc && rc != EISCONN)
		sock->ep->failed = true;
	state->ranged |= op->kind == OP_SYSCTL && !rc;
	*out = rc == ENDPOINT_UNKNOWN ? outcome_na() : outcome_error(rc);
	if (!rc && chooses && !sock->explicit)
		*out = outcome_number(sock->ep->id.local_port);
	return 0;
}

static int portman_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct state *state = subject->state;

	return op_level(op->kind) == LEVEL_SOCKET ?
		socket_step(state, op, leader, out) :
		reserve_op(&state->stack.ports, op, out);
}

static int portman_begin(struct subject *subject)
{
	struct state *state = subject->state;

	stack_reset(&state->stack);
	state->ranged = false;
	state->stack.ports = portman_new();
	return state->stack.ports ? 0 : -ENOMEM;
}

static int portman_end(struct subject *subject)
{
	struct state *state = subject->state;

	portman_free(state->stack.ports);
	state->stack.ports = NULL;
	return 0;
}

static int portman_open(struct subject *subject, const char *argument)
{
	struct state *state;

	if (*argument && strcmp(argument, "@head")) {
		snprintf(subject->why, sizeof(subject->why),
			"expected portman or portman@head");
		return -EINVAL;
	}
	subject->can = (struct capabilities){
		.ops = (1u << OP_KINDS) - 1 - (1u << OP_EUID),
		.options = 1u << OPT_REUSEADDR | 1u << OPT_REUSEPORT |
			   1u << OPT_V6ONLY | 1u << OPT_DEV |
			   1u << OPT_LINGER,
		.sysctls = 1u << SYSCTL_PORT_RANGE,
		.types = 1u << TCP4 | 1u << TCP6 | 1u << UDP4 | 1u << UDP6,
		.devices = true,
	};
	subject->state = state = calloc(1, sizeof(*state));
	if (!state) {
		snprintf(subject->why, sizeof(subject->why), "out of memory");
		return -ENOMEM;
	}
	state->stack.head = *argument;
	return 0;
}

static void portman_close(struct subject *subject)
{
	struct state *state = subject->state;

	portman_free(state->stack.ports);
	free(state);
	subject->state = NULL;
}

const struct subject_type subject_portman = {
	.name = "portman",
	.prefix = true,
	.follows = true,
	.open = portman_open,
	.close = portman_close,
	.begin = portman_begin,
	.step = portman_step,
	.end = portman_end,
};
