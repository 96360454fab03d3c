// SPDX-License-Identifier: Apache-2.0
/*
 * portlist.c - a port manager that is a flat list
 */
#include "portlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TCP = 6, PORTS = 65536, FLAGS_ALL = 7, COMBINATIONS = 8 };

/* The range before anybody sets it */
enum { RANGE_FIRST = 16000, RANGE_LAST = 65535 };

/* What a reservation is counted under; flags are not part of it */
struct key {
	uint8_t network, transport;
	uint16_t port, dest_port;
	int32_t device;
	struct addr addr, dest_addr;
};

/**
 * struct held - One entry of the list
 * @key:	What is held
 * @refs:	References of each combination of flags; may be negative
 * @next:	1 + index of the next entry of this port, or 0; of the next
 *		unused one if it is not @in_use
 */
struct held {
	struct key key;
	int32_t refs[COMBINATIONS];
	uint32_t next;
	bool in_use;
};

/**
 * struct portlist - A manager
 * @held:	The list; the first @used of @capacity entries were ever in use
 * @unused:	1 + index of an entry given back, or 0
 * @first:	For each port 1 + index of its first entry, or 0
 * @range_first, @range_count: The range; its count in 16 bits
 * @hint:	Where the next stable pick begins
 */
struct portlist {
	struct held *held;
	uint32_t used, capacity, unused;
	uint32_t first[PORTS];
	uint16_t range_first, range_count;
	uint32_t hint;
};

#define for_each_at_port(list, at, h)                                          \
	for (uint32_t i_ = (list)->first[at];                                  \
		i_ && ((h) = &(list)->held[i_ - 1]); i_ = (h)->next)

static bool keys_equal(const struct key *a, const struct key *b)
{
	return a->network == b->network && a->transport == b->transport &&
	       a->port == b->port && a->dest_port == b->dest_port &&
	       a->device == b->device && addr_equal(&a->addr, &b->addr) &&
	       addr_equal(&a->dest_addr, &b->dest_addr);
}

static struct key key_of(const struct reservation *res, unsigned int network,
	uint16_t port)
{
	return (struct key){
		.network = res->networks[network],
		.transport = res->transport,
		.port = port,
		.dest_port = res->dest_port,
		.device = res->device,
		.addr = res->addr,
		.dest_addr = res->dest_addr,
	};
}

static struct held *find(const struct portlist *list, const struct key *key)
{
	struct held *h;

	for_each_at_port(list, key->port,
		h) if (keys_equal(&h->key, key)) return h;
	return NULL;
}

/* All combinations, negative ones included */
static int total(const struct held *h)
{
	int sum = 0;

	for (int flags = 0; flags < COMBINATIONS; flags++)
		sum += h->refs[flags];
	return sum;
}

/* What all combinations with a positive count have in common */
static uint8_t shared(const struct held *h)
{
	uint8_t out = FLAGS_ALL;

	for (int flags = 0; flags < COMBINATIONS; flags++)
		if (h->refs[flags] > 0)
			out &= flags;
	return out;
}

static int grow(struct portlist *list)
{
	uint32_t capacity = list->capacity ? 2 * list->capacity : 64;
	struct held *held = realloc(list->held, capacity * sizeof(*held));

	if (!held)
		return -ENOMEM;
	list->held = held;
	list->capacity = capacity;
	return 0;
}

static struct held *append(struct portlist *list, const struct key *key)
{
	uint32_t index = list->unused;
	struct held *h;

	if (index) {
		list->unused = list->held[index - 1].next;
	} else {
		if (list->used == list->capacity && grow(list))
			return NULL;
		index = ++list->used;
	}
	h = &list->held[index - 1];
	memset(h, 0, sizeof(*h));
	h->key = *key;
	h->in_use = true;
	h->next = list->first[key->port];
	list->first[key->port] = index;
	return h;
}

static void forget(struct portlist *list, struct held *h)
{
	uint32_t index = h - list->held + 1;
	uint32_t *link = &list->first[h->key.port];

	while (*link != index)
		link = &list->held[*link - 1].next;
	*link = h->next;
	h->in_use = false;
	h->next = list->unused;
	list->unused = index;
}

/* Add a reference under every network that is listed, repeats too */
static int hold(struct portlist *list, const struct reservation *res,
	uint16_t port)
{
	for (unsigned int n = 0; n < res->network_count; n++) {
		struct key key = key_of(res, n, port);
		struct held *h = find(list, &key);

		if (!h)
			h = append(list, &key);
		if (!h)
			return -ENOMEM;
		h->refs[res->flags]++;
	}
	return 0;
}

/* Drop the reservation that the caller names, even if nobody made it */
static void drop(struct portlist *list, const struct reservation *res,
	uint16_t port)
{
	for (unsigned int n = 0; n < res->network_count; n++) {
		struct key key = key_of(res, n, port);
		struct held *h = find(list, &key);

		if (!h)
			continue;
		h->refs[res->flags]--;
		if (total(h) <= 0)
			forget(list, h);
	}
}

/**
 * address_passes() - Is a port free as far as one held address is concerned?
 * @like:	An entry of that address, network, transport and port
 * @chosen:	We choose the port, the caller did not give it
 */
