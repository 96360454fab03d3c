// SPDX-License-Identifier: Apache-2.0
/*
 * sweep.c - the odometer, and what its wheels are made of
 */
#include "sweep_draft.h"

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

struct op *draft_op(struct sweep_draft *draft, enum op_kind kind, uint8_t sock)
{
	struct program *program = draft->program;
	struct op *op = &program->ops[program->count++];

	ASSERT(program->count <= PROGRAM_OPS_MAX);
	op->kind = kind;
	op->sock = sock;
	return op;
}

void draft_socket(struct sweep_draft *draft, uint8_t sock,
	enum socket_type type, uint32_t uid)
{
	struct op *op = draft_op(draft, OP_SOCKET, sock);

	op->socket.type = type;
	op->socket.uid = uid;
}

void draft_set(struct sweep_draft *draft, uint8_t sock, enum sockopt option,
	uint32_t value)
{
	struct op *op = draft_op(draft, OP_SET, sock);

	op->set.option = option;
	op->set.value = value;
}

void draft_bind(struct sweep_draft *draft, uint8_t sock,
	const struct addr *addr, uint16_t port)
{
	struct op *op = draft_op(draft, OP_BIND, sock);

	op->bind.place.addr = *addr;
	op->bind.place.port = port;
	op->bind.len = LEN_NATURAL;
	op->bind.family = FAMILY_NATURAL;
}

void draft_listen(struct sweep_draft *draft, uint8_t sock)
{
	draft_op(draft, OP_LISTEN, sock)->listen.backlog = BACKLOG_DEFAULT;
}

void draft_sysctl(struct sweep_draft *draft, enum sysctl_key key,
	uint32_t value, uint32_t high)
{
	struct op *op = draft_op(draft, OP_SYSCTL, 0);

	op->sysctl.key = key;
	op->sysctl.value = value;
	op->sysctl.high = high;
}

void draft_config(struct sweep_draft *draft, uint8_t sock, bool udp,
	unsigned int addr, unsigned int flags, unsigned int uid,
	unsigned int device)
{
	const struct sweep_addr *a = &sweep_addrs[addr];

	draft_socket(draft, sock, (udp ? UDP4 : TCP4) + a->v6,
		uid ? OTHER_UID : UID_NONE);
	if (a->v6only)
		draft_set(draft, sock, OPT_V6ONLY, 1);
	if (flags & 1)
		draft_set(draft, sock, OPT_REUSEADDR, 1);
	if (flags & 2)
		draft_set(draft, sock, OPT_REUSEPORT, 1);
	if (device)
		draft_set(draft, sock, OPT_DEV, device);
}
