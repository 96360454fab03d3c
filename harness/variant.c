// SPDX-License-Identifier: Apache-2.0
/*
 * variant.c - programs on sockets that are nearly another one
 *
 * DOC: Theory of Operation
 *
 * Half of the variants are the program with one to three edits. The others are
 * its beginning, and then what a fuzzer puts together late, since it takes many
 * ops of which none shows anything by itself: connections to one listener that
 * are accepted and end in any order, or sockets that share a port by their
 * options and users.
 */
#include "variant.h"

#include "util.h"

enum { EDITS_MAX = 3, STEPS_MAX = 12, USUAL_PORT = 7000 };

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
	unsigned int at = gen_below(random, program->count);
	unsigned int from = gen_below(random, program->count);
	struct op *op = &program->ops[at], copy = program->ops[from];

	switch (gen_below(random, 4)) {
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

static int some_bit(struct gen_random *random, uint16_t bits)
{
	for (int n = gen_below(random, __builtin_popcount(bits)); n; n--)
		bits &= bits - 1;
	return __builtin_ctz(bits);
}

/* Loopback, of which IPv4 has several */
static struct addr near(struct gen_random *random, bool v6)
{
	struct addr addr = { .len = v6 ? 16 : 4 };

	addr.bytes[0] = v6 ? 0 : 127;
	addr.bytes[addr.len - 1] = 1 + (v6 ? 0 : gen_below(random, 2));
	return addr;
}

/* Add a socket of the same type as another one */
static bool open_like(struct program *program, int other, int slot)
{
	int type = program_type(program, other);
	struct op op = op_socket(slot, type, UID_NONE);

	/* Who has accepted from nobody is of no type. */
	return type >= 0 && !program_append(program, &op);
}

/* One of those that listen at the end; if there is none, one more */
static int listener(struct gen_random *random, struct program *program)
{
	uint16_t used = program_in_use(program), listen = 0;
	const struct addr any = { .len = 4 };
	struct op ops[] = { op_socket(0, TCP4, UID_NONE),
		op_bind(0, &any, USUAL_PORT), op_listen(0) };

	for (unsigned int i = 0; i < program->count; i++)
		if (program->ops[i].kind == OP_LISTEN)
			listen |= used & 1u << program->ops[i].sock;
	if (listen)
		return some_bit(random, listen);
	if (used == UINT16_MAX)
		return some_bit(random, used);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i].sock = __builtin_ctz(~used);
		program_append(program, &ops[i]);
	}
	return ops[0].sock;
}

/* One step of sockets that come, connect, are accepted and go */
static void step(struct gen_random *random, struct program *program, int l)
{
	uint16_t used = program_in_use(program);
	int other = some_bit(random, used);
	int fresh = used == UINT16_MAX ? -1 : __builtin_ctz(~used);
	bool v6 = type_is_v6(program_type(program, l));
	struct addr addr = near(random, v6);
	struct op op = op_make(OP_GET, other);

	switch (gen_below(random, 8)) {
	case 0:
	case 1:
		if (fresh < 0 || !open_like(program, l, fresh))
			return;
		op = op_connect(fresh, &addr, 0);
		op.bind.place.port_of = l + 1;
		break;
	case 2:
	case 3:
		op = op_make(OP_ACCEPT, l);
		op.accept.sock = fresh;
		if (fresh < 0)
			return;
		break;
	case 4: break;
	case 5: op = op_make(OP_CLOSE, other); break;
	case 6:
		op = op_make(OP_SHUTDOWN, other);
		op.shutdown.how = gen_below(random, SHUT_BOTH + 1);
		break;
	case 7:
		if (fresh < 0 || !open_like(program, other, fresh))
			return;
		v6 = type_is_v6(program_type(program, fresh));
		addr = near(random, v6);
		op = op_bind(fresh, &addr, 0);
		op.bind.place.port_of = other + 1;
	}
	program_append(program, &op);
}

/* What is held shows in what comes later. */
static void go_on(struct gen_random *random, struct program *program)
{
	int l = listener(random, program);

	for (unsigned int n = 2 + gen_below(random, STEPS_MAX); n; n--)
		if (program_in_use(program))
			step(random, program, l);
}

/* One more on the usual port, which some are let share */
static void come(struct gen_random *random, struct program *program, bool udp,
	bool four)
{
	static const uint32_t uids[] = { UID_NONE, UID_NONE, 7, 1000 };
	static const uint8_t options[] = { OPT_REUSEADDR, OPT_REUSEPORT,
		OPT_V6ONLY };
	uint16_t used = program_in_use(program);
	bool v6 = !four && gen_below(random, 2);
	struct addr addr = { .len = v6 ? 16 : 4 };
	int slot = used == UINT16_MAX ? 0 : __builtin_ctz(~used);
	struct op op = op_socket(slot, (udp ? UDP4 : TCP4) + v6,
		uids[gen_below(random, ARRAY_SIZE(uids))]);

	program_append(program, &op);
	for (size_t i = 0; i < ARRAY_SIZE(options) - !v6; i++) {
		op = op_set(slot, options[i], 1);
		if (gen_below(random, 2))
			program_append(program, &op);
	}
	if (!gen_below(random, 3))
		addr = near(random, v6);
	op = op_bind(slot, &addr, USUAL_PORT);
	program_append(program, &op);
}

/* Some come, change their options, listen and go. */
static void crowd(struct gen_random *random, struct program *program)
{
	bool udp = gen_below(random, 2), four = gen_below(random, 2);

	for (unsigned int n = 4 + gen_below(random, STEPS_MAX); n; n--) {
		uint16_t used = program_in_use(program);
		int other = used ? some_bit(random, used) : 0;
		struct op op = op_set(other, gen_below(random, 2),
			gen_below(random, 2));

		switch (used ? gen_below(random, 8) : 0) {
		case 4: break;
		case 5:
			if (!udp)
				op = op_listen(other);
			break;
		case 6: op = op_make(OP_CLOSE, other); break;
		default: come(random, program, udp, four); continue;
		}
		program_append(program, &op);
	}
}

void variant_make(struct gen_random *random, const struct program *from,
	struct program *to)
{
	unsigned int how = gen_below(random, 4), upto;

	*to = *from;
	if (how < 2) {
		for (unsigned int n = 1 + gen_below(random, EDITS_MAX);
			n && to->count; n--)
			edit(random, to);
		return;
	}
	upto = gen_below(random, from->count + 1);
	while (to->count > upto)
		program_remove(to, to->count - 1);
	if (how == 2)
		go_on(random, to);
	else
		crowd(random, to);
}
