/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_private.h - the inside of a port manager
 */
#ifndef PORTMAN_PRIVATE_H
#define PORTMAN_PRIVATE_H

#include <pthread.h>

#include "portman_table.h"

/**
 * struct portman - A port manager
 * @table_lock:	Guards @table; taken before @range_lock (GV-27)
 * @range_lock:	Guards @first, @count and @hint
 * @count:	How many ephemeral ports, in 16 bits (GV-25)
 * @hint:	Of the stable pick (GV-26)
 * @strict:	Never changes
 */
struct portman {
	pthread_mutex_t table_lock, range_lock;
	struct table table;
	uint16_t first, count;
	uint32_t hint;
	bool strict;
};

/** portman_valid() - Can such a reservation exist at all? */
bool portman_valid(const struct portman_reservation *res);

#endif /* PORTMAN_PRIVATE_H */
