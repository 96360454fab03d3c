/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_private.h - the inside of a port manager
 */
#ifndef PORTMAN_PRIVATE_H
#define PORTMAN_PRIVATE_H

#include <pthread.h>

#include "portman_table.h"
#include "portman_watch.h"

/**
 * struct portman - A port manager
 * @table_lock:	Guards @table; taken before @range_lock
 * @range_lock:	Guards @first, @count and @hint
 * @count:	How many ephemeral ports, in 16 bits
 * @hint:	Of the stable pick
 * @strict:	Never changes
 * @watch:	Its watch, or NULL
 */
struct portman {
	pthread_mutex_t table_lock, range_lock;
	struct table table;
	uint16_t first, count;
	uint32_t hint;
	bool strict;
	struct portman_watch *watch;
};

/** portman_valid() - Can such a reservation exist at all? */
bool portman_valid(const struct reservation *res);

/**
 * portman_is_free() - Is a port free, on every network?
 * @chosen:	The manager chooses the port, the caller did not give it
 */
bool portman_is_free(const struct portman *pm, const struct reservation *res,
	uint16_t port, bool chosen);

#endif /* PORTMAN_PRIVATE_H */
