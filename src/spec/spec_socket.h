/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_socket.h - one socket of the specification (private to spec)
 */
#ifndef SPEC_SOCKET_H
#define SPEC_SOCKET_H

#include "spec_state.h"

/** spec_socket_is_v6() - Is it an AF_INET6 socket? */
static inline bool spec_socket_is_v6(const struct spec_socket *s)
{
	return type_is_v6(s->type);
}

/** spec_socket_is_udp() - Is it a UDP socket? */
static inline bool spec_socket_is_udp(const struct spec_socket *s)
{
	return type_is_udp(s->type);
}

/** spec_socket_is_mptcp() - Is it an MPTCP socket? */
static inline bool spec_socket_is_mptcp(const struct spec_socket *s)
{
	return s->type == MPTCP4 || s->type == MPTCP6;
}

/** spec_socket_is_stream() - Is it in use, and of TCP or MPTCP? */
static inline bool spec_socket_is_stream(const struct spec_socket *s)
{
	return s->type != NO_TYPE && !spec_socket_is_udp(s);
}

/** spec_socket_is_wildcard() - Does it receive at every address? */
static inline bool spec_socket_is_wildcard(const struct spec_socket *s)
{
	return in16_any(s->rcv) || in16_is(s->rcv, 0);
}

/** spec_socket_is_shut_listener() - Not of Linux: does it stay, shut down? */
static inline bool spec_socket_is_shut_listener(struct spec *spec,
	const struct spec_socket *s)
{
	return s->state == LISTEN && s->ends & SHUT_RCV &&
	       APPLIES(spec, shut_listener_stays);
}

/** spec_socket_ref() - How another socket refers to it: 1 + its index */
static inline uint8_t spec_socket_ref(const struct spec *spec,
	const struct spec_socket *s)
{
	return 1 + (s - spec->sockets);
}

/**
 * spec_socket_new() - Take a free socket
 * @type:	A socket_type
 *
 * Return: The socket; all else in it is zero, and it has no address
 */
struct spec_socket *spec_socket_new(struct spec *spec, uint8_t type);

/** spec_socket_free() - The socket is no more; it has given its port back */
void spec_socket_free(struct spec *spec, struct spec_socket *s);

/**
 * spec_socket_owner() - The user that a socket counts as when two are compared
 *
 * It is not always @s->uid: kernels before 6.17 took sockets without a
 * descriptor for root's.
 */
uint32_t spec_socket_owner(struct spec *spec, const struct spec_socket *s);

/*
 * By what does an owner of a port share it: by its options as they are, as in
 * Linux, or as they were when it got the port (options_of_bind_count)?
 */

/** spec_socket_owner_reuse() - Its SO_REUSEADDR */
static inline uint8_t spec_socket_owner_reuse(struct spec *spec,
	const struct spec_socket *s)
{
	return APPLIES(spec, options_of_bind_count) ? s->taken_reuse : s->reuse;
}

/** spec_socket_owner_reuseport() - Its SO_REUSEPORT */
static inline bool spec_socket_owner_reuseport(struct spec *spec,
	const struct spec_socket *s)
{
	return APPLIES(spec, options_of_bind_count) ? s->taken_reuseport :
						      s->reuseport;
}

/** spec_socket_owner_device() - The device that it is on */
static inline uint32_t spec_socket_owner_device(struct spec *spec,
	const struct spec_socket *s)
{
	return APPLIES(spec, options_of_bind_count) ? s->taken_device :
						      s->device;
}

/** spec_socket_note_taken() - It gets a port, with what it is now */
static inline void spec_socket_note_taken(struct spec_socket *s)
{
	s->with_peer = s->last_v4 = false;
	s->leak = 0;
	s->taken_rcv = s->rcv;
	s->taken_rcv4 = s->rcv4;
	s->last_device = s->device;
	s->taken_reuse = s->last_reuse = s->reuse;
	s->taken_reuseport = s->last_reuseport = s->reuseport;
	s->taken_device = s->device;
}

/** spec_socket_take_as() - It gets a port as another one got it before */
static inline void spec_socket_take_as(struct spec_socket *s,
	const struct spec_socket *other)
{
	s->taken_reuse = other->taken_reuse;
	s->taken_reuseport = other->taken_reuseport;
	if (s->device == other->device)
		s->taken_device = other->taken_device;
}

/** spec_socket_name() - The address that getsockname tells */
struct in16 spec_socket_name(const struct spec_socket *s);

/** spec_socket_clear_addr() - Forget its address (inet_reset_saddr) */
void spec_socket_clear_addr(struct spec_socket *s);

/** spec_socket_keep() - A call is refused, but it keeps its address from now */
void spec_socket_keep(struct spec_socket *s);

/** spec_socket_set_kept() - Give it the address that it has kept */
void spec_socket_set_kept(struct spec_socket *s);

/** spec_socket_set_ipv4() - Set an IPv4 address, in both of its forms */
void spec_socket_set_ipv4(struct spec_socket *s, uint32_t v4);

/** spec_socket_add_subflow() - The same, where there is none */
void spec_socket_add_subflow(struct spec *spec, struct spec_socket *s);

/**
 * spec_socket_make_subflow() - Make the TCP socket below an MPTCP one
 *
 * Does nothing if there is one, if @s is not of MPTCP, or if the kernel is so
 * old that it makes none.
 */
static inline void spec_socket_make_subflow(struct spec *spec,
	struct spec_socket *s)
{
	if (spec_socket_is_mptcp(s) && !s->made)
		spec_socket_add_subflow(spec, s);
}

#endif /* SPEC_SOCKET_H */
