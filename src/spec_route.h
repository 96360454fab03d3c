/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_route.h - how to get to an address in this world (private to spec)
 */
#ifndef SPEC_ROUTE_H
#define SPEC_ROUTE_H

#include "spec_state.h"

/**
 * struct route - Where to, and from where
 * @from, @to:	Both ends, IPv4 ones in their mapped form
 * @arrives:	The device that it counts to have come in by: that of @to, also
 *		if packets take the short way by lo; 0 if nobody gets it
 * @foreign:	@to is not an address of that device
 * @v4:		By IPv4
 * @broadcast:	To all of a network
 * @group:	The same, or multicast
 */
struct route {
	struct in16 from, to;
	uint32_t arrives;
	bool v4, foreign, broadcast, group;
};

/**
 * spec_route_ipv4() - Of IPv4
 * @s:		Who sends: its source address, if it has one, and its device
 * @to:		Where to
 *
 * Return: SPEC_NO_RULE if there is a route, or the rule by which it fails
 */
enum spec_rule spec_route_ipv4(struct spec *spec, const struct spec_socket *s,
	uint32_t to, struct route *route);

/** spec_route_ipv6() - The same of IPv6 */
enum spec_rule spec_route_ipv6(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route);

/**
 * spec_route_back() - By which device an answer counts to come in
 * @there:	Of what is answered
 * @listener:	Who answers; NULL for a reset, since nobody listens
 *
 * Return: A device, or 0 if there is no way
 */
uint32_t spec_route_back(const struct route *there,
	const struct spec_socket *listener);

/** spec_route_reaches() - Do packets of a connection get to its other end? */
bool spec_route_reaches(const struct spec_socket *s, struct in16 to,
	uint32_t to_device);

#endif /* SPEC_ROUTE_H */
