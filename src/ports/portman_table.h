/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_table.h - what a port manager holds (private to it)
 *
 * DOC: Theory of Operation
 *
 * A *key* is all that is held on one (network, transport, port). It is a set of
 * *held*: for each *tuple* (address, device, destination) and each combination
 * of flags the number of references. This number may be negative: a reference
 * dropped under the wrong flags is remembered, as upstream does. A tuple exists
 * only while the sum of its references is positive, a key only while it holds
 * something.
 *
 * A held is small, since with many of them it is memory that takes the time: an
 * address is 32 bits and its family. For IPv6 these are the number of a name
 * (portman_names.h).
 */
#ifndef PORTMAN_TABLE_H
#define PORTMAN_TABLE_H

#include "portman_names.h"
#include "portman_set.h"
#include "reservation.h"

/* Families of local addresses; of destinations these are shifted by so much */
enum { FAMILY_ANY, FAMILY_4, FAMILY_6, FAMILIES = 15, FAMILY_DEST = 4 };

/**
 * struct claim - A tuple and flags, of a newcomer or of what is held
 * @addr, @dest_addr: 0 for the wildcard, an IPv4 address, or the name of an
 *		IPv6 address: NAME_NONE if nothing is held with it
 * @families:	Of both addresses
 */
struct claim {
	uint32_t addr, dest_addr;
	int32_t device;
	uint16_t dest_port;
	uint8_t families, flags;
};

/** struct held - The references of one tuple with the same flags */
struct held {
	uint32_t next;
	struct claim claim;
	int32_t refs;
};

/**
 * struct key - What is held on one port
 * @id:		portman_id()
 * @crowd:	Sums of it, if it is much (portman_crowd.h); or NULL
 */
struct key {
	uint32_t next, id;
	struct crowd *crowd;
	SET_OF(struct held) helds;
};

/** struct table - What is held; all zero is nothing */
struct table {
	SET_OF(struct key) keys[2];
	struct names names;
};

/** portman_id() - Of a key: its network, transport and port */
ALWAYS_INLINE uint32_t portman_id(uint8_t network, uint8_t transport,
	uint16_t port)
{
	return (uint32_t)port << 16 | network << 8 | transport;
}

/** portman_keys() - The keys of a network */
ALWAYS_INLINE struct set *portman_keys(struct table *table, uint32_t id)
{
	return &table->keys[id >> 9 & 1].set;
}

/** portman_id_hash() - For portman_key_type */
ALWAYS_INLINE uint32_t portman_id_hash(const void *id)
{
	return *(const uint32_t *)id * 0x9e3779b1u;
}

/** portman_key_hash() - For portman_key_type */
ALWAYS_INLINE uint32_t portman_key_hash(const void *item)
{
	return portman_id_hash(&((const struct key *)item)->id);
}

/** portman_key_same() - For portman_key_type */
ALWAYS_INLINE bool portman_key_same(const void *item, const void *id)
{
	return ((const struct key *)item)->id == *(const uint32_t *)id;
}

static const struct set_type portman_key_type = { sizeof(struct key), 2,
	portman_key_hash, portman_id_hash, portman_key_same };

/** portman_key() - What is held on a port, or NULL */
ALWAYS_INLINE struct key *portman_key(const struct table *table, uint32_t id)
{
	return set_match(&table->keys[id >> 9 & 1].set, &portman_key_type, &id,
		NULL);
}

/** portman_claim_hash() - For portman_held_type */
ALWAYS_INLINE uint32_t portman_claim_hash(const void *claim)
{
	const struct claim *c = claim;

	return set_mix((uint64_t)c->addr << 32 | c->dest_addr,
		(uint64_t)(uint32_t)c->device << 32 |
			(uint32_t)c->dest_port << 16 | c->families);
}

/** portman_held_hash() - For portman_held_type */
ALWAYS_INLINE uint32_t portman_held_hash(const void *item)
{
	return portman_claim_hash(&((const struct held *)item)->claim);
}

