// SPDX-License-Identifier: Apache-2.0
/*
 * portman_names.c - short names of IPv6 addresses (private to the port manager)
 */
#include "portman_names.h"

#include <stdlib.h>
#include <string.h>

#include "portman_set.h"
#include "util.h"

static uint32_t *head_of(const struct names *names, const uint8_t *bytes)
{
	uint32_t *heads = (uint32_t *)(names->all + names->room);
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return &heads[(uint64_t)set_mix(halves[0], halves[1]) * names->room >>
		      32];
}

uint32_t portman_name_find(const struct names *names, const uint8_t *bytes)
{
	uint32_t i = names->room ? *head_of(names, bytes) : NAME_NONE;

	while (i != NAME_NONE && memcmp(names->all[i].bytes, bytes, 16))
		i = names->all[i].next;
	return i;
}

static void chain(struct names *names, uint32_t i)
{
	uint32_t *at = head_of(names, names->all[i].bytes);

	names->all[i].next = *at;
	*at = i;
}

/* Only when all have users, so that there is nothing free in between */
static bool grow(struct names *names)
{
	uint32_t room = names->room + names->room / 4 + 4;
	struct names bigger = { .used = names->used, .room = room };

	bigger.all = malloc(room * (sizeof(*bigger.all) + sizeof(uint32_t)));
	if (!bigger.all)
		return false;
	if (names->room)
		memcpy(bigger.all, names->all,
			names->room * sizeof(*bigger.all));
	memset(bigger.all + room, 0xff, room * sizeof(uint32_t));
	for (uint32_t i = 0; i < names->room; i++)
		chain(&bigger, i);
	bigger.free = names->room;
	for (uint32_t i = names->room; i < room; i++) {
		bigger.all[i].users = 0;
		bigger.all[i].next = i + 1 < room ? i + 1 : NAME_NONE;
	}
	free(names->all);
	*names = bigger;
	return true;
}

uint32_t portman_name_get(struct names *names, const uint8_t *bytes)
{
	uint32_t i = portman_name_find(names, bytes);

	if (i != NAME_NONE) {
		names->all[i].users++;
		return i;
	}
	if (names->used == names->room && !grow(names))
		return NAME_NONE;
	i = names->free;
	names->free = names->all[i].next;
	names->all[i].users = 1;
	memcpy(names->all[i].bytes, bytes, 16);
	chain(names, i);
	names->used++;
	return i;
}

void portman_name_put(struct names *names, uint32_t number)
{
	struct name *name = &names->all[number];
	uint32_t *at;

	if (--name->users)
		return;
	if (!--names->used) {
		free(names->all);
		memset(names, 0, sizeof(*names));
		return;
	}
	at = head_of(names, name->bytes);
	while (*at != number)
		at = &names->all[*at].next;
	*at = name->next;
	name->next = names->free;
	names->free = number;
}

void portman_names_check(const struct names *names)
{
	uint32_t used = 0, unused = 0;

	for (uint32_t i = 0; i < names->room; i++) {
		if (!names->all[i].users)
			continue;
		used++;
		ASSERT(portman_name_find(names, names->all[i].bytes) == i);
	}
	for (uint32_t i = names->room ? names->free : NAME_NONE; i != NAME_NONE;
		i = names->all[i].next, unused++)
		ASSERT(!names->all[i].users);
	ASSERT(used == names->used && used + unused == names->room);
}
