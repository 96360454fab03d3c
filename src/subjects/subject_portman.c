// SPDX-License-Identifier: Apache-2.0
/*
 * subject_portman.c - the port manager as a subject, at both levels
 *
 * DOC: Theory of Operation
 *
 * Ops on reservations are calls of the port manager (see reserve.h). Ops on
 * sockets become calls on endpoints (see endpoint.h), which call it as gVisor's
 * do. This is the one place where the words of sockets (reuseaddr) are turned
 * into those of reservations (most_recent, tuple_only).
 *
 *	portman			the release of December 2022
 *	portman@20240729	the one of July 2024; both were measured
 *	portman@head		the newest upstream, as read, never run
 *	portman~listen_binds	without this rule (change.h has all changes)
 *
 * Where the manager must choose a port and knows the leader's choice, its range
 * is that one port for the moment. So it takes or refuses that port as if no
 * other were left.
 */
#include "subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reserve.h"
#include "util.h"
#include "world.h"
#include "gvisor/endpoint.h"
#include "gvisor/endpoint_known.h"

enum { TCP = 6, UDP = 17 };

/* gVisor's limit of a backlog; one more than the backlog may wait */
enum { BACKLOG_MAX = 1024 };

/**
 * struct sock - A socket of the program
 * @ep:		What is under it
 * @explicit:	Its port was written in a bind, so outcomes do not tell it
 */
struct sock {
	struct endpoint *ep;
	bool explicit;
};

/**
 * struct state - What a program works on
 * @ranged:	A sysctl has set the range of ports
 * @euid:	The caller
 */
struct state {
	struct stack stack;
	struct sock sockets[PROGRAM_SOCKETS_MAX];
	bool ranged;
	uint32_t euid;
};

static bool is_udp(const struct endpoint *ep)
{
	return ep->transport == UDP;
}

/* An option is a flag, if the rule that says so is in force */
static void set_flag(struct gvisor *gvisor, struct endpoint *ep, bool on,
	enum gvisor_rule rule, uint8_t flag)
{
	if (gvisor_applies(gvisor, rule))
		ep->flags = on ? ep->flags | flag : ep->flags & ~flag;
}

static int set(struct gvisor *gvisor, struct endpoint *ep, const struct op *op)
{
	bool on = op->set.value;

	gvisor_decide(gvisor, GVISOR_sockopt_stored);
	switch (op->set.option) {
	case OPT_REUSEADDR:
		if (is_udp(ep))
			set_flag(gvisor, ep, on,
				GVISOR_udp_reuseaddr_is_most_recent,
				RESERVATION_MOST_RECENT);
		else
			set_flag(gvisor, ep, on,
				GVISOR_tcp_reuseaddr_is_tuple_only,
				RESERVATION_TUPLE_ONLY);
		return 0;
	case OPT_REUSEPORT:
		set_flag(gvisor, ep, on, GVISOR_reuseport_is_load_balanced,
			RESERVATION_LOAD_BALANCED);
		return 0;
	case OPT_V6ONLY:
		if (ep->network != 6 &&
			gvisor_refuses(gvisor, GVISOR_v6only_of_ipv4))
			return ENOPROTOOPT;
		if (ep->state != EP_INITIAL &&
			gvisor_refuses(gvisor, GVISOR_v6only_too_late))
			return EINVAL;
		ep->v6only = on;
		return 0;
	case OPT_DEV:
		if (op->set.value == WORLD_MISSING &&
			gvisor_refuses(gvisor, GVISOR_device_not_there))
			return ENODEV;
		ep->device = op->set.value;
		return 0;
	case OPT_LINGER: ep->linger0 = true; return 0;
	case OPT_REPAIR:
		if (is_udp(ep) && gvisor_refuses(gvisor, GVISOR_repair_of_udp))
			return ENOPROTOOPT;
		break;
	}
	return 0; /* the others it takes, and does nothing with */
}

static struct outcome get(struct gvisor *gvisor, const struct endpoint *ep,
	const struct op *op)
{
	struct outcome out = { .kind = OUTCOME_OK };
	const struct addr *addr = &ep->id.local;

	gvisor_decide(gvisor, GVISOR_endpoint_told);
	switch (op->get.property) {
	case GET_DEV:
		out.value = VALUE_DEVICE;
		out.a = ep->device;
		return out;
	case GET_V6ONLY:
		if (ep->network != 6 &&
			gvisor_refuses(gvisor, GVISOR_v6only_of_ipv4_asked))
			return outcome_error(EOPNOTSUPP);
		return outcome_number(ep->v6only);
	}
	if (is_udp(ep))
		addr = ep->state == EP_CONNECTED ? &ep->source : &ep->bind_addr;
	out.value = VALUE_PLACE;
	out.addr = endpoint_shown(ep, addr);
	out.a = ep->id.local_port;
	return out;
}

