// SPDX-License-Identifier: Apache-2.0
/*
 * minimize.c - the smallest program that still does it
 */
#include "minimize.h"

#include <string.h>

#include "program_bytes.h"
#include "util.h"
#include "world.h"

struct minimizer {
	struct program *best;
	minimize_test *test;
	void *arg;
};

/* Take a candidate if it is another program for which the test holds */
static bool keep(struct minimizer *m, const struct program *candidate)
{
	if (program_equal(candidate, m->best) ||
	    !m->test(candidate, m->arg))
		return false;
	*m->best = *candidate;
	return true;
}

static bool drop_ops(struct minimizer *m)
{
	bool changed = false;

	/* All ops of one socket first: that is most of the work, done fast. */
	for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++) {
		struct program candidate = *m->best;

		for (int i = candidate.count - 1; i >= 0; i--) {
			const struct op *op = &candidate.ops[i];

			if ((op->kind == OP_SOCKET || op_has_socket(op)) &&
			    op->sock == slot)
				program_remove(&candidate, i);
		}
		changed |= keep(m, &candidate);
	}
	for (int i = m->best->count - 1; i >= 0; i--) {
		struct program candidate = *m->best;

		if (i >= candidate.count)
			continue;
		program_remove(&candidate, i);
		changed |= keep(m, &candidate);
	}
	/* What must go together: a reserve and its release, for one. */
	for (int i = m->best->count - 1; i > 0; i--) {
		for (int j = i - 1; j >= 0; j--) {
			struct program candidate = *m->best;

			if (i >= candidate.count)
				break;
			program_remove(&candidate, i);
			if (j >= candidate.count)
				continue;
			program_remove(&candidate, j);
			changed |= keep(m, &candidate);
		}
	}
	return changed;
}

static struct addr parsed(const char *text)
{
	struct addr addr = { 0 };

	addr_parse(text, &addr);
	return addr;
}

/* The IPv4 address that plays the role of an IPv6 one */
static void to_v4(struct addr *addr)
{
	static const char *const roles[][2] = { { "::", "0.0.0.0" },
		{ "::1", "127.0.0.1" }, { "fd00::1", "10.0.0.1" },
		{ "fd00::2", "10.0.0.2" } };

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		struct addr role = parsed(roles[i][0]);

		if (addr_equal(addr, &role)) {
			*addr = parsed(roles[i][1]);
			return;
		}
	}
	*addr = addr_unmapped(addr);
}

/* Make a socket, and the places it is given, IPv4; -1 is every socket */
static void socket_to_v4(struct program *program, int slot)
{
	for (int i = 0; i < program->count; i++) {
		struct op *op = &program->ops[i];

		if (slot >= 0 && op->sock != slot)
			continue;
		if (op->kind == OP_SOCKET && type_is_v6(op->socket.type))
			op->socket.type--;
		if (op->kind == OP_BIND || op->kind == OP_CONNECT) {
			to_v4(&op->bind.place.addr);
			if (op->bind.place.addr.len == 4)
				op->bind.place.scope = 0;
		}
	}
}

static bool plain_sockets(struct minimizer *m)
{
	struct program candidate = *m->best;
	bool changed = false;

	socket_to_v4(&candidate, -1);
	changed |= keep(m, &candidate);
	for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++) {
		candidate = *m->best;
		socket_to_v4(&candidate, slot);
		changed |= keep(m, &candidate);
	}
	for (int i = 0; i < m->best->count; i++) {
		candidate = *m->best;
		if (candidate.ops[i].kind != OP_SOCKET ||
		    candidate.ops[i].socket.type < MPTCP4)
			continue;
		candidate.ops[i].socket.type -= MPTCP4 - TCP4;
		changed |= keep(m, &candidate);
	}
	return changed;
}

