// SPDX-License-Identifier: Apache-2.0
/*
 * spec_snapshot.c - the state of the specification as a network is
 */
#include "spec_snapshot.h"

#include "spec_bucket.h"
#include "spec_connect.h"
#include "spec_socket.h"

void spec_snapshot_begin(struct spec *spec, const struct spec_force *force,
	const struct spec_network *network, bool capable)
{
	spec_reset(spec, force);
	spec->real = true;
	spec->local = network->local;
	spec->no_device = network->no_device;
	spec->udp_others = network->udp_others;
	spec->taken = network->taken;
	spec->low = network->low;
	spec->high = network->high;
	spec->unprivileged = network->unprivileged;
	spec->autobind_reuse = network->autobind_reuse;
	spec->nonlocal4 = network->nonlocal4;
	spec->nonlocal6 = network->nonlocal6;
	/* The user of a call is one who may all, or may not. */
	spec->euid = capable ? 0 : 1;
}

/* Its address, in the forms that the kernel has it in */
static void set_address(struct spec_socket *s, const struct addr *addr)
{
	struct in16 a = in16_from(addr);

	s->rcv = s->source = a;
	s->rcv4 = in16_mapped(a) ? (uint32_t)a.low : in16_any(a) ? 0 : DUMMY4;
	s->source4 = s->rcv4;
}

static struct spec_socket *put_down(struct spec *spec,
	const struct spec_held *held)
{
	struct spec_socket *s = spec_socket_new(spec, held->type);

	s->uid = s->told_uid = held->uid;
	s->device = s->told_device = held->device;
	s->reuse = held->reuseaddr ? CAN_REUSE : NO_REUSE;
	s->reuseport = held->reuseport;
	s->v6only = s->told_v6only = held->v6only;
	s->freebind = held->freebind;
	s->transparent = held->transparent;
	s->made = true;
	return s;
}

static uint8_t state_of(const struct spec_held *held)
{
	switch (held->how) {
	case SPEC_HOLDS_LISTENING: return LISTEN;
	case SPEC_HOLDS_CONNECTED: return ESTABLISHED;
	case SPEC_HOLDS_TIME_WAIT: return TIME_WAIT;
	}
	return CLOSED;
}

static void hold_udp(struct spec *spec, struct spec_socket *s)
{
	uint8_t index = s - spec->sockets;

	ASSERT(spec->udp_count < SPEC_SNAPSHOT_MAX);
	spec->udp[spec->udp_count] = spec->udp2[spec->udp_count] = index;
	spec->udp_count++;
	s->held = true;
}

/* A bind marks the bucket as more than one of connects. */
static void hold_tcp(struct spec *spec, struct spec_socket *s,
	const struct spec_held *held)
{
	if (held->client && APPLIES(spec, clients_free_the_port))
		s->locks |= CONNECT_BOUND;
	spec_bucket_join(spec, s, held->port);
	if (!held->client)
		spec_bucket_find(spec, held->port)->fast = (struct fast){ 0,
			FAST_NONE };
}

void spec_snapshot_hold(struct spec *spec, const struct spec_held *held)
{
	struct spec_socket *s = put_down(spec, held);

	set_address(s, &held->addr);
	s->peer_addr = in16_from(&held->peer);
	s->peer_port = held->peer_port;
	s->state = state_of(held);
	s->orphan = held->ownerless;
	s->port = s->name_port = held->port;
	if (spec_socket_is_udp(s))
		hold_udp(spec, s);
	else
		hold_tcp(spec, s, held);
}

void spec_snapshot_remember(struct spec *spec, const struct spec_held *held)
{
	struct spec_port_bucket *bucket = spec_bucket_find(spec, held->port);
	struct spec_socket s = { .type = held->type };

	set_address(&s, &held->addr);
	bucket->fast = (struct fast){ 0, FAST_STRICT };
	bucket->uid = held->uid;
	bucket->rcv = s.rcv;
	bucket->rcv4 = s.rcv4;
	bucket->v6 = spec_socket_is_v6(&s);
	bucket->v6only = held->v6only;
}

void spec_snapshot_ask(struct spec *spec, const struct spec_held *held)
{
	struct spec_socket *s = put_down(spec, held);

	s->told = s->rcv;
	spec->index[0] = s - spec->sockets;
}

void spec_snapshot_connect(struct spec *spec, const struct spec_held *held,
	const struct outcome *leader, struct outcome *out)
{
	struct spec_socket *s = put_down(spec, held);
	enum spec_rule rule;

	spec->leader = leader;
	set_address(s, &held->addr);
	s->peer_addr = in16_from(&held->peer);
	s->peer_port = held->peer_port;
	s->port = held->port;
	rule = spec_connect_port(spec, s);
	*out = outcome_error(rule ? spec_rule_errno(rule) : 0);
	out->model = MODEL_SPEC;
	out->rule = rule;
}
