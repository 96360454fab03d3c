// SPDX-License-Identifier: Apache-2.0
/*
 * variant.c - programs on sockets that are nearly another one
 */
#include "variant.h"

enum { EDITS_MAX = 3 };

static unsigned int below(struct gen_random *random, unsigned int n)
{
	return (gen_random(random) >> 32) % n;
}

void variant_insert(struct program *program, unsigned int at, struct op op)
{
	const struct program before = *program;

	program->count = at;
	memset(program->ops + at, 0,
		sizeof(program->ops[0]) * (PROGRAM_OPS_MAX - at));
	program_append(program, &op);
	for (unsigned int i = at; i < before.count; i++)
		program_append(program, &before.ops[i]);
}

static bool has_place(const struct op *op)
{
	return op->kind == OP_BIND || op->kind == OP_CONNECT;
}

/* Leave an op out, move or copy it, or give it the place of another one */
static void edit(struct gen_random *random, struct program *program)
{
	unsigned int at = below(random, program->count);
	unsigned int from = below(random, program->count);
	struct op *op = &program->ops[at], copy = program->ops[from];

	switch (below(random, 4)) {
	case 0: program_remove(program, at); break;
	case 1:
		program_remove(program, from);
		variant_insert(program,
			at < program->count ? at : program->count, copy);
		break;
	case 2: variant_insert(program, at, copy); break;
	case 3:
		if (has_place(op) && has_place(&copy))
			op->bind.place = copy.bind.place;
		else
			variant_insert(program, at, copy);
	}
}

void variant_make(struct gen_random *random, const struct program *from,
	struct program *to)
{
	*to = *from;
	for (unsigned int n = 1 + below(random, EDITS_MAX); n && to->count; n--)
		edit(random, to);
}
