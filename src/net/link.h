/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - network devices and their addresses
 *
 * All functions work in the namespace that the session was opened in, wherever
 * its thread went since, and name devices by ifindex. Errors are the kernel's
 * own, and not the fewer ones of libnl. -EINVAL also means that a pointer is
 * NULL, a name is empty or too long, an address is none, or an ifindex is
 * negative. An ifindex that is not negative and is no device's is -ENODEV. No
 * function is a cancellation point. All are thread-safe, but for two threads in
 * one session.
 */
#ifndef LINK_H
#define LINK_H

#include <stdint.h>

#include "addr.h"
#include "netns.h"
#include "portclash.h"

PORTCLASH_BEGIN

struct link_session;

/**
 * struct link_end - A device to be made
 * @name:	At most 15 characters
 * @index:	Its ifindex, or 0 for one that the kernel chooses
 * @mac:	Its address on the link, or all 0 for one that the kernel makes
 * @netns:	Where it is to be, or NULL for the session's namespace
 */
struct link_end {
	const char *name;
	int index;
	uint8_t mac[6];
	const struct netns *netns;
};

/**
 * struct link_route - Where packets go
 * @to:		Their destinations: a network
 * @prefix:	Its bits, 0 for all addresses
 * @via:	The gateway, or len 0 for none
 * @index:	Of the device, or 0 if @via tells
 */
struct link_route {
	struct addr to;
	unsigned int prefix;
	struct addr via;
	int index;
};

/**
 * link_open() - Begin to work on the thread's current namespace
 * @session:	New session, the caller's to link_close(); set only on
 *		success. For one thread at a time
 *
 * Return: 0, or a negative errno
 */
int link_open(struct link_session **session);

/** link_close() - End a session, or nothing for NULL */
void link_close(struct link_session *session);

/**
 * link_up() - Set a device up
 *
 * Return: 0, -ENODEV (no such ifindex), -EPERM, or another negative errno
 */
int link_up(struct link_session *session, int index);

/**
 * link_index() - The ifindex of a device
 * @index:	Set only on success
 *
 * Return: 0, -ENODEV (no such name), or another negative errno
 */
int link_index(struct link_session *session, const char *name, int *index);

/**
 * link_delete() - Remove a device; of a pair, both ends
 *
 * Return: 0, -ENODEV (no such ifindex), -EOPNOTSUPP (such as lo), -EPERM, or
 *	   another negative errno
 */
int link_delete(struct link_session *session, int index);

/**
 * link_add_bridge() - Make a bridge, which is down at first
 *
 * Return: As link_add_veth()
 */
int link_add_bridge(struct link_session *session,
	const struct link_end *bridge);

/**
 * link_add_vrf() - Make a device whose ports have a routing table of their own
 * @table:	Its number, not 0
 *
 * Return: As link_add_veth(); -EOPNOTSUPP also means CONFIG_NET_VRF
 */
int link_add_vrf(struct link_session *session, const struct link_end *vrf,
	uint32_t table);

/**
 * link_set_master() - Make a device a port of a bridge or a VRF
 * @master:	The ifindex of that, or 0 to leave it
 *
 * Return: 0, -ENODEV (no such ifindex), -EINVAL or -EOPNOTSUPP (@master is
 *	   neither), -ELOOP (@index is one), -EPERM, or another negative errno
 */
int link_set_master(struct link_session *session, int index, int master);

/**
 * link_add_veth() - Make a pair of devices; what enters one leaves the other
 * @session:	Which needs CAP_NET_ADMIN wherever an end will be
 * @a, @b:	The ends; both are down at first
 *
 * Return: 0, -EEXIST (a name or an ifindex is in use), -EOPNOTSUPP (this kernel
 *	   has no veth), -EPERM, or another negative errno
 */
int link_add_veth(struct link_session *session, const struct link_end *a,
	const struct link_end *b);

/**
 * link_add_addr() - Give a device an address, and wait until it is usable
 * @session:	Session
 * @index:	Of the device
 * @addr:	IPv4 or IPv6
 * @prefix:	Bits of its network
 *
 * IPv6 addresses skip duplicate address detection, which takes seconds. What
 * is left takes less than a millisecond, and the device may be down.
 *
 * Return: 0, -EEXIST (has it already), -ENODEV, -EPERM, -ETIMEDOUT (the kernel
 *	   took more than 1 s), or another negative errno
 */
int link_add_addr(struct link_session *session, int index,
	const struct addr *addr, unsigned int prefix);

/**
 * link_add_route() - Send packets to a network by a device, a gateway, or both
 *
 * Return: 0, -EEXIST (there is such a route), -ENETUNREACH or -EHOSTUNREACH
 *	   (the gateway cannot be reached), -ENETDOWN (the device is down),
 *	   -ENODEV, -EPERM, or another negative errno
 */
int link_add_route(struct link_session *session,
	const struct link_route *route);

/**
 * link_addr_gen_none() - Let a device have no link-local address of its own
 *
 * Call it before link_up(), which is when the kernel would make one.
 *
 * Return: 0, -ENODEV, -EAFNOSUPPORT (no IPv6), or another negative errno
 */
int link_addr_gen_none(struct link_session *session, int index);

PORTCLASH_END

#endif /* LINK_H */
