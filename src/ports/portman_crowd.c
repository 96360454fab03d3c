// SPDX-License-Identifier: Apache-2.0
/*
 * portman_crowd.c - sums of what is held on a crowded port (private)
 */
#include "portman_crowd.h"

#include "util.h"

/** struct place - What a group is looked for by */
struct place {
	uint32_t addr;
	int32_t device;
	uint8_t family;
	bool every;
};

static uint32_t place_hash(const void *query)
{
	const struct place *place = query;

	return set_mix(place->addr, (uint64_t)(uint32_t)place->device << 32 |
					    place->family << 1 | place->every);
}

static struct place place_of(const struct group *group)
{
	return (struct place){ group->addr, group->device, group->family,
		group->every };
}

static uint32_t group_hash(const void *item)
{
	const struct place place = place_of(item);

	return place_hash(&place);
}

static bool group_same(const void *item, const void *query)
{
	const struct group *group = item;
	const struct place *place = query;

	return group->addr == place->addr && group->device == place->device &&
	       group->family == place->family && group->every == place->every;
}

static const struct set_type group_type = { sizeof(struct group), 8, group_hash,
	place_hash, group_same };

static struct group *group_at(const struct crowd *crowd, struct place place)
{
	return set_match(&crowd->groups.set, &group_type, &place, NULL);
}

static struct group *add_group(struct crowd *crowd, struct place place)
{
	struct group *group = set_add(&crowd->groups.set, &group_type);

	if (!group)
		return NULL;
	*group = (struct group){ .addr = place.addr,
		.device = place.device,
		.family = place.family,
		.every = place.every };
	set_added(&crowd->groups.set, &group_type);
	return group;
}

static bool is_plain(const struct claim *claim)
{
	return !portman_dest_family(claim) && !claim->dest_port;
}

/* Bring the numbers of a group up to date */
static void group_count(struct group *group, const struct claim *claim, int by)
{
	bool untupled = !(claim->flags & RESERVATION_TUPLE_ONLY);
	bool wild = !portman_dest_family(claim), plain = is_plain(claim);

	group->all += by;
	if (untupled)
		group->all_untupled += by;
	if (wild)
		group->wild += by;
	if (wild && untupled)
		group->wild_untupled += by;
	if (plain && !(claim->flags & RESERVATION_MOST_RECENT))
		group->unrecent += by;
	if (plain && !(claim->flags & RESERVATION_LOAD_BALANCED))
		group->unbalanced += by;
}

/* What is shared with a newcomer with the full wildcard as destination */
static uint8_t shared_by_all(const struct group *group)
{
	uint8_t shared = RESERVATION_FLAGS;

	if (group->all_untupled)
		shared &= ~RESERVATION_TUPLE_ONLY;
	if (group->unrecent)
		shared &= ~RESERVATION_MOST_RECENT;
	if (group->unbalanced)
		shared &= ~RESERVATION_LOAD_BALANCED;
	return shared;
}

/* Count one at a place: false without memory. Nothing is left of a group that
 * has none; and of every address it is known what it shares. */
static bool count_at(struct crowd *crowd, struct place place,
	const struct claim *claim, int by)
{
	struct group *group = group_at(crowd, place);

	if (!group)
		group = add_group(crowd, place);
	if (!group)
		return false;
	if (place.every && group->all)
		crowd->addrs[shared_by_all(group)]--;
	group_count(group, claim, by);
	if (!group->all)
		set_remove(&crowd->groups.set, &group_type, group);
	else if (place.every)
		crowd->addrs[shared_by_all(group)]++;
	return true;
}

static bool crowd_count(struct crowd *crowd, const struct claim *claim, int by)
{
	const int family = portman_family(claim);

	return count_at(crowd, (struct place){ claim->addr, 0, family, true },
		       claim, by) &&
	       count_at(crowd,
		       (struct place){
			       claim->addr, claim->device, family, false },
		       claim, by);
}

void portman_crowd_free(struct key *key)
{
	if (!key->crowd)
		return;
	set_clear(&key->crowd->groups.set);
	free(key->crowd);
	key->crowd = NULL;
}

/* Sum up what is there */
static void make(struct key *key)
{
	const struct held *held = set_items(&key->helds.set);

	key->crowd = calloc(1, sizeof(*key->crowd));
	for (uint32_t i = 0; key->crowd && i < key->helds.set.used; i++)
		if (held[i].refs > 0 &&
			!crowd_count(key->crowd, &held[i].claim, 1))
			portman_crowd_free(key);
}

