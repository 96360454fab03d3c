/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuseport.h - listen and dial with SO_REUSEADDR and SO_REUSEPORT
 *
 * Several sockets may listen on one address, and connections may be made from
 * it, as long as all set both options and belong to one user.
 *
 * A network is tcp, tcp4, tcp6, udp, udp4 or udp6; an address HOST:PORT, with
 * the HOST in brackets if it is IPv6. They mean what they do to Go's net:
 *
 *	no HOST		all addresses, IPv4 and IPv6, also if the sysctl
 *			bindv6only is 1, and those of IPv4 where there is no
 *			IPv6; only IPv6 with tcp6 and udp6. To dial it is to
 *			dial 127.0.0.1 and ::1, as if it were a name of these
 *	a name		to listen, one address, of IPv4 if it has any; to dial,
 *			each in turn, for its share of time, but at least 2 s.
 *			With tcp that is done for IPv4 and IPv6 side by side:
 *			the family of the first address begins, the other one
 *			300 ms later, or when all of the first have failed
 *	no PORT		0; a PORT may be the name of a service
 *	a %ZONE		a device of the namespace of netns_fd
 *
 * Numbers are never looked up; names are, by getaddrinfo(3) from the namespace
 * of the caller, which knows no deadline. At most 16 addresses are looked at.
 * In a child that a process with threads has forked, libc may hang in that:
 * dial numbers there.
 *
 * Functions return 0 or a negative errno: -EPROTONOSUPPORT (another network),
 * -EINVAL (an address that is none, or a NULL), -ENOENT (no such name), or the
 * kernel's own. All are thread-safe, and none is a cancellation point.
 */
#ifndef REUSEPORT_H
#define REUSEPORT_H

#include "conn.h"
#include "portclash.h"

PORTCLASH_BEGIN

/**
 * struct reuseport_options - How to make the socket
 * @netns_fd:	As in struct conn_options
 * @backlog:	Of listen: 0 for SOMAXCONN, and less for listen(2)'s own 0
 * @failed:	Where to put, on failure, what it was, such as "SO_REUSEPORT" or
 *		"bind"; or NULL
 */
struct reuseport_options {
	int netns_fd;
	int backlog;
	const char **failed;
};

#define REUSEPORT_OPTIONS_INIT { -1, 0, NULL }
#define REUSEPORT_OPTIONS ((struct reuseport_options){ .netns_fd = -1 })

/**
 * reuseport_available() - Has this kernel the option? Asked once a process
 *
 * Return: Yes or no
 */
bool reuseport_available(void);

/**
 * reuseport_resolve() - Network and address to a socket address
 * @passive:	An address without a host is any, not the loopback one. A zone
 *		is looked up in the namespace of the caller
 * @addr:	Set only on success
 */
int reuseport_resolve(const char *network, const char *address, bool passive,
	struct conn_addr *addr);

/**
 * reuseport_listen() - A TCP listener
 * @options:	Or NULL
 * @conn:	The caller's to conn_free(); set only on success
 */
int reuseport_listen(const char *network, const char *address,
	const struct reuseport_options *options, struct conn **conn);

/** reuseport_listen_packet() - A UDP socket that is bound */
int reuseport_listen_packet(const char *network, const char *address,
	const struct reuseport_options *options, struct conn **conn);

/**
 * reuseport_dial() - A connection, from an address that others may have too
 * @local:	The address to connect from, or NULL
 * @remote:	The address to connect to, of the same family
 * @wait:	Or NULL. It is over with -ETIME or -ECANCELED, whatever has
 *		failed before
 * @options:	Or NULL
 * @conn:	The caller's to conn_free(); set only on success
 *
 * If no address can be reached, the result is how the first failed. At most two
 * sockets are open at a time.
 *
 * A TCP socket that finds no listener may connect to itself. That is undone,
 * and the result is -ELOOP.
 */
int reuseport_dial(const char *network, const char *local, const char *remote,
	const struct wait *wait, const struct reuseport_options *options,
	struct conn **conn);

PORTCLASH_END

#endif /* REUSEPORT_H */
