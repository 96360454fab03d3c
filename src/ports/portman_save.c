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
	2 };

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

/* As FNV-1a, but of 64-bit words; no size here is anything else */
static uint64_t checksum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (; size; size -= 8) {
		sum = (sum ^ get(&data, 8)) * 0x100000001b3;
		sum ^= sum >> 32;
	}
	return sum;
}

static void put_bytes(uint8_t **at, const uint8_t *bytes)
{
	memcpy(*at, bytes, 16);
	*at += 16;
}

static void put_row(uint8_t **at, const struct names *names, uint32_t id,
	const struct held *held)
{
	const struct claim *claim = &held->claim;
	struct addr addr = portman_long(names, portman_family(claim),
		claim->addr);
	struct addr dest = portman_long(names, portman_dest_family(claim),
		claim->dest_addr);

	put(at, id >> 16, 2);
	put(at, id >> 8 & 0xff, 1);
	put(at, id & 0xff, 1);
	put(at, (uint32_t)claim->device, 4);
	put(at, addr.len, 1);
	put(at, dest.len, 1);
	put(at, claim->dest_port, 2);
	put(at, 0, 4);
	put_bytes(at, addr.bytes);
	put_bytes(at, dest.bytes);
	put(at, claim->flags, 4);
	put(at, (uint32_t)held->refs, 4);
}

static int compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, ROW_SIZE);
}

/* All rows of a key, in their order */
static void put_key(uint8_t **at, const struct portman *pm,
	const struct key *key)
{
	const struct table *table =
		&pm->parts[portman_part(key->id >> 16)].table;
	const struct held *held = set_items(&key->helds.set);
	uint8_t *rows = *at;

	for (uint32_t i = 0; i < key->helds.set.used; i++)
		put_row(at, &table->names, key->id, &held[i]);
	if (key->helds.set.used > 1)
		qsort(rows, key->helds.set.used, ROW_SIZE, compare_rows);
}

/**
 * struct entry - A key, to be sorted
 * @rank:	As its rows begin: the lower byte of the port, the higher one,
 *		network, transport
 */
struct entry {
	uint32_t rank;
	const struct key *key;
};

/* Sort by a byte of the rank; equal ones stay in their order. */
static void sort_by(struct entry *to, const struct entry *from, size_t count,
	int shift)
{
	size_t starts[257] = { 0 };

	for (size_t i = 0; i < count; i++)
		starts[(from[i].rank >> shift & 0xff) + 1]++;
	for (int i = 1; i < 256; i++)
		starts[i] += starts[i - 1];
	for (size_t i = 0; i < count; i++)
		to[starts[from[i].rank >> shift & 0xff]++] = from[i];
}

/* Add all keys of a set to a list, and their rows to a number */
static struct entry *list_keys(struct entry *at, const struct set *keys,
	size_t *rows)
{
	const struct key *key = set_items(keys);

	for (uint32_t i = 0; i < keys->used; i++, key++) {
		at->rank = (key->id << 8 & 0xff000000) |
			   (key->id >> 8 & 0xff0000) | (key->id & 0xffff);
		at++->key = key;
		*rows += key->helds.set.used;
	}
	return at;
}

/* All keys in their order, and how many rows they have */
static struct entry *sorted_keys(const struct portman *pm, size_t *count,
	size_t *rows)
{
	struct entry *keys, *end;

	*count = *rows = 0;
	for (int i = 0; i < 2 * PARTS; i++)
		*count += pm->parts[i / 2].table.keys[i % 2].set.used;
	/* Twice as many, to sort from one half to the other and back */
	keys = end = malloc((2 * *count + 1) * sizeof(*keys));
	for (int i = 0; keys && i < 2 * PARTS; i++)
		end = list_keys(end, &pm->parts[i / 2].table.keys[i % 2].set,
			rows);
	for (int i = 0; keys && i < 4; i++)
		sort_by(keys + (i % 2 ? 0 : *count),
			keys + (i % 2 ? *count : 0), *count, 8 * i);
	return keys;
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
	struct entry *keys;
	size_t count, rows;
	uint8_t *out = NULL, *at;
	struct visit visit;

	if (!pm || !data || !size)
		return -EINVAL;
	if (!portman_enter(&visit, pm->parts, ALL_PARTS, false))
		return -EDEADLK;
	keys = sorted_keys(pm, &count, &rows);
	if (keys)
		out = malloc(HEADER_SIZE + rows * ROW_SIZE + SUM_SIZE);
	at = out;
	if (out)
		put_header(&at, pm, rows);
	for (size_t i = 0; out && i < count; i++)
		put_key(&at, pm, keys[i].key);
	portman_leave(&visit);
	free(keys);
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
