// SPDX-License-Identifier: Apache-2.0
/*
 * portman_lock.c - the parts of a port manager, and who is in them (private)
 */
#include "portman_lock.h"

/* Whoever is in a part is mostly out of it soon: so often it is looked at */
enum { LOOKS = 200 };

_Thread_local struct visit *portman_innermost;

void portman_parts_init(struct part *parts)
{
	for (int i = 0; i < PARTS; i++) {
		pthread_mutex_init(&parts[i].asleep, NULL);
		pthread_cond_init(&parts[i].woken, NULL);
	}
}

void portman_parts_destroy(struct part *parts)
{
	for (int i = 0; i < PARTS; i++) {
		portman_table_clear(&parts[i].table);
		pthread_mutex_destroy(&parts[i].asleep);
		pthread_cond_destroy(&parts[i].woken);
	}
}

static bool is_inside(const struct part *parts)
{
	for (const struct visit *v = portman_innermost; v; v = v->outer)
		if (v->parts == parts)
			return true;
	return false;
}

static void take(struct part *part)
{
	for (int i = 0; i < LOOKS; i++) {
		if (portman_try(part))
			return;
		while (i < LOOKS && atomic_load_explicit(&part->lock,
					    memory_order_relaxed) != OPEN)
			i++;
	}
	pthread_mutex_lock(&part->asleep);
	while (atomic_exchange_explicit(&part->lock, WANTED,
		       memory_order_acquire) != OPEN)
		pthread_cond_wait(&part->woken, &part->asleep);
	pthread_mutex_unlock(&part->asleep);
}

void portman_wake(struct part *part)
{
	pthread_mutex_lock(&part->asleep);
	pthread_cond_broadcast(&part->woken);
	pthread_mutex_unlock(&part->asleep);
}

bool portman_enter_slowly(struct visit *visit)
{
	if (is_inside(visit->parts))
		return false;
	if (visit->number != ALL_PARTS)
		take(&visit->parts[visit->number]);
	for (int i = 0; visit->number == ALL_PARTS && i < PARTS; i++)
		take(&visit->parts[i]);
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
		portman_open(&visit->parts[visit->number]);
	for (int i = PARTS; visit->number == ALL_PARTS && i--;)
		portman_open(&visit->parts[i]);
}
