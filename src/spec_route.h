/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_route.h - how to get to an address in this world (private to spec)
 */
#ifndef SPEC_ROUTE_H
#define SPEC_ROUTE_H

#include "spec_private.h"

/**
 * struct route - Where to, and from where
 * @from, @to:	Both ends, IPv4 ones in their mapped form too
 * @device:	That it arrives at, for whom it concerns
 * @away:	Nobody answers
 * @broadcast:	To all
 */
struct route {
	struct in16 from, to;
	uint32_t from4, to4;
	uint32_t device;
	bool v4, away, broadcast;
};

/** spec_route4() - Of IPv4; SPEC_NO_RULE if there is one */
enum spec_rule spec_route4(struct spec *spec, const struct spec_socket *s,
	uint32_t to, struct route *route);

/** spec_route6() - Of IPv6; SPEC_NO_RULE if there is one */
enum spec_rule spec_route6(struct spec *spec, const struct spec_socket *s,
	struct in16 to, struct route *route);

#endif /* SPEC_ROUTE_H */
