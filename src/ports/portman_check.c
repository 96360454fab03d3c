// SPDX-License-Identifier: Apache-2.0
/*
 * portman_check.c - is the structure of a port manager as it must be?
 */
#include "portman_crowd.h"
#include "portman_private.h"
#include "util.h"

static void check_set(const struct set *set)
{
	ASSERT(set->used);
	ASSERT(set->room ? set->used <= set->room : set->used == 1);
}

/* Each is found, no other has its flags, and the sum is positive. */
static void check_held(const struct key *key, const struct held *held)
{
	const struct held *other = NULL;
	bool itself = false;
	int64_t refs = 0;

	while ((other = portman_held(key, &held->claim, other))) {
		refs += other->refs;
		itself |= other == held;
		ASSERT(other == held ||
			other->claim.flags != held->claim.flags);
	}
	ASSERT(itself && refs > 0);
	ASSERT(held->refs && held->claim.flags <= RESERVATION_FLAGS);
}

/* How many names it uses */
static uint32_t check_key(const struct table *table, const struct key *key)
{
	const struct held *held = set_items(&key->helds.set);
	uint32_t names = 0;

	ASSERT(portman_key(table, key->id) == key);
	check_set(&key->helds.set);
	for (uint32_t i = 0; i < key->helds.set.used; i++) {
		check_held(key, &held[i]);
		names += portman_family(&held[i].claim) == FAMILY_6;
		names += portman_dest_family(&held[i].claim) == FAMILY_6;
	}
	portman_crowd_check(key);
	return names;
}

static void check_table(const struct table *table, int part)
{
	uint32_t names = 0, users = 0;

	for (int i = 0; i < 2; i++) {
		const struct set *keys = &table->keys[i].set;
		const struct key *key = set_items(keys);

		if (keys->used)
			check_set(keys);
		for (uint32_t k = 0; k < keys->used; k++) {
			ASSERT(portman_part(key[k].id >> 16) == part);
			names += check_key(table, &key[k]);
		}
	}
	portman_names_check(&table->names);
	for (uint32_t i = 0; i < table->names.room; i++)
		users += table->names.all[i].users;
	ASSERT(names == users);
}

/* What is passed over would be refused */
static void check_refused(const struct portman *pm,
	const struct refused *refused)
{
	const struct table *table;
	struct claim claim;
	uint32_t count = 0;

	for (uint32_t port = 0; port < 65536; port++) {
		if (!refused->ports[port / 64])
			port |= 63;
		if (!(refused->ports[port / 64] >> port % 64 & 1))
			continue;
		table = &pm->parts[portman_part(port)].table;
		claim = portman_claim(table, &refused->kind);
		ASSERT(!portman_is_free(pm, table, &refused->kind, &claim, port,
			true));
		count++;
	}
	ASSERT(count && count == refused->count);
}

void portman_check(struct portman *pm)
{
	struct visit visit;

	ASSERT(portman_enter(&visit, pm->parts, ALL_PARTS, false));
	for (int i = 0; i < PARTS; i++)
		check_table(&pm->parts[i].table, i);
	for (unsigned int i = 0; i < pm->refusals.used; i++)
		check_refused(pm, pm->refusals.kinds[i]);
	portman_leave(&visit);
}
