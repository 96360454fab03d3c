// SPDX-License-Identifier: Apache-2.0
/*
 * portman_lock.c - the parts of a port manager, and who is in them (private)
 */
#include "portman_lock.h"

_Thread_local struct visit *portman_innermost;

void portman_parts_init(struct part *parts)
{
	pthread_mutexattr_t attr;

	/* Whoever is in a part is out of it soon: try again before sleeping. */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	for (int i = 0; i < PARTS; i++)
		pthread_mutex_init(&parts[i].lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

void portman_parts_destroy(struct part *parts)
{
	for (int i = 0; i < PARTS; i++) {
		portman_table_clear(&parts[i].table);
		pthread_mutex_destroy(&parts[i].lock);
	}
}

static bool is_inside(const struct part *parts)
{
	for (const struct visit *v = portman_innermost; v; v = v->outer)
		if (v->parts == parts)
			return true;
	return false;
}

bool portman_enter_slowly(struct visit *visit)
{
	if (portman_innermost && is_inside(visit->parts))
		return false;
	if (visit->number != ALL_PARTS)
		pthread_mutex_lock(&visit->parts[visit->number].lock);
	else
		for (int i = 0; i < PARTS; i++)
			pthread_mutex_lock(&visit->parts[i].lock);
	if (visit->tester) {
		visit->outer = portman_innermost;
		portman_innermost = visit;
	}
	return true;
}

void portman_leave_slowly(struct visit *visit)
{
	if (visit->tester)
		portman_innermost = visit->outer;
	if (visit->number != ALL_PARTS)
		pthread_mutex_unlock(&visit->parts[visit->number].lock);
	else
		for (int i = PARTS; i--;)
			pthread_mutex_unlock(&visit->parts[i].lock);
}
