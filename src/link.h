/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - network devices and their addresses
 *
 * All works in the namespace that the session was opened in, wherever its
 * thread went since, and by ifindex. Errors are the kernel's own.
 */
#ifndef LINK_H
#define LINK_H

#include <stdint.h>

#include "addr.h"

struct link_session;

/**
 * struct link_end - One end of a pair of devices to be made
 * @name:	At most 15 characters
 * @index:	Its ifindex
 * @mac:	Its address on the link
 */
struct link_end {
	const char *name;
	int index;
	uint8_t mac[6];
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
 * link_add_veth() - Make a pair of devices; what enters one leaves the other
 * @session:	Where both ends will be
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
 * is left takes less than a millisecond, on a device that is up.
 *
 * Return: 0, -EEXIST (has it already), -ENODEV, -EPERM, -ETIMEDOUT (the device
 *	   is down), or another negative errno
 */
int link_add_addr(struct link_session *session, int index,
	const struct addr *addr, unsigned int prefix);

/**
 * link_addr_gen_none() - Let a device have no link-local address of its own
 *
 * Call it before link_up(), which is when the kernel would make one.
 *
 * Return: 0, -ENODEV, -EAFNOSUPPORT (no IPv6), or another negative errno
 */
int link_addr_gen_none(struct link_session *session, int index);

#endif /* LINK_H */
