/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_overlap.h - do two sockets overlap? (private to spec)
 *
 * Overlap is not symmetric: @a is the socket that asks for a port, and @b the
 * one that has it. An AF_INET6 socket that is bound to an IPv6 address counts
 * as 127.0.0.6 where the kernel compares IPv4 addresses, and whether it does
 * depends on which of the two asks.
 */
#ifndef SPEC_OVERLAP_H
#define SPEC_OVERLAP_H

#include "spec_state.h"

/** spec_overlap_devices() - False if both are bound to devices that differ */
bool spec_overlap_devices(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b);

/** spec_overlap_addrs() - Do their addresses overlap? */
bool spec_overlap_addrs(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b);

/** spec_overlap_in_family() - Not of Linux: the same, where an IPv6 address is
 * apart from all that is IPv4, :: included unless it is v6only */
bool spec_overlap_in_family(const struct spec_socket *a,
	const struct spec_socket *b);

/**
 * spec_overlap_cache() - Does the address in a port's cache cover a socket's?
 * @port:	Its wildcard counts
 * @s:		Its wildcard does not: it is covered by a wildcard only
 */
bool spec_overlap_cache(struct spec *spec, const struct spec_port_bucket *port,
	const struct spec_socket *s);

#endif /* SPEC_OVERLAP_H */
