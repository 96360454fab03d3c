// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_connect.c - connect of gVisor's TCP, and the listener's answer
 *
 * EP-17 to EP-23.
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

struct connect_question {
	struct stack *stack;
	struct endpoint *ep;
	struct portman_reservation res;
	int rc;
};

/* EP-21: one candidate for the port of an unbound socket */
static int connect_test(uint16_t port, void *arg)
{
	struct connect_question *question = arg;
	struct endpoint *ep = question->ep;
	struct endpoint_id id = ep->id;
	struct demux_key key;
	int rc;

	if (!port)
		return -EDOM;	/* possible (GV-18), but no use to us */
	if (port == id.remote_port && addr_equal(&id.local, &id.remote))
		return 0;
	question->res.port = port;
	rc = portman_reserve(question->stack->ports, &question->res, 0, NULL,
		NULL, NULL);
	if (rc)	/* EP-22 wants a second of TIME_WAIT; no time passes here */
		return rc == -ENOMEM ? rc : 0;
	id.local_port = port;
	key = endpoint_key(&question->res, &id);
	if (demux_register(&question->stack->demux, &key, ep))
		return 1;
	endpoint_release(question->stack, &question->res);
	return 0;
}

/* Choose a port, reserve it for this peer only, and register */
static int connect_unbound(struct stack *stack, struct endpoint *ep,
	uint8_t network)
{
	struct connect_question question = { .stack = stack, .ep = ep };
	uint16_t first, last, port;
	int rc;

	question.res = endpoint_reservation(ep, &network, 1, &ep->id.local, 0);
	question.res.dest_port = ep->id.remote_port;
	question.res.dest_addr.len = ep->id.remote.len;
	memcpy(question.res.dest_addr.bytes, ep->id.remote.bytes,
		sizeof(ep->id.remote.bytes));
	if (stack->steer)
		stack_hold_range(stack, &first, &last);
	rc = portman_pick_ephemeral_stable(stack->ports, 0, connect_test,
		&question, &port);
	if (stack->steer)
		stack_free_range(stack, first, last);
	if (rc == -EDOM)
		return ENDPOINT_UNKNOWN;
	if (rc)
		return rc == -EAGAIN ? EADDRNOTAVAIL : rc;	/* EP-03 */
	ep->held = question.res;
	ep->reserved = true;
	ep->id.local_port = port;
	return 0;
}

/* EP-19: a bound socket only registers anew, with the flags of bind */
static int connect_bound(struct stack *stack, struct endpoint *ep,
	uint8_t network)
{
	struct portman_reservation held = endpoint_held(ep);
	struct demux_key key;

	held.networks[0] = network;
	held.network_count = 1;
	key = endpoint_key(&held, &ep->id);
	if (demux_register(&stack->demux, &key, ep))
		return 0;
	return stack->head ? EADDRNOTAVAIL : EADDRINUSE;
}

/* EP-20 of the newest upstream: a dual wildcard gives up its IPv4 half, as if
 * it had been reserved without flags and device */
static void give_up_half(struct stack *stack, const struct endpoint *ep)
{
	struct portman_reservation half = { .networks = { 4 },
		.network_count = 1, .transport = ep->transport,
		.port = ep->id.local_port };

	if (stack->head && ep->reserved && ep->held.network_count == 2)
		endpoint_release(stack, &half);
}

static struct endpoint_id turned(const struct endpoint_id *id)
{
	return (struct endpoint_id){
		.local = id->remote,
		.remote = id->local,
		.local_port = id->remote_port,
		.remote_port = id->local_port,
	};
}

/* EP-17: what a listener makes of a SYN; NULL if it drops it */
static struct endpoint *new_child(struct stack *stack,
	struct endpoint *listener, const struct endpoint *client)
{
	struct endpoint *child =
		endpoint_new(stack, listener->transport, listener->network);
	struct portman_reservation held;
	struct demux_key key;

	child->v6only = listener->v6only;
	child->flags = listener->flags;
	child->held = listener->held;
	child->held.networks[0] = client->held.networks[0];
	child->held.network_count = 1;
	child->id = turned(&client->id);
	child->held.dest_port = child->id.remote_port;
	child->held.dest_addr.len = child->id.remote.len;
	memcpy(child->held.dest_addr.bytes, child->id.remote.bytes,
		sizeof(child->id.remote.bytes));
	child->state = EP_ERROR;
	held = endpoint_held(child);
	if (!portman_reserve_tuple(stack->ports, &held))
		return NULL;
	child->reserved = true;
	key = endpoint_key(&held, &child->id);
	child->registered = demux_register(&stack->demux, &key, child);
	if (child->registered)
		return child;
	tcp_cleanup(stack, child);
	return NULL;
}

