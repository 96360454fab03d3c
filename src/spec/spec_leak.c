// SPDX-License-Identifier: Apache-2.0
/*
 * spec_leak.c - not of Linux: what stays held when its holder is gone
 */
#include "spec_leak.h"

#include "spec_bucket.h"
#include "spec_socket.h"
#include "spec_udp.h"

/* A socket that has, and shares, what @s had when it got its port */
static struct spec_socket *remnant(struct spec *spec,
	const struct spec_socket *s)
{
	struct spec_socket *left = spec_socket_new(spec, s->type);

	left->rcv = s->taken_rcv;
	left->rcv4 = s->taken_rcv4;
	left->v6only = s->v6only;
	left->uid = left->told_uid = s->uid;
	left->reuse = s->taken_reuse;
	left->reuseport = s->taken_reuseport;
	left->device = s->taken_device;
	return left;
}

static bool was_wildcard(const struct spec_socket *s)
{
	return in16_any(s->taken_rcv) || in16_is(s->taken_rcv, 0);
}

static void leave_behind(struct spec *spec, struct spec_socket *s)
{
	struct spec_socket *left = remnant(spec, s);

	spec_bucket_join(spec, left, s->port);
	left->leak = s->leak = ++spec->leaks;
}

/* Has a connect given it an address, in place of the wildcard of a bind? */
static bool has_left(const struct spec_socket *s)
{
	return s->held && !s->with_peer && !s->leak && was_wildcard(s) &&
	       !spec_socket_is_wildcard(s);
}

void spec_leak_wildcard(struct spec *spec, struct spec_socket *s)
{
	if (has_left(s) && APPLIES(spec, tcp_connect_keeps_wildcard))
		leave_behind(spec, s);
}

void spec_leak_source(struct spec *spec, struct spec_socket *s)
{
	if (!APPLIES(spec, refused_connect_keeps_source))
		return;
	if (has_left(s))
		leave_behind(spec, s);
	spec_socket_keep(s);
}

void spec_leak_to_kept(struct spec *spec, struct spec_socket *s)
{
	if (!s->kept || !spec_socket_is_wildcard(s))
		return;
	spec_bucket_move_from(spec, s);
	spec_socket_set_kept(s);
	spec_bucket_move_to(spec, s);
	leave_behind(spec, s);
}

static bool has_options(const struct spec_socket *s, uint8_t reuse,
	bool reuseport)
{
	return s->taken_reuse == reuse && s->taken_reuseport == reuseport;
}

/*
 * What is given back are the options of the last connect, so one holder of the
 * same place goes on with those that it had got the port with: who has just
 * the former, if there is one.
 */
static void leave_options(struct spec *spec, const struct spec_socket *s)
{
	struct spec_socket *heir = NULL;

	if (has_options(s, s->last_reuse, s->last_reuseport) ||
		!APPLIES(spec, udp_new_options_leak))
		return;
	for (unsigned int i = 0; i < spec->udp_count; i++) {
		struct spec_socket *b = &spec->sockets[spec->udp[i]];

		if (b == s || b->port != s->port ||
			b->taken_device != s->taken_device ||
			!in16_equal(b->taken_rcv, s->taken_rcv))
			continue;
		if (!heir || has_options(b, s->last_reuse, s->last_reuseport))
			heir = b;
	}
	if (!heir)
		return;
	if (has_options(heir, s->last_reuse, s->last_reuseport)) {
		heir->taken_reuse = s->taken_reuse;
		heir->taken_reuseport = s->taken_reuseport;
	} else {
		heir->taken_reuse = MIN(heir->taken_reuse, s->taken_reuse);
		heir->taken_reuseport &= s->taken_reuseport;
	}
}

void spec_leak_udp(struct spec *spec, const struct spec_socket *s)
{
	bool dual = spec_socket_is_v6(s) && in16_any(s->taken_rcv) &&
		    !s->v6only && !s->with_peer;
	struct spec_socket *left;
	bool all;

	if (!s->held)
		return;
	leave_options(spec, s);
	all = s->last_device != s->taken_device &&
	      APPLIES(spec, udp_new_device_leaks);
	if (!all && !(s->last_v4 && dual &&
			    APPLIES(spec, udp_connect_leaks_wildcard)))
		return;
	left = remnant(spec, s);
	if (s->with_peer) {
		left->rcv = s->rcv;
		left->rcv4 = s->rcv4;
	}
	left->v6only |= !all;
	spec_udp_take(spec, left, s->port);
}
