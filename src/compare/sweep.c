// SPDX-License-Identifier: Apache-2.0
/*
 * sweep.c - the odometer, and what its wheels are made of
 */
#include "sweep_private.h"

#include <string.h>

#include "util.h"
#include "world.h"

/* A port like any other, and a uid that is not the caller's */
enum { OTHER_UID = 7 };

const struct sweep_addr sweep_addrs[SWEEP_ADDRS] = {
	{ false, false, { 4, { 0, 0, 0, 0 } } },
	{ false, false, { 4, { 127, 0, 0, 1 } } },
	{ false, false, { 4, { 127, 0, 0, 2 } } },
	{ false, false, { 4, { 127, 0, 0, 6 } } },
	{ true, false, { 16, { 0 } } },
	{ true, true, { 16, { 0 } } },
	{ true, false, { 16, { 0xfd, [15] = 1 } } },
	{ true, false, { 16, { [10] = 0xff, 0xff, 0, 0, 0, 0 } } },
	{ true, false, { 16, { [10] = 0xff, 0xff, 127, 0, 0, 1 } } },
};

const struct sweep *sweep_find(const char *name)
{
	for (unsigned int i = 0; i < sweep_count; i++)
		if (!strcmp(sweeps[i].name, name))
			return &sweeps[i];
	return NULL;
}

uint64_t sweep_size(const struct sweep *sweep)
{
	uint64_t size = 1;

	for (const unsigned int *wheel = sweep->wheels; *wheel; wheel++)
		size *= *wheel;
	return size;
}

void sweep_program(const struct sweep *sweep, uint64_t number,
	struct program *program)
{
	struct sweep_draft draft = { .program = program };
	unsigned int count = 0;

	while (sweep->wheels[count])
		count++;
	for (unsigned int i = count; i--; number /= sweep->wheels[i])
		draft.choices[i] = number % sweep->wheels[i];
	memset(program->ops, 0, program->count * sizeof(*program->ops));
	program->count = 0;
	for (unsigned int i = 0; i < count; i++)
		sweep->add(&draft, i);
}

void sweep_add_config(struct sweep_draft *draft, uint8_t sock, bool udp,
	unsigned int addr, unsigned int flags, unsigned int uid,
	unsigned int device)
{
	const struct sweep_addr *a = &sweep_addrs[addr];

	sweep_add(draft, op_socket(sock, (udp ? UDP4 : TCP4) + a->v6,
				 uid ? OTHER_UID : UID_NONE));
	if (a->v6only)
		sweep_add(draft, op_set(sock, OPT_V6ONLY, 1));
	if (flags & 1)
		sweep_add(draft, op_set(sock, OPT_REUSEADDR, 1));
	if (flags & 2)
		sweep_add(draft, op_set(sock, OPT_REUSEPORT, 1));
	if (device)
		sweep_add(draft, op_set(sock, OPT_DEV, device));
}