static int bind_socket(struct stack *stack, struct sock *sock,
	const struct op *op)
{
	struct endpoint *ep = sock->ep;
	struct full_addr to;
	int rc = endpoint_read_place(stack, ep, op, &to);

	if (!rc)
		rc = is_udp(ep) ? endpoint_udp_bind(stack, ep, to) :
				  endpoint_tcp_bind(stack, ep, to);
	if (!rc)
		sock->explicit = to.port;
	if (rc == EAGAIN &&
		gvisor_refuses(&stack->gvisor, GVISOR_bind_found_no_port))
		return EADDRINUSE;
	return rc;
}

static int connect_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	struct full_addr to;
	int rc = endpoint_read_peer(stack, ep, op, &to);

	if (rc)
		return rc;
	return is_udp(ep) ? endpoint_udp_connect(stack, ep, to) :
			    endpoint_tcp_connect(stack, ep, to);
}

static int accept_socket(struct state *state, struct endpoint *ep,
	const struct op *op)
{
	struct endpoint *child;
	int rc;

	if (is_udp(ep)) {
		gvisor_decide(&state->stack.gvisor, GVISOR_udp_never_accepts);
		return EOPNOTSUPP;
	}
	rc = endpoint_tcp_accept(&state->stack, ep, &child);
	if (rc)
		return rc;
	state->sockets[op->accept.sock] = (struct sock){ child, true };
	return 0;
}

static int listen_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	unsigned int backlog = MIN(op->listen.backlog, BACKLOG_MAX) + 1;

	if (!is_udp(ep))
		return endpoint_tcp_listen(stack, ep, backlog);
	gvisor_decide(&stack->gvisor, GVISOR_udp_never_listens);
	return EOPNOTSUPP;
}

static int shutdown_socket(struct stack *stack, struct endpoint *ep,
	const struct op *op)
{
	uint8_t how = op->shutdown.how == SHUT_READ  ? 1 :
		      op->shutdown.how == SHUT_WRITE ? 2 :
						       3;

	return is_udp(ep) ? endpoint_udp_shutdown(stack, ep) :
			    endpoint_tcp_shutdown(stack, ep, how);
}

static void close_socket(struct stack *stack, struct endpoint *ep)
{
	if (is_udp(ep))
		endpoint_udp_close(stack, ep);
	else
		endpoint_tcp_close(stack, ep);
}

static int set_range(struct stack *stack, const struct op *op)
{
	int rc = -portman_set_range(stack->ports, op->sysctl.value,
		op->sysctl.high);

	gvisor_decide(&stack->gvisor,
		rc ? GVISOR_range_upside_down : GVISOR_range_changed);
	return rc;
}

static int socket_call(struct state *state, const struct op *op)
{
	struct stack *stack = &state->stack;
	struct sock *sock = &state->sockets[op->sock];

	switch (op->kind) {
	case OP_SOCKET:
		gvisor_decide(&stack->gvisor, GVISOR_endpoint_made);
		*sock = (struct sock){
			.ep = endpoint_new(stack,
				type_is_udp(op->socket.type) ? UDP : TCP,
				type_is_v6(op->socket.type) ? 6 : 4)
		};
		return 0;
	case OP_SET: return set(&stack->gvisor, sock->ep, op);
	case OP_BIND: return bind_socket(stack, sock, op);
	case OP_LISTEN: return listen_socket(stack, sock->ep, op);
	case OP_CONNECT: return connect_socket(stack, sock->ep, op);
	case OP_DISCONNECT:
		if (is_udp(sock->ep))
			return endpoint_udp_disconnect(stack, sock->ep);
		gvisor_decide(&stack->gvisor, GVISOR_tcp_never_disconnects);
		return EAFNOSUPPORT;
	case OP_EUID:
		gvisor_decide(&stack->gvisor, GVISOR_caller_does_not_count);
		state->euid = op->euid.uid;
		return 0;
	case OP_ACCEPT: return accept_socket(state, sock->ep, op);
	case OP_SHUTDOWN: return shutdown_socket(stack, sock->ep, op);
	case OP_CLOSE: close_socket(stack, sock->ep); return 0;
	case OP_SYSCTL: return set_range(stack, op);
	}
	return ENDPOINT_UNKNOWN;
}

/* Without a sysctl the range is the world's. But gVisor chooses from a range of
 * its own, and a subject that follows it must have that. */
static void settle_range(struct state *state, bool led)
{
	if (!state->ranged)
		portman_set_range(state->stack.ports,
			led ? PORTMAN_FIRST_EPHEMERAL : WORLD_RANGE_FIRST,
			led ? UINT16_MAX : WORLD_RANGE_LAST);
}

/* What somebody without privileges may do is known of ports and options only:
 * not of sysctls, nor of the owner of a socket. */
static bool asks_for_privilege(const struct state *state, const struct op *op)
{
	return state->euid &&
	       (op->kind == OP_SYSCTL ||
		       (op->kind == OP_SOCKET && op->socket.uid != UID_NONE) ||
		       (op->kind == OP_SET && op->set.option == OPT_UID));
}

