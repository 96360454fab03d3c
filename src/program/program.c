// SPDX-License-Identifier: Apache-2.0
/*
 * program.c - what is asked of a subject, and what it answers
 */
#include "program.h"

#include <errno.h>
#include <string.h>

#include "util.h"

int op_level(enum op_kind kind)
{
	if (kind == OP_REPEAT)
		return -1;
	return kind < OP_REPEAT ? LEVEL_SOCKET : LEVEL_RESERVATION;
}

void program_init(struct program *program, enum level level)
{
	memset(program, 0, sizeof(*program));
	program->level = level;
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++)
		program->names[i][0] = 'a' + i;
}

/* The slot that an op gives a name to, or -1 */
static int op_names(const struct op *op)
{
	if (op->kind == OP_SOCKET)
		return op->sock;
	if (op->kind == OP_ACCEPT)
		return op->accept.sock;
	return -1;
}

uint64_t program_hash(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

uint16_t program_in_use(const struct program *program)
{
	uint16_t used = 0;

	for (int i = 0; i < program->count; i++) {
		const struct op *op = &program->ops[i];

		if (op_names(op) >= 0)
			used |= 1u << op_names(op);
		else if (op->kind == OP_CLOSE)
			used &= ~(1u << op->sock);
	}
	return used;
}

int program_type(const struct program *program, unsigned int slot)
{
	/* An accepted socket is of its listener's type, as that was then. */
	for (int i = program->count - 1; i >= 0; i--) {
		const struct op *op = &program->ops[i];

		if (op_names(op) != (int)slot)
			continue;
		if (op->kind == OP_SOCKET)
			return op->socket.type;
		slot = op->sock;
	}
	return -1;
}

int program_append(struct program *program, const struct op *op)
{
	int level = op_level(op->kind);
	int name = op_names(op);

	if (program->count == PROGRAM_OPS_MAX)
		return -E2BIG;
	if (level >= 0 && level != program->level)
		return -EXDEV;
	if (op->kind == OP_REPEAT) {
		const struct op *last = program->ops + program->count - 1;

		if (!program->count || op_names(last) >= 0 ||
			last->kind == OP_REPEAT)
			return -ENOENT;
	}
	if (name >= 0 && program_in_use(program) & 1u << name)
		return -EEXIST;
	program->ops[program->count++] = *op;
	return 0;
}

void program_remove(struct program *program, unsigned int index)
{
	struct program out = *program;

	ASSERT(index < program->count);
	out.count = 0;
	memset(out.ops, 0, sizeof(out.ops));
	for (unsigned int i = 0; i < program->count; i++)
		if (i != index)
			program_append(&out, &program->ops[i]);
	*program = out;
}

unsigned int program_common(const struct program *a, const struct program *b)
{
	enum { SOME = 4 }; /* compared by one call, which is cheaper */
	unsigned int count = MIN(a->count, b->count), i = 0;

	while (i + SOME <= count &&
		!memcmp(&a->ops[i], &b->ops[i], SOME * sizeof(a->ops[i])))
		i += SOME;
	while (i < count && !memcmp(&a->ops[i], &b->ops[i], sizeof(a->ops[i])))
		i++;
	return i;
}

bool program_equal(const struct program *a, const struct program *b)
{
	uint16_t used = 0;

	if (a->level != b->level || a->count != b->count ||
		memcmp(a->ops, b->ops, a->count * sizeof(*a->ops)))
		return false;
	for (int i = 0; i < a->count; i++) {
		const struct op *op = &a->ops[i];

		if (op_has_socket(op))
			used |= 1u << op->sock;
		if (op_names(op) >= 0)
			used |= 1u << op_names(op);
		if ((op->kind == OP_BIND || op->kind == OP_CONNECT) &&
			op->bind.place.port_of)
			used |= 1u << (op->bind.place.port_of - 1);
	}
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++)
		if (used & 1u << i && strcmp(a->names[i], b->names[i]))
			return false;
	return true;
}

bool outcome_alike(const struct outcome *a, const struct outcome *b)
{
	return a->kind == b->kind && a->error == b->error;
}

bool outcome_equal(const struct outcome *a, const struct outcome *b)
{
	return outcome_alike(a, b) && a->value == b->value && a->a == b->a &&
	       a->b == b->b && addr_equal(&a->addr, &b->addr);
}

bool outcome_same(const struct op *op, const struct outcome *a,
	const struct outcome *b)
{
	if (op_level(op->kind) == LEVEL_SOCKET && op->kind != OP_GET)
		return outcome_alike(a, b);
	return outcome_equal(a, b);
}

bool outcome_holds(const struct outcome *want, const struct outcome *got)
{
	if (want->value == VALUE_NONE)
		return outcome_alike(want, got);
	if (want->value == VALUE_PLACE && want->a == PORT_ANY)
		return got->value == VALUE_PLACE &&
		       addr_equal(&want->addr, &got->addr);
	return outcome_equal(want, got);
}
