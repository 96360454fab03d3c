/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocked.h - a thread that is blocked in a read (for fuzz_conn)
 *
 * On a socket of its own that nobody sends to. There is at most one.
 */
#ifndef BLOCKED_H
#define BLOCKED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** blocked_is_there() - Is there one? */
bool blocked_is_there(void);

/** blocked_begin() - Make one, if there is none */
void blocked_begin(void);

/** blocked_cancel() - Ask pthread_cancel(3) to end it, if it is there: it must
 * not, since no function of conn is a cancellation point
 */
void blocked_cancel(void);

/**
 * blocked_end() - End it, which is there
 * @how:	By close, token or deadline
 * @result:	Set to what its read must have returned
 *
 * Return: What it has
 */
ssize_t blocked_end(uint8_t how, ssize_t *result);

/** blocked_forget() - In a forked child: free its conn, if it is there, since
 * the thread is the parent's
 */
void blocked_forget(void);

#endif /* BLOCKED_H */
