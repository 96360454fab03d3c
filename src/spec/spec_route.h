/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_route.h - how to get to an address in this world (private to spec)
 */
#ifndef SPEC_ROUTE_H
#define SPEC_ROUTE_H

#include "spec_state.h"

/**
 * struct route - The way to an address, and the address to send from
 * @from, @to:	Both ends, IPv4 ones in their mapped form
 * @arrives:	The device that a packet counts as having come in by: that of
 *		@to, even if it took the short way by lo; 0 if nobody gets it
 * @foreign:	@to is not an address of that device
 * @v4:		It goes by IPv4
 * @broadcast:	@to is a broadcast address
 * @group:	@to is a broadcast or multicast address
 */
struct route {
	struct in16 from, to;
	uint32_t arrives;
	bool v4, foreign, broadcast, group;
};

/**
 * spec_route_ipv4() - The route of a socket to an IPv4 address
 * @s:		Its source address, if it has one, and its device count
 * @to:		The address, in host order
 * @route:	Filled in
 *
 * Return: SPEC_NO_RULE if there is a route, or the rule by which it fails
 */
enum spec_rule spec_route_ipv4(struct spec *spec, const struct spec_socket *s,
	uint32_t to, struct route *route);

/** spec_route_ipv6() - The same for IPv6 */
enum spec_rule spec_route_ipv6(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route);

/** spec_route_has_no_link() - Not of Linux: is @to, or the address of the
 * socket, IPv6 of a link whose device is not known? */
bool spec_route_has_no_link(const struct spec_socket *s, struct in16 to,
	uint32_t scope);

/**
 * spec_route_is_lost() - Not of Linux: does TCP send it where nobody answers?
 * @route:	Filled in if so
 */
bool spec_route_is_lost(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route);

/**
 * spec_route_back() - The device that an answer counts as having come in by
 * @there:	The route of the packet that is answered
 * @listener:	The socket that answers; NULL for a reset, if none listens
 *
 * Return: A device, or 0 if there is no way
 */
uint32_t spec_route_back(const struct route *there,
	const struct spec_socket *listener);

/** spec_route_reaches() - Do packets of a connection get to its other end? */
bool spec_route_reaches(const struct spec_socket *s, struct in16 to,
	uint32_t to_device);

#endif /* SPEC_ROUTE_H */
