// SPDX-License-Identifier: Apache-2.0
/*
 * spec_socket.c - one socket: where it is kept, whose it is, what it is called
 */
#include "spec_socket.h"

struct spec_socket *spec_socket_new(struct spec *spec, uint8_t type)
{
	unsigned int i = 0;

	while (i < spec->count && spec->sockets[i].type != NO_TYPE)
		i++;
	ASSERT(i < SPEC_SOCKETS_MAX);
	if (i == spec->count)
		spec->count++;
	spec->sockets[i] = (struct spec_socket){ .type = type };
	spec_socket_clear_addr(&spec->sockets[i]);
	return &spec->sockets[i];
}

void spec_socket_free(struct spec *spec, struct spec_socket *s)
{
	s->type = NO_TYPE;
	s->held = false;
	while (spec->count && spec->sockets[spec->count - 1].type == NO_TYPE)
		spec->count--;
}

uint32_t spec_socket_owner(struct spec *spec, const struct spec_socket *s)
{
	if ((s->orphan || s->listener) && !APPLIES(spec, orphan_keeps_owner))
		return 0;
	if (spec_socket_is_mptcp(s) && s->uid != s->told_uid &&
		!APPLIES(spec, subflow_keeps_owner))
		return s->told_uid;
	return s->uid;
}

struct in16 spec_socket_name(const struct spec_socket *s)
{
	if (spec_socket_is_v6(s) ? !in16_any(s->rcv) : !in16_is(s->rcv, 0))
		return s->rcv;
	return spec_socket_is_v6(s) ? s->source : in16_v4(s->source4);
}

void spec_socket_clear_addr(struct spec_socket *s)
{
	s->rcv4 = s->source4 = 0;
	s->rcv = spec_socket_is_v6(s) ? IN16_ANY : in16_v4(0);
	s->source = IN16_ANY;
}

void spec_socket_keep(struct spec_socket *s)
{
	s->kept = true;
	s->kept_rcv = s->rcv;
	s->locks |= ADDR_LOCK;
}

void spec_socket_set_kept(struct spec_socket *s)
{
	s->rcv = s->source = s->kept_rcv;
	s->rcv4 = in16_mapped(s->rcv) ? (uint32_t)s->rcv.low : DUMMY4;
	s->source4 = s->rcv4;
}

void spec_socket_set_ipv4(struct spec_socket *s, uint32_t v4)
{
	s->rcv4 = v4;
	s->rcv = in16_v4(v4);
}

void spec_socket_add_subflow(struct spec *spec, struct spec_socket *s)
{
	if (!APPLIES(spec, mptcp_has_a_subflow))
		return;
	s->made = true;
	/* SO_LINGER makes it take over what the MPTCP socket has. */
	s->v6only = s->linger0 ? s->told_v6only :
				 spec_socket_is_v6(s) && spec->bindv6only;
}
