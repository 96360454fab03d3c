// SPDX-License-Identifier: Apache-2.0
/*
 * portman_judge.c - is a port free? The heart of the port manager
 *
 * Functions take a judgement with a watch, or with none (portman_watch.h). Each
 * call of portman_left_out() marks a place where a step has a part. Nobody who
 * watches is in a hurry, so what is only quicker is for those who do not.
 */
#include "portman_crowd.h"
#include "portman_private.h"

enum { MULTI_BIND = RESERVATION_MOST_RECENT | RESERVATION_LOAD_BALANCED };

/**
 * struct judgement - What is judged
 * @strict:	The manager chooses a TCP port, the caller did not give it
 * @limited:	Watched: what is shared at all addresses before
 */
struct judgement {
	const struct claim *claim;
	struct portman_watch *watch;
	bool strict;
	uint8_t limited;
};

/* Watched: the flags of all references of a tuple */
static uint8_t tuple_shared(const struct key *key, const struct claim *claim)
{
	const struct held *held = NULL;
	uint8_t shared = RESERVATION_FLAGS;

	while ((held = portman_held(key, claim, held)))
		if (held->refs > 0)
			shared &= held->claim.flags;
	return shared;
}

/*
 * Does a held count for a newcomer, and which flags may they share? For the
 * same destination, these are the flags that all references of the tuple have;
 * a wildcard with a port is not the same as one without. If either destination
 * is a wildcard, the two flags for multiple binds may be shared in any case.
 * Two specific destinations that differ have nothing to do with each other: the
 * held does not count.
 */
ALWAYS_INLINE bool counts(const struct key *key, const struct claim *held,
	const struct judgement *j, uint8_t *shared)
{
	const struct claim *wanted = j->claim;

	*shared = j->watch ? tuple_shared(key, held) : held->flags;
	if (held->dest_port == wanted->dest_port &&
		held->dest_addr == wanted->dest_addr &&
		portman_dest_family(held) == portman_dest_family(wanted))
		return !portman_left_out(j->watch, STEP_SAME_DEST);
	if (portman_dest_family(held) && portman_dest_family(wanted))
		return false;
	if (portman_left_out(j->watch, STEP_WILDCARD_DEST))
		return false;
	if ((*shared & MULTI_BIND) == MULTI_BIND ||
		!portman_left_out(j->watch, STEP_FORGIVING_DEST))
		*shared |= MULTI_BIND;
	return true;
}

/* Are both on the same device, or is one of them on none? */
ALWAYS_INLINE bool devices_meet(const struct claim *held,
	const struct judgement *j)
{
	int32_t wanted = j->claim->device;

	if (!wanted)
		return !held->device ||
		       !portman_left_out(j->watch, STEP_NO_DEVICE_WANTED);
	if (!held->device)
		return !portman_left_out(j->watch, STEP_NO_DEVICE_HELD);
	return held->device == wanted ||
	       portman_left_out(j->watch, STEP_OTHER_DEVICE);
}

ALWAYS_INLINE bool same_address(const struct claim *a, const struct claim *b)
{
	return a->addr == b->addr && portman_family(a) == portman_family(b);
}

/* Does an address where something is held matter to the newcomer's? */
ALWAYS_INLINE bool addresses_meet(const struct claim *held,
	const struct judgement *j)
{
	if (!portman_family(j->claim))
		return !portman_family(held) ||
		       !portman_left_out(j->watch, STEP_WILDCARD_WANTED);
	if (!portman_family(held))
		return !portman_left_out(j->watch, STEP_WILDCARD_HELD);
	return same_address(held, j->claim);
}

/* What is held at the address of @first, the first one there: does any count,
 * and what do all of them share? Their order does not matter, since that only
 * shrinks. */
