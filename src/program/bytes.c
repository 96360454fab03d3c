// SPDX-License-Identifier: Apache-2.0
/*
 * bytes.c - every byte string is a program
 */
#include "bytes.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "codec.h"
#include "util.h"

/*
 * The op that byte 0 stands for, modulo 16. So 0x00 and '0' (0x30) both are the
 * first one, which is no op. Frequent ops stand here twice. Never reorder them:
 * corpora last.
 */
enum { NOTHING = OP_KINDS };
static const uint8_t codes[2][16] = {
	[LEVEL_SOCKET] = { NOTHING, OP_SOCKET, OP_SET, OP_BIND, OP_LISTEN,
		OP_CLOSE, OP_CONNECT, OP_ACCEPT, OP_DISCONNECT, OP_SHUTDOWN,
		OP_GET, OP_SYSCTL, OP_EUID, OP_REPEAT, OP_BIND, OP_SET },
	[LEVEL_RESERVATION] = { NOTHING, OP_RESERVE, OP_TUPLE, OP_RELEASE,
		OP_AVAILABLE, OP_RANGE, OP_PICK, OP_PICK_STABLE, OP_LIVE,
		OP_SAVE, OP_REPEAT, OP_RESERVE, OP_RELEASE, OP_RESERVE,
		OP_RELEASE, OP_REPEAT },
};

/* The name of a slot, in a literal record of NOTHING: the slot, and fifteen
 * characters */
static void code_name(struct codec *c, struct program *program, uint8_t slot)
{
	char name[PROGRAM_NAME_MAX + 1] = "";
	bool good = true;

	if (c->packing)
		strcpy(name, program->names[slot]);
	slot = codec_raw(c, slot, 1) % PROGRAM_SOCKETS_MAX;
	for (int i = 0; i < PROGRAM_NAME_MAX; i++)
		name[i] = codec_raw(c, (uint8_t)name[i], 1);
	if (c->packing || c->failed)
		return;
	good = isalpha((unsigned char)name[0]);
	for (size_t i = 0; i < sizeof(name); i++) {
		if (i && !name[i - 1])
			name[i] = '\0';
		good &= !name[i] || isalnum((unsigned char)name[i]);
	}
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++)
		good &= i == slot || strcmp(program->names[i], name);
	if (good)
		memcpy(program->names[slot], name, sizeof(name));
}

static size_t records(size_t bytes)
{
	return (1 + bytes + RECORD_SIZE - 1) / RECORD_SIZE * RECORD_SIZE;
}

/* Decode what is at @data; returns how many bytes that took */
static size_t unpack_one(const uint8_t *data, size_t size,
	struct program *program)
{
	bool literal = *data & 0x80;
	struct codec c = { .literal = literal,
		.bytes = (uint8_t *)data + 1,
		.room = (literal ? size : RECORD_SIZE) - 1 };
	struct op op;

	memset(&op, 0, sizeof(op));
	op.kind = codes[program->level][*data % 16];
	if (op.kind != NOTHING)
		codec_op(&c, program, &op);
	else if (literal)
		code_name(&c, program, 0);
	if (!c.failed && op.kind != NOTHING)
		program_append(program, &op);
	return literal ? MIN(records(c.used), size) : RECORD_SIZE;
}

void bytes_unpack(const uint8_t *data, size_t size, struct program *program)
{
	program_init(program,
		size && *data & 1 ? LEVEL_SOCKET : LEVEL_RESERVATION);
	if (size < 1 + RECORD_SIZE)
		return;
	data++;
	size = (size - 1) / RECORD_SIZE * RECORD_SIZE;
	while (size) {
		size_t took = unpack_one(data, size, program);

		data += took;
		size -= took;
	}
}

int bytes_append_record(struct program *program, const uint8_t *record)
{
	unsigned int count = program->count;
	uint8_t index[RECORD_SIZE];

	memcpy(index, record, sizeof(index));
	index[0] &= 0x7f;
	unpack_one(index, sizeof(index), program);
	return program->count > count ? 0 : -EINVAL;
}

/* Has a slot another name than its own letter, which is a for slot 0? */
static bool names_differ(const struct program *program, int slot)
{
	const char standard[] = { 'a' + slot, '\0' };

	return strcmp(program->names[slot], standard);
}

size_t bytes_pack(const struct program *program, uint8_t *data)
{
	struct program done = *program;
	size_t size = 0;

	memset(data, 0, BYTES_SIZE_MAX);
	data[size++] = program->level;
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		struct codec c = { .packing = true,
			.literal = true,
			.bytes = data + size + 1,
			.room = PROGRAM_NAME_MAX + 1 };

		if (!names_differ(program, i))
			continue;
		data[size] = 0x80;
		code_name(&c, &done, i);
		size += records(c.used);
	}
	for (done.count = 0; done.count < program->count; done.count++) {
		struct op op = program->ops[done.count];
		struct codec c = { .packing = true,
			.bytes = data + size + 1,
			.room = RECORD_SIZE - 1 };
		uint8_t code = 0;

		while (codes[program->level][code] != op.kind)
			code++;
		codec_op(&c, &done, &op);
		if (c.failed) {
			c = (struct codec){ .packing = true,
				.literal = true,
				.bytes = data + size + 1,
				.room = BYTES_SIZE_MAX - size - 1 };
			memset(data + size, 0, RECORD_SIZE);
			codec_op(&c, &done, &op);
			code |= 0x80;
		}
		data[size] = code;
		size += records(c.used);
	}
	return size;
}
