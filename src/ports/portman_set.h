/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_set.h - sets that mostly have one item (private to the port manager)
 *
 * DOC: Theory of Operation
 *
 * Most ports have one holder, so the first item of a set is within the set
 * itself, and costs no allocation. From the second one on, and until there are
 * none, they are in one block, close together: a few are searched one by one,
 * and behind many there are heads of chains by hash. What is removed is
 * replaced by the last item, so that there are no holes.
 * Pointers to items last until the next add or remove.
 *
 * What is often done is inline, so that a compiler sees the size of an item and
 * how it is compared.
 */
#ifndef PORTMAN_SET_H
#define PORTMAN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOT_INLINE static __attribute__((noinline, unused))

enum { SET_NONE = UINT32_MAX };

/**
 * struct set - Items of one type, which begins with a uint32_t for the chain
 * @used:	How many there are
 * @room:	For how many @many has room; 0: one, which is not there but here
 */
struct set {
	uint32_t used, room;
	void *many;
};

/* A set with space for one item; all zero is empty */
#define SET_OF(type)                                                           \
	union {                                                                \
		struct set set;                                                \
		unsigned char                                                  \
			space[offsetof(struct set, many) + sizeof(type)];      \
	}

/**
 * struct set_type - What a set has to know of its items
 * @few:	For so many there are no chains
 * @item_hash:	All 32 bits of it are used
 * @hash:	The same, of what is looked for
 * @same:	Is an item what is looked for?
 */
struct set_type {
	size_t size;
	uint32_t few;
	uint32_t (*item_hash)(const void *item);
	uint32_t (*hash)(const void *query);
	bool (*same)(const void *item, const void *query);
};

/** set_mix() - A hash of two numbers */
ALWAYS_INLINE uint32_t set_mix(uint64_t a, uint64_t b)
{
	uint64_t mix = (a ^ b << 32 ^ b >> 32) * 0x9e3779b97f4a7c15;

	mix = (mix ^ mix >> 32) * 0xd6e8feb86659fd93;
	return mix >> 32;
}

/** set_items() - The first of the items, which stand in a row */
ALWAYS_INLINE void *set_items(const struct set *set)
{
	return set->room ? set->many : (char *)set + offsetof(struct set, many);
}

/** set_at() - The @i-th item */
ALWAYS_INLINE void *set_at(const struct set *set, const struct set_type *type,
	uint32_t i)
{
	return (char *)set_items(set) + i * type->size;
}

/** set_heads() - The heads of the chains, which are behind the items */
ALWAYS_INLINE uint32_t *set_heads(const struct set *set,
	const struct set_type *type)
{
	return (uint32_t *)((char *)set->many + set->room * type->size);
}

/** set_head() - That of a hash */
ALWAYS_INLINE uint32_t *set_head(const struct set *set,
	const struct set_type *type, uint32_t hash)
{
	return &set_heads(set, type)[(uint64_t)hash * set->room >> 32];
}

/**
 * set_match() - An item that is what is looked for
 * @after:	Behind this one; NULL: the first
 */
ALWAYS_INLINE void *set_match(const struct set *set,
	const struct set_type *type, const void *query, const void *after)
{
	const char *items = set_items(set), *item = items;
	const char *end = items + set->used * type->size;
	uint32_t i;

	if (set->room <= type->few) {
		if (after)
			item = (const char *)after + type->size;
		for (; item < end; item += type->size)
			if (type->same(item, query))
				return (void *)item;
		return NULL;
	}
	i = after ? *(const uint32_t *)after :
		    *set_head(set, type, type->hash(query));
	for (; i != SET_NONE; i = *(const uint32_t *)item) {
		item = items + i * type->size;
		if (type->same(item, query))
			return (void *)item;
	}
	return NULL;
}

/** set_chain() - Put an item into the chain of its hash */
ALWAYS_INLINE void set_chain(struct set *set, const struct set_type *type,
	uint32_t i)
{
	uint32_t *item = set_at(set, type, i);
	uint32_t *head = set_head(set, type, type->item_hash(item));

	*item = *head;
	*head = i;
}

/** set_resize() - Another block: false without memory */
NOT_INLINE bool set_resize(struct set *set, const struct set_type *type,
	uint32_t room)
{
	size_t heads = room > type->few ? room * sizeof(uint32_t) : 0;
	void *old = set->room ? set->many : NULL;
	void *many = malloc(room * type->size + heads);

	if (!many)
		return false;
	memcpy(many, set_items(set), set->used * type->size);
	set->many = many;
	set->room = room;
	free(old);
	if (!heads)
		return true;
	memset(set_heads(set, type), 0xff, heads);
	for (uint32_t i = 0; i < set->used; i++)
		set_chain(set, type, i);
	return true;
}

/** set_room() - Room for a quarter more than there are */
ALWAYS_INLINE uint32_t set_room(uint32_t used)
{
	return used + used / 4 + 2;
}

/**
 * set_add() - Room for another item, to be filled in by the caller
 *
 * Return: It, for set_added(); or NULL without memory
 */
ALWAYS_INLINE void *set_add(struct set *set, const struct set_type *type)
{
	if (set->used && set->used >= set->room &&
		!set_resize(set, type, set_room(set->used)))
		return NULL;
	return set_at(set, type, set->used);
}

/** set_added() - It is filled in */
ALWAYS_INLINE void set_added(struct set *set, const struct set_type *type)
{
	if (set->room > type->few)
		set_chain(set, type, set->used);
	set->used++;
}

/** set_relink() - Let what points to one item in a chain point to another */
ALWAYS_INLINE void set_relink(struct set *set, const struct set_type *type,
	uint32_t from, uint32_t to)
{
	uint32_t *at = set_head(set, type,
		type->item_hash(set_at(set, type, from)));

	while (*at != from)
		at = set_at(set, type, *at);
	*at = to;
}

/** set_clear() - Free the block, not what items own */
ALWAYS_INLINE void set_clear(struct set *set)
{
	if (set->room)
		free(set->many);
	set->used = set->room = 0;
}

/** set_remove_one() - set_remove(), of several; the block shrinks in time */
NOT_INLINE void set_remove_one(struct set *set, const struct set_type *type,
	void *item)
{
	uint32_t last = set->used - 1;
	uint32_t i = ((char *)item - (char *)set->many) / type->size;

	if (set->room > type->few) {
		set_relink(set, type, i, *(uint32_t *)item);
		if (i != last)
			set_relink(set, type, last, i);
	}
	if (i != last)
		memcpy(item, set_at(set, type, last), type->size);
	set->used--;
	if (!set->used)
		set_clear(set);
	else if (set_room(set->used) < set->room / 2)
		set_resize(set, type, set_room(set->used));
}

/** set_remove() - Remove an item */
ALWAYS_INLINE void set_remove(struct set *set, const struct set_type *type,
	void *item)
{
	if (set->room)
		set_remove_one(set, type, item);
	else
		set->used = 0;
}

#endif /* PORTMAN_SET_H */
