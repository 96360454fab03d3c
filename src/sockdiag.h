/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockdiag.h - which sockets there are, and how to be rid of them
 *
 * The sockets of a namespace, as the kernel lists them (sock_diag(7)), also
 * those that no process has any more: TIME_WAIT, orphans, connections that
 * nobody accepted. Whether SO_REUSEADDR or SO_REUSEPORT is set is not told.
 */
#ifndef SOCKDIAG_H
#define SOCKDIAG_H

#include <stdint.h>

#include <linux/inet_diag.h>

struct sockdiag;

/* Bits of TCP states to list. ALL has also what is bound but does not listen,
 * which the customary mask 0xfff leaves out (Linux >= 6.8). CONNECTED leaves
 * out what only an open descriptor can have, and the walk over all ports. */
#define SOCKDIAG_ALL	   UINT32_MAX
#define SOCKDIAG_CONNECTED (UINT32_MAX & ~(1u << 7 | 1u << 10 | 1u << 13))

/**
 * sockdiag_fn - Called for each socket
 * @row:	The kernel's description; valid during the call
 * @arg:	As given to sockdiag_each()
 *
 * It must not use the same struct sockdiag.
 */
typedef void sockdiag_fn(const struct inet_diag_msg *row, void *arg);

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
 * @protocol:	IPPROTO_TCP, which has the subflows of MPTCP too, IPPROTO_UDP
 * @family:	AF_INET or AF_INET6
 * @states:	SOCKDIAG_ALL, or another mask of TCP states
 * @fn:		Called for each
 * @arg:	For @fn
 *
 * The list is not taken at one moment: others may come and go meanwhile.
 *
 * Return: How many there were, -ENOENT (no such protocol), or another negative
 *	   errno
 */
int sockdiag_each(struct sockdiag *diag, uint8_t protocol, uint8_t family,
	uint32_t states, sockdiag_fn *fn, void *arg);

/**
 * sockdiag_destroy() - Abort a socket, whosever it is, as by a reset
 * @diag:	Where it was found
 * @protocol:	As it was found
 * @row:	As it was found
 *
 * Return: 0, -ENOENT (gone already), -EOPNOTSUPP (this kernel cannot, or not
 *	   in this state), -EPERM (no CAP_NET_ADMIN), or another negative errno
 */
int sockdiag_destroy(struct sockdiag *diag, uint8_t protocol,
	const struct inet_diag_msg *row);

#endif /* SOCKDIAG_H */
