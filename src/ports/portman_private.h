/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_private.h - the inside of a port manager
 */
#ifndef PORTMAN_PRIVATE_H
#define PORTMAN_PRIVATE_H

#include "portman.h"
#include "portman_lock.h"
#include "portman_refused.h"
#include "portman_watch.h"

/**
 * struct portman - A port manager
 * @parts:	What is held, by port; entered before @range_lock is taken
 * @refusals:	Read in any part, changed in all
 * @range_lock:	Guards @first, @count and @hint
 * @count:	How many ephemeral ports, in 16 bits
 * @hint:	Of the stable pick
 * @strict:	Never changes
 * @watch:	Its watch, or NULL
 */
struct portman {
	struct part parts[PARTS];
	struct refusals refusals;
	pthread_mutex_t range_lock;
	uint16_t first, count;
	uint32_t hint;
	bool strict;
	struct portman_watch *watch;
};

/**
 * struct portman_range - Ports from which one is picked
 * @offset:	The first candidate is first + offset % count
 */
struct portman_range {
	uint32_t first, count, offset;
};

/** portman_snapshot() - The range of a manager now, and where a pick starts */
struct portman_range portman_snapshot(struct portman *pm, uint32_t offset);

/** portman_candidate() - The @i-th port that a pick looks at */
static inline uint16_t portman_candidate(const struct portman_range *range,
	uint32_t i)
{
	return range->first + (uint32_t)(range->offset + i) % range->count;
}

/**
 * portman_row() - How many candidates from there on are ports in a row
 *
 * At most as many as the pick has yet to look at.
 */
uint32_t portman_row(const struct portman_range *range, uint32_t i);

/** portman_valid() - Can such a reservation exist at all? */
bool portman_valid(const struct reservation *res);

/**
 * portman_is_free() - Is a port free, on every network?
 * @table:	Where the port is
 * @claim:	That of @res there
 * @chosen:	The manager chooses the port, the caller did not give it
 */
bool portman_is_free(const struct portman *pm, const struct table *table,
	const struct reservation *res, const struct claim *claim, uint16_t port,
	bool chosen);

#endif /* PORTMAN_PRIVATE_H */