static void enqueue(struct endpoint *listener, struct endpoint *child)
{
	struct endpoint **link = &listener->queue;

	while (*link)
		link = &(*link)->next;
	*link = child;
	listener->waiting++;
}

static struct endpoint *receiver(struct stack *stack, uint8_t network,
	const struct endpoint_id *id, bool *many)
{
	*many = false;
	return demux_find(&stack->demux, network, 6, id,
		endpoint_nic(&id->local), many);
}

/* Does what is sent to it reach it? Not if its device is another (EP-33) */
static int answered(struct stack *stack, struct endpoint *ep, int how)
{
	bool many;
	struct endpoint *found = receiver(stack, ep->held.networks[0], &ep->id,
		&many);

	if (found && found != ep)
		return ENDPOINT_UNKNOWN;
	return found ? how : EINPROGRESS;
}

/* Who gets the SYN: a listener, oneself, nobody (NULL), or who knows */
static int find_listener(struct stack *stack, struct endpoint *ep,
	struct endpoint **out)
{
	struct endpoint_id id = turned(&ep->id);
	uint8_t network = ep->held.networks[0];
	bool many;

	*out = receiver(stack, network, &id, &many);
	if (!many && *out && (*out)->state == EP_TIME_WAIT) {
		/* A new connection ends an old one if somebody listens. */
		struct endpoint *old = *out;

		memset(&id.remote, 0, sizeof(id.remote));
		id.remote_port = 0;
		*out = receiver(stack, network, &id, &many);
		if (!*out)
			return ENDPOINT_UNKNOWN;
		if ((*out)->state == EP_LISTEN) {
			tcp_cleanup(stack, old);
			old->state = EP_CLOSED;
		}
	}
	if (many || (*out && *out != ep && (*out)->state != EP_LISTEN))
		return ENDPOINT_UNKNOWN;
	/* What a device that came after bind does is not known (EP-04). */
	if (*out && (*out)->device != (*out)->held.device)
		return ENDPOINT_UNKNOWN;
	return 0;
}

static int handshake(struct stack *stack, struct endpoint *ep)
{
	struct endpoint *listener, *child;
	int rc = find_listener(stack, ep, &listener);

	if (rc)
		return rc;
	if (listener == ep) {
		ep->peer = ep;
		ep->state = EP_CONNECTED;
		return 0;
	}
	if (!listener || listener->read_closed) {
		rc = answered(stack, ep, ECONNREFUSED);
		if (rc == ECONNREFUSED)
			tcp_fail(stack, ep, 0);
		return rc;
	}
	if (listener->waiting >= listener->capacity)
		return EINPROGRESS;
	child = new_child(stack, listener, ep);
	if (!child)
		return EINPROGRESS;
	rc = answered(stack, ep, 0);
	if (rc) {
		tcp_cleanup(stack, child);
		return rc;
	}
	ep->state = child->state = EP_CONNECTED;
	ep->peer = child;
	child->peer = ep;
	enqueue(listener, child);
	return 0;
}

/* May it connect now? An error is told once (issue 3828) */
static int may_connect(struct endpoint *ep, struct full_addr *to)
{
	int error = ep->error;

	switch (ep->state) {
	case EP_INITIAL: return 0;
	case EP_BOUND:
		if (ep->nic && to->nic && to->nic != ep->nic)
			return EHOSTUNREACH;
		if (ep->nic)
			to->nic = ep->nic;
		return 0;
	case EP_SYN_SENT: return EALREADY;
	case EP_ERROR:
		ep->error = 0;
		return error ? error : ECONNABORTED;
	case EP_LISTEN:
	case EP_CLOSED: return EINVAL;
	}
	return EISCONN;
}

int tcp_connect(struct stack *stack, struct endpoint *ep, struct full_addr to)
{
	struct addr source, remote;
	uint8_t network;
	bool away;
	int rc = endpoint_resolve(ep, &to, &network);

	if (!rc)
		rc = may_connect(ep, &to);
	if (!rc)
		rc = endpoint_route(&ep->id.local, to.nic, &to.addr, network,
			&source, &remote, &away);
	if (rc)
		return rc;
	/* EP-20: overwrites the wildcard, also if what follows fails */
	ep->id.local = source;
	ep->id.remote = remote;
	ep->id.remote_port = to.port;
	rc = ep->id.local_port ? connect_bound(stack, ep, network) :
				 connect_unbound(stack, ep, network);
	if (rc)
		return rc;
	give_up_half(stack, ep);
	ep->registered = true;
	ep->nic = to.nic;
	ep->held.networks[0] = network;
	ep->held.network_count = 1;
	ep->state = EP_SYN_SENT;
	return away ? EINPROGRESS : handshake(stack, ep);
}
