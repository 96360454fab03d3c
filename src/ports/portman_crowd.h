/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_crowd.h - sums of what is held on a crowded port (private)
 *
 * DOC: Theory of Operation
 *
 * Whoever is judged at an address meets what is held there, one by one, and
 * what they all share is what counts. A flag is shared if nobody lacks it; so
 * it is enough to know how many there are, and how many lack it. Which are met
 * depends on two things only: on the device, for which there are *groups*, one
 * for each address with every device, and, where there is something on a device
 * at all, one for each; and on the destination, of which there are three kinds:
 *
 * - The newcomer's very own: one lookup for a device finds them.
 * - One of both is a wildcard. Of these only RESERVATION_TUPLE_ONLY may be
 *   missing, the two other flags are not asked for.
 * - Two that differ: they are not met.
 *
 * The full wildcard, without a port, is so common a destination that what its
 * holders lack is summed up, too. And for such a newcomer without a device, who
 * wants all addresses, the crowd knows how many addresses share which flags.
 *
 * References that are not positive count nowhere.
 */
#ifndef PORTMAN_CROWD_H
#define PORTMAN_CROWD_H

#include "portman_table.h"

/* From how many on a key has a crowd, and until how few it keeps it */
enum { CROWD_FROM = 48, CROWD_UNTIL = 24 };

/**
 * struct group - What is held at an address, on one device or on all
 * @place:	The address, its family, and whether it is every device: then
 *		@device is 0
 * @all, @all_untupled: How many; how many lack RESERVATION_TUPLE_ONLY
 * @wild, @wild_untupled: The same, with a wildcard address as destination
 * @unrecent, @unbalanced: With the full wildcard, how many lack
 *		RESERVATION_MOST_RECENT, and RESERVATION_LOAD_BALANCED
 * @on_devices:	How many are on a device
 */
struct group {
	uint32_t next;
	int32_t device;
	uint64_t place;
	uint32_t all, all_untupled, wild, wild_untupled, unrecent, unbalanced;
	uint32_t on_devices;
};

/**
 * struct crowd - The groups of a key
 * @addrs:	How many addresses share exactly these flags with a newcomer
 *		that has the full wildcard as destination, and no device
 */
struct crowd {
	uint32_t addrs[RESERVATION_FLAGS + 1];
	SET_OF(struct group) groups;
};

/** portman_crowded() - Has it sums, or is it to get some? */
static inline bool portman_crowded(const struct key *key)
{
	return key->crowd || key->helds.set.used >= CROWD_FROM;
}

/**
 * portman_crowd_count() - A held got its first positive reference, or lost it
 * @by:		1 or -1
 *
 * A key that has become crowded gets its sums. If there is no memory for them
 * it has none, and is judged one by one.
 */
void portman_crowd_count(struct key *key, const struct claim *claim, int by);

/** portman_crowd_free() - Free the sums of a key; it is judged one by one */
void portman_crowd_free(struct key *key);

/**
 * portman_crowd_is_free() - Is there room for a newcomer?
 * @strict:	It wants TCP on a port that the manager chooses
 */
bool portman_crowd_is_free(const struct key *key, const struct claim *claim,
	bool strict);

/** portman_crowd_check() - Abort if the sums of a key are not its sums */
void portman_crowd_check(const struct key *key);

#endif /* PORTMAN_CROWD_H */