void portman_crowd_count(struct key *key, const struct claim *claim, int by)
{
	if (!key->crowd) {
		if (by > 0 && portman_crowded(key))
			make(key);
		return;
	}
	if (key->helds.set.used < CROWD_UNTIL ||
		!crowd_count(key->crowd, claim, by))
		portman_crowd_free(key);
}

/* What is held of the newcomer's own destination, at the place of a group */
static bool own(const struct key *key, const struct claim *claim,
	const struct group *group, uint8_t *shared)
{
	struct claim there = *claim;
	const struct held *held = NULL;
	bool any = false;

	there.addr = group->addr;
	there.device = group->device;
	there.families = (claim->families & ~FAMILIES) | group->family;
	while ((held = portman_held(key, &there, held))) {
		if (held->refs <= 0)
			continue;
		any = true;
		*shared &= held->claim.flags;
	}
	return any;
}

/* What is met in a group, and what all of it shares */
static bool meets_group(const struct key *key, const struct claim *claim,
	const struct group *group, uint8_t *shared)
{
	bool any = false;

	if (!group)
		return false;
	if (is_plain(claim)) {
		*shared &= shared_by_all(group);
		return group->all;
	}
	if (portman_dest_family(claim) ? group->wild_untupled :
					 group->all_untupled)
		*shared &= ~RESERVATION_TUPLE_ONLY;
	any = own(key, claim, group, shared);
	return any || (portman_dest_family(claim) ? group->wild : group->all);
}

/* The same of an address with every device that counts for the newcomer */
static bool meets_address(const struct key *key, const struct claim *claim,
	const struct group *every, uint8_t *shared)
{
	const struct group *group = set_items(&key->crowd->groups.set);
	struct place there = { every->addr, 0, every->family, false };
	const struct group *none = group_at(key->crowd, there);
	bool any = false;

	*shared = RESERVATION_FLAGS;
	there.device = claim->device;
	if (claim->device) {
		any = meets_group(key, claim, none, shared);
		any |= meets_group(key, claim, group_at(key->crowd, there),
			shared);
		return any;
	}
	if (is_plain(claim))
		return meets_group(key, claim, every, shared);
	if (none && none->all == every->all)
		return meets_group(key, claim, none, shared);
	for (uint32_t i = 0; i < key->crowd->groups.set.used; i++)
		if (group[i].addr == every->addr &&
			group[i].family == every->family && !group[i].every)
			any |= meets_group(key, claim, &group[i], shared);
	return any;
}

static bool address_is_free(const struct key *key, const struct claim *claim,
	const struct group *every, bool strict)
{
	uint8_t shared;

	if (!every)
		return true;
	if (strict && !claim->device)
		return false;
	if (!meets_address(key, claim, every, &shared))
		return true;
	return !strict && shared & claim->flags;
}

bool portman_crowd_is_free(const struct key *key, const struct claim *claim,
	bool strict)
{
	const struct crowd *crowd = key->crowd;
	const struct group *group = set_items(&crowd->groups.set);
	const struct place any = { 0, 0, FAMILY_ANY, true };
	const struct place same = { claim->addr, 0, portman_family(claim),
		true };

	if (portman_family(claim) != FAMILY_ANY)
		return address_is_free(key, claim, group_at(crowd, any),
			       strict) &&
		       address_is_free(key, claim, group_at(crowd, same),
			       strict);
	if (strict && !claim->device)
		return false;
	if (!claim->device && is_plain(claim)) {
		for (int flags = 0; flags <= RESERVATION_FLAGS; flags++)
			if (crowd->addrs[flags] && !(flags & claim->flags))
				return false;
		return true;
	}
	for (uint32_t i = 0; i < crowd->groups.set.used; i++)
		if (group[i].every &&
			!address_is_free(key, claim, &group[i], strict))
			return false;
	return true;
}

void portman_crowd_check(const struct key *key)
{
	struct key again;
	const struct group *group;

	if (!key->crowd)
		return;
	memcpy(&again, key, sizeof(again));
	make(&again);
	if (!again.crowd)
		return; /* no memory */
	ASSERT(!memcmp(again.crowd->addrs, key->crowd->addrs,
		sizeof(key->crowd->addrs)));
	ASSERT(again.crowd->groups.set.used == key->crowd->groups.set.used);
	group = set_items(&key->crowd->groups.set);
	for (uint32_t i = 0; i < key->crowd->groups.set.used; i++) {
		const struct group *same = group_at(again.crowd,
			place_of(&group[i]));

		ASSERT(same && same->all == group[i].all &&
			same->all_untupled == group[i].all_untupled &&
			same->wild == group[i].wild &&
			same->wild_untupled == group[i].wild_untupled &&
			same->unrecent == group[i].unrecent &&
			same->unbalanced == group[i].unbalanced);
	}
	portman_crowd_free(&again);
}
