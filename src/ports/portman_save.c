// SPDX-License-Identifier: Apache-2.0
/*
 * portman_save.c - a port manager as bytes, and back
 *
 * Little endian: a header (magic, version, range, hint, number of cells), the
 * cells in the order of their own bytes, a checksum over all before it. So the
 * same state is the same bytes, and damage is seen before anything is built.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portman_private.h"
#include "util.h"

enum {
	MAGIC_SIZE = 8,
	HEADER_SIZE = MAGIC_SIZE + 2 + 2 + 4 + 8,
	ADDR_SIZE = 17,
	CELL_SIZE = 1 + 1 + 2 + 4 + 2 + 2 * ADDR_SIZE + 8 * 8,
	SUM_SIZE = 8,
};

/* The last byte of the magic is the version. */
static const uint8_t magic[MAGIC_SIZE] = { 'p', 'o', 'r', 't', 'm', 'a', 'n',
	1 };

static void put(uint8_t **at, uint64_t value, unsigned int width)
{
	for (; width; width--, value >>= 8)
		*(*at)++ = value;
}

static uint64_t get(const uint8_t **at, unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)*(*at)++ << 8 * i;
	return value;
}

/* FNV-1a, 64 bits */
static uint64_t checksum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325;

	while (size--)
		sum = (sum ^ *data++) * 0x100000001b3;
	return sum;
}

static void put_addr(uint8_t **at, const struct addr *addr)
{
	put(at, addr->len, 1);
	memset(*at, 0, sizeof(addr->bytes));
	memcpy(*at, addr->bytes, addr->len);
	*at += sizeof(addr->bytes);
}

static void get_addr(const uint8_t **at, struct addr *addr)
{
	addr->len = get(at, 1);
	memcpy(addr->bytes, *at, sizeof(addr->bytes));
	*at += sizeof(addr->bytes);
}

static void put_cell(uint8_t **at, const struct key *key,
	const struct cell *cell)
{
	put(at, key->network, 1);
	put(at, key->transport, 1);
	put(at, key->port, 2);
	put(at, (uint32_t)cell->device, 4);
	put(at, cell->dest_port, 2);
	put_addr(at, &cell->addr);
	put_addr(at, &cell->dest_addr);
	for (size_t i = 0; i < ARRAY_SIZE(cell->counts.refs); i++)
		put(at, cell->counts.refs[i], 8);
}

static int compare_cells(const void *a, const void *b)
{
	return memcmp(a, b, CELL_SIZE);
}

static size_t cell_count(const struct table *table)
{
	size_t count = 0;

	for (size_t i = 0; i < table->size; i++)
		for (const struct key *key = table->slots[i]; key;
			key = key->next)
			for (const struct cell *cell = key->cells; cell;
				cell = cell->next)
				count++;
	return count;
}

int portman_save(struct portman *pm, uint8_t **data, size_t *size)
{
	const struct table *table;
	uint8_t *out, *at, *cells;
	size_t count, total;

	if (!pm || !data || !size)
		return -EINVAL;
	table = &pm->table;
	if (pthread_mutex_lock(&pm->table_lock))
		return -EDEADLK;
	count = cell_count(table);
	total = HEADER_SIZE + count * CELL_SIZE + SUM_SIZE;
	out = at = malloc(total);
	if (!out) {
		pthread_mutex_unlock(&pm->table_lock);
		return -ENOMEM;
	}
	memcpy(at, magic, sizeof(magic));
	at += sizeof(magic);
	pthread_mutex_lock(&pm->range_lock);
	put(&at, pm->first, 2);
	put(&at, pm->count, 2);
	put(&at, pm->hint, 4);
	pthread_mutex_unlock(&pm->range_lock);
	put(&at, count, 8);
	cells = at;
	for (size_t i = 0; i < table->size; i++)
		for (const struct key *key = table->slots[i]; key;
			key = key->next)
			for (const struct cell *cell = key->cells; cell;
				cell = cell->next)
				put_cell(&at, key, cell);
	pthread_mutex_unlock(&pm->table_lock);
	qsort(cells, count, CELL_SIZE, compare_cells);
	put(&at, checksum(out, at - out), SUM_SIZE);
	*data = out;
	*size = total;
	return 0;
}

/* So many references nobody has; and sums of fewer do not overflow. */
static bool get_counts(const uint8_t **at, struct flagcount *counts)
{
	bool sane = true;

	for (size_t i = 0; i < ARRAY_SIZE(counts->refs); i++) {
		int64_t count = get(at, 8);

		counts->refs[i] = count;
		sane &= count >= INT32_MIN && count <= INT32_MAX;
	}
	return sane && flagcount_total(counts) > 0;
}

/* Read a cell into a table: 0, -EINVAL if there cannot be such, or -ENOMEM */
static int get_cell(const uint8_t *at, struct table *table)
{
	struct reservation res = { .network_count = 1 };
	struct flagcount counts;
	struct cell *cell;

	res.networks[0] = get(&at, 1);
	res.transport = get(&at, 1);
	res.port = get(&at, 2);
	res.device = (int32_t)get(&at, 4);
	res.dest_port = get(&at, 2);
	get_addr(&at, &res.addr);
	get_addr(&at, &res.dest_addr);
	if (!get_counts(&at, &counts) || !portman_valid(&res) ||
		portman_table_cell(table, res.networks[0], &res, res.port))
		return -EINVAL;
	cell = portman_table_add(table, res.networks[0], &res, res.port);
	if (!cell)
		return -ENOMEM;
	cell->counts = counts;
	return 0;
}

int portman_load(struct portman *pm, const uint8_t *data, size_t size)
{
	const uint8_t *at, *end;
	struct table table = { 0 }, old;
	uint16_t first, count;
	uint32_t hint;
	uint64_t cells;
	int rc = 0;

	if (!pm || !data || size < HEADER_SIZE + SUM_SIZE ||
		memcmp(data, magic, MAGIC_SIZE) ||
		(size - HEADER_SIZE - SUM_SIZE) % CELL_SIZE)
		return -EINVAL;
	at = data + MAGIC_SIZE;
	end = data + size - SUM_SIZE;
	if (get(&end, SUM_SIZE) != checksum(data, size - SUM_SIZE))
		return -EINVAL;
	first = get(&at, 2);
	count = get(&at, 2);
	hint = get(&at, 4);
	cells = get(&at, 8);
	if (cells != (size - HEADER_SIZE - SUM_SIZE) / CELL_SIZE ||
		(count && first + count > 65536) || (!count && first))
		return -EINVAL;
	for (; cells && !rc; cells--, at += CELL_SIZE)
		rc = get_cell(at, &table);
	if (!rc && pthread_mutex_lock(&pm->table_lock))
		rc = -EDEADLK;
	if (rc) {
		portman_table_clear(&table);
		return rc;
	}
	old = pm->table;
	pm->table = table;
	pthread_mutex_lock(&pm->range_lock);
	pm->first = first;
	pm->count = count;
	pm->hint = hint;
	pthread_mutex_unlock(&pm->range_lock);
	pthread_mutex_unlock(&pm->table_lock);
	portman_table_clear(&old);
	return 0;
}
