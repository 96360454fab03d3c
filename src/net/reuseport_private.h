/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuseport_private.h - what its parts share (private to reuseport)
 */
#ifndef REUSEPORT_PRIVATE_H
#define REUSEPORT_PRIVATE_H

#include "reuseport.h"

enum { REUSEPORT_ADDRS_MAX = 16 };

/**
 * struct reuseport_network - tcp, tcp4, ...
 * @family:	AF_UNSPEC: either
 */
struct reuseport_network {
	const char *name;
	int family, type;
};

/**
 * struct reuseport_list - What an address may stand for
 * @any:	It is that of no host: what is further down is used only if what
 *		is before cannot be had
 */
struct reuseport_list {
	bool any;
	unsigned int count;
	struct conn_addr addrs[REUSEPORT_ADDRS_MAX];
};

/** reuseport_network() - By name, or NULL */
const struct reuseport_network *reuseport_network(const char *name);

/**
 * reuseport_look_up() - Text to addresses
 * @passive:	To listen at, or to come from
 * @netns_fd:	Where a zone is to be found, or -1
 * @list:	At least one, on success
 *
 * Return: As reuseport_resolve()
 */
int reuseport_look_up(const struct reuseport_network *network,
	const char *address, bool passive, int netns_fd,
	struct reuseport_list *list);

/** reuseport_first() - Which one, if only one: of IPv4 if there is any */
const struct conn_addr *reuseport_first(const struct reuseport_list *list);

/**
 * reuseport_make() - A socket with all options, whatever bindv6only says
 * @addr:	What it is for: to bind to, or to connect to
 * @conn:	Set only on success
 * @failed:	Set to the step that it was, on failure
 */
int reuseport_make(const struct reuseport_network *network,
	const struct conn_addr *addr, const struct reuseport_options *options,
	struct conn **conn, const char **failed);

#endif /* REUSEPORT_PRIVATE_H */
