/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_private.h - what a session is (private to link)
 */
#ifndef LINK_PRIVATE_H
#define LINK_PRIVATE_H

#include "link.h"
#include "netlink.h"

/**
 * struct link_session - A netlink socket and what it was answered
 * @nl:		In the namespace of the session
 * @route:	Type of the route that was asked for, such as RTN_LOCAL
 */
struct link_session {
	struct netlink nl;
	int route;
};

#endif /* LINK_PRIVATE_H */
