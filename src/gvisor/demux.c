// SPDX-License-Identifier: Apache-2.0
/*
 * demux.c - gVisor's transport demuxer: endpoints registered by their ids
 */
#include "demux.h"

#include <string.h>

#include "util.h"
#include "program/program.h"

enum {
	ALL_FLAGS = RESERVATION_MOST_RECENT | RESERVATION_LOAD_BALANCED |
		    RESERVATION_TUPLE_ONLY
};

static bool ids_equal(const struct endpoint_id *a, const struct endpoint_id *b)
{
	return a->local_port == b->local_port &&
	       a->remote_port == b->remote_port &&
	       addr_equal(&a->local, &b->local) &&
	       addr_equal(&a->remote, &b->remote);
}

/* The flags that count */
static uint8_t flags_of(const struct demux *demux, const struct demux_key *key)
{
	const bool *force = demux->gvisor->force;
	uint8_t flags = key->flags;

	if (force[GVISOR_listeners_ignore_tuple_only])
		flags &= ~RESERVATION_TUPLE_ONLY;
	if (key->id.remote_port && force[GVISOR_connections_ignore_balance])
		flags &= ~RESERVATION_LOAD_BALANCED;
	return flags;
}

/* A key is refused. Cite the rules by which some of its flags do not count. */
static void cite_ignored(const struct demux *demux, const struct demux_key *key)
{
	if (key->flags & RESERVATION_TUPLE_ONLY)
		gvisor_applies(demux->gvisor,
			GVISOR_listeners_ignore_tuple_only);
	if (key->flags & RESERVATION_LOAD_BALANCED && key->id.remote_port)
		gvisor_applies(demux->gvisor,
			GVISOR_connections_ignore_balance);
}

static struct demux_group *find_group(const struct demux *demux,
	const struct demux_key *key, uint8_t network)
{
	for (unsigned int i = 0; i < demux->count; i++) {
		const struct demux_group *group = &demux->groups[i];

		if (group->network == network &&
			group->transport == key->transport &&
			group->device == key->device &&
			ids_equal(&group->id, &key->id))
			return (struct demux_group *)group;
	}
	return NULL;
}

static uint8_t shared(const struct demux_group *group)
{
	uint8_t out = ALL_FLAGS;

	for (int flags = 0; flags <= ALL_FLAGS; flags++)
		if (group->refs[flags] > 0)
			out &= flags;
	return out;
}

static bool admits(const struct demux_group *group, uint8_t flags)
{
	int total = 0;

	for (int i = 0; i <= ALL_FLAGS; i++)
		total += group->refs[i];
	return total <= 0 || shared(group) & flags;
}

bool demux_check(const struct demux *demux, const struct demux_key *key)
{
	for (int i = 0; i < key->network_count; i++) {
		const struct demux_group *group = find_group(demux, key,
			key->networks[i]);

		if (group && !admits(group, flags_of(demux, key))) {
			cite_ignored(demux, key);
			return false;
		}
	}
	return true;
}

static struct demux_group *new_group(struct demux *demux,
	const struct demux_key *key, uint8_t network)
{
	struct demux_group *group = &demux->groups[demux->count++];

	/* A socket is in at most two groups, and in four while it moves. */
	ASSERT(demux->count <= DEMUX_GROUPS_MAX);
	group->network = network;
	group->transport = key->transport;
	group->device = key->device;
	group->id = key->id;
	memset(group->refs, 0, sizeof(group->refs));
	group->count = 0;
	return group;
}

static void remove_one(struct demux *demux, const struct demux_key *key,
	uint8_t network, const struct endpoint *endpoint)
{
	struct demux_group *group = find_group(demux, key, network);
	unsigned int i = 0;

	while (group && i < group->count && group->members[i] != endpoint)
		i++;
	if (!group || i == group->count)
		return;
	group->count--;
	memmove(group->members + i, group->members + i + 1,
		(group->count - i) * sizeof(*group->members));
	group->refs[flags_of(demux, key)]--;
	if (!group->count)
		*group = demux->groups[--demux->count];
}

bool demux_register(struct demux *demux, const struct demux_key *key,
	struct endpoint *endpoint)
{
	for (int i = 0; i < key->network_count; i++) {
		struct demux_group *group = find_group(demux, key,
			key->networks[i]);

		if (group && !admits(group, flags_of(demux, key))) {
			cite_ignored(demux, key);
			while (i--)
				remove_one(demux, key, key->networks[i],
					endpoint);
			return false;
		}
		if (!group)
			group = new_group(demux, key, key->networks[i]);
		ASSERT(group->count < DEMUX_MEMBERS_MAX);
		group->members[group->count++] = endpoint;
		group->refs[flags_of(demux, key)]++;
	}
	return true;
}

void demux_unregister(struct demux *demux, const struct demux_key *key,
	struct endpoint *endpoint)
{
	for (int i = 0; i < key->network_count; i++)
		remove_one(demux, key, key->networks[i], endpoint);
}

/* The member that a group picks: the last, if all are for the most recent */
static struct endpoint *choose(const struct demux_group *group, bool *many)
{
	*many = group->count > 1 && shared(group) != RESERVATION_MOST_RECENT;
	return group->members[group->count - 1];
}

struct endpoint *demux_find(const struct demux *demux, uint8_t network,
	uint8_t transport, const struct endpoint_id *id, int32_t device,
	bool *many)
{
	/* First the whole id, then without the local address, then without the
	 * remote end, then without both */
	for (int level = 0; level < 4; level++) {
		const struct demux_group *found[2] = { NULL, NULL };
		struct endpoint_id probe = *id;
		bool any = false;

		if (level & 1)
			memset(&probe.local, 0, sizeof(probe.local));
		if (level & 2) {
			memset(&probe.remote, 0, sizeof(probe.remote));
			probe.remote_port = 0;
		}
		for (unsigned int i = 0; i < demux->count; i++) {
			const struct demux_group *group = &demux->groups[i];

			if (group->network != network ||
				group->transport != transport ||
				!ids_equal(&group->id, &probe))
				continue;
			any = true;
			if (group->device == device)
				found[0] = group;
			else if (!group->device)
				found[1] = group;
		}
		if (found[0] || found[1])
			return choose(found[0] ? found[0] : found[1], many);
		if (any && gvisor_applies(demux->gvisor,
				   GVISOR_only_best_id_is_asked))
			return NULL;
	}
	return NULL;
}
