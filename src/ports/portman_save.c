// SPDX-License-Identifier: Apache-2.0
/*
 * portman_save.c - a port manager as bytes, and back
 *
 * Little endian: a header (magic, version, range, hint, number of rows), a row
 * for each held, a checksum over all before it. Rows are in the order of their
 * bytes, so that the same state is the same bytes; the flags are behind the
 * tuple, so that what makes up a tuple stands together. Damage is seen before
 * anything changes.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portman_private.h"
#include "util.h"

enum {
	MAGIC_SIZE = 8,
	HEADER_SIZE = MAGIC_SIZE + 2 + 2 + 4 + 8,
	ROW_TUPLE = 2 + 1 + 1 + 4 + 1 + 1 + 2 + 4 + 16 + 16,
	ROW_SIZE = ROW_TUPLE + 4 + 4,
	SUM_SIZE = 8,
};

/* The last byte of the magic is the version. */
static const uint8_t magic[MAGIC_SIZE] = { 'p', 'o', 'r', 't', 'm', 'a', 'n',
	3 };

static void put(uint8_t **at, uint64_t value, unsigned int width)
{
	value = htole64(value);
	memcpy(*at, &value, width);
	*at += width;
}

static uint64_t get(const uint8_t **at, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, *at, width);
	*at += width;
	return le64toh(value);
}

static uint64_t add_word(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x100000001b3;
	return sum ^ sum >> 32;
}

/* As FNV-1a, but of 64-bit words; no size here is anything else. There are four
 * sums, so that none waits for the one before. */
static uint64_t checksum(const uint8_t *data, size_t size)
{
	uint64_t a = 0xcbf29ce484222325, b = a, c = a, d = a;

	for (; size >= 4 * 8; size -= 4 * 8) {
		a = add_word(a, get(&data, 8));
		b = add_word(b, get(&data, 8));
		c = add_word(c, get(&data, 8));
		d = add_word(d, get(&data, 8));
	}
	for (; size; size -= 8)
		a = add_word(a, get(&data, 8));
	return add_word(add_word(add_word(a, b), c), d);
}

static void put_addr(uint8_t **at, const struct names *names, int family,
	uint32_t addr)
{
	if (family == FAMILY_6) {
		memcpy(*at, names->all[addr].bytes, 16);
	} else {
		memset(*at, 0, 16);
		memcpy(*at, &addr, sizeof(addr));
	}
	*at += 16;
}

static void put_row(uint8_t **at, const struct names *names, uint32_t id,
	const struct held *held)
{
	const struct claim *claim = &held->claim;
	static const uint8_t lens[] = { [FAMILY_4] = 4, [FAMILY_6] = 16 };
	int family = portman_family(claim);
	int dest_family = portman_dest_family(claim);

	put(at, id >> 16, 2);
	put(at, id >> 8 & 0xff, 1);
	put(at, id & 0xff, 1);
	put(at, (uint32_t)claim->device, 4);
	put(at, lens[family], 1);
	put(at, lens[dest_family], 1);
	put(at, claim->dest_port, 2);
	put(at, 0, 4);
	put_addr(at, names, family, claim->addr);
	put_addr(at, names, dest_family, claim->dest_addr);
	put(at, claim->flags, 4);
	put(at, (uint32_t)held->refs, 4);
}

/* The id of a key with the bytes of its port turned, as its rows begin; and of
 * that the id */
static uint32_t turned(uint32_t id)
{
	return (id & 0xff0000) << 8 | (id >> 8 & 0xff0000) | (id & 0xffff);
}

/**
 * struct order - All keys, in the order of their rows
 * @entries:	turned() << 32 | the number of the key in its set
 * @spare:	As much memory again, to sort
 * @counts:	How many have this byte there in turned(), the lowest first
 */
struct order {
	uint64_t *entries, *spare;
	size_t count, rows;
	size_t counts[4][256];
};

/* Add all keys of a set */
static void list_keys(struct order *order, const struct set *keys)
{
	const struct key *key = set_items(keys);

	for (uint32_t i = 0; i < keys->used; i++, key++) {
		uint32_t rank = turned(key->id);

		for (int byte = 0; byte < 4; byte++)
			order->counts[byte][rank >> 8 * byte & 0xff]++;
		order->entries[order->count++] = (uint64_t)rank << 32 | i;
		order->rows += key->helds.set.used;
	}
}

