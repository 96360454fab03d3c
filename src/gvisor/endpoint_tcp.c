// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_tcp.c - what gVisor's TCP sockets reserve
 */
#include "endpoint.h"

#include <errno.h>

#include "world.h"

enum { SHUT_RD_BIT = 1, SHUT_WR_BIT = 2 };

static bool is_connected(const struct endpoint *ep)
{
	return ep->state >= EP_CONNECTED && ep->state <= EP_TIME_WAIT;
}

static void tcp_reset(struct stack *stack, struct endpoint *ep);

/* Reset all that wait to be accepted; nobody will */
static void drain(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *child;

	while ((child = ep->queue)) {
		ep->queue = child->next;
		if (is_connected(child) &&
			gvisor_applies(&stack->gvisor,
				GVISOR_closed_listener_resets))
			tcp_reset(stack, child);
	}
	ep->waiting = ep->capacity = 0;
}

void endpoint_tcp_cleanup(struct stack *stack, struct endpoint *ep)
{
	struct reservation held = endpoint_held(ep);
	struct reservation owed = endpoint_owed(ep);
	struct demux_key key = endpoint_key(&held, &ep->id);

	drain(stack, ep);
	if (ep->registered)
		demux_unregister(&stack->demux, &key, ep);
	if (ep->reserved)
		endpoint_release(stack, &owed);
	ep->registered = ep->reserved = false;
	ep->peer = NULL;
}

void endpoint_tcp_fail(struct stack *stack, struct endpoint *ep)
{
	endpoint_tcp_cleanup(stack, ep);
	ep->state = EP_ERROR;
}

/* Send RST. The peer forgets all; it has no error if it got our FIN before. */
static void tcp_reset(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *peer = ep->peer;

	endpoint_tcp_fail(stack, ep);
	if (!peer || peer == ep)
		return;
	if (peer->state == EP_CLOSE_WAIT) {
		endpoint_tcp_cleanup(stack, peer);
		peer->state = EP_CLOSED;
	} else {
		endpoint_tcp_fail(stack, peer);
		peer->was_reset = true;
	}
}

/* The endpoint closed first, and now the peer has closed too */
static void enter_time_wait(struct stack *stack, struct endpoint *ep)
{
	ep->state = EP_TIME_WAIT;
	ep->peer = NULL;
	if (gvisor_applies(&stack->gvisor, GVISOR_time_wait_keeps_port))
		return;
	endpoint_tcp_cleanup(stack, ep);
	ep->state = EP_CLOSED;
}

/* Send FIN, and all that follows from it at once */
static void finish(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *peer = ep->peer;

	if (ep->state == EP_CONNECTED && peer == ep) {
		enter_time_wait(stack, ep);
	} else if (ep->state == EP_CONNECTED) {
		ep->state = EP_FIN_WAIT;
		peer->state = EP_CLOSE_WAIT;
	} else if (ep->state == EP_CLOSE_WAIT) {
		enter_time_wait(stack, peer);
		endpoint_tcp_cleanup(stack, ep);
		ep->state = EP_CLOSED;
	}
}

struct bind_question {
	struct stack *stack;
	struct endpoint *ep;
	struct reservation res;
};

/* Could the port be registered, with the address that is left in the id? */
static int bind_test(uint16_t port, void *arg)
{
	struct bind_question *question = arg;
	struct endpoint_id id = question->ep->id;
	struct demux_key key;

	id.local_port = port;
	key = endpoint_key(&question->res, &id);
	return demux_check(&question->stack->demux, &key) ||
	       !gvisor_refuses(&question->stack->gvisor,
		       GVISOR_tcp_id_registered);
}

int endpoint_tcp_bind(struct stack *stack, struct endpoint *ep,
	struct full_addr to)
{
	struct bind_question question = { .stack = stack, .ep = ep };
	struct gvisor *gvisor = &stack->gvisor;
	uint8_t networks[2] = { 0, 4 }, count = 1;
	struct addr before = ep->id.local;
	uint16_t port;
	int rc;

	if (ep->state != EP_INITIAL &&
		gvisor_refuses(gvisor, GVISOR_tcp_bound_before))
		return EINVAL;
	rc = endpoint_resolve(stack, ep, &to, &networks[0]);
	if (rc)
		return rc;
	if (networks[0] == 6 && !ep->v6only && !to.addr.len &&
		gvisor_applies(gvisor, GVISOR_dual_wildcard_is_two))
		count = 2;
	if (to.addr.len) {
		if (!endpoint_is_local(&to) &&
			gvisor_refuses(gvisor, GVISOR_tcp_address_not_local))
			return EADDRNOTAVAIL;
		ep->id.local = to.addr; /* too early */
	}
	question.res = endpoint_reservation(ep, networks, count, &to.addr,
		to.port);
	rc = stack_reserve(stack, &question.res, bind_test, &question, &port);
	if (rc && !addr_equal(&ep->id.local, &before) &&
		!gvisor_applies(gvisor, GVISOR_failed_bind_keeps_address))
		ep->id.local = before;
	if (rc)
		return rc;
	ep->held = question.res;
	ep->reserved = true;
	ep->nic = world_owner(&to.addr);
	ep->id.local_port = port;
	ep->state = EP_BOUND;
	return 0;
}

