// SPDX-License-Identifier: Apache-2.0
/*
 * portman_crowd.c - sums of what is held on a crowded port (private)
 */
#include "portman_crowd.h"

#include "util.h"

/* At every device, as part of a place */
#define EVERY (UINT64_C(1) << 40)

/** struct spot - What a group is looked for by */
struct spot {
	uint64_t place;
	int32_t device;
};

/* An address of a family on a device */
static struct spot spot(uint32_t addr, int family, int32_t device)
{
	return (struct spot){ (uint64_t)family << 32 | addr, device };
}

static struct spot every(uint32_t addr, int family)
{
	return (struct spot){ EVERY | (uint64_t)family << 32 | addr, 0 };
}

static uint32_t spot_hash(const void *query)
{
	const struct spot *s = query;

	return set_mix(s->place, (uint32_t)s->device);
}

static uint32_t group_hash(const void *item)
{
	const struct group *group = item;

	return set_mix(group->place, (uint32_t)group->device);
}

static bool group_same(const void *item, const void *query)
{
	const struct group *group = item;
	const struct spot *s = query;

	return group->place == s->place && group->device == s->device;
}

static const struct set_type group_type = { sizeof(struct group), 8, group_hash,
	spot_hash, group_same };

static struct group *group_at(const struct crowd *crowd, struct spot spot)
{
	return set_match(&crowd->groups.set, &group_type, &spot, NULL);
}

static struct group *add_group(struct crowd *crowd, struct spot spot)
{
	struct group *group = set_add(&crowd->groups.set, &group_type);

	if (!group)
		return NULL;
	*group = (struct group){ .place = spot.place, .device = spot.device };
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
	if (claim->device)
		group->on_devices += by;
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

/* Count one at a spot: false without memory. Nothing is left of a group that
 * has none; and of every address it is known what it shares. */
static bool count_at(struct crowd *crowd, struct spot spot,
	const struct claim *claim, int by, uint32_t *on_devices)
{
	struct group *group = group_at(crowd, spot);

	if (!group)
		group = add_group(crowd, spot);
	if (!group)
		return false;
	if (spot.place & EVERY && group->all)
		crowd->addrs[shared_by_all(group)]--;
	group_count(group, claim, by);
	*on_devices = group->on_devices;
	if (!group->all)
		set_remove(&crowd->groups.set, &group_type, group);
	else if (spot.place & EVERY)
		crowd->addrs[shared_by_all(group)]++;
	return true;
}

/* Before the first one on a device: those on none, which were all that there
 * are, get a group of their own. */
static bool split(struct crowd *crowd, struct spot all, struct spot none)
{
	struct group *group = group_at(crowd, all), copy;

	if (!group || group->on_devices)
		return true;
	copy = *group;
	group = add_group(crowd, none);
	if (!group)
		return false;
	copy.place = none.place;
	copy.next = group->next;
	*group = copy;
	return true;
}

/* Behind the last one on a device, those on none are all again. */
static void join(struct crowd *crowd, struct spot none)
{
	struct group *group = group_at(crowd, none);

	if (group)
		set_remove(&crowd->groups.set, &group_type, group);
}

static bool crowd_count(struct crowd *crowd, const struct claim *claim, int by)
{
	const int family = portman_family(claim);
	const struct spot all = every(claim->addr, family);
	const struct spot none = spot(claim->addr, family, 0);
	const struct spot there = spot(claim->addr, family, claim->device);
	uint32_t on_devices, on_it;

	if (claim->device && !split(crowd, all, none))
		return false;
	if (!count_at(crowd, all, claim, by, &on_devices))
		return false;
	if (!claim->device && !on_devices)
		return true;
	if (!count_at(crowd, there, claim, by, &on_it))
		return false;
	if (!on_devices)
		join(crowd, none);
	return true;
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

	there.addr = group->place;
	there.device = group->device;
	there.families = (claim->families & ~FAMILIES) |
			 (group->place >> 32 & FAMILIES);
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
	const struct group *at_every, uint8_t *shared)
{
	const struct crowd *crowd = key->crowd;
	const struct group *group = set_items(&crowd->groups.set);
	const uint64_t place = at_every->place & ~EVERY;
	bool any = false;

	*shared = RESERVATION_FLAGS;
	if (!at_every->on_devices || (!claim->device && is_plain(claim)))
		return meets_group(key, claim, at_every, shared);
	if (claim->device) {
		any = meets_group(key, claim,
			group_at(crowd, (struct spot){ place, 0 }), shared);
		any |= meets_group(key, claim,
			group_at(crowd, (struct spot){ place, claim->device }),
			shared);
		return any;
	}
	for (uint32_t i = 0; i < crowd->groups.set.used; i++)
		if (group[i].place == place)
			any |= meets_group(key, claim, &group[i], shared);
	return any;
}

static bool address_is_free(const struct key *key, const struct claim *claim,
	const struct group *at_every, bool strict)
{
	uint8_t shared;

	if (!at_every)
		return true;
	if (strict && !claim->device)
		return false;
	if (!meets_address(key, claim, at_every, &shared))
		return true;
	return !strict && shared & claim->flags;
}

bool portman_crowd_is_free(const struct key *key, const struct claim *claim,
	bool strict)
{
	const struct crowd *crowd = key->crowd;
	const struct group *group = set_items(&crowd->groups.set);
	const int family = portman_family(claim);

	if (family != FAMILY_ANY)
		return address_is_free(key, claim,
			       group_at(crowd, every(0, FAMILY_ANY)), strict) &&
		       address_is_free(key, claim,
			       group_at(crowd, every(claim->addr, family)),
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
		if (group[i].place & EVERY &&
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
			(struct spot){ group[i].place, group[i].device });

		ASSERT(same && same->all == group[i].all &&
			same->all_untupled == group[i].all_untupled &&
			same->wild == group[i].wild &&
			same->wild_untupled == group[i].wild_untupled &&
			same->unrecent == group[i].unrecent &&
			same->unbalanced == group[i].unbalanced &&
			same->on_devices == group[i].on_devices);
	}
	portman_crowd_free(&again);
}
