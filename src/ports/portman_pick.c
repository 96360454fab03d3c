// SPDX-License-Identifier: Apache-2.0
/*
 * portman_pick.c - the range of a port manager, and one cycle through it
 */
#include <errno.h>

#include "portman_private.h"
#include "util.h"

enum { PORTS = 65536 };

struct portman_range portman_snapshot(struct portman *pm, uint32_t offset)
{
	struct portman_range range = { .offset = offset };

	pthread_mutex_lock(&pm->range_lock);
	range.first = pm->first;
	range.count = pm->count;
	pthread_mutex_unlock(&pm->range_lock);
	if (!range.count && pm->watch &&
		portman_left_out(pm->watch, STEP_16_BITS))
		range.count = PORTS;
	if (range.count &&
		(pm->strict ||
			(pm->watch && offset > UINT32_MAX - range.count &&
				portman_left_out(pm->watch, STEP_WRAP))))
		range.offset %= range.count;
	return range;
}

uint32_t portman_row(const struct portman_range *range, uint32_t i)
{
	uint32_t sum = range->offset + i;
	uint32_t row = range->count - MAX(i, sum % range->count);

	/* Where the sum of offset and count wraps, the row ends, too. */
	return sum > UINT32_MAX - row ? UINT32_MAX - sum + 1 : row;
}

/* One full cycle through the range */
static int pick(const struct portman_range *range, portman_test_fn *test,
	void *arg, uint16_t *port)
{
	for (uint32_t i = 0; i < range->count; i++) {
		uint16_t candidate = portman_candidate(range, i);
		int rc = test ? test(candidate, arg) : 1;

		if (rc > 0)
			*port = candidate;
		if (rc)
			return rc > 0 ? 0 : rc;
	}
	return -EAGAIN;
}

int portman_pick_ephemeral(struct portman *pm, uint32_t random,
	portman_test_fn *test, void *arg, uint16_t *port)
{
	struct portman_range range;
	uint16_t chosen = 0;
	int rc = -EINVAL;

	if (pm) {
		range = portman_snapshot(pm, random);
		rc = pick(&range, test, arg, &chosen);
	}
	if (port)
		*port = chosen;
	return rc;
}

int portman_pick_ephemeral_stable(struct portman *pm, uint32_t offset,
	portman_test_fn *test, void *arg, uint16_t *port)
{
	int rc;

	if (!pm)
		return -EINVAL;
	pthread_mutex_lock(&pm->range_lock);
	offset += pm->hint;
	pthread_mutex_unlock(&pm->range_lock);
	rc = portman_pick_ephemeral(pm, offset, test, arg, port);
	if (rc)
		return rc;
	if (portman_left_out(pm->watch, STEP_HINT))
		return 0;
	pthread_mutex_lock(&pm->range_lock);
	pm->hint++;
	pthread_mutex_unlock(&pm->range_lock);
	return 0;
}

void portman_range(struct portman *pm, uint16_t *first, uint16_t *last)
{
	pthread_mutex_lock(&pm->range_lock);
	*first = pm->first;
	*last = pm->first + pm->count - 1;
	pthread_mutex_unlock(&pm->range_lock);
}

int portman_set_range(struct portman *pm, uint16_t first, uint16_t last)
{
	if (!pm || first > last || (pm->strict && !first))
		return -EINVAL;
	pthread_mutex_lock(&pm->range_lock);
	pm->first = first;
	pm->count = last - first + 1;
	pthread_mutex_unlock(&pm->range_lock);
	return 0;
}