static int listen_again(struct stack *stack, struct endpoint *ep,
	unsigned int backlog)
{
	struct gvisor *gvisor = &stack->gvisor;

	if (ep->waiting > backlog &&
		gvisor_refuses(gvisor, GVISOR_listener_too_full))
		return EINVAL;
	ep->capacity = backlog;
	if (ep->shut && gvisor_applies(gvisor, GVISOR_listen_revives)) {
		ep->shut = 0;
		ep->read_closed = false;
	}
	gvisor_decide(gvisor, GVISOR_listener_updated);
	return 0;
}

int endpoint_tcp_listen(struct stack *stack, struct endpoint *ep,
	unsigned int backlog)
{
	struct gvisor *gvisor = &stack->gvisor;
	struct full_addr any = { 0 };
	struct reservation held;
	struct demux_key key;
	int rc;

	if (ep->state == EP_LISTEN)
		return listen_again(stack, ep, backlog);
	if (ep->state == EP_INITIAL &&
		gvisor_applies(gvisor, GVISOR_listen_binds)) {
		rc = endpoint_tcp_bind(stack, ep, any);
		if (rc)
			return rc;
	}
	if (ep->state != EP_BOUND) {
		gvisor_decide(gvisor, GVISOR_listener_not_bound);
		return EINVAL;
	}
	held = endpoint_held(ep);
	key = endpoint_key(&held, &ep->id);
	ep->registered = demux_register(&stack->demux, &key, ep);
	if (!ep->registered &&
		gvisor_refuses(gvisor, GVISOR_listener_refused)) {
		if (gvisor_applies(gvisor, GVISOR_refused_listener_is_closed)) {
			endpoint_tcp_cleanup(stack, ep);
			ep->state = EP_CLOSED;
		}
		return EADDRINUSE;
	}
	ep->state = EP_LISTEN;
	ep->capacity = backlog;
	gvisor_decide(gvisor, GVISOR_listener_made);
	return 0;
}

int endpoint_tcp_accept(struct stack *stack, struct endpoint *ep,
	struct endpoint **child)
{
	if (ep->state != EP_LISTEN || ep->read_closed) {
		gvisor_decide(&stack->gvisor, GVISOR_no_listener_accepts);
		return EINVAL;
	}
	*child = ep->queue;
	if (!*child) {
		gvisor_decide(&stack->gvisor, GVISOR_no_child_waits);
		return EAGAIN;
	}
	gvisor_decide(&stack->gvisor, GVISOR_child_accepted);
	ep->queue = (*child)->next;
	ep->waiting--;
	return 0;
}

int endpoint_tcp_shutdown(struct stack *stack, struct endpoint *ep, uint8_t how)
{
	struct gvisor *gvisor = &stack->gvisor;
	bool time_wait = ep->state == EP_TIME_WAIT;

	gvisor_decide(gvisor, GVISOR_tcp_shut_down);
	if (ep->state == EP_SYN_SENT) {
		endpoint_tcp_fail(stack, ep);
		ep->was_reset = true;
		return 0;
	}
	if (ep->shut & ~how && !is_connected(ep) &&
		!gvisor_applies(gvisor, GVISOR_shutdowns_add_up))
		ep->shut = 0;
	ep->shut |= how;
	if (is_connected(ep)) {
		if (ep->shut & SHUT_WR_BIT)
			finish(stack, ep);
		if (!time_wait || !(ep->shut & SHUT_WR_BIT) ||
			!gvisor_refuses(gvisor, GVISOR_time_wait_shut_down))
			return 0;
		return ENOTCONN;
	}
	if (ep->state != EP_LISTEN) {
		gvisor_decide(gvisor, GVISOR_nothing_to_shut_down);
		return ENOTCONN;
	}
	gvisor_decide(gvisor, GVISOR_listener_shut_down);
	if (ep->shut & SHUT_RD_BIT) {
		ep->read_closed = true;
		drain(stack, ep);
	}
	return 0;
}

void endpoint_tcp_close(struct stack *stack, struct endpoint *ep)
{
	struct gvisor *gvisor = &stack->gvisor;

	gvisor_decide(gvisor, GVISOR_endpoint_closed);
	if (is_connected(ep)) {
		if ((ep->linger0 && ep->state != EP_TIME_WAIT &&
			    gvisor_applies(gvisor, GVISOR_linger_resets)) ||
			!gvisor_applies(gvisor, GVISOR_closing_keeps_port))
			tcp_reset(stack, ep);
		else
			finish(stack, ep);
		return; /* what is left of it goes on */
	}
	endpoint_tcp_cleanup(stack, ep);
	ep->state = EP_CLOSED;
}