/* The plainer addresses to try, the plainest first */
static bool plain_place(struct minimizer *m, int i)
{
	static const char *const v4[] = { "0.0.0.0", "127.0.0.1", "127.0.0.2" };
	static const char *const v6[] = { "::", "::1", "::ffff:0.0.0.0",
		"::ffff:127.0.0.1", "::ffff:127.0.0.2" };
	const struct addr *now = &m->best->ops[i].bind.place.addr;
	const char *const *list = now->len == 4 ? v4 : v6;
	size_t count = now->len == 4 ? ARRAY_SIZE(v4) : ARRAY_SIZE(v6);

	for (size_t n = 0; n < count; n++) {
		struct program candidate = *m->best;
		struct addr addr = parsed(list[n]);

		if (addr_equal(&addr, now))
			return false;
		candidate.ops[i].bind.place.addr = addr;
		candidate.ops[i].bind.place.scope = 0;
		if (keep(m, &candidate))
			return true;
	}
	return false;
}

/* Try one value in one op; @at points into @candidate, a copy of the best */
#define TRY(m, candidate, at, value)                                           \
	({                                                                     \
		(at) = (value);                                                \
		bool kept_ = keep((m), &(candidate));                          \
		(candidate) = *(m)->best;                                      \
		kept_;                                                         \
	})

static bool plain_reservation(struct minimizer *m, int i)
{
	struct program c = *m->best;
	struct op *op = &c.ops[i];
	struct reservation *res = &op->reserve.res;
	struct addr none = { 0 };
	bool changed = false;

	for (int n = res->network_count; n > 1; n--) {
		res->networks[--res->network_count] = 0;
		changed |= keep(m, &c);
		c = *m->best;
	}
	if (res->network_count == 1)
		changed |= TRY(m, c, res->networks[0], 4);
	changed |= TRY(m, c, res->transport, 6);
	changed |= TRY(m, c, res->addr, none);
	changed |= TRY(m, c, res->device, 0);
	changed |= TRY(m, c, res->dest_port, 0);
	changed |= TRY(m, c, res->dest, none);
	for (int bit = 4; bit; bit >>= 1)
		changed |= TRY(m, c, res->flags, res->flags & ~bit);
	if (res->port)
		changed |= TRY(m, c, res->port, 7000);
	if (op->kind != OP_RESERVE)
		return changed;
	changed |= TRY(m, c, op->reserve.random, 0);
	changed |= TRY(m, c, op->reserve.test, (struct tester){ 0 });
	return changed;
}

static bool plain_values(struct minimizer *m)
{
	bool changed = false;

	for (int i = 0; i < m->best->count; i++) {
		struct program c = *m->best;
		struct op *op = &c.ops[i];

		switch (op->kind) {
		case OP_SOCKET:
			changed |= TRY(m, c, op->socket.uid, UID_NONE);
			break;
		case OP_BIND:
			changed |= TRY(m, c, op->bind.len, LEN_NATURAL);
			changed |= TRY(m, c, op->bind.family, FAMILY_NATURAL);
		/* fall through */
		case OP_CONNECT:
			changed |= plain_place(m, i);
			c = *m->best;
			op->bind.place.port_of = 0;
			changed |= TRY(m, c, op->bind.place.port, 7000);
			break;
		case OP_LISTEN:
			changed |= TRY(m, c, op->listen.backlog,
				BACKLOG_DEFAULT);
			break;
		case OP_SHUTDOWN:
			changed |= TRY(m, c, op->shutdown.how, SHUT_BOTH);
			break;
		case OP_SET:
			if (op->set.option == OPT_DEV)
				changed |= TRY(m, c, op->set.value, WORLD_LO);
			break;
		case OP_REPEAT:
			for (int n = 1; n < op->repeat.times; n *= 2)
				if (TRY(m, c, op->repeat.times, n))
					changed = true;
			break;
		case OP_RESERVE:
		case OP_TUPLE:
		case OP_RELEASE:
		case OP_AVAILABLE: changed |= plain_reservation(m, i); break;
		}
	}
	return changed;
}