static bool address_passes(const struct portlist *list,
	const struct reservation *res, const struct held *like, bool chosen)
{
	uint8_t running = FLAGS_ALL;
	struct held *h;

	chosen = chosen && res->transport == TCP;
	for_each_at_port(list, like->key.port, h)
	{
		if (h->key.network != like->key.network ||
			h->key.transport != like->key.transport ||
			!addr_equal(&h->key.addr, &like->key.addr))
			continue;
		/* At a TCP port of our choice, whatever its destination */
		if (chosen && !res->device)
			return false;
		/* On another device */
		if (res->device && h->key.device &&
			h->key.device != res->device)
			continue;
		/* The same destination, or a wildcard on either side */
		if (addr_equal(&h->key.dest_addr, &res->dest_addr) &&
			h->key.dest_port == res->dest_port)
			running &= shared(h);
		else if (!h->key.dest_addr.len || !res->dest_addr.len)
			running &= RESERVATION_MOST_RECENT |
				   RESERVATION_LOAD_BALANCED | shared(h);
		else
			continue;
		/* At a TCP port of our choice, flags do not help */
		if (chosen || !(running & res->flags))
			return false;
	}
	return true;
}

/* Each address and each network is judged by itself */
static bool is_free(const struct portlist *list, const struct reservation *res,
	uint16_t port, bool chosen)
{
	struct held *h;

	for (unsigned int n = 0; n < res->network_count; n++) {
		for_each_at_port(list, port, h)
		{
			if (h->key.network != res->networks[n] ||
				h->key.transport != res->transport)
				continue;
			if (res->addr.len && h->key.addr.len &&
				!addr_equal(&h->key.addr, &res->addr))
				continue;
			if (!address_passes(list, res, h, chosen))
				return false;
		}
	}
	return true;
}

/* Reserve one port: 1, 0 if it is not free, or a negative errno */
static int try_port(struct portlist *list, const struct reservation *res,
	uint16_t port, bool chosen, struct tester_run *test)
{
	int rc;

	if (!is_free(list, res, port, chosen))
		return 0;
	/*
	 * The tester cannot see what is held, so asking before adding is the
	 * same as taking back what was added.
	 */
	rc = test->test.kind == TEST_ABSENT ? 1 : tester_call(port, test);
	if (rc <= 0)
		return rc;
	rc = hold(list, res, port);
	return rc ? rc : 1;
}

/**
 * walk() - One cycle through the range
 * @res:	What to reserve, or NULL to only ask the tester
 * @start:	Offset to begin at; wraps at 32 bits
 *
 * Return: 0 with @port, -EAGAIN if there is none, or another negative errno
 */
static int walk(struct portlist *list, const struct reservation *res,
	uint32_t start, struct tester_run *test, uint16_t *port)
{
	uint16_t first = list->range_first, count = list->range_count;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t candidate = first + (uint32_t)(start + i) % count;
		int rc = res ? try_port(list, res, candidate, true, test) :
			       tester_call(candidate, test);

		if (rc < 0)
			return rc;
		if (rc) {
			*port = candidate;
			return 0;
		}
	}
	return -EAGAIN;
}

int portlist_reserve(struct portlist *list, const struct reservation *res,
	uint32_t random, struct tester_run *test, uint16_t *port)
{
	int rc;

	*port = res->port;
	if (!res->port)
		return walk(list, res, random, test, port);
	rc = try_port(list, res, res->port, false, test);
	return rc > 0 ? 0 : rc ? rc : -EADDRINUSE;
}

/* A tuple meets only holders of the very same key, and those that this call has
 * added itself. */
int portlist_tuple(struct portlist *list, const struct reservation *res)
{
	struct reservation one = *res;
	bool refused = false;
	int rc = 0;

	for (unsigned int n = 0; n < res->network_count && !rc; n++) {
		struct key key = key_of(res, n, res->port);
		struct held *h = find(list, &key);

		refused |= h && total(h) && !(shared(h) & res->flags);
		one.networks[0] = res->networks[n];
		one.network_count = 1;
		rc = hold(list, &one, res->port);
	}
	if (refused)
		drop(list, res, res->port);
	return rc ? rc : refused ? -EADDRINUSE : 0;
}

void portlist_release(struct portlist *list, const struct reservation *res)
{
	drop(list, res, res->port);
}

bool portlist_is_free(const struct portlist *list,
	const struct reservation *res)
{
	return is_free(list, res, res->port, false);
}

int portlist_pick(struct portlist *list, uint32_t start,
	struct tester_run *test, uint16_t *port)
{
	return walk(list, NULL, start, test, port);
}

int portlist_pick_stable(struct portlist *list, uint32_t offset,
	struct tester_run *test, uint16_t *port)
{
	int rc = walk(list, NULL, list->hint + offset, test, port);

	list->hint += !rc;
	return rc;
}

void portlist_range(const struct portlist *list, uint16_t *first,
	uint16_t *last)
{
	*first = list->range_first;
	*last = list->range_first + list->range_count - 1;
}

int portlist_set_range(struct portlist *list, uint16_t first, uint16_t last)
{
	if (first > last)
		return -EINVAL;
	list->range_first = first;
	list->range_count = last - first + 1;
	return 0;
}

uint32_t portlist_live(const struct portlist *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < list->used; i++) {
		const struct held *mine = &list->held[i];
		struct held *h = NULL;

		if (!mine->in_use)
			continue;
		/* Count it if it is the first of its like in the string. */
		for_each_at_port(list, mine->key.port,
			h) if (h->key.network == mine->key.network &&
			       h->key.transport == mine->key.transport) break;
		count += h == mine;
	}
	return count;
}

struct portlist *portlist_new(void)
{
	return calloc(1, sizeof(struct portlist));
}

void portlist_free(struct portlist *list)
{
	if (list)
		free(list->held);
	free(list);
}

void portlist_reset(struct portlist *list)
{
	for (uint32_t i = 0; i < list->used; i++)
		list->first[list->held[i].key.port] = 0;
	list->used = list->unused = 0;
	list->range_first = RANGE_FIRST;
	list->range_count = RANGE_LAST - RANGE_FIRST + 1;
	list->hint = 0;
}
