// SPDX-License-Identifier: Apache-2.0
/*
 * minimize_values.c - plainer values for a program, while a test holds
 */
#include "minimize_private.h"

#include <string.h>

#include "util.h"
#include "world.h"

struct addr minimize_parsed(const char *text)
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
		{ "fd00::2", "10.0.0.2" }, { "2001:db8::1", "192.0.2.1" } };

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		struct addr role = minimize_parsed(roles[i][0]);

		if (addr_equal(addr, &role)) {
			*addr = minimize_parsed(roles[i][1]);
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

bool minimize_sockets(struct minimizer *m)
{
	struct program candidate = *m->best;
	bool changed = false;

	socket_to_v4(&candidate, -1);
	changed |= minimize_keep(m, &candidate);
	for (int slot = 0; slot < PROGRAM_SOCKETS_MAX; slot++) {
		candidate = *m->best;
		socket_to_v4(&candidate, slot);
		changed |= minimize_keep(m, &candidate);
	}
	for (int i = 0; i < m->best->count; i++) {
		candidate = *m->best;
		if (candidate.ops[i].kind != OP_SOCKET ||
			candidate.ops[i].socket.type < MPTCP4)
			continue;
		candidate.ops[i].socket.type -= MPTCP4 - TCP4;
		changed |= minimize_keep(m, &candidate);
	}
	return changed;
}

const char *const *minimize_addrs(int len, size_t *count)
{
	static const char *const v4[] = { "0.0.0.0", "127.0.0.1", "127.0.0.2",
		"10.0.0.1", "192.0.2.1", "224.0.0.1" };
	static const char *const v6[] = { "::", "::1", "::ffff:0.0.0.0",
		"::ffff:127.0.0.1", "::ffff:127.0.0.2", "fd00::1",
		"2001:db8::1", "ff0e::1", "ff02::1" };

	*count = len == 4 ? ARRAY_SIZE(v4) : ARRAY_SIZE(v6);
	return len == 4 ? v4 : v6;
}

static bool minimize_addr(struct minimizer *m, int i)
{
	const struct addr *now = &m->best->ops[i].bind.place.addr;
	size_t count;
	const char *const *list = minimize_addrs(now->len, &count);

	for (size_t n = 0; n < count; n++) {
		struct program candidate = *m->best;
		struct addr addr = minimize_parsed(list[n]);

		if (addr_equal(&addr, now))
			return false;
		candidate.ops[i].bind.place.addr = addr;
		candidate.ops[i].bind.place.scope = 0;
		if (minimize_keep(m, &candidate))
			return true;
	}
	return false;
}

void minimize_ports(const struct program *program,
	uint16_t ports[MINIMIZE_PORTS])
{
	static const uint16_t list[MINIMIZE_PORTS] = { 7000, 7001, 7002, 0, 0,
		80 };

	memcpy(ports, list, sizeof(list));
	for (int i = 0; i < program->count; i++) {
		const struct op *op = &program->ops[i];

		if (op->kind == OP_SYSCTL &&
			op->sysctl.key == SYSCTL_PORT_RANGE &&
			op->sysctl.value == op->sysctl.high)
			ports[3] = op->sysctl.value;
	}
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
			kept_ = minimize_keep((m), &try_);                     \
		}                                                              \
		kept_;                                                         \
	})

static bool minimize_port(struct minimizer *m, int i)
{
	const struct place now = m->best->ops[i].bind.place;
	uint16_t ports[MINIMIZE_PORTS];

	minimize_ports(m->best, ports);
	for (int n = 0; n < MINIMIZE_PORTS; n++) {
		struct program candidate = *m->best;
		struct place *place = &candidate.ops[i].bind.place;

		if (!now.port_of && now.port == ports[n])
			return false;
		place->port_of = 0;
		place->port = ports[n];
		if (minimize_keep(m, &candidate))
			return true;
	}
	return false;
}

/* Does the wildcard of the socket's own family do, whole and unscoped? */
static bool minimize_wildcard(struct minimizer *m, int i)
{
	struct program candidate = *m->best;
	struct op *op = &candidate.ops[i];
	bool v6;

	candidate.count = i;
	v6 = type_is_v6(program_type(&candidate, op->sock));
	candidate.count = m->best->count;
	op->bind.place.addr = minimize_parsed(v6 ? "::" : "0.0.0.0");
	op->bind.place.scope = 0;
	if (op->kind == OP_BIND) {
		op->bind.len = LEN_NATURAL;
		op->bind.family = FAMILY_NATURAL;
	}
	return minimize_keep(m, &candidate);
}

static bool minimize_place(struct minimizer *m, int i)
{
	bool changed = minimize_wildcard(m, i);

	changed |= minimize_addr(m, i);

	changed |= TRY_LIST(m, i, bind.place.scope, 0, WORLD_LO, WORLD_VETH0,
		WORLD_MISSING);
	changed |= minimize_port(m, i);
	if (m->best->ops[i].kind == OP_CONNECT)
		return changed;
	changed |= TRY_LIST(m, i, bind.len, LEN_NATURAL, 128, 28, 24, 16, 0);
	changed |= TRY_LIST(m, i, bind.family, FAMILY_NATURAL, 0, 1, 2, 10);
	return changed;
}