/* Should y stand before x, if their order does not matter? */
static bool out_of_order(const struct op *x, const struct op *y)
{
	if (x->kind == OP_SET && y->kind == OP_SET && x->sock == y->sock)
		return x->set.option > y->set.option;
	/* Make sockets, and set their options, as late as possible. */
	return (x->kind == OP_SOCKET || x->kind == OP_SET) &&
	       op_has_socket(y) && y->kind != OP_SET && y->sock != x->sock;
}

static bool order_ops(struct minimizer *m)
{
	bool changed = false;

	for (int pass = 0; pass < PROGRAM_OPS_MAX; pass++) {
		bool moved = false;

		for (int i = 0; i + 1 < m->best->count; i++) {
			struct program candidate = *m->best;
			struct op x = candidate.ops[i];

			if (!out_of_order(&x, &candidate.ops[i + 1]))
				continue;
			candidate.ops[i] = candidate.ops[i + 1];
			candidate.ops[i + 1] = x;
			moved |= keep(m, &candidate);
		}
		changed |= moved;
		if (!moved)
			break;
	}
	return changed;
}

/* Call the sockets a, b, c in the order in which they are made */
static void rename_sockets(struct program *program)
{
	struct program out;
	int8_t slots[PROGRAM_SOCKETS_MAX];
	int next = 0;

	memset(slots, -1, sizeof(slots));
	program_init(&out, program->level);
	for (int i = 0; i < program->count; i++) {
		struct op *op = &program->ops[i];
		bool bind = op->kind == OP_BIND || op->kind == OP_CONNECT;
		uint8_t *named[3] = {
			op->kind == OP_SOCKET || op_has_socket(op) ?
				&op->sock : NULL,
			op->kind == OP_ACCEPT ? &op->accept.sock : NULL };
		uint8_t of = bind ? op->bind.place.port_of - 1 : 0;

		if (bind && op->bind.place.port_of)
			named[2] = &of;
		for (int n = 0; n < 3; n++) {
			if (!named[n])
				continue;
			if (slots[*named[n]] < 0)
				slots[*named[n]] = next++;
			*named[n] = slots[*named[n]];
		}
		if (named[2])
			op->bind.place.port_of = of + 1;
	}
	memcpy(program->names, out.names, sizeof(out.names));
}

void minimize(struct program *program, minimize_test *test, void *arg)
{
	struct minimizer m = { .best = program, .test = test, .arg = arg };
	bool changed;

	/* Each pass only ever makes it smaller or plainer, so this ends. */
	do {
		changed = drop_ops(&m);
		changed |= plain_sockets(&m);
		changed |= plain_values(&m);
	} while (changed);
	order_ops(&m);
	rename_sockets(program);
}

struct wanted {
	struct pair *pair;
	uint8_t kind;
	struct divergence divergence;
	int error;
};

static bool still_diverges(const struct program *program, void *arg)
{
	struct wanted *want = arg;
	struct divergence now;
	int verdict;

	if (want->error || !program->count ||
	    program->ops[program->count - 1].kind != want->kind)
		return false;
	verdict = diff_one(want->pair, program, &now);
	if (verdict < 0)
		want->error = verdict;
	return verdict == DIVERGE && now.index == program->count - 1u &&
	       now.outcomes[0].kind == want->divergence.outcomes[0].kind &&
	       now.outcomes[1].kind == want->divergence.outcomes[1].kind &&
	       now.outcomes[0].error == want->divergence.outcomes[0].error &&
	       now.outcomes[1].error == want->divergence.outcomes[1].error;
}

int minimize_divergence(struct pair *pair, struct program *program,
	struct divergence *divergence)
{
	struct wanted want = { .pair = pair, .divergence = *divergence };

	while (program->count > divergence->index + 1)
		program_remove(program, program->count - 1);
	want.kind = program->ops[divergence->index].kind;
	minimize(program, still_diverges, &want);
	if (!want.error)
		want.error = diff_one(pair, program, divergence) < 0;
	return want.error;
}
