/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - the network that every kernel-like subject starts in
 *
 *	lo (1)		127.0.0.0/8, ::1
 *	   veth0 (10)	10.0.0.1/24  fd00::1/64  fe80::2/64  02:00:00:00:00:0a
 *	      |
 *	   veth1 (11)	10.0.0.2/24  fd00::2/64              02:00:00:00:00:0b
 *
 * Both ends of the pair are in one namespace; all is up, nodad, without
 * generated link-local addresses, with default sysctls. 192.0.2.0/24 and
 * 2001:db8::/32 are never local. The numbers are fixed so that a device can be
 * written as a scope, and high so that no device the kernel makes by itself
 * has them.
 */
#ifndef WORLD_H
#define WORLD_H

enum world_device {
	WORLD_NO_DEVICE = 0,
	WORLD_LO = 1,
	WORLD_VETH0 = 10,
	WORLD_VETH1 = 11,
	WORLD_MISSING = 77, /* written "missing"; no such device exists */
};

/* The range that a port is chosen from, if no sysctl says otherwise */
enum { WORLD_RANGE_FIRST = 32768, WORLD_RANGE_LAST = 60999 };

/* How long a connect may stay in progress before its outcome is EINPROGRESS */
enum { CONNECT_WAIT_MS = 50 };

#endif /* WORLD_H */