/* Sort by a byte of turned(); equal ones stay in their order. */
static void sort_by(struct order *order, int byte)
{
	uint64_t *from = order->entries, *to = order->spare;
	int shift = 32 + 8 * byte;
	size_t starts[256], sum = 0;

	for (int i = 0; i < 256; i++) {
		starts[i] = sum;
		sum += order->counts[byte][i];
	}
	for (size_t i = 0; i < order->count; i++)
		to[starts[from[i] >> shift & 0xff]++] = from[i];
	order->entries = to;
	order->spare = from;
}

static bool is_sorted(const struct order *order, int byte)
{
	return !order->count ||
	       order->counts[byte][order->entries[0] >> (32 + 8 * byte) &
				   0xff] == order->count;
}

/* List all keys in their order; free with drop_order() */
static int take_order(struct order *order, const struct portman *pm)
{
	size_t count = 0;

	memset(order, 0, sizeof(*order));
	for (int i = 0; i < 2 * PARTS; i++)
		count += pm->parts[i / 2].table.keys[i % 2].set.used;
	order->entries = malloc((count + 1) * sizeof(*order->entries));
	order->spare = malloc((count + 1) * sizeof(*order->spare));
	if (!order->entries || !order->spare)
		return -ENOMEM;
	for (int i = 0; i < 2 * PARTS; i++)
		list_keys(order, &pm->parts[i / 2].table.keys[i % 2].set);
	for (int byte = 0; byte < 4; byte++)
		if (!is_sorted(order, byte))
			sort_by(order, byte);
	return 0;
}

static void drop_order(struct order *order)
{
	free(order->entries);
	free(order->spare);
}

static int compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, ROW_SIZE);
}

/* All rows of a key, in their order */
static void put_key(uint8_t **at, const struct portman *pm, uint64_t entry)
{
	uint32_t id = turned(entry >> 32);
	const struct table *table = &pm->parts[portman_part(id >> 16)].table;
	const struct key *keys = set_items(&table->keys[id >> 9 & 1].set);
	const struct set *helds = &keys[(uint32_t)entry].helds.set;
	const struct held *held = set_items(helds);
	uint8_t *rows = *at;

	for (uint32_t i = 0; i < helds->used; i++)
		put_row(at, &table->names, id, &held[i]);
	if (helds->used > 1)
		qsort(rows, helds->used, ROW_SIZE, compare_rows);
}

static void put_header(uint8_t **at, struct portman *pm, size_t rows)
{
	memcpy(*at, magic, sizeof(magic));
	*at += sizeof(magic);
	pthread_mutex_lock(&pm->range_lock);
	put(at, pm->first, 2);
	put(at, pm->count, 2);
	put(at, pm->hint, 4);
	pthread_mutex_unlock(&pm->range_lock);
	put(at, rows, 8);
}

int portman_save(struct portman *pm, uint8_t **data, size_t *size)
{
	uint8_t *out = NULL, *at;
	struct order order;
	struct visit visit;

	if (!pm || !data || !size)
		return -EINVAL;
	if (!portman_enter(&visit, pm->parts, ALL_PARTS, false))
		return -EDEADLK;
	if (!take_order(&order, pm))
		out = malloc(HEADER_SIZE + order.rows * ROW_SIZE + SUM_SIZE);
	at = out;
	if (out)
		put_header(&at, pm, order.rows);
	for (size_t i = 0; out && i < order.count; i++)
		put_key(&at, pm, order.entries[i]);
	portman_leave(&visit);
	drop_order(&order);
	if (!out)
		return -ENOMEM;
	put(&at, checksum(out, at - out), SUM_SIZE);
	*data = out;
	*size = at - out;
	return 0;
}

static bool get_addr(const uint8_t *bytes, uint8_t len, struct addr *addr)
{
	static const uint8_t zero[16];

	addr->len = len;
	memcpy(addr->bytes, bytes, 16);
	return len <= 16 && !memcmp(bytes + len, zero, 16 - len);
}

