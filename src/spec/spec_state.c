// SPDX-License-Identifier: Apache-2.0
/*
 * spec_state.c - the state as a value: make it, copy it
 */
#include "spec_state.h"

#include <string.h>

#include "world.h"

size_t spec_size(void)
{
	return sizeof(struct spec);
}

void spec_reset(struct spec *spec, const struct spec_force *force)
{
	memset(spec, 0, offsetof(struct spec, sockets));
	spec->force = force;
	spec->low = WORLD_RANGE_FIRST;
	spec->high = WORLD_RANGE_LAST;
	spec->unprivileged = WORLD_UNPRIVILEGED;
}

void spec_copy(struct spec *to, const struct spec *from)
{
	memcpy(to, from, offsetof(struct spec, sockets));
	memcpy(to->sockets, from->sockets,
		from->count * sizeof(*from->sockets));
	memcpy(to->ports, from->ports, from->port_count * sizeof(*from->ports));
	memcpy(to->addrs, from->addrs, from->addr_count * sizeof(*from->addrs));
}
