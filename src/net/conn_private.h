/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_private.h - how a call on a conn tries and waits (private to conn)
 */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "conn.h"

/**
 * struct conn - A socket, and the calls that are in it
 * @state:	How many calls are in it, and the bits CLOSED and DONE
 * @fd:		The socket
 * @shared:	Others have it too, and it may be blocking: see conn_unblock()
 * @wake:	An eventfd that is readable from conn_close() on
 * @type:	SO_TYPE, or -1: not a socket
 * @lock:	For @timers and @deadlines
 * @timers:	A timerfd for each direction, made by the first wait; else -1
 * @deadlines:	Of each direction
 * @result:	Of close(2)
 */
struct conn {
	_Atomic uint32_t state;
	int fd, wake, type;
	_Atomic bool shared;
	pthread_mutex_t lock;
	int timers[2];
	_Atomic int64_t deadlines[2];
	int result;
};

/* Indexes of @timers and @deadlines */
enum { CONN_IN, CONN_OUT };

/** conn_try - One attempt: a count, or a negative errno; -EAGAIN: wait */
typedef ssize_t conn_try(int fd, void *arg);

/**
 * conn_run() - Attempt until it does not say -EAGAIN, or may wait no longer
 * @direction:	CONN_IN or CONN_OUT: what to wait for
 * @wait:	Or NULL
 */
ssize_t conn_run(struct conn *conn, int direction, const struct wait *wait,
	conn_try *attempt, void *arg);

/** conn_enter() - A call begins: 0 or -EBADF */
int conn_enter(struct conn *conn);

/** conn_leave() - A call ends */
void conn_leave(struct conn *conn);

/** conn_check() - May it go on? 0, -EBADF, -ECANCELED, -ETIME */
int conn_check(struct conn *conn, int direction, const struct wait *wait);

/**
 * conn_await() - Wait for the socket
 * @vain:	0 at first: how often the socket said that it is ready, and was
 *		not. After too many times, or if it reports nothing but an
 *		error, the next wait is a pause, and not for the socket
 *
 * Return: 0 if it is worth a try, or a negative errno
 */
int conn_await(struct conn *conn, int direction, const struct wait *wait,
	unsigned int *vain);

/**
 * conn_unblock() - Make a shared descriptor non-blocking, for all who share it
 *
 * Calls that have a flag for it, as sending and receiving, do not need this.
 *
 * Return: 0, or a negative errno
 */
int conn_unblock(struct conn *conn);

/** conn_fill() - A conn of a descriptor; the caller's still on failure */
int conn_fill(int fd, bool shared, struct conn **conn);

/** conn_result() - 0, or what errno says */
static inline int conn_result(int rc)
{
	return rc < 0 ? -errno : rc;
}

/* CONN_AT_ONCE() - A function of one system call, which does not wait */
#define CONN_AT_ONCE(conn, call)                                               \
	do {                                                                   \
		int rc_ = (conn) ? conn_enter(conn) : -EINVAL;                 \
                                                                               \
		if (rc_)                                                       \
			return rc_;                                            \
		rc_ = (call);                                                  \
		conn_leave(conn);                                              \
		return rc_;                                                    \
	} while (0)

#endif /* CONN_PRIVATE_H */