/* Read a row into a table: 0, -EINVAL if there cannot be such, or -ENOMEM */
static int get_row(const uint8_t *at, struct table *tables, int64_t *refs)
{
	struct reservation res = { .network_count = 1 };
	struct claim claim;
	struct table *table;
	uint8_t lens[2];
	uint32_t flags;
	bool good;

	res.port = get(&at, 2);
	res.networks[0] = get(&at, 1);
	res.transport = get(&at, 1);
	res.device = (int32_t)get(&at, 4);
	lens[0] = get(&at, 1);
	lens[1] = get(&at, 1);
	res.dest_port = get(&at, 2);
	good = !get(&at, 4);
	good &= get_addr(at, lens[0], &res.addr);
	good &= get_addr(at + 16, lens[1], &res.dest_addr);
	at += 32;
	flags = get(&at, 4);
	*refs = (int32_t)get(&at, 4);
	res.flags = flags;
	if (!good || !*refs || flags > RESERVATION_FLAGS ||
		!portman_valid(&res))
		return -EINVAL;
	table = &tables[portman_part(res.port)];
	claim = portman_claim(table, &res);
	return portman_table_add(table,
		portman_id(res.networks[0], res.transport, res.port), &res,
		&claim, *refs);
}

/* Make room for all keys at once: each begins with a row whose port, network or
 * transport is another. */
static int make_room(const uint8_t *at, uint64_t rows, struct table *tables)
{
	uint32_t counts[2 * PARTS] = { 0 };

	for (uint64_t i = 0; i < rows; i++, at += ROW_SIZE)
		if (!i || memcmp(at - ROW_SIZE, at, 4))
			counts[2 * portman_part(at[0]) + (at[2] == 6)]++;
	for (int i = 0; i < 2 * PARTS; i++)
		if (!portman_table_room(&tables[i / 2], i % 2, counts[i]))
			return -ENOMEM;
	return 0;
}

/* Rows have to be in their order, each once, and a tuple's sum positive. */
static int get_rows(const uint8_t *at, uint64_t rows, struct table *tables)
{
	const uint8_t *before = NULL;
	int64_t refs, sum = 1;
	int rc = make_room(at, rows, tables);

	for (; rows && !rc; rows--, before = at, at += ROW_SIZE) {
		int order = before ? memcmp(before, at, ROW_TUPLE + 4) : -1;
		bool same = before && !memcmp(before, at, ROW_TUPLE);

		if (order >= 0 || (!same && sum <= 0))
			return -EINVAL;
		rc = get_row(at, tables, &refs);
		sum = refs + (same ? sum : 0);
	}
	return rc ? rc : sum > 0 ? 0 : -EINVAL;
}

/* Swap what is held; what was refused may be free now */
static void swap(struct portman *pm, struct table *tables)
{
	for (int i = 0; i < PARTS; i++) {
		struct table table;

		memcpy(&table, &pm->parts[i].table, sizeof(table));
		memcpy(&pm->parts[i].table, &tables[i], sizeof(table));
		memcpy(&tables[i], &table, sizeof(table));
	}
	portman_refused_free(&pm->refusals, true);
}

static int become(struct portman *pm, const uint8_t *header,
	const uint8_t *rows, struct table *tables)
{
	uint16_t first = get(&header, 2), count = get(&header, 2);
	uint32_t hint = get(&header, 4);
	uint64_t number = get(&header, 8);
	struct visit visit;
	int rc;

	if ((count && first + count > 65536) || (!count && first))
		return -EINVAL;
	rc = get_rows(rows, number, tables);
	if (rc)
		return rc;
	if (!portman_enter(&visit, pm->parts, ALL_PARTS, false))
		return -EDEADLK;
	swap(pm, tables);
	pthread_mutex_lock(&pm->range_lock);
	pm->first = first;
	pm->count = count;
	pm->hint = hint;
	pthread_mutex_unlock(&pm->range_lock);
	portman_leave(&visit);
	return 0;
}

int portman_load(struct portman *pm, const uint8_t *data, size_t size)
{
	const uint8_t *end, *number;
	struct table *tables;
	int rc;

	if (!pm || !data || size < HEADER_SIZE + SUM_SIZE ||
		memcmp(data, magic, MAGIC_SIZE) ||
		(size - HEADER_SIZE - SUM_SIZE) % ROW_SIZE)
		return -EINVAL;
	end = data + size - SUM_SIZE;
	number = data + HEADER_SIZE - 8;
	if (get(&end, SUM_SIZE) != checksum(data, size - SUM_SIZE) ||
		get(&number, 8) != (size - HEADER_SIZE - SUM_SIZE) / ROW_SIZE)
		return -EINVAL;
	tables = calloc(PARTS, sizeof(*tables));
	if (!tables)
		return -ENOMEM;
	rc = become(pm, data + MAGIC_SIZE, data + HEADER_SIZE, tables);
	for (int i = 0; i < PARTS; i++)
		portman_table_clear(&tables[i]);
	free(tables);
	return rc;
}