struct op minimize_bind(uint8_t sock, bool v6, uint16_t port)
{
	struct addr any = minimize_parsed(v6 ? "::" : "0.0.0.0");

	return op_bind(sock, &any, port);
}

/* Does a plain bind do as well as this listen or connect? */
static bool minimize_kind(struct minimizer *m, int i)
{
	struct program before = *m->best;
	uint8_t sock = before.ops[i].sock;
	uint16_t ports[MINIMIZE_PORTS];
	bool v6;

	if (i == before.count - 1)
		return false;
	minimize_ports(&before, ports);
	before.count = i;
	v6 = type_is_v6(program_type(&before, sock));
	for (int n = 0; n < MINIMIZE_PORTS; n++) {
		struct program candidate = *m->best;

		candidate.ops[i] = minimize_bind(sock, v6, ports[n]);
		if (minimize_keep(m, &candidate))
			return true;
	}
	return false;
}

/* Small ranges first, so that every range is one of a few */
static bool minimize_range(struct minimizer *m, int i)
{
	static const uint32_t ranges[][2] = { { 7000, 7000 }, { 7001, 7001 },
		{ 7000, 7001 }, { 7000, 7002 }, { 40000, 40000 },
		{ 40000, 40001 }, { 40000, 40003 }, { 40003, 40000 }, { 1, 1 },
		{ 0, 0 } };

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
		if (minimize_keep(m, &candidate))
			return true;
	}
	return false;
}

/* Try one value in one op; @at points into @candidate, a copy of the best */
#define TRY(m, candidate, at, value)                                           \
	({                                                                     \
		(at) = (value);                                                \
		bool kept_ = minimize_keep((m), &(candidate));                 \
		(candidate) = *(m)->best;                                      \
		kept_;                                                         \
	})

static bool minimize_reservation(struct minimizer *m, int i)
{
	struct program c = *m->best;
	struct op *op = &c.ops[i];
	struct reservation *res = &op->reserve.res;
	struct addr none = { 0 };
	bool changed = false;

	for (int n = res->network_count; n > 1; n--) {
		res->networks[--res->network_count] = 0;
		changed |= minimize_keep(m, &c);
		c = *m->best;
	}
	if (res->network_count == 1)
		changed |= TRY(m, c, res->networks[0], 4);
	changed |= TRY(m, c, res->transport, 6);
	changed |= TRY(m, c, res->addr, none);
	changed |= TRY(m, c, res->device, 0);
	changed |= TRY(m, c, res->dest_port, 0);
	changed |= TRY(m, c, res->dest_addr, none);
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

/* Does the test hold with the last op on a socket that is made earlier? */
static bool minimize_last(struct minimizer *m)
{
	int last = m->best->count - 1;

	if (!op_has_socket(&m->best->ops[last]))
		return false;
	for (int i = 0; i < last; i++) {
		const struct op *made = &m->best->ops[i];
		struct program candidate = *m->best;

		if (made->kind != OP_SOCKET)
			continue;
		if (made->sock == m->best->ops[last].sock)
			return false;
		candidate.ops[last].sock = made->sock;
		if (minimize_keep(m, &candidate))
			return true;
	}
	return false;
}

bool minimize_values(struct minimizer *m)
{
	bool changed = minimize_everywhere(m);

	changed |= minimize_last(m);

	for (int i = 0; i < m->best->count; i++) {
		struct program c = *m->best;
		struct op *op = &c.ops[i];

		switch (op->kind) {
		case OP_SOCKET:
			changed |= TRY_LIST(m, i, socket.uid, UID_NONE, 7);
			break;
		case OP_EUID: changed |= TRY_LIST(m, i, euid.uid, 7); break;
		case OP_BIND: changed |= minimize_place(m, i); break;
		case OP_CONNECT:
			changed |= minimize_kind(m, i);
			if (m->best->ops[i].kind == OP_CONNECT)
				changed |= minimize_place(m, i);
			break;
		case OP_LISTEN:
			changed |= TRY_LIST(m, i, listen.backlog,
				BACKLOG_DEFAULT, 0);
			changed |= minimize_kind(m, i);
			break;
		case OP_SYSCTL: changed |= minimize_range(m, i); break;
		case OP_SHUTDOWN:
			changed |= TRY(m, c, op->shutdown.how, SHUT_BOTH);
			if (i < m->best->count - 1)
				changed |= TRY(m, c, *op,
					op_make(OP_CLOSE, op->sock));
			break;
		case OP_SET:
			if (op->set.option < OPT_DEV)
				changed |= TRY(m, c, op->set.value, 1);
			if (op->set.option == OPT_PORT_RANGE) {
				op->set.value = 40000;
				changed |= TRY(m, c, op->set.high, 40000);
			}
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
		case OP_AVAILABLE: changed |= minimize_reservation(m, i); break;
		}
	}
	return changed;
}
