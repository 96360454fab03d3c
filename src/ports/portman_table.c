// SPDX-License-Identifier: Apache-2.0
/*
 * portman_table.c - what a port manager holds (private to it)
 */
#include "portman_table.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { SLOTS_MIN = 64 };

static size_t slot(const struct table *table, uint8_t network,
	uint8_t transport, uint16_t port)
{
	uint32_t mix = (uint32_t)port << 16 | network << 8 | transport;

	mix *= 0x9e3779b1u;
	return (mix ^ mix >> 15) & (table->size - 1);
}

struct key *portman_table_key(const struct table *table, uint8_t network,
	uint8_t transport, uint16_t port)
{
	struct key *key;

	if (!table->used)
		return NULL;
	key = table->slots[slot(table, network, transport, port)];
	while (key && (key->port != port || key->network != network ||
			      key->transport != transport))
		key = key->next;
	return key;
}

/* Where the pointer to a cell is, or where a new one of its address belongs */
static struct cell **place(struct key *key, const struct reservation *res)
{
	struct cell **at = &key->cells, **end = NULL;

	for (; *at; at = &(*at)->next) {
		const struct cell *cell = *at;

		if (!addr_equal(&cell->addr, &res->addr))
			continue;
		if (cell->device == res->device &&
			cell->dest_port == res->dest_port &&
			addr_equal(&cell->dest_addr, &res->dest_addr))
			return at;
		end = end ? end : at;
	}
	return end ? end : at;
}

static bool is_at(const struct cell *cell, const struct reservation *res)
{
	return cell && cell->device == res->device &&
	       cell->dest_port == res->dest_port &&
	       addr_equal(&cell->addr, &res->addr) &&
	       addr_equal(&cell->dest_addr, &res->dest_addr);
}

struct cell *portman_table_cell(const struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port)
{
	struct key *key = portman_table_key(table, network, res->transport,
		port);
	struct cell *cell = key ? *place(key, res) : NULL;

	return is_at(cell, res) ? cell : NULL;
}

/* Twice the slots; without memory the chains just get longer */
static void grow(struct table *table)
{
	struct table bigger = { .size = MAX(2 * table->size, SLOTS_MIN) };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return;
	for (size_t i = 0; i < table->size; i++) {
		struct key *key = table->slots[i], *next;

		for (; key; key = next) {
			struct key **at = &bigger.slots[slot(&bigger,
				key->network, key->transport, key->port)];

			next = key->next;
			key->next = *at;
			*at = key;
		}
	}
	free(table->slots);
	table->slots = bigger.slots;
	table->size = bigger.size;
}

static struct key *add_key(struct table *table, uint8_t network,
	uint8_t transport, uint16_t port)
{
	struct key *key, **at;

	if (table->used >= table->size)
		grow(table);
	key = table->size ? calloc(1, sizeof(*key)) : NULL;
	if (!key)
		return NULL;
	key->network = network;
	key->transport = transport;
	key->port = port;
	at = &table->slots[slot(table, network, transport, port)];
	key->next = *at;
	*at = key;
	table->used++;
	return key;
}

static void drop_key(struct table *table, struct key *key)
{
	struct key **at = &table->slots[slot(table, key->network,
		key->transport, key->port)];

	while (*at != key)
		at = &(*at)->next;
	*at = key->next;
	free(key);
	table->used--;
}

struct cell *portman_table_add(struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port)
{
	struct key *key = portman_table_key(table, network, res->transport,
		port);
	struct cell **at, *cell;

	if (!key)
		key = add_key(table, network, res->transport, port);
	if (!key)
		return NULL;
	at = place(key, res);
	if (is_at(*at, res))
		return *at;
	cell = calloc(1, sizeof(*cell));
	if (!cell) {
		if (!key->cells)
			drop_key(table, key);
		return NULL;
	}
	cell->addr.len = res->addr.len;
	memcpy(cell->addr.bytes, res->addr.bytes, res->addr.len);
	cell->dest_addr.len = res->dest_addr.len;
	memcpy(cell->dest_addr.bytes, res->dest_addr.bytes, res->dest_addr.len);
	cell->device = res->device;
	cell->dest_port = res->dest_port;
	cell->next = *at;
	*at = cell;
	return cell;
}

void portman_table_drop(struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port)
{
	struct key *key = portman_table_key(table, network, res->transport,
		port);
	struct cell **at = place(key, res), *cell = *at;

	ASSERT(cell);
	*at = cell->next;
	free(cell);
	if (!key->cells)
		drop_key(table, key);
}

void portman_table_clear(struct table *table)
{
	for (size_t i = 0; i < table->size; i++) {
		while (table->slots[i]) {
			struct key *key = table->slots[i];

			while (key->cells) {
				struct cell *cell = key->cells;

				key->cells = cell->next;
				free(cell);
			}
			table->slots[i] = key->next;
			free(key);
		}
	}
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