/** portman_same_tuple() - Are two claims the same but for their flags? */
ALWAYS_INLINE bool portman_same_tuple(const struct claim *a,
	const struct claim *b)
{
	return a->addr == b->addr && a->dest_addr == b->dest_addr &&
	       a->device == b->device && a->dest_port == b->dest_port &&
	       a->families == b->families;
}

/** portman_held_same() - For portman_held_type */
ALWAYS_INLINE bool portman_held_same(const void *item, const void *claim)
{
	return portman_same_tuple(&((const struct held *)item)->claim, claim);
}

static const struct set_type portman_held_type = { sizeof(struct held), 8,
	portman_held_hash, portman_claim_hash, portman_held_same };

/**
 * portman_held() - What is held of the tuple of a claim
 * @after:	Another combination of flags than this one; NULL: any
 *
 * Return: It, or NULL
 */
ALWAYS_INLINE struct held *portman_held(const struct key *key,
	const struct claim *claim, const struct held *after)
{
	return set_match(&key->helds.set, &portman_held_type, claim, after);
}

/** portman_short() - The short form of an address, and as return its family */
ALWAYS_INLINE uint8_t portman_short(const struct names *names,
	const struct addr *addr, uint32_t *to)
{
	*to = 0;
	if (!addr->len)
		return FAMILY_ANY;
	if (addr->len == 4) {
		memcpy(to, addr->bytes, 4);
		return FAMILY_4;
	}
	*to = portman_name_find(names, addr->bytes);
	return FAMILY_6;
}

/** portman_claim() - The claim of a reservation on ports of a table */
ALWAYS_INLINE struct claim portman_claim(const struct table *table,
	const struct reservation *res)
{
	struct claim claim = { .device = res->device,
		.dest_port = res->dest_port,
		.flags = res->flags };

	claim.families = portman_short(&table->names, &res->addr, &claim.addr);
	claim.families |=
		portman_short(&table->names, &res->dest_addr, &claim.dest_addr)
		<< FAMILY_DEST;
	return claim;
}

/** portman_family() - Of the local address of a claim */
ALWAYS_INLINE int portman_family(const struct claim *claim)
{
	return claim->families & FAMILIES;
}

/** portman_dest_family() - Of its destination */
ALWAYS_INLINE int portman_dest_family(const struct claim *claim)
{
	return claim->families >> FAMILY_DEST;
}

/**
 * portman_table_add() - Add references, which may be none or below zero
 * @claim:	That of @res; names that it lacks are put into it
 *
 * Return: 0, or -ENOMEM and nothing was changed
 */
int portman_table_add(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim, int32_t refs);

/**
 * portman_table_drop() - Drop one reference, even if its flags have none
 *
 * Return: 0, -ENOENT (nothing of the tuple is held), -ENOMEM: nothing changed
 */
int portman_table_drop(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim);

/**
 * portman_table_prepare() - See to it that a drop needs no memory
 *
 * Return: 0, or -ENOMEM
 */
int portman_table_prepare(struct table *table, uint32_t id,
	const struct reservation *res, struct claim *claim);

/** portman_table_tidy() - Undo that */
void portman_table_tidy(struct table *table, uint32_t id,
	const struct claim *claim);

/** portman_table_refs() - How many references a tuple has with these flags */
int32_t portman_table_refs(const struct table *table, uint32_t id,
	const struct claim *claim);

/**
 * portman_table_total() - How many references a tuple has, in all
 * @shared:	The flags that all of them have
 */
int64_t portman_table_total(const struct table *table, uint32_t id,
	const struct claim *claim, uint8_t *shared);

/** portman_table_room() - Room for so many keys; false: no memory */
bool portman_table_room(struct table *table, int network, uint32_t count);

/** portman_table_clear() - Free all that is in it */
void portman_table_clear(struct table *table);

#endif /* PORTMAN_TABLE_H */
