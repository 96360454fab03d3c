// SPDX-License-Identifier: Apache-2.0
/*
 * endpoint_connect.c - connect of gVisor's TCP, and the listener's answer
 */
#include "endpoint.h"

#include <errno.h>
#include <string.h>

#include "world.h"

struct connect_question {
	struct stack *stack;
	struct endpoint *ep;
	struct reservation res;
	int rc;
};

/* One candidate for the port of an unbound socket */
static int connect_test(uint16_t port, void *arg)
{
	struct connect_question *question = arg;
	struct endpoint *ep = question->ep;
	struct endpoint_id id = ep->id;
	struct demux_key key;
	int rc;

	if (!port)
		return -EDOM; /* a range may begin there, but it is no use */
	if (port == id.remote_port && addr_equal(&id.local, &id.remote) &&
		gvisor_applies(&question->stack->gvisor,
			GVISOR_tcp_connect_avoids_itself))
		return 0;
	question->res.port = port;
	rc = portman_reserve(question->stack->ports, &question->res, 0, NULL,
		NULL, NULL);
	if (rc) /* TIME_WAIT gives way after a second; no time passes here */
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
	struct reservation *res = &question.res;
	uint16_t first = 0, last = 0, port;
	int rc = -EAGAIN;

	*res = endpoint_reservation(ep, &network, 1, &ep->id.local, 0);
	if (gvisor_applies(&stack->gvisor, GVISOR_tcp_connect_reserves_peer)) {
		res->dest_port = ep->id.remote_port;
		res->dest_addr.len = ep->id.remote.len;
		memcpy(res->dest_addr.bytes, ep->id.remote.bytes,
			sizeof(ep->id.remote.bytes));
	}
	if (!stack->steer || stack_hold_range(stack, &first, &last)) {
		rc = portman_pick_ephemeral_stable(stack->ports, 0,
			connect_test, &question, &port);
		if (stack->steer)
			stack_free_range(stack, first, last);
	}
	if (rc == -EDOM)
		return ENDPOINT_UNKNOWN;
	if (rc == -EAGAIN) {
		gvisor_decide(&stack->gvisor, GVISOR_tcp_connect_found_no_port);
		return EAGAIN;
	}
	if (rc)
		return rc;
	ep->held = question.res;
	ep->reserved = true;
	ep->id.local_port = port;
	return 0;
}

/* A bound socket only registers anew, with the flags of bind */
static int connect_bound(struct stack *stack, struct endpoint *ep,
	uint8_t network)
{
	struct reservation held = endpoint_held(ep);
	struct demux_key key;

	held.networks[0] = network;
	held.network_count = 1;
	key = endpoint_key(&held, &ep->id);
	if (demux_register(&stack->demux, &key, ep))
		return 0;
	if (gvisor_refuses(&stack->gvisor, GVISOR_tcp_ends_in_use))
		return EADDRINUSE;
	gvisor_decide(&stack->gvisor, GVISOR_tcp_ends_not_available);
	return EADDRNOTAVAIL;
}

/* A dual wildcard gives up its IPv4 half, as if it had been reserved without
 * flags and device */
static void give_up_half(struct stack *stack, const struct endpoint *ep)
{
	struct reservation half = { .networks = { 4 },
		.network_count = 1,
		.transport = ep->transport,
		.port = ep->id.local_port };

	if (ep->reserved && ep->held.network_count == 2 &&
		gvisor_applies(&stack->gvisor, GVISOR_dual_connect_frees_ipv4))
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

/* The child that a listener makes of a SYN; NULL if it drops the SYN */
static struct endpoint *new_child(struct stack *stack,
	struct endpoint *listener, const struct endpoint *client)
{
	struct endpoint *child = endpoint_new(stack, listener->transport,
		listener->network);
	struct reservation held;
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
	if (gvisor_applies(&stack->gvisor, GVISOR_child_reserves)) {
		if (!portman_reserve_tuple(stack->ports, &held))
			return NULL;
		child->reserved = true;
	}
	key = endpoint_key(&held, &child->id);
	child->registered = demux_register(&stack->demux, &key, child);
	if (child->registered)
		return child;
	endpoint_tcp_cleanup(stack, child);
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
		world_owner(&id->local), many);
}

/* Does the answer reach the endpoint? Then it is @how. */
static int answered(struct stack *stack, struct endpoint *ep, int how)
{
	bool many;
	struct endpoint *found = receiver(stack, ep->held.networks[0], &ep->id,
		&many);

	return found == ep ? how : ENDPOINT_UNKNOWN;
}

