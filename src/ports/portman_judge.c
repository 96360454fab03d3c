// SPDX-License-Identifier: Apache-2.0
/*
 * portman_judge.c - is a port free? The heart of the port manager
 *
 * Functions take a judgement with a watch, or with none (portman_watch.h). Each
 * call of portman_left_out() marks a place where a step has a part.
 */
#include "portman_private.h"

enum { MULTI_BIND = RESERVATION_MOST_RECENT | RESERVATION_LOAD_BALANCED };

enum { TCP = 6 };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/**
 * struct judgement - What is judged
 * @chosen:	The manager chooses the port, the caller did not give it
 * @limited:	Watched: what is shared at all addresses before
 */
struct judgement {
	const struct reservation *res;
	struct portman_watch *watch;
	bool chosen;
	uint8_t limited;
};

/*
 * Does a cell count for a newcomer, and which flags may they share? For the
 * same destination, these are the flags that all references of the cell have; a
 * wildcard with a port is not the same as one without. If either destination is
 * a wildcard, the two flags for multiple binds may be shared in any case. Two
 * specific destinations that differ have nothing to do with each other: the
 * cell does not count.
 */
ALWAYS_INLINE bool counts(const struct cell *cell, const struct judgement *j,
	uint8_t *shared)
{
	const struct reservation *res = j->res;

	if (cell->dest_port == res->dest_port &&
		addr_equal(&cell->dest_addr, &res->dest_addr)) {
		*shared = flagcount_shared(&cell->counts);
		return !portman_left_out(j->watch, STEP_SAME_DEST);
	}
	if (cell->dest_addr.len && res->dest_addr.len)
		return false;
	if (portman_left_out(j->watch, STEP_WILDCARD_DEST))
		return false;
	*shared = flagcount_shared(&cell->counts);
	if ((*shared & MULTI_BIND) == MULTI_BIND ||
		!portman_left_out(j->watch, STEP_FORGIVING_DEST))
		*shared |= MULTI_BIND;
	return true;
}

/* Are both on the same device, or is one of them on none? */
ALWAYS_INLINE bool devices_meet(const struct cell *cell,
	const struct judgement *j)
{
	int32_t wanted = j->res->device;

	if (!wanted)
		return !cell->device ||
		       !portman_left_out(j->watch, STEP_NO_DEVICE_WANTED);
	if (!cell->device)
		return !portman_left_out(j->watch, STEP_NO_DEVICE_HELD);
	return cell->device == wanted ||
	       portman_left_out(j->watch, STEP_OTHER_DEVICE);
}

/*
 * Judge the cells of one address, which stand together from @cell on. Their
 * order does not matter, since the set of shared flags only shrinks. For a port
 * that the manager chose itself, flags do not help TCP; and without a device,
 * even a cell that does not count is in the way.
 */
ALWAYS_INLINE bool address_is_free(const struct cell *cell, struct judgement *j)
{
	const struct addr *addr = &cell->addr;
	const struct reservation *res = j->res;
	bool strict_tcp = j->chosen && res->transport == TCP, any = false;
	uint8_t shared = RESERVATION_FLAGS, own = 0;

	if (strict_tcp && !res->device &&
		!portman_left_out(j->watch, STEP_CHOSEN_ENTRY))
		return false;
	for (; cell && addr_equal(&cell->addr, addr); cell = cell->next) {
		if (!devices_meet(cell, j) || !counts(cell, j, &own))
			continue;
		/* Without this step it is enough that each one would share. */
		if (j->watch && shared & res->flags && own & res->flags &&
			!(shared & own & res->flags) &&
			portman_left_out(j->watch, STEP_ONE_FLAG))
			shared = RESERVATION_FLAGS;
		any = true;
		shared &= own;
	}
	if (!any)
		return true;
	if (j->watch && shared & res->flags &&
		!(shared & j->limited & res->flags) &&
		portman_left_out(j->watch, STEP_EACH_ADDRESS))
		return false;
	if (j->watch)
		j->limited &= shared;
	if (strict_tcp && !portman_left_out(j->watch, STEP_CHOSEN_TCP))
		return false;
	return shared & res->flags;
}

/* Does the address of a cell matter to the newcomer's? */
ALWAYS_INLINE bool addresses_meet(const struct cell *cell,
	const struct judgement *j)
{
	const struct addr *wanted = &j->res->addr;

	if (!wanted->len)
		return !cell->addr.len ||
		       !portman_left_out(j->watch, STEP_WILDCARD_WANTED);
	if (!cell->addr.len)
		return !portman_left_out(j->watch, STEP_WILDCARD_HELD);
	return addr_equal(wanted, &cell->addr);
}

/* Is a port free on one network? Each address is judged by itself. */
ALWAYS_INLINE bool is_free(const struct table *table, uint8_t network,
	struct judgement *j, uint16_t port)
{
	const struct key *key = portman_table_key(table, network,
		j->res->transport, port);
	const struct cell *cell = key ? key->cells : NULL, *before = NULL;

	for (; cell; before = cell, cell = cell->next) {
		if (before && addr_equal(&before->addr, &cell->addr))
			continue;
		if (addresses_meet(cell, j) && !address_is_free(cell, j))
			return false;
	}
	return true;
}

/* Is it free on all networks? If there are none, it always is. */
ALWAYS_INLINE bool all_free(const struct table *table, struct judgement *j,
	uint16_t port)
{
	for (int i = 0; i < j->res->network_count; i++)
		if (!is_free(table, j->res->networks[i], j, port))
			return false;
	return true;
}

bool portman_is_free(const struct portman *pm, const struct reservation *res,
	uint16_t port, bool chosen)
{
	struct judgement plain = { .res = res, .chosen = chosen };
	struct judgement watched = { .res = res,
		.chosen = chosen,
		.watch = pm->watch,
		.limited = RESERVATION_FLAGS };

	if (!pm->watch)
		return all_free(&pm->table, &plain, port);
	return all_free(&pm->table, &watched, port);
}
