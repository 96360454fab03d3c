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
 */
#ifndef PORTMAN_LOCK_H
#define PORTMAN_LOCK_H

#include <pthread.h>
#include <sys/single_threaded.h>

#include "portman_table.h"

enum { PARTS = 16, ALL_PARTS = -1 };

/**
 * struct part - What is held on some ports
 * @apart:	So that two parts never share a cache line
 */
struct part {
	pthread_mutex_t lock;
	struct table table;
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

/** portman_enter_slowly() - portman_enter(), where somebody else may be */
bool portman_enter_slowly(struct visit *visit);

/** portman_leave_slowly() - portman_leave(), after that */
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
	visit->locked = tester || portman_innermost || !__libc_single_threaded;
	return !visit->locked || portman_enter_slowly(visit);
}

/** portman_leave() - Let others in */
static inline void portman_leave(struct visit *visit)
{
	if (visit->locked)
		portman_leave_slowly(visit);
}

#endif /* PORTMAN_LOCK_H */
