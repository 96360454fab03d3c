// SPDX-License-Identifier: Apache-2.0
/*
 * spec_overlap.c - do two sockets overlap, by device and by address?
 */
#include "spec_overlap.h"

#include "spec_socket.h"

bool spec_overlap_devices(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	uint32_t device = spec_socket_owner_device(spec, b);

	return !a->device || !device || a->device == device ||
	       !APPLIES(spec, devices_keep_apart);
}

/**
 * struct side - One of two that may overlap
 * @wild:	Its wildcard counts
 * @v6:		It is an AF_INET6 socket
 */
struct side {
	struct in16 rcv;
	uint32_t rcv4;
	bool v6only, wild, v6;
};

/* Is its IPv4 address only made up, since it has an IPv6 address? */
static bool has_dummy(const struct side *side)
{
	return side->rcv4 == DUMMY4 && !in16_is(side->rcv, DUMMY4);
}

/* ipv4_rcv_saddr_equal() */
static bool overlap4(struct spec *spec, const struct side *a,
	const struct side *b)
{
	if (b->v6only && APPLIES(spec, v6only_spares_ipv4))
		return false;
	if (a->rcv4 == b->rcv4)
		return !has_dummy(b) ||
		       APPLIES(spec, ipv6_has_a_dummy_ipv4_address);
	if ((!a->rcv4 && a->wild) || (!b->rcv4 && b->wild))
		return (!has_dummy(a) && !has_dummy(b)) ||
				       APPLIES(spec,
					       ipv4_wildcard_covers_dummies) ?
			       APPLIES(spec, ipv4_wildcard_covers) :
			       false;
	return false;
}

/* ipv6_rcv_saddr_equal(): the order of the questions is the kernel's. */
static bool overlap(struct spec *spec, const struct side *a,
	const struct side *b)
{
	bool a_mapped = in16_mapped(a->rcv), b_mapped = in16_mapped(b->rcv);
	bool a_any = in16_any(a->rcv), b_any = in16_any(b->rcv);

	if (!a->v6)
		return overlap4(spec, a, b);
	if (a_mapped && (b_mapped || !b->v6))
		return overlap4(spec, a, b);
	if (a_any && b_any)
		return APPLIES(spec, ipv6_wildcards_meet);
	if (b_any && b->wild &&
		!(b->v6only && a_mapped && APPLIES(spec, v6only_spares_mapped)))
		return APPLIES(spec, ipv6_wildcard_covers);
	if (a_any && a->wild &&
		!(a->v6only && (b_mapped || !b->v6) &&
			APPLIES(spec, v6only_spares_mapped)))
		return APPLIES(spec, ipv6_wildcard_covers);
	return b->v6 && in16_equal(a->rcv, b->rcv);
}

bool spec_overlap_addrs(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	struct side x = { a->rcv, a->rcv4, a->v6only, true,
		spec_socket_is_v6(a) };
	struct side y = { b->rcv, b->rcv4, b->v6only, true,
		spec_socket_is_v6(b) };

	return overlap(spec, &x, &y);
}

static bool is_only_ipv6(const struct spec_socket *s)
{
	return spec_socket_is_v6(s) && !in16_mapped(s->rcv) &&
	       (s->v6only || !in16_any(s->rcv));
}

bool spec_overlap_in_family(const struct spec_socket *a,
	const struct spec_socket *b)
{
	return is_only_ipv6(a) == is_only_ipv6(b) &&
	       (spec_socket_is_wildcard(a) || spec_socket_is_wildcard(b) ||
		       in16_equal(a->rcv, b->rcv));
}

bool spec_overlap_cache(struct spec *spec, const struct spec_port_bucket *port,
	const struct spec_socket *s)
{
	struct side x = { port->rcv, port->rcv4, port->v6only, true, port->v6 };
	struct side y = { s->rcv, s->rcv4, s->v6only, false,
		spec_socket_is_v6(s) };

	return overlap(spec, &x, &y);
}