static bool meets_any(const struct key *key, uint32_t first,
	const struct judgement *j, uint8_t *shared)
{
	const struct held *held = set_items(&key->helds.set);
	uint8_t own, flags = j->claim->flags;
	bool any = false;

	*shared = RESERVATION_FLAGS;
	for (uint32_t i = first; i < key->helds.set.used; i++) {
		if (!same_address(&held[i].claim, &held[first].claim) ||
			held[i].refs <= 0 || !devices_meet(&held[i].claim, j) ||
			!counts(key, &held[i].claim, j, &own))
			continue;
		/* Without this step it is enough that each one would share. */
		if (j->watch && *shared & flags && own & flags &&
			!(*shared & own & flags) &&
			portman_left_out(j->watch, STEP_ONE_FLAG))
			*shared = RESERVATION_FLAGS;
		any = true;
		*shared &= own;
	}
	return any;
}

/* For a port that the manager chose itself, flags do not help TCP; and without
 * a device, even what does not count is in the way. */
static bool address_is_free(const struct key *key, uint32_t first,
	struct judgement *j)
{
	uint8_t shared, flags = j->claim->flags;

	if (j->strict && !j->claim->device &&
		!portman_left_out(j->watch, STEP_CHOSEN_ENTRY))
		return false;
	if (!meets_any(key, first, j, &shared))
		return true;
	if (j->watch && shared & flags && !(shared & j->limited & flags) &&
		portman_left_out(j->watch, STEP_EACH_ADDRESS))
		return false;
	j->limited &= shared;
	if (j->strict && !portman_left_out(j->watch, STEP_CHOSEN_TCP))
		return false;
	return shared & flags;
}

static bool is_first(const struct key *key, uint32_t i)
{
	const struct held *held = set_items(&key->helds.set);

	for (uint32_t k = 0; k < i; k++)
		if (same_address(&held[k].claim, &held[i].claim))
			return false;
	return true;
}

/* Each address is judged by itself: this is the definition. */
static bool each_is_free(const struct key *key, struct judgement *j)
{
	const struct held *held = set_items(&key->helds.set);

	for (uint32_t i = 0; i < key->helds.set.used; i++)
		if (addresses_meet(&held[i].claim, j) && is_first(key, i) &&
			!address_is_free(key, i, j))
			return false;
	return true;
}

/*
 * Without a watch. Mostly one look at all together is enough: what shares
 * nothing with the newcomer is in the way whatever else is at its address; and
 * if all have a flag in common, those of each address have.
 */
static bool is_free(const struct key *key, const struct judgement *judgement)
{
	struct judgement plain = { .claim = judgement->claim,
		.strict = judgement->strict };
	const struct judgement *j = &plain;
	const struct held *held = set_items(&key->helds.set);
	const struct held *end = held + key->helds.set.used;
	uint8_t shared = RESERVATION_FLAGS, own;
	bool any = false;

	if (key->crowd)
		return portman_crowd_is_free(key, j->claim, j->strict);
	for (; held < end; held++) {
		if (!addresses_meet(&held->claim, j))
			continue;
		if (j->strict && !j->claim->device)
			return false;
		if (held->refs <= 0 || !devices_meet(&held->claim, j) ||
			!counts(key, &held->claim, j, &own))
			continue;
		if (j->strict || !(own & j->claim->flags))
			return false;
		any = true;
		shared &= own;
	}
	return !any || shared & j->claim->flags || each_is_free(key, &plain);
}

enum { TCP = 6 };

static bool watched_is_free(const struct table *table,
	const struct reservation *res, uint16_t port, struct judgement *j)
{
	j->limited = RESERVATION_FLAGS;
	for (int i = 0; i < res->network_count; i++) {
		const struct key *key = portman_key(table,
			portman_id(res->networks[i], res->transport, port));

		if (key && !each_is_free(key, j))
			return false;
	}
	return true;
}

bool portman_is_free(const struct portman *pm, const struct table *table,
	const struct reservation *res, const struct claim *claim, uint16_t port,
	bool chosen)
{
	struct judgement j = { .claim = claim,
		.watch = pm->watch,
		.strict = chosen && res->transport == TCP };

	if (pm->watch)
		return watched_is_free(table, res, port, &j);
	/* On all networks; if there are none, it always is. */
	for (int i = 0; i < res->network_count; i++) {
		const struct key *key = portman_key(table,
			portman_id(res->networks[i], res->transport, port));

		if (key && !is_free(key, &j))
			return false;
	}
	return true;
}
