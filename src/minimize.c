// SPDX-License-Identifier: Apache-2.0
/*
 * minimize.c - the smallest program that still does it
 */
#include "minimize.h"

#include <string.h>

#include "program_bytes.h"
#include "util.h"
#include "world.h"

enum { PASSES_MAX = 1000 };

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
	/*
	 * What must go together: a reserve and its release. Sockets have gone
	 * with all their ops above.
	 */
	if (m->best->level == LEVEL_SOCKET)
		return changed;
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

static bool has_place(const struct op *op)
{
	return op->kind == OP_BIND || op->kind == OP_CONNECT;
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

/* The plain addresses, the plainest first; all passes use this one order */
static const char *const *plain_addrs(int len, size_t *count)
{
	static const char *const v4[] = { "0.0.0.0", "127.0.0.1", "127.0.0.2",
		"192.0.2.1" };
	static const char *const v6[] = { "::", "::1", "::ffff:0.0.0.0",
		"::ffff:127.0.0.1", "::ffff:127.0.0.2", "fd00::1",
		"2001:db8::1" };

	*count = len == 4 ? ARRAY_SIZE(v4) : ARRAY_SIZE(v6);
	return len == 4 ? v4 : v6;
}

static bool plain_addr(struct minimizer *m, int i)
{
	const struct addr *now = &m->best->ops[i].bind.place.addr;
	size_t count;
	const char *const *list = plain_addrs(now->len, &count);

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

/* Try the values of a list in its order, up to the one that is there */
#define TRY_LIST(m, i, field, ...)                                             \
	({                                                                     \
		static const uint32_t list_[] = { __VA_ARGS__ };               \
		bool kept_ = false;                                            \
		for (size_t n_ = 0; n_ < ARRAY_SIZE(list_) && !kept_; n_++) {  \
			struct program try_ = *(m)->best;                      \
			if (try_.ops[i].field == list_[n_])                    \
				break;                                         \
			try_.ops[i].field = list_[n_];                         \
			kept_ = keep((m), &try_);                              \
		}                                                              \
		kept_;                                                         \
	})

static bool plain_place(struct minimizer *m, int i)
{
	bool changed = plain_addr(m, i);

	changed |= TRY_LIST(m, i, bind.place.scope, 0, WORLD_LO, WORLD_VETH0,
		WORLD_MISSING);
	if (m->best->ops[i].bind.place.port_of) {
		struct program candidate = *m->best;

		candidate.ops[i].bind.place.port_of = 0;
		candidate.ops[i].bind.place.port = 7000;
		changed |= keep(m, &candidate);
	} else {
		changed |= TRY_LIST(m, i, bind.place.port, 7000, 7001, 7002, 0,
			80);
	}
	if (m->best->ops[i].kind == OP_CONNECT)
		return changed;
	changed |= TRY_LIST(m, i, bind.len, LEN_NATURAL, 128, 28, 24, 16, 0);
	changed |= TRY_LIST(m, i, bind.family, FAMILY_NATURAL, 0, 1, 2, 10);
	return changed;
}

/* Does a plain bind do as well as this listen or connect? */
static bool plain_kind(struct minimizer *m, int i)
{
	struct program candidate = *m->best;
	struct op *op = &candidate.ops[i];
	uint8_t sock = op->sock;
	bool v6;

	if ((op->kind != OP_LISTEN && op->kind != OP_CONNECT) ||
	    i == candidate.count - 1)
		return false;
	candidate.count = i;
	v6 = type_is_v6(program_type(&candidate, sock));
	candidate.count = m->best->count;
	memset(op, 0, sizeof(*op));
	op->kind = OP_BIND;
	op->sock = sock;
	op->bind.place.addr = parsed(v6 ? "::" : "0.0.0.0");
	op->bind.place.port = 7000;
	op->bind.len = LEN_NATURAL;
	op->bind.family = FAMILY_NATURAL;
	return keep(m, &candidate);
}

/* Small ranges first, so that every range is one of a few */
static bool plain_range(struct minimizer *m, int i)
{
	static const uint32_t ranges[][2] = { { 7000, 7000 }, { 7000, 7001 },
		{ 40000, 40000 }, { 40000, 40001 }, { 40000, 40003 },
		{ 40003, 40000 }, { 1, 1 }, { 0, 0 } };

	if (m->best->ops[i].sysctl.key > SYSCTL_RESERVED_PORTS)
		return false;
	for (size_t n = 0; n < ARRAY_SIZE(ranges); n++) {
		struct program candidate = *m->best;
		struct op *op = &candidate.ops[i];

		if (op->sysctl.value == ranges[n][0] &&
		    op->sysctl.high == ranges[n][1])
			return false;
		op->sysctl.value = ranges[n][0];
		op->sysctl.high = ranges[n][1];
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

/* The places equal to @from, all made @to */
static bool replace_place(struct minimizer *m, const struct place *from,
	const struct place *to)
{
	struct program candidate = *m->best;

	for (int i = 0; i < candidate.count; i++)
		if (has_place(&candidate.ops[i]) &&
		    !memcmp(&candidate.ops[i].bind.place, from, sizeof(*from)))
			candidate.ops[i].bind.place = *to;
	return keep(m, &candidate);
}

/* Places that must stay the same: change an address, or a port, everywhere */
static bool plain_everywhere(struct minimizer *m)
{
	static const uint16_t ports[] = { 7000, 7001, 7002, 0 };
	bool changed = false;

	for (int i = 0; i < m->best->count; i++) {
		const struct place from = m->best->ops[i].bind.place;
		struct place to = from;
		size_t count, n;
		const char *const *list = plain_addrs(from.addr.len, &count);

		if (!has_place(&m->best->ops[i]))
			continue;
		for (n = 0; n < count && !changed; n++) {
			to.addr = parsed(list[n]);
			if (addr_equal(&to.addr, &from.addr))
				break;
			changed = replace_place(m, &from, &to);
		}
		to = from;
		for (n = 0; n < ARRAY_SIZE(ports) && !changed; n++) {
			to.port = ports[n];
			to.port_of = 0;
			if (!memcmp(&to, &from, sizeof(to)))
				break;
			changed = replace_place(m, &from, &to);
		}
	}
	return changed;
}

static bool plain_values(struct minimizer *m)
{
	bool changed = plain_everywhere(m);

	for (int i = 0; i < m->best->count; i++) {
		struct program c = *m->best;
		struct op *op = &c.ops[i];

		switch (op->kind) {
		case OP_SOCKET:
			changed |= TRY(m, c, op->socket.uid, UID_NONE);
			break;
		case OP_BIND: changed |= plain_place(m, i); break;
		case OP_CONNECT:
			changed |= plain_kind(m, i);
			if (m->best->ops[i].kind == OP_CONNECT)
				changed |= plain_place(m, i);
			break;
		case OP_LISTEN:
			changed |= TRY(m, c, op->listen.backlog,
				BACKLOG_DEFAULT);
			changed |= plain_kind(m, i);
			break;
		case OP_SYSCTL: changed |= plain_range(m, i); break;
		case OP_SHUTDOWN:
			changed |= TRY(m, c, op->shutdown.how, SHUT_BOTH);
			break;
		case OP_SET:
			if (op->set.option == OPT_DEV)
				changed |= TRY_LIST(m, i, set.value,
					WORLD_NO_DEVICE, WORLD_LO, WORLD_VETH0,
					WORLD_VETH1);
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
	bool changed = true;

	/* Each pass only ever makes it smaller or plainer, so this ends. */
	for (int pass = 0; changed; pass++) {
		ASSERT(pass < PASSES_MAX);
		changed = drop_ops(&m);
		changed |= plain_sockets(&m);
		changed |= plain_values(&m);
	}
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

/* "op, repeat n" diverges at its last time: make it "op, repeat n-1, op" */
static void unroll(struct program *program)
{
	struct op *last = &program->ops[program->count - 1], again;

	if (last->kind != OP_REPEAT || !last->repeat.times ||
	    program->count == PROGRAM_OPS_MAX)
		return;
	again = last[-1];
	if (--last->repeat.times)
		last++;
	*last = again;
	program->count = last + 1 - program->ops;
}

int minimize_divergence(struct pair *pair, struct program *program,
	struct divergence *divergence)
{
	struct wanted want = { .pair = pair, .divergence = *divergence };

	while (program->count > divergence->index + 1)
		program_remove(program, program->count - 1);
	unroll(program);
	want.kind = program->ops[program->count - 1].kind;
	minimize(program, still_diverges, &want);
	if (!want.error)
		want.error = diff_one(pair, program, divergence) < 0;
	return want.error;
}
