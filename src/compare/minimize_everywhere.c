// SPDX-License-Identifier: Apache-2.0
/*
 * minimize_everywhere.c - plainer values, where all ops must change together
 */
#include "minimize_private.h"

#include <string.h>

#include "util.h"
#include "world.h"

static bool has_place(const struct op *op)
{
	return op->kind == OP_BIND || op->kind == OP_CONNECT;
}

static bool is_range(const struct op *op)
{
	return op->kind == OP_SYSCTL && op->sysctl.key == SYSCTL_PORT_RANGE;
}

/* Every use of an address, made another */
static bool replace_addr(struct minimizer *m, struct addr from, struct addr to)
{
	struct program c = *m->best;

	for (int i = 0; i < c.count; i++)
		if (has_place(&c.ops[i]) &&
			addr_equal(&c.ops[i].bind.place.addr, &from))
			c.ops[i].bind.place.addr = to;
	return minimize_keep(m, &c);
}

static bool minimize_addr(struct minimizer *m, int i)
{
	const struct addr from = m->best->ops[i].bind.place.addr;
	size_t count;
	const char *const *list = minimize_addrs(from.len, &count);

	for (size_t n = 0; n < count; n++) {
		struct addr to = minimize_parsed(list[n]);

		if (addr_equal(&to, &from))
			return false;
		if (replace_addr(m, from, to))
			return true;
	}
	return false;
}

/* Every use of a port, made a number: in places, and as a range of one */
static bool replace_port(struct minimizer *m, struct place from, uint16_t to)
{
	struct program c = *m->best;

	for (int i = 0; i < c.count; i++) {
		struct op *op = &c.ops[i];
		struct place *place = &op->bind.place;

		if (has_place(op) && place->port == from.port &&
			place->port_of == from.port_of) {
			place->port = to;
			place->port_of = 0;
		}
		if (is_range(op) && op->sysctl.value == from.port &&
			op->sysctl.high == from.port && !from.port_of)
			op->sysctl.value = op->sysctl.high = to;
	}
	return minimize_keep(m, &c);
}

static bool minimize_port(struct minimizer *m, int i)
{
	const struct place from = m->best->ops[i].bind.place;
	uint16_t ports[MINIMIZE_PORTS];

	minimize_ports(m->best, ports);
	for (int n = 0; n < MINIMIZE_PORTS; n++) {
		if (!from.port_of && from.port == ports[n])
			return false;
		if (replace_port(m, from, ports[n]))
			return true;
	}
	return false;
}

/* Of two specific addresses the first to be used is 127.0.0.1 */
static bool swap_specific(struct minimizer *m)
{
	const struct addr one = minimize_parsed("127.0.0.1");
	const struct addr two = minimize_parsed("127.0.0.2");
	struct program c = *m->best;
	bool first = true;

	for (int i = 0; i < c.count; i++) {
		struct addr *addr = &c.ops[i].bind.place.addr;

		if (!has_place(&c.ops[i]))
			continue;
		if (addr_equal(addr, &one)) {
			if (first)
				return false;
			*addr = two;
		} else if (addr_equal(addr, &two)) {
			first = false;
			*addr = one;
		}
	}
	return minimize_keep(m, &c);
}

static uint16_t swapped(uint16_t port)
{
	return port == 7000 ? 7001 : port == 7001 ? 7000 : port;
}

/* Of two ports the first to be used is 7000 */
static bool swap_ports(struct minimizer *m)
{
	struct program c = *m->best;
	uint16_t first = 0;

	for (int i = 0; i < c.count; i++) {
		struct op *op = &c.ops[i];
		uint16_t port = 0;

		if (is_range(op) && op->sysctl.value == op->sysctl.high) {
			port = op->sysctl.value;
			op->sysctl.value = op->sysctl.high = swapped(port);
		} else if (has_place(op)) {
			port = op->bind.place.port;
			op->bind.place.port = swapped(port);
		}
		if (!first && swapped(port) != port)
			first = port;
	}
	return first == 7001 && minimize_keep(m, &c);
}

/* SO_REUSEADDR wherever it was SO_REUSEPORT */
static bool minimize_options(struct minimizer *m)
{
	struct program c = *m->best;

	for (int i = 0; i < c.count; i++)
		if (c.ops[i].kind == OP_SET &&
			c.ops[i].set.option == OPT_REUSEPORT)
			c.ops[i].set.option = OPT_REUSEADDR;
	return minimize_keep(m, &c);
}

/* Every use of a device, made another */
static bool replace_device(struct minimizer *m, uint32_t from, uint32_t to)
{
	struct program c = *m->best;

	for (int i = 0; i < c.count; i++) {
		struct op *op = &c.ops[i];

		if (op->kind == OP_SET && op->set.option == OPT_DEV &&
			op->set.value == from)
			op->set.value = to;
		if (has_place(op) && op->bind.place.scope == from)
			op->bind.place.scope = to;
	}
	return minimize_keep(m, &c);
}

/* Every use of an owner, made another */
static bool replace_uid(struct minimizer *m, uint32_t from, uint32_t to)
{
	struct program c = *m->best;

	for (int i = 0; i < c.count; i++) {
		struct op *op = &c.ops[i];

		if (op->kind == OP_SOCKET && op->socket.uid == from)
			op->socket.uid = to;
		if (op->kind == OP_SET && op->set.option == OPT_UID &&
			op->set.value == from && to != UID_NONE)
			op->set.value = to;
		if (op->kind == OP_EUID && op->euid.uid == from &&
			to != UID_NONE)
			op->euid.uid = to;
	}
	return minimize_keep(m, &c);
}

/* Is the port of a socket used as ":@a" anywhere? */
static bool is_meant(const struct program *program, uint8_t sock)
{
	for (int i = 0; i < program->count; i++)
		if (has_place(&program->ops[i]) &&
			program->ops[i].bind.place.port_of == sock + 1)
			return true;
	return false;
}

void minimize_listeners(struct minimizer *m)
{
	for (int i = 0; i < m->best->count - 1; i++) {
		struct program c = *m->best;
		struct op *op = &c.ops[i];
		uint8_t sock = op->sock;
		bool v6;

		if (op->kind != OP_LISTEN || !is_meant(&c, sock) ||
			c.count == PROGRAM_OPS_MAX)
			continue;
		c.count = i;
		v6 = type_is_v6(program_type(&c, sock));
		c.count = m->best->count;
		memmove(op + 1, op, (c.count++ - i) * sizeof(*op));
		*op = minimize_bind(sock, v6, 7000);
		for (int n = i; n < c.count; n++) {
			struct place *place = &c.ops[n].bind.place;

			if (!has_place(&c.ops[n]) || place->port_of != sock + 1)
				continue;
			place->port_of = 0;
			place->port = 7000;
		}
		minimize_keep(m, &c);
	}
}

bool minimize_everywhere(struct minimizer *m)
{
	bool changed = false;

	for (int i = 0; i < m->best->count; i++) {
		if (!has_place(&m->best->ops[i]))
			continue;
		changed |= minimize_addr(m, i);
		changed |= minimize_port(m, i);
	}
	changed |= swap_specific(m);
	changed |= swap_ports(m);
	changed |= minimize_options(m);
	changed |= replace_uid(m, 1000, 7);
	changed |= replace_uid(m, 0, UID_NONE);
	changed |= replace_uid(m, 7, UID_NONE);
	changed |= replace_device(m, WORLD_VETH1, WORLD_VETH0);
	changed |= replace_device(m, WORLD_VETH0, WORLD_LO);
	return changed;
}
