/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uncancelled.h - functions that pthread_cancel(3) does not end half-way
 *
 * A thread that is cancelled in a system call leaves locks, counts and other
 * threads behind that nobody ends. So functions of the library that hold any
 * are no cancellation points: a request is carried out after they return.
 */
#ifndef UNCANCELLED_H
#define UNCANCELLED_H

#include <pthread.h>

/** uncancelled_begin() - From here on; returns what was before */
static inline int uncancelled_begin(void)
{
	int before;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

/** uncancelled_end() - As it was before */
static inline void uncancelled_end(const int *before)
{
	pthread_setcancelstate(*before, NULL);
}

/* UNCANCELLED() - From here to the end of the block, among its declarations */
#define UNCANCELLED()                                                          \
	__attribute__((cleanup(uncancelled_end), unused)) int uncancelled_ =   \
		uncancelled_begin()

#endif /* UNCANCELLED_H */
