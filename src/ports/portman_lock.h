/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_lock.h - the parts of a port manager, and who is in them (private)
 *
 * DOC: Theory of Operation
 *
 * Ports are independent of each other, so a manager has parts, by the last bits
 * of the port, with a lock each, and two threads at two ports seldom meet. What
 * is about one port takes its part. What is about all, such as the choice of a
 * port, takes all parts in their order: so every call happens at one moment.
 *
 * A process that has a single thread takes no locks. It has one for as long as
 * we run, unless there is a tester, who may start another: with a tester the
 * locks are taken in any case. And a tester is the only one who may call back,
 * so these visits are remembered, by thread, and those that would wait for
 * themselves are refused.
 *
 * A lock is a number: OPEN, TAKEN, or WANTED by somebody who sleeps or is about
 * to. Whoever opens one that is wanted wakes those that sleep; and since who
 * falls asleep has the mutex from before it says so, none is missed.
 */
#ifndef PORTMAN_LOCK_H
#define PORTMAN_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "portman_table.h"

/* Whoever is not told takes the locks. */
#if __GLIBC_PREREQ(2, 32)
#include <sys/single_threaded.h>
#define SINGLE_THREADED __libc_single_threaded
#else
#define SINGLE_THREADED false
#endif

enum { PARTS = 16, ALL_PARTS = -1 };

enum { OPEN, TAKEN, WANTED };

/**
 * struct part - What is held on some ports
 * @lock:	OPEN, TAKEN or WANTED; guards @table
 * @asleep, @woken: For those who wait for @lock
 * @apart:	So that two parts never share a cache line
 */
struct part {
	atomic_int lock;
	struct table table;
	pthread_mutex_t asleep;
	pthread_cond_t woken;
	char apart[64];
};

/**
 * struct visit - Somebody is in a manager
 * @parts:	Those of a manager
 * @number:	Of the part, or ALL_PARTS
 * @locked:	The locks are taken
 * @tester:	There is a tester
 * @outer:	The visit in whose tester this one is
 */
struct visit {
	struct part *parts;
	int number;
	bool locked, tester;
	struct visit *outer;
};

/** portman_parts_init() - Make the locks */
void portman_parts_init(struct part *parts);

/** portman_parts_destroy() - Destroy them, and free what is held */
void portman_parts_destroy(struct part *parts);

/** portman_part() - The number of the part where a port is */
static inline int portman_part(uint16_t port)
{
	return port % PARTS;
}

/* The innermost tester that this thread is in */
extern _Thread_local struct visit *portman_innermost
	__attribute__((visibility("hidden"), tls_model("initial-exec")));

/** portman_try() - Take a part, if it is open */
static inline bool portman_try(struct part *part)
{
	int lock = OPEN;

	return atomic_compare_exchange_strong_explicit(&part->lock, &lock,
		TAKEN, memory_order_acquire, memory_order_relaxed);
}

/** portman_wake() - Somebody wanted the part that was opened */
void portman_wake(struct part *part);

/** portman_open() - Leave a part */
static inline void portman_open(struct part *part)
{
	if (atomic_exchange_explicit(&part->lock, OPEN, memory_order_release) ==
		WANTED)
		portman_wake(part);
}

/** portman_enter_slowly() - portman_enter(), where others are in the way */
bool portman_enter_slowly(struct visit *visit);

/** portman_leave_slowly() - portman_leave(), after more than one part */
void portman_leave_slowly(struct visit *visit);

/**
 * portman_enter() - Wait until a part is ours, or all of them
 *
 * Return: false if this thread is in there already, as a tester
 */
static inline bool portman_enter(struct visit *visit, struct part *parts,
	int number, bool tester)
{
	visit->parts = parts;
	visit->number = number;
	visit->tester = tester;
	visit->locked = tester || portman_innermost || !SINGLE_THREADED;
	if (!visit->locked)
		return true;
	return (number != ALL_PARTS && !tester && !portman_innermost &&
		       portman_try(&parts[number])) ||
	       portman_enter_slowly(visit);
}

/** portman_leave() - Let others in */
static inline void portman_leave(struct visit *visit)
{
	if (!visit->locked)
		return;
	if (visit->number != ALL_PARTS && !visit->tester)
		portman_open(&visit->parts[visit->number]);
	else
		portman_leave_slowly(visit);
}

#endif /* PORTMAN_LOCK_H */
