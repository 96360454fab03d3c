/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockdiag.h - which sockets there are, whose they are, how to be rid of them
 *
 * The kernel lists the sockets of a namespace (sock_diag(7)), also those that
 * no process has any more: TIME_WAIT, orphans, connections that nobody
 * accepted. It does not tell whether SO_REUSEADDR or SO_REUSEPORT is set. If a
 * pointer is NULL that may not be, the result is -EINVAL. No function is a
 * cancellation point. All are thread-safe, but for two threads with one struct
 * sockdiag. A function that is called for a socket must return, and not by
 * longjmp(3), pthread_exit(3) or an exception.
 */
#ifndef SOCKDIAG_H
#define SOCKDIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "portclash.h"

PORTCLASH_BEGIN

struct sockdiag;

/* States of TCP; a UDP socket is ESTABLISHED once it is connected, else CLOSE.
 * BOUND is no state that a row has: it is CLOSE, too. */
enum sockdiag_state {
	SOCKDIAG_ESTABLISHED = 1,
	SOCKDIAG_SYN_SENT,
	SOCKDIAG_SYN_RECEIVED,
	SOCKDIAG_FIN_WAIT1,
	SOCKDIAG_FIN_WAIT2,
	SOCKDIAG_TIME_WAIT,
	SOCKDIAG_CLOSE,
	SOCKDIAG_CLOSE_WAIT,
	SOCKDIAG_LAST_ACK,
	SOCKDIAG_LISTEN,
	SOCKDIAG_CLOSING,
	SOCKDIAG_NEW_SYN_RECEIVED,
	SOCKDIAG_BOUND,
};

/* Masks of states. ALL has also sockets that are bound but do not listen, which
 * the customary mask 0xfff leaves out (Linux >= 6.8). CONNECTED leaves out
 * states that only an open descriptor can have, and so saves the walk over all
 * ports. */
#define SOCKDIAG_ALL UINT32_MAX
#define SOCKDIAG_CONNECTED                                                     \
	(UINT32_MAX & ~(1u << SOCKDIAG_CLOSE | 1u << SOCKDIAG_LISTEN |         \
			      1u << SOCKDIAG_BOUND))

/* In the place of a protocol: MPTCP, whose number is too large for one */
enum { SOCKDIAG_MPTCP = 255 };

/**
 * struct sockdiag_row - A socket
 * @protocol:	IPPROTO_TCP, IPPROTO_UDP or SOCKDIAG_MPTCP
 * @family:	AF_INET or AF_INET6
 * @state:	enum sockdiag_state
 * @v6only:	IPV6_V6ONLY. The kernel tells it of sockets that listen or are
 *		not connected; of all others it is false
 * @mini:	It is TIME_WAIT, or an orphan that is kept in its way: of its
 *		socket only the ends are left
 * @left_ms:	If @mini, after so many milliseconds it is gone
 * @port, @peer_port: In host order, 0 for none
 * @addr, @peer: Of its family
 * @ifindex:	The device that it is bound to, or 0
 * @uid:	Its owner, as the asking process' user namespace has it
 * @backlog:	If it listens, so many connections may wait
 * @inode:	That of fstat(2), or 0: no process has it, or not yet
 * @cookie:	That of SO_COOKIE
 */
struct sockdiag_row {
	uint8_t protocol, family, state;
	bool v6only, mini;
	uint16_t port, peer_port;
	struct addr addr, peer;
	uint32_t ifindex, uid, inode, left_ms, backlog;
	uint64_t cookie;
};

/**
 * sockdiag_fn - Called for each socket
 * @row:	Valid during the call
 * @arg:	As given to sockdiag_each()
 *
 * It must not use the same struct sockdiag.
 *
 * Return: 0 to go on. All else ends the walk, which returns it
 */
typedef int sockdiag_fn(const struct sockdiag_row *row, void *arg);

/**
 * sockdiag_open() - Look at the thread's current namespace
 * @diag:	The caller's to sockdiag_close(); set only on success. It stays
 *		with its namespace, and keeps that alive. For one thread at a
 *		time
 *
 * Return: 0, -EPROTONOSUPPORT (not in this kernel), or another negative errno
 */
int sockdiag_open(struct sockdiag **diag);

/** sockdiag_close() - Free it, or nothing for NULL */
void sockdiag_close(struct sockdiag *diag);

/**
 * sockdiag_each() - Go through the sockets of a protocol and a family
 * @diag:	Where
 * @protocol:	IPPROTO_TCP, which has the subflows of MPTCP too, IPPROTO_UDP;
 *		or SOCKDIAG_MPTCP: the sockets that processes have, but for
 *		those that are only bound
 * @family:	AF_INET or AF_INET6
 * @states:	SOCKDIAG_ALL, or another mask: bits 1 << state
 * @fn:		Called for each
 * @arg:	For @fn
 *
 * The list is not taken at one moment: others may come and go meanwhile. UDP
 * sockets of a family that have one port come in the order in which a bind
 * looks at them.
 *
 * Return: How many there were, what @fn has ended it with, -ENOENT (no such
 *	   protocol), or another negative errno
 */
int sockdiag_each(struct sockdiag *diag, uint8_t protocol, uint8_t family,
	uint32_t states, sockdiag_fn *fn, void *arg);

/**
 * sockdiag_find() - The socket that would get a packet
 * @row:	In: @protocol, @family, @addr and @port that it is sent to,
 *		@peer and @peer_port that it comes from, the device @ifindex or
 *		0. Out: the socket, on success
 *
 * It is a connection, or else a listener or an unconnected UDP socket. A TCP
 * socket that is only bound gets no packets. One of MPTCP is never found: its
 * packets are those of its subflows, which are TCP.
 *
 * Return: 0, -ENOENT (none), or another negative errno
 */
int sockdiag_find(struct sockdiag *diag, struct sockdiag_row *row);

/**
 * sockdiag_destroy() - Abort any socket, as by a reset
 * @diag:	Where it was found
 * @row:	As it was found. If UDP, it is disconnected, and stays bound
 *
 * Return: 0, -ENOENT (gone already), -EOPNOTSUPP (this kernel cannot, or not
 *	   in this state), -EPERM (no CAP_NET_ADMIN), or another negative errno
 */
int sockdiag_destroy(struct sockdiag *diag, const struct sockdiag_row *row);

/**
 * sockdiag_owner_fn - Called for each descriptor of a socket
 * @pid:	Its process, of the caller's PID namespace
 * @fd:		Its number there
 * @command:	Name of the process, at most 15 characters
 * @arg:	As given to sockdiag_owners()
 *
 * Return: As sockdiag_fn
 */
typedef int sockdiag_owner_fn(pid_t pid, int fd, const char *command,
	void *arg);

/**
 * sockdiag_owners() - Which processes have a socket open?
 * @inode:	Of a row, not 0
 * @fn:		Called for each of their descriptors
 * @arg:	For @fn
 *
 * This looks in /proc at all processes that the caller may look into
 * (ptrace(2)). It passes over others, and over descriptors in flight.
 *
 * Return: How many descriptors there were, what @fn has ended it with, or
 *	   another negative errno
 */
int sockdiag_owners(uint32_t inode, sockdiag_owner_fn *fn, void *arg);

PORTCLASH_END

#endif /* SOCKDIAG_H */