/* Find the endpoint that gets the SYN: a listener, itself, or none (NULL) */
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
			endpoint_tcp_cleanup(stack, old);
			old->state = EP_CLOSED;
		}
	}
	if (many || (*out && *out != ep && (*out)->state != EP_LISTEN))
		return ENDPOINT_UNKNOWN;
	/* It is not known what a device does that was set after the bind. */
	if (*out && (*out)->device != (*out)->held.device)
		return ENDPOINT_UNKNOWN;
	return 0;
}

static int handshake(struct stack *stack, struct endpoint *ep)
{
	struct gvisor *gvisor = &stack->gvisor;
	struct endpoint *listener, *child;
	int rc = find_listener(stack, ep, &listener);

	if (rc)
		return rc;
	gvisor_decide(gvisor, GVISOR_tcp_connected);
	if (listener == ep) {
		ep->peer = ep;
		ep->state = EP_CONNECTED;
		return 0;
	}
	if (!listener || listener->read_closed) {
		gvisor_decide(gvisor, GVISOR_tcp_nobody_listens);
		rc = answered(stack, ep, ECONNREFUSED);
		if (rc == ECONNREFUSED)
			endpoint_tcp_fail(stack, ep);
		return rc;
	}
	if (listener->waiting >= listener->capacity &&
		gvisor_refuses(gvisor, GVISOR_tcp_listener_has_no_room))
		return EINPROGRESS;
	child = new_child(stack, listener, ep);
	if (!child) /* the SYN is dropped; no program gets here */
		return ENDPOINT_UNKNOWN;
	rc = answered(stack, ep, 0);
	if (rc) {
		endpoint_tcp_cleanup(stack, child);
		return rc;
	}
	ep->state = child->state = EP_CONNECTED;
	ep->peer = child;
	child->peer = ep;
	enqueue(listener, child);
	return 0;
}

/* May an endpoint in this state connect? */
static int may_connect(struct stack *stack, struct endpoint *ep)
{
	bool was_reset = ep->was_reset;

	/* The error that waits is told once. */
	ep->was_reset = false;
	if (was_reset &&
		gvisor_refuses(&stack->gvisor, GVISOR_tcp_connect_was_reset))
		return ECONNRESET;
	switch (ep->state) {
	case EP_INITIAL:
	case EP_BOUND: return 0;
	case EP_LISTEN:
		gvisor_decide(&stack->gvisor, GVISOR_tcp_listener_connects);
		return EINVAL;
	case EP_ERROR:
		gvisor_decide(&stack->gvisor, GVISOR_tcp_connect_failed_before);
		return ECONNABORTED;
	case EP_CLOSED:
		if (!gvisor_refuses(&stack->gvisor, GVISOR_tcp_connect_dead))
			return 0;
		return EINVAL;
	case EP_SYN_SENT: return ENDPOINT_UNKNOWN;
	}
	gvisor_decide(&stack->gvisor, GVISOR_tcp_still_connected);
	return EISCONN;
}

int endpoint_tcp_connect(struct stack *stack, struct endpoint *ep,
	struct full_addr to)
{
	struct reservation owed = endpoint_owed(ep);
	struct endpoint_id before = ep->id;
	struct gvisor *gvisor = &stack->gvisor;
	struct addr source, remote;
	uint8_t network;
	int rc = endpoint_resolve(stack, ep, &to, &network);

	if (!rc)
		rc = may_connect(stack, ep);
	if (!rc)
		rc = endpoint_route(stack, &ep->id.local, ep->nic, &to.addr,
			network, &source, &remote);
	if (rc)
		return rc;
	/* This overwrites the wildcard, even if the connect then fails. */
	ep->id.local = source;
	ep->id.remote = remote;
	ep->id.remote_port = to.port;
	rc = ep->id.local_port ? connect_bound(stack, ep, network) :
				 connect_unbound(stack, ep, network);
	if (rc && !addr_equal(&before.local, &source) &&
		!gvisor_applies(gvisor, GVISOR_tcp_connect_keeps_source))
		ep->id = before;
	if (rc)
		return rc;
	give_up_half(stack, ep);
	if (before.local_port && (!owed.addr.len || owed.network_count > 1) &&
		!gvisor_applies(gvisor, GVISOR_tcp_connect_narrows)) {
		ep->owed = owed;
		ep->owes = true;
	}
	if (before.local_port && !before.local.len &&
		!gvisor_applies(gvisor, GVISOR_connect_keeps_wildcard))
		endpoint_narrow(stack, ep, &owed, &source, network);
	ep->registered = true;
	ep->held.networks[0] = network;
	ep->held.network_count = 1;
	ep->state = EP_SYN_SENT;
	return handshake(stack, ep);
}
