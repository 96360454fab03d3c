/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - the network that every kernel-like subject starts in
 *
 *	lo (1)		127.0.0.1/8  ::1/128
 *	   veth0 (10)	10.0.0.1/24  fd00::1/64  fe80::2/64  02:00:00:00:00:0a
 *	      |
 *	   veth1 (11)	10.0.0.2/24  fd00::2/64              02:00:00:00:00:0b
 *
 * Both ends of the pair are in one namespace; all is up, nodad, without
 * generated link-local addresses, with default sysctls. 192.0.2.0/24 and
 * 2001:db8::/32 are never local. The numbers are fixed so that a device can be
 * written as a scope, and high so that no device the kernel makes by itself
 * has them.
 *
 * world.c has all of this as tables. What needs a fact of the world takes it
 * from there, or is compared with it by a test.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

enum {
	WORLD_NO_DEVICE = 0,
	WORLD_LO = 1,
	WORLD_VETH0 = 10,
	WORLD_VETH1 = 11,
	WORLD_MISSING = 77, /* written "missing"; no such device exists */
};

/* The range that a port is chosen from, and the first port that is not
 * privileged, if no sysctl says otherwise */
enum {
	WORLD_RANGE_FIRST = 32768,
	WORLD_RANGE_LAST = 60999,
	WORLD_UNPRIVILEGED = 1024,
};

/* How long a connect may stay in progress before its outcome is EINPROGRESS */
enum { CONNECT_WAIT_MS = 50 };

enum sysctl_key {
	SYSCTL_PORT_RANGE,     /* low, high */
	SYSCTL_RESERVED_PORTS, /* low, high; both 0 for none */
	SYSCTL_AUTOBIND_REUSE, /* the others: one value */
	SYSCTL_UNPRIVILEGED_START,
	SYSCTL_NONLOCAL4,
	SYSCTL_NONLOCAL6,
	SYSCTL_BINDV6ONLY,
	SYSCTLS
};

/**
 * struct world_device - What a socket can be told to be bound to
 * @index:	Its ifindex, or WORLD_NO_DEVICE, or WORLD_MISSING
 * @name:	Its name, "" for no device
 * @mac:	Of the pair: its address on the link
 */
struct world_device {
	uint32_t index;
	const char *name;
	uint8_t mac[6];
};

/**
 * struct world_addr - An address of a device
 * @device:	The ifindex
 * @addr:	The address
 * @prefix:	Bits of its network
 * @link_local:	Is it IPv6, and for its link only?
 */
struct world_addr {
	uint32_t device;
	struct addr addr;
	uint8_t prefix;
	bool link_local;
};

/**
 * struct world_sysctl - A sysctl of the world
 * @name:	Its name in a program
 * @path:	Its file
 * @value:	The default, or the lower one of two
 * @high:	The higher one
 */
struct world_sysctl {
	const char *name, *path;
	uint32_t value, high;
};

enum { WORLD_DEVICES = 5, WORLD_ADDRS = 7 };
extern const struct world_device world_devices[WORLD_DEVICES];
extern const struct world_addr world_addrs[WORLD_ADDRS];
extern const struct world_sysctl world_sysctls[SYSCTLS];

/** world_device() - A device; where a number is none's, WORLD_MISSING */
const struct world_device *world_device(uint32_t index);

/** world_device_named() - The device of that name, or NULL */
const struct world_device *world_device_named(const char *name);

/** world_has_device() - Is there one of this ifindex? */
bool world_has_device(uint32_t index);

/** world_owner() - The device that an address is local on, 0 if foreign; of
 * loopback it is the whole network */
uint32_t world_owner(const struct addr *addr);

/** world_is_on_link() - Is it in a network of that device, or of any for 0? */
bool world_is_on_link(const struct addr *addr, uint32_t device);

/** world_is_broadcast() - Is it broadcast, in a network or everywhere? */
bool world_is_broadcast(const struct addr *addr);

/**
 * world_addr_of() - The address of a device
 * @device:	lo, or an end of the pair
 * @len:	4 or 16: IPv4 or IPv6
 * @link_local:	The one for its link only? veth0 has one
 *
 * Return: It, with its prefix
 */
const struct world_addr *world_addr_of(uint32_t device, unsigned int len,
	bool link_local);

#endif /* WORLD_H */