static int socket_step(struct state *state, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	const struct sock *sock = &state->sockets[op->sock];
	struct gvisor *gvisor = &state->stack.gvisor;
	bool chooses = op->kind == OP_BIND || op->kind == OP_LISTEN ||
		       op->kind == OP_CONNECT;
	bool led = leader && leader->kind == OUTCOME_OK &&
		   leader->value == VALUE_NUMBER;
	int rc;

	settle_range(state, led);
	if (asks_for_privilege(state, op) ||
		(op_has_socket(op) &&
			!endpoint_known_covers(sock->ep, sock->explicit, op))) {
		gvisor_decide(gvisor, GVISOR_not_known);
		*out = outcome_na();
		return 0;
	}
	if (op->kind == OP_GET) {
		*out = get(gvisor, sock->ep, op);
		return 0;
	}
	state->stack.untold = leader && leader->kind == OUTCOME_OK && !led;
	state->stack.steer = chooses && led ? leader->a : 0;
	rc = socket_call(state, op);
	if (rc < 0)
		return rc;
	if (op->kind == OP_CONNECT && rc && rc != EISCONN && rc != EHOSTUNREACH)
		sock->ep->failed = true;
	state->ranged |= op->kind == OP_SYSCTL && !rc;
	if (rc == ENDPOINT_UNKNOWN)
		gvisor_decide(gvisor, GVISOR_not_known);
	*out = rc == ENDPOINT_UNKNOWN ? outcome_na() : outcome_error(rc);
	if (!rc && chooses && !sock->explicit)
		*out = outcome_number(sock->ep->id.local_port);
	return 0;
}

static int portman_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct state *state = subject->state;
	struct gvisor *gvisor = &state->stack.gvisor;
	int rc;

	gvisor_begin(gvisor);
	if (op_level(op->kind) == LEVEL_SOCKET)
		rc = socket_step(state, op, leader, out);
	else
		rc = reserve_op(&state->stack.ports, gvisor, op, out);
	if (!rc)
		gvisor_end(gvisor, out);
	return rc;
}

static int portman_begin(struct subject *subject)
{
	struct state *state = subject->state;

	stack_reset(&state->stack);
	state->ranged = false;
	state->euid = 0;
	state->stack.ports = portman_new();
	if (!state->stack.ports)
		return -ENOMEM;
	portman_watch(state->stack.ports, &state->stack.gvisor.watch);
	return 0;
}

static int portman_end(struct subject *subject)
{
	struct state *state = subject->state;

	portman_free(state->stack.ports);
	state->stack.ports = NULL;
	return 0;
}

/* Releases that were measured; without a word it is the first */
static const struct release {
	const char *name;
	uint32_t version;
} releases[] = {
	{ "", RULE_VERSION(2022, 12, 0) },
	{ "@20221219", RULE_VERSION(2022, 12, 0) },
	{ "@20240729", RULE_VERSION(2024, 7, 0) },
	{ "@head", UINT32_MAX },
};

static int read_release(struct subject *subject, struct gvisor *gvisor,
	const char *argument)
{
	for (size_t i = 0; i < ARRAY_SIZE(releases); i++) {
		if (strcmp(argument, releases[i].name))
			continue;
		rule_force(&gvisor_book, releases[i].version, gvisor->force);
		gvisor_watch(gvisor);
		return 0;
	}
	snprintf(subject->why, sizeof(subject->why),
		"'%.60s' is no release: try @20221219, @20240729 or @head",
		argument);
	return -EINVAL;
}

static int portman_open(struct subject *subject, const char *argument)
{
	struct state *state;
	int rc;

	subject->can = (struct capabilities){
		.ops = (1u << OP_KINDS) - 1,
		.options = (1u << OPTIONS) - 1,
		.uids = true,
		.sysctls = 1u << SYSCTL_PORT_RANGE,
		.types = 1u << TCP4 | 1u << TCP6 | 1u << UDP4 | 1u << UDP6,
		.devices = true,
	};
	subject->state = state = calloc(1, sizeof(*state));
	if (!state) {
		snprintf(subject->why, sizeof(subject->why), "out of memory");
		return -ENOMEM;
	}
	state->stack.demux.gvisor = &state->stack.gvisor;
	rc = read_release(subject, &state->stack.gvisor, argument);
	if (rc) {
		free(state);
		subject->state = NULL;
	}
	return rc;
}

static void portman_close(struct subject *subject)
{
	struct state *state = subject->state;

	portman_free(state->stack.ports);
	free(state);
	subject->state = NULL;
}

static bool *force(struct subject *subject)
{
	return ((struct state *)subject->state)->stack.gvisor.force;
}

static void changed(struct subject *subject)
{
	gvisor_watch(&((struct state *)subject->state)->stack.gvisor);
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
	.book = &gvisor_book,
	.force = force,
	.changed = changed,
};
