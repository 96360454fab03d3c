/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.h - how long a call may wait, and who may end it
 *
 * Deadlines are absolute, in nanoseconds of CLOCK_MONOTONIC, so that an
 * interrupted wait goes on without losing time; 0 is none. A token cancels the
 * calls that were given it, and no others: it stays cancelled, any number of
 * calls and threads may wait for it, and it may be cancelled from a signal
 * handler. All functions are thread-safe but for wait_token_free(), and none is
 * a cancellation point.
 */
#ifndef WAIT_H
#define WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "portclash.h"

PORTCLASH_BEGIN

/**
 * struct wait - Until when, and until what
 * @deadline:	Nanoseconds, or 0
 * @cancel_fd:	Give up once it is readable: that of a token, or any other
 *		descriptor, such as a pidfd. 0 or less is none: who wants to
 *		wait for descriptor 0 makes a copy of it
 *
 * All zero, or NULL in its place, is to wait for ever.
 */
struct wait {
	int64_t deadline;
	int cancel_fd;
};

/* To begin with, in C and in C++: struct wait wait = WAIT_INIT; */
#define WAIT_INIT { 0, -1 }

/* Neither; the same as NULL */
#define WAIT_FOREVER ((struct wait){ .deadline = 0, .cancel_fd = -1 })

/**
 * wait_now() - The time, as deadlines have it
 *
 * Return: Nanoseconds of CLOCK_MONOTONIC
 */
int64_t wait_now(void);

/**
 * wait_in_ms() - The deadline that is so many milliseconds from now
 *
 * Return: Nanoseconds, never 0: at once if that is in the past, and in 292
 *	   years if it is later still
 */
int64_t wait_in_ms(int64_t ms);

/**
 * wait_check() - May a call begin, or go on?
 * @wait:	Or NULL
 *
 * Return: 0, -ECANCELED, -ETIME, or another negative errno (a bad @cancel_fd)
 */
int wait_check(const struct wait *wait);

/**
 * wait_poll() - Wait until one of some descriptors is ready
 * @fds:	As for poll(2); revents are filled in
 * @count:	At most WAIT_FDS_MAX
 * @wait:	Or NULL
 *
 * Return: How many are ready, -ECANCELED, -ETIME, -EINVAL (NULL, or too many;
 *	   also if @count and one is more than RLIMIT_NOFILE), or another
 *	   negative errno
 */
int wait_poll(struct pollfd *fds, unsigned int count, const struct wait *wait);

enum { WAIT_FDS_MAX = 8 };

struct wait_token;

/**
 * wait_token_new() - Make a token
 * @token:	The caller's to wait_token_free(); set only on success
 *
 * Return: 0, -EMFILE, -ENFILE, -ENOMEM, or -EINVAL (NULL)
 */
int wait_token_new(struct wait_token **token);

/**
 * wait_token_cancel() - End all calls that have it; async-signal-safe
 *
 * Return: 0, also if it was cancelled before, or -EINVAL (NULL)
 */
int wait_token_cancel(struct wait_token *token);

/**
 * wait_token_is_cancelled() - Was it?
 *
 * Return: Yes or no; NULL never was
 */
bool wait_token_is_cancelled(const struct wait_token *token);

/**
 * wait_token_fd() - Its descriptor, for struct wait
 *
 * Return: A descriptor, still owned by the token; -1 for NULL
 */
int wait_token_fd(const struct wait_token *token);

/**
 * wait_token_free() - Free it, or nothing for NULL; no call may have it
 *
 * Return: NULL
 */
struct wait_token *wait_token_free(struct wait_token *token);

PORTCLASH_END

#endif /* WAIT_H */
