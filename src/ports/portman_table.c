// SPDX-License-Identifier: Apache-2.0
/*
 * portman_table.c - what a port manager holds (private to it)
 */
#include "portman_table.h"

#include <errno.h>

#include "portman_crowd.h"
#include "util.h"

/* The references of a tuple, in all; and those with the very flags, or NULL */
ALWAYS_INLINE int64_t find(const struct key *key, const struct claim *claim,
	struct held **exact)
{
	struct held *held = set_items(&key->helds.set);
	int64_t total = 0;

	*exact = NULL;
	if (key->helds.set.used == 1) {
		/* So it is mostly. */
		if (!portman_same_tuple(&held->claim, claim))
			return 0;
		if (held->claim.flags == claim->flags)
			*exact = held;
		return held->refs;
	}
	held = NULL;
	while ((held = portman_held(key, claim, held))) {
		total += held->refs;
		if (held->claim.flags == claim->flags)
			*exact = held;
	}
	return total;
}

/* Change the number of references, and the sums with it */
ALWAYS_INLINE void count(struct key *key, struct held *held, int32_t refs)
{
	bool counted = held->refs > 0, counts = refs > 0;

	held->refs = refs;
	if (counts != counted && portman_crowded(key))
		portman_crowd_count(key, &held->claim, counts ? 1 : -1);
}

ALWAYS_INLINE bool has_names(const struct claim *claim)
{
	return claim->families & (FAMILY_6 | FAMILY_6 << FAMILY_DEST);
}

static void put_names(struct table *table, const struct claim *claim)
{
	if (portman_family(claim) == FAMILY_6)
		portman_name_put(&table->names, claim->addr);
	if (portman_dest_family(claim) == FAMILY_6)
		portman_name_put(&table->names, claim->dest_addr);
}

/* Get the names that a claim needs: false without memory */
static bool get_names(struct table *table, const struct reservation *res,
	struct claim *claim)
{
	struct claim named = *claim;

	if (portman_family(claim) == FAMILY_6)
		named.addr = portman_name_get(&table->names, res->addr.bytes);
	if (portman_family(claim) == FAMILY_6 && named.addr == NAME_NONE)
		return false;
	if (portman_dest_family(claim) == FAMILY_6)
		named.dest_addr = portman_name_get(&table->names,
			res->dest_addr.bytes);
	if (portman_dest_family(claim) == FAMILY_6 &&
		named.dest_addr == NAME_NONE) {
		if (portman_family(claim) == FAMILY_6)
			portman_name_put(&table->names, named.addr);
		return false;
	}
	*claim = named;
	return true;
}

ALWAYS_INLINE struct held *add_held(struct table *table, struct key *key,
	const struct reservation *res, struct claim *claim)
{
	struct held *held = set_add(&key->helds.set, &portman_held_type);

	if (!held || (has_names(claim) && !get_names(table, res, claim)))
		return NULL;
	held->claim = *claim;
	held->refs = 0;
	set_added(&key->helds.set, &portman_held_type);
	return held;
}

static void remove_key(struct table *table, struct key *key)
{
	if (key->crowd)
		portman_crowd_free(key);
	set_remove(portman_keys(table, key->id), &portman_key_type, key);
}

/* Remove a held, and its key with the last one: is the key left? */
ALWAYS_INLINE bool remove_held(struct table *table, struct key *key,
	struct held *held)
{
	if (has_names(&held->claim))
		put_names(table, &held->claim);
	set_remove(&key->helds.set, &portman_held_type, held);
	if (key->helds.set.used)
		return true;
	remove_key(table, key);
	return false;
}

ALWAYS_INLINE struct key *add_key(struct table *table, uint32_t id)
{
	struct set *keys = portman_keys(table, id);
	struct key *key = set_add(keys, &portman_key_type);

	if (!key)
		return NULL;
	key->id = id;
	key->crowd = NULL;
	key->helds.set.used = key->helds.set.room = 0;
	set_added(keys, &portman_key_type);
	return key;
}

int portman_table_add(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim, int32_t refs)
{
	struct key *key = portman_key(table, id);
	struct held *held = NULL;

	if (key)
		find(key, claim, &held);
	else
		key = add_key(table, id);
	if (!key)
		return -ENOMEM;
	if (!held)
		held = add_held(table, key, res, claim);
	if (!held || (held->refs > 0 && held->refs > INT32_MAX - refs)) {
		if (!key->helds.set.used)
			remove_key(table, key);
		return -ENOMEM;
	}
	count(key, held, held->refs + refs);
	if (!held->refs)
		remove_held(table, key, held);
	return 0;
}

/* Remove all that there is of a tuple: its last reference is dropped, whatever
 * the counts of other flags say. */
static void remove_tuple(struct table *table, struct key *key,
	const struct claim *claim)
{
	struct held *held;

	do {
		held = portman_held(key, claim, NULL);
		if (!held)
			break;
		count(key, held, 0);
	} while (remove_held(table, key, held));
}

int portman_table_drop(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim)
{
	struct key *key = portman_key(table, id);
	struct held *held = NULL;
	int64_t left = key ? find(key, claim, &held) : 0;

	if (!left)
		return -ENOENT;
	if (left == 1) {
		remove_tuple(table, key, claim);
		return 0;
	}
	if (!held)
		held = add_held(table, key, res, claim);
	if (!held || held->refs == INT32_MIN)
		return -ENOMEM;
	count(key, held, held->refs - 1);
	if (!held->refs)
		remove_held(table, key, held);
	return 0;
}

int portman_table_prepare(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim)
{
	struct key *key = portman_key(table, id);
	struct held *held = NULL;

	if (!key || find(key, claim, &held) <= 1 || held)
		return 0;
	return add_held(table, key, res, claim) ? 0 : -ENOMEM;
}

void portman_table_tidy(struct table *table, uint32_t id,
	const struct claim *claim)
{
	struct key *key = portman_key(table, id);
	struct held *held = NULL;

	if (key)
		find(key, claim, &held);
	if (held && !held->refs)
		remove_held(table, key, held);
}

int32_t portman_table_refs(const struct table *table, uint32_t id,
	const struct claim *claim)
{
	const struct key *key = portman_key(table, id);
	struct held *held = NULL;

	if (key)
		find(key, claim, &held);
	return held ? held->refs : 0;
}

int64_t portman_table_total(const struct table *table, uint32_t id,
	const struct claim *claim, uint8_t *shared)
{
	const struct key *key = portman_key(table, id);
	const struct held *held = NULL;
	int64_t total = 0;

	*shared = RESERVATION_FLAGS;
	while (key && (held = portman_held(key, claim, held))) {
		total += held->refs;
		if (held->refs > 0)
			*shared &= held->claim.flags;
	}
	return total;
}

bool portman_table_room(struct table *table, int network, uint32_t count)
{
	struct set *keys = &table->keys[network].set;

	return count <= MAX(keys->room, 1) ||
	       set_resize(keys, &portman_key_type, count);
}

void portman_table_clear(struct table *table)
{
	for (int i = 0; i < 2; i++) {
		struct key *key = set_items(&table->keys[i].set);

		for (uint32_t k = 0; k < table->keys[i].set.used; k++) {
			portman_crowd_free(&key[k]);
			set_clear(&key[k].helds.set);
		}
		set_clear(&table->keys[i].set);
	}
	free(table->names.all);
	memset(&table->names, 0, sizeof(table->names));
}
