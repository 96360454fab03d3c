// SPDX-License-Identifier: Apache-2.0
/*
 * portman_refused.c - ports that need not be asked about again (private)
 */
#include "portman_refused.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static bool same_kind(const struct reservation *a, const struct reservation *b)
{
	return a->network_count == b->network_count &&
	       !memcmp(a->networks, b->networks, a->network_count) &&
	       a->transport == b->transport && a->flags == b->flags &&
	       a->device == b->device && a->dest_port == b->dest_port &&
	       addr_equal(&a->addr, &b->addr) &&
	       addr_equal(&a->dest_addr, &b->dest_addr);
}

struct refused *portman_refused_find(const struct refusals *refusals,
	const struct reservation *kind)
{
	for (unsigned int i = 0; i < refusals->used; i++)
		if (same_kind(&refusals->kinds[i]->kind, kind))
			return refusals->kinds[i];
	return NULL;
}

struct refused *portman_refused_add(struct refusals *refusals,
	const struct reservation *kind)
{
	struct refused *new = calloc(1, sizeof(*new));
	unsigned int at = refusals->used;

	if (!new)
		return NULL;
	new->kind = *kind;
	if (at == REFUSED_KINDS) {
		at = refusals->turn++ % REFUSED_KINDS;
		free(refusals->kinds[at]);
	} else {
		refusals->used++;
	}
	refusals->kinds[at] = new;
	return new;
}

void portman_refused_set(struct refused *refused, uint16_t port)
{
	refused->ports[port / 64] |= UINT64_C(1) << port % 64;
	refused->count++;
}

uint32_t portman_refused_run(const struct refused *refused, uint16_t port,
	uint32_t limit)
{
	uint32_t run = 0;

	while (run < limit) {
		uint32_t at = port + run, bits = 64 - at % 64;
		uint64_t word = atomic_load_explicit(&refused->ports[at / 64],
			memory_order_relaxed);
		uint64_t open = ~word >> at % 64;

		if (open) {
			run += __builtin_ctzll(open);
			break;
		}
		run += bits;
	}
	return MIN(run, limit);
}

/* Others clear other ports at the same time, maybe of the same word. */
bool portman_refused_clear_all(struct refusals *refusals, uint16_t port)
{
	uint64_t bit = UINT64_C(1) << port % 64;
	bool empty = false;

	for (unsigned int i = 0; i < refusals->used; i++) {
		struct refused *refused = refusals->kinds[i];

		if (!(atomic_load_explicit(&refused->ports[port / 64],
			      memory_order_relaxed) &
			    bit))
			continue;
		refused->ports[port / 64] &= ~bit;
		empty |= refused->count-- == 1;
	}
	return empty;
}

void portman_refused_free(struct refusals *refusals, bool all)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < refusals->used; i++) {
		if (!all && refusals->kinds[i]->count)
			refusals->kinds[kept++] = refusals->kinds[i];
		else
			free(refusals->kinds[i]);
	}
	refusals->used = kept;
}
