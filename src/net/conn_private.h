/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_private.h - how a call on a conn tries and waits (private to conn)
 *
 * A function that is one system call, which does not wait, is one line:
 * RETURN_AT_ONCE(conn, call). It enters the conn, calls, leaves it, and then
 * *returns* from the function with what came of it.
 */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "conn.h"

struct conn_waker;

/**
 * struct conn - A socket, and the calls that are in it
 * @state:	How many calls are in it, and the bits CLOSED and DONE
 * @forks:	How many forks ago that was counted: see conn_wait.c
 * @fd:		The socket
 * @type:	SO_TYPE, or -1: not a socket
 * @shared:	Others have it too, and it may be blocking: see conn_unblock()
 * @lock:	For @waker and @woken
 * @waker:	Of the calls that wait, or NULL
 * @woken:	Of calls that were woken, and have not left yet
 * @deadlines:	Of each direction
 */
struct conn {
	_Atomic uint32_t state, forks;
	int fd, type;
	_Atomic bool shared;
	pthread_mutex_t lock;
	struct conn_waker *waker, *woken;
	_Atomic int64_t deadlines[2];
};

/**
 * struct conn_call - A call that a thread is in, on its stack
 * @before:	In which that one is, or NULL
 * @cancel:	Might the thread be cancelled before?
 */
struct conn_call {
	const struct conn *conn;
	struct conn_call *before;
	int cancel;
};

/* Indexes of @deadlines */
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

/**
 * conn_enter() - A call begins
 * @call:	Filled in; must stay until conn_leave()
 *
 * Return: 0 or -EBADF
 */
int conn_enter(struct conn *conn, struct conn_call *call);

/** conn_leave() - A call ends */
void conn_leave(struct conn *conn, const struct conn_call *call);

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
 * conn_pause() - Sleep, but not through a close, a token or a deadline
 *
 * Return: 0, which may be early, or a negative errno
 */
int conn_pause(struct conn *conn, int direction, const struct wait *wait,
	int64_t ms);

/**
 * conn_unblock() - Make a shared descriptor non-blocking, for all who share it
 *
 * Calls that have a flag for it, as sending and receiving, do not need this.
 *
 * Return: 0, or a negative errno
 */
int conn_unblock(struct conn *conn);

/** conn_init() - Begin its life */
void conn_init(struct conn *conn);

/** conn_fini() - End it */
void conn_fini(struct conn *conn);

/**
 * conn_new() - Room for a conn, or NULL
 *
 * To be had before a descriptor is: so no descriptor, nor a connection that is
 * accepted, is lost for want of it.
 */
struct conn *conn_new(void);

/**
 * conn_wrap() - The end of all that make a conn
 * @fd:		Its descriptor, or a negative errno
 * @new:	Of conn_new(); freed on failure
 *
 * Return: 0, or @fd
 */
int conn_wrap(int fd, bool shared, struct conn *new, struct conn **conn);

/** conn_result() - 0, or what errno says */
static inline int conn_result(int rc)
{
	return rc < 0 ? -errno : rc;
}

/* RETURN_AT_ONCE() - Return 0 or a negative errno, in any case */
#define RETURN_AT_ONCE(conn, call)                                             \
	do {                                                                   \
		struct conn_call call_;                                        \
		int rc_ = (conn) ? conn_enter(conn, &call_) : -EINVAL;         \
                                                                               \
		if (rc_)                                                       \
			return rc_;                                            \
		rc_ = (call);                                                  \
		conn_leave(conn, &call_);                                      \
		return rc_;                                                    \
	} while (0)

#endif /* CONN_PRIVATE_H */
