// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_tcp.c - what gVisor's TCP sockets reserve (EP-08 to EP-18, EP-24)
 */
#include "endpoint.h"

#include <errno.h>

enum { SHUT_RD_BIT = 1, SHUT_WR_BIT = 2 };

static bool is_connected(const struct endpoint *ep)
{
	return ep->state >= EP_CONNECTED && ep->state <= EP_TIME_WAIT;
}

static void tcp_reset(struct stack *stack, struct endpoint *ep);

/* Reset all that wait to be accepted; nobody will (EP-16) */
static void drain(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *child;

	while ((child = ep->queue)) {
		ep->queue = child->next;
		if (is_connected(child))
			tcp_reset(stack, child);
	}
	ep->waiting = ep->capacity = 0;
}

void tcp_cleanup(struct stack *stack, struct endpoint *ep)
{
	struct portman_reservation held = endpoint_held(ep);
	struct demux_key key = endpoint_key(&held, &ep->id);

	drain(stack, ep);
	if (ep->registered)
		demux_unregister(&stack->demux, &key, ep);
	if (ep->reserved)
		endpoint_release(stack, &held);
	ep->registered = ep->reserved = false;
	ep->peer = NULL;
}

void tcp_fail(struct stack *stack, struct endpoint *ep, int error)
{
	tcp_cleanup(stack, ep);
	ep->state = EP_ERROR;
	ep->error = error;
}

/* Send RST. The peer forgets all; without an error if it had got our FIN */
static void tcp_reset(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *peer = ep->peer;

	tcp_fail(stack, ep, 0);
	if (!peer || peer == ep)
		return;
	if (peer->state == EP_CLOSE_WAIT) {
		tcp_cleanup(stack, peer);
		peer->state = EP_CLOSED;
	} else {
		tcp_fail(stack, peer, ECONNRESET);
	}
}

/* Send FIN, and all that follows from it at once */
static void finish(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *peer = ep->peer;

	if (ep->state == EP_CONNECTED && peer == ep) {
		ep->state = EP_TIME_WAIT;
		ep->peer = NULL;
	} else if (ep->state == EP_CONNECTED) {
		ep->state = EP_FIN_WAIT;
		peer->state = EP_CLOSE_WAIT;
	} else if (ep->state == EP_CLOSE_WAIT) {
		peer->state = EP_TIME_WAIT;
		peer->peer = NULL;
		tcp_cleanup(stack, ep);
		ep->state = EP_CLOSED;
	}
}

struct bind_question {
	struct stack *stack;
	struct endpoint *ep;
	struct portman_reservation res;
};

/* EP-11: could this be registered? With whatever is left in the id (EP-12) */
static int bind_test(uint16_t port, void *arg)
{
	struct bind_question *question = arg;
	struct endpoint_id id = question->ep->id;
	struct demux_key key;

	id.local_port = port;
	key = endpoint_key(&question->res, &id);
	return demux_check(&question->stack->demux, &key);
}

int tcp_bind(struct stack *stack, struct endpoint *ep, struct full_addr to)
{
	struct bind_question question = { .stack = stack, .ep = ep };
	uint8_t networks[2] = { 0, 4 }, count = 1;
	uint16_t port;
	int rc;

	if (ep->state != EP_INITIAL)
		return EINVAL;	/* EP-08 */
	rc = endpoint_resolve(ep, &to, &networks[0]);
	if (rc)
		return rc;
	if (networks[0] == 6 && !ep->v6only && !to.addr.len)
		count = 2;	/* EP-09 */
	if (to.addr.len) {
		if (!endpoint_is_local(&to))
			return EADDRNOTAVAIL;	/* EP-10 */
		ep->id.local = to.addr;		/* EP-12: too early */
	}
	question.res = endpoint_reservation(ep, networks, count, &to.addr,
		to.port);
	rc = stack_reserve(stack, &question.res, bind_test, &question, &port);
	if (rc)
		return rc;
	ep->held = question.res;
	ep->reserved = true;
	ep->nic = endpoint_nic(&to.addr);
	ep->id.local_port = port;
	ep->state = EP_BOUND;
	return 0;
}

int tcp_listen(struct stack *stack, struct endpoint *ep, unsigned int backlog)
{
	struct full_addr any = { 0 };
	struct portman_reservation held;
	struct demux_key key;
	int rc;

	if (ep->state == EP_LISTEN) {	/* EP-15 */
		if (ep->waiting > backlog)
			return EINVAL;
		ep->capacity = backlog;
		ep->shut = 0;
		ep->read_closed = false;
		return 0;
	}
	if (ep->state == EP_INITIAL) {
		rc = tcp_bind(stack, ep, any);
		if (rc)
			return rc;
	}
	if (ep->state != EP_BOUND)
		return EINVAL;
	held = endpoint_held(ep);
	key = endpoint_key(&held, &ep->id);
	if (!demux_register(&stack->demux, &key, ep)) {
		tcp_cleanup(stack, ep);	/* EP-13: closed for good */
		ep->state = EP_CLOSED;
		return EADDRINUSE;
	}
	ep->registered = true;
	ep->state = EP_LISTEN;
	ep->capacity = backlog;
	return 0;
}

int tcp_accept(struct endpoint *ep, struct endpoint **child)
{
	if (ep->state != EP_LISTEN || ep->read_closed)
		return EINVAL;
	*child = ep->queue;
	if (!*child)
		return EAGAIN;
	ep->queue = (*child)->next;
	ep->waiting--;
	return 0;
}

int tcp_shutdown(struct stack *stack, struct endpoint *ep, uint8_t how)
{
	bool time_wait = ep->state == EP_TIME_WAIT;

	if (ep->state == EP_SYN_SENT) {
		tcp_fail(stack, ep, ECONNRESET);
		return 0;
	}
	ep->shut |= how;
	if (is_connected(ep)) {
		if (ep->shut & SHUT_WR_BIT)
			finish(stack, ep);
		return time_wait && ep->shut & SHUT_WR_BIT ? ENOTCONN : 0;
	}
	if (ep->state != EP_LISTEN)
		return ENOTCONN;
	if (ep->shut & SHUT_RD_BIT) {
		ep->read_closed = true;
		drain(stack, ep);
	}
	return 0;
}

void tcp_close(struct stack *stack, struct endpoint *ep)
{
	if (is_connected(ep)) {
		if (ep->linger0 && ep->state != EP_TIME_WAIT)
			tcp_reset(stack, ep);
		else
			finish(stack, ep);
		return;	/* what is left of it goes on (EP-24) */
	}
	tcp_cleanup(stack, ep);
	ep->state = EP_CLOSED;
}
