/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_table.h - what a port manager holds (private to it)
 *
 * DOC: Theory of Operation
 *
 * A hash table maps (network, transport, port) to a *key*; a key has a list of
 * *cells*, one for each (address, device, destination), with a count for each
 * combination of flags. Cells of one address stand together, since addresses
 * are judged one by one. A cell exists only while the total of its
 * counts is positive, a key only while it has cells.
 */
#ifndef PORTMAN_TABLE_H
#define PORTMAN_TABLE_H

#include "flagcount.h"
#include "portman.h"

/** struct cell - The references of one (address, device, destination) */
struct cell {
	struct cell *next;
	struct addr addr, dest_addr;
	int32_t device;
	uint16_t dest_port;
	struct flagcount counts;
};

/** struct key - All that is held on one (network, transport, port) */
struct key {
	struct key *next;
	struct cell *cells;
	uint16_t port;
	uint8_t network, transport;
};

/**
 * struct table - All keys
 * @slots:	Heads of the chains; NULL as long as it was always empty
 * @size:	How many slots, a power of two
 * @used:	How many keys
 */
struct table {
	struct key **slots;
	size_t size, used;
};

/** portman_table_clear() - Free all that is in it */
void portman_table_clear(struct table *table);

/** portman_table_key() - The key, or NULL */
struct key *portman_table_key(const struct table *table, uint8_t network,
	uint8_t transport, uint16_t port);

/** portman_table_cell() - The cell of a reservation on a network, or NULL */
struct cell *portman_table_cell(const struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port);

/** portman_table_add() - The same, made if need be; NULL without memory */
struct cell *portman_table_add(struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port);

/** portman_table_drop() - Remove a cell, and its key with the last one */
void portman_table_drop(struct table *table, uint8_t network,
	const struct reservation *res, uint16_t port);

#endif /* PORTMAN_TABLE_H */
