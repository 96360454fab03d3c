// SPDX-License-Identifier: Apache-2.0
/*
 * codec.c - the fields of an op as bytes, and the values they stand for
 *
 * One function says what the bytes of an op are, in both directions. So each
 * field is one line: SET_CLOSED() or SET_OPEN() *sets* it to what its bytes
 * stand for. Where bytes are written, that is the value that it had.
 */
#include "codec.h"

#include <string.h>

#include "util.h"
#include "world.h"

/* Index tables: small, so that values collide; repeated where likely */
static const uint32_t types[] = { TCP4, TCP6, UDP4, UDP6, MPTCP4, MPTCP6, TCP4,
	TCP6 };
static const uint32_t options[] = { OPT_REUSEADDR, OPT_REUSEPORT, OPT_V6ONLY,
	OPT_FREEBIND, OPT_TRANSPARENT, OPT_BIND_NO_PORT, OPT_REPAIR, OPT_DEV,
	OPT_PORT_RANGE, OPT_UID, OPT_LINGER, OPT_REUSEADDR, OPT_REUSEPORT,
	OPT_REUSEADDR, OPT_REUSEPORT, OPT_V6ONLY };
static const uint32_t switches[] = { 1, 0, 1, 1 };
static const uint32_t devices[] = { WORLD_NO_DEVICE, WORLD_LO, WORLD_VETH0,
	WORLD_VETH1, WORLD_MISSING };
static const uint32_t socket_uids[] = { UID_NONE, UID_NONE, UID_NONE, 0, 7,
	1000 };
static const uint32_t uids[] = { 0, 7, 1000 };
static const uint32_t properties[] = { GET_NAME, GET_DEV, GET_V6ONLY };
static const uint32_t scopes[] = { 0, 0, 0, 0, WORLD_LO, WORLD_VETH0,
	WORLD_MISSING };
static const uint32_t ports[] = { 7000, 7000, 7000, 7001, 0, 0, 80, 40000 };
static const uint32_t lengths[] = { LEN_NATURAL, LEN_NATURAL, LEN_NATURAL,
	LEN_NATURAL, LEN_NATURAL, LEN_NATURAL, LEN_NATURAL, LEN_NATURAL,
	LEN_NATURAL, 16, 28, 24, 15, 23, 0, 128 };
static const uint32_t families[] = { FAMILY_NATURAL, FAMILY_NATURAL,
	FAMILY_NATURAL, FAMILY_NATURAL, FAMILY_NATURAL, FAMILY_NATURAL,
	FAMILY_NATURAL, FAMILY_NATURAL, FAMILY_NATURAL, FAMILY_NATURAL,
	FAMILY_NATURAL, FAMILY_NATURAL, 0, 1, 2, 10 };
static const uint32_t backlogs[] = { BACKLOG_DEFAULT, BACKLOG_DEFAULT, 0, 1 };
static const uint32_t directions[] = { SHUT_READ, SHUT_WRITE, SHUT_BOTH };
static const uint32_t sysctls[] = { SYSCTL_PORT_RANGE, SYSCTL_RESERVED_PORTS,
	SYSCTL_AUTOBIND_REUSE, SYSCTL_UNPRIVILEGED_START, SYSCTL_NONLOCAL4,
	SYSCTL_NONLOCAL6, SYSCTL_BINDV6ONLY };
static const uint32_t sysctl_values[] = { 1, 0, 1024 };
static const uint32_t repeats[] = { 1, 2, 5, 7, 15, 31, 255, 299 };
static const uint32_t transports[] = { 6, 17, 6, 17, 1 };
static const uint32_t res_devices[] = { 0, 0, 1, 2, 3, UINT32_MAX };
static const uint32_t res_ports[] = { 80, 80, 80, 81, 0, 0, 16000, 16001,
	16002 };
static const uint32_t dest_ports[] = { 0, 0, 80, 81 };
static const uint32_t randoms[] = { 0, 1, 2, 3, 7, 49535,
	PROGRAM_RANDOM_MAX - 1, PROGRAM_RANDOM_MAX };
static const uint32_t offsets[] = { 0, 1, 5, 16000, UINT32_MAX,
	UINT32_MAX - 2 };
static const uint32_t tests[] = { TEST_ABSENT, TEST_ABSENT, TEST_ABSENT,
	TEST_ABSENT, TEST_ALL, TEST_NONE, TEST_ODD, TEST_ERR, TEST_EQ, TEST_GE,
	TEST_LT, TEST_NTH, TEST_ERREQ };
static const uint32_t test_args[] = { 16000, 16001, 16002, 80, 1, 2, 3, 0 };
static const uint32_t range_sets[] = { 1, 1, 1, 1, 1, 1, 1, 0 };

/* Pairs of a low and a high port, written low << 16 | high */
#define PAIR(low, high) ((uint32_t)(low) << 16 | (high))
static const uint32_t socket_ranges[] = { PAIR(40000, 40000),
	PAIR(40000, 40001), PAIR(40000, 40003), PAIR(7000, 7000),
	PAIR(40003, 40000), PAIR(0, 0) };
static const uint32_t res_ranges[] = { PAIR(16000, 16003), PAIR(16000, 16000),
	PAIR(16000, 16001), PAIR(80, 81), PAIR(0, 2), PAIR(5, 4),
	PAIR(0, 65535), PAIR(65533, 65535), PAIR(16000, 16006) };

static const char *const socket_addrs4[] = { "0.0.0.0", "127.0.0.1",
	"127.0.0.2", "10.0.0.1", "0.0.0.0", "127.0.0.1", "127.0.0.6",
	"10.0.0.2", "192.0.2.1", "224.0.0.1", "255.255.255.255", "0.1.2.3" };
static const char *const socket_addrs6[] = { "::", "::1", "::ffff:0.0.0.0",
	"::ffff:127.0.0.1", "::", "::1", "fd00::1", "::ffff:127.0.0.2",
	"fd00::2", "fe80::2", "::ffff:127.0.0.6", "2001:db8::1", "ff02::1",
	"::ffff:192.0.2.1", "ff0e::1" };
static const char *const res_addrs[] = { "*", "10.0.0.1", "10.0.0.2", "*",
	"fd00::1", "0.0.0.0" };
static const char *const dest_addrs[] = { "*", "*", "*", "10.0.0.9", "10.0.0.8",
	"fd00::9" };
static const char *const networks[] = { "4", "6", "46", "64", "4", "6", "44",
	"", "464", "6666" };

uint32_t codec_raw(struct codec *c, uint32_t value, unsigned int width)
{
	uint8_t *at = c->bytes + c->used;

	if (c->used + width > c->room) {
		c->failed = true;
		return 0;
	}
	c->used += width;
	if (c->packing) {
		for (unsigned int i = 0; i < width; i++)
			at[i] = value >> 8 * i;
		return value;
	}
	value = 0;
	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

/* A value of a table, by its index, in both modes */
static uint32_t closed(struct codec *c, uint32_t value, const uint32_t *table,
	unsigned int count)
{
	unsigned int i = 0;

	if (!c->packing)
		return table[codec_raw(c, 0, 1) % count];
	while (i < count && table[i] != value)
		i++;
	c->failed |= i == count;
	codec_raw(c, i, 1);
	return value;
}

/* Any value: of the table in index mode, of full width in literal mode */
static uint32_t opened(struct codec *c, uint32_t value, unsigned int width,
	const uint32_t *table, unsigned int count)
{
	return c->literal ? codec_raw(c, value, width) :
			    closed(c, value, table, count);
}

#define SET_CLOSED(c, value, table)                                            \
	((value) = closed((c), (value), (table), ARRAY_SIZE(table)))
#define SET_OPEN(c, value, width, table)                                       \
	((value) = opened((c), (value), (width), (table), ARRAY_SIZE(table)))

static void code_pair(struct codec *c, uint32_t *low, uint32_t *high,
	const uint32_t *table, unsigned int count)
{
	uint32_t value = opened(c, PAIR(*low, *high), 4, table, count);

	*low = value >> 16;
	*high = value & 0xffff;
}

static void code_addr(struct codec *c, struct addr *addr,
	const char *const *table, unsigned int count, bool wildcard)
{
	static const uint32_t lens[] = { 0, 4, 16 };
	struct addr entry;
	unsigned int i;

	if (c->literal) {
		SET_CLOSED(c, addr->len, lens);
		for (i = 0; i < 16; i++)
			addr->bytes[i] = codec_raw(c, addr->bytes[i], 1);
		if (!c->packing) {
			if (!addr->len && !wildcard)
				addr->len = 4;
			memset(addr->bytes + addr->len, 0, 16 - addr->len);
		}
		return;
	}
	if (!c->packing) {
		memset(addr, 0, sizeof(*addr));
		addr_parse(table[codec_raw(c, 0, 1) % count], addr);
		return;
	}
	for (i = 0; i < count; i++) {
		memset(&entry, 0, sizeof(entry));
		addr_parse(table[i], &entry);
		if (addr_equal(&entry, addr))
			break;
	}
	c->failed |= i == count;
	codec_raw(c, i, 1);
}

/* The socket an op works on: in index mode the n-th whose name is in use */
static void code_slot(struct codec *c, uint16_t used, uint8_t *slot)
{
	unsigned int live = __builtin_popcount(used), n;

	if (c->literal) {
		*slot = codec_raw(c, *slot, 1) % PROGRAM_SOCKETS_MAX;
	} else if (c->packing) {
		c->failed |= !(used & 1u << *slot);
		codec_raw(c, __builtin_popcount(used & ((1u << *slot) - 1)), 1);
	} else {
		n = codec_raw(c, 0, 1);
		c->failed |= !live;
		for (n = live ? n % live : 0; n; n--)
			used &= used - 1;
		*slot = live ? __builtin_ctz(used) : 0;
	}
}

/* The slot of a new socket: the first free one from there */
static void code_new_slot(struct codec *c, uint16_t used, uint8_t *slot)
{
	*slot = codec_raw(c, *slot, 1) % PROGRAM_SOCKETS_MAX;
	if (used == UINT16_MAX)
		c->failed = true;
	else if (!c->literal)
		while (used & 1u << *slot)
			*slot = (*slot + 1) % PROGRAM_SOCKETS_MAX;
}

/* In index mode one in four ports is another socket's: ":@b" */
static void code_port_of(struct codec *c, uint16_t used, uint8_t *port_of)
{
	uint8_t slot = *port_of ? *port_of - 1 : 0;
	uint8_t byte;

	if (c->literal) {
		*port_of = codec_raw(c, *port_of, 1);
		*port_of %= PROGRAM_SOCKETS_MAX + 1;
		return;
	}
	if (c->packing) {
		if (!*port_of) {
			codec_raw(c, 0, 1);
			return;
		}
		c->failed |= !(used & 1u << slot);
		slot = __builtin_popcount(used & ((1u << slot) - 1));
		codec_raw(c, 4 * slot + 3, 1);
		return;
	}
	byte = codec_raw(c, 0, 1);
	*port_of = 0;
	if (byte % 4 == 3 && used) {
		uint8_t rank = byte / 4;
		struct codec copy = { .bytes = &rank, .room = 1 };

		code_slot(&copy, used, &slot);
		*port_of = slot + 1;
	}
}

static void code_place(struct codec *c, const struct program *program,
	const struct op *op, struct place *place)
{
	uint16_t used = program_in_use(program);
	uint32_t port = place->port;

	if (type_is_v6(program_type(program, op->sock)))
		code_addr(c, &place->addr, socket_addrs6,
			ARRAY_SIZE(socket_addrs6), false);
	else
		code_addr(c, &place->addr, socket_addrs4,
			ARRAY_SIZE(socket_addrs4), false);
	SET_OPEN(c, place->scope, 4, scopes);
	SET_OPEN(c, port, 2, ports);
	code_port_of(c, used, &place->port_of);
	if (place->addr.len == 4)
		place->scope = 0;
	place->port = place->port_of ? 0 : port;
}

static void code_set(struct codec *c, struct op *op)
{
	SET_CLOSED(c, op->set.option, options);
	switch (op->set.option) {
	case OPT_DEV: SET_CLOSED(c, op->set.value, devices); break;
	case OPT_PORT_RANGE:
		code_pair(c, &op->set.value, &op->set.high, socket_ranges,
			ARRAY_SIZE(socket_ranges));
		break;
	case OPT_UID:
		SET_OPEN(c, op->set.value, 4, uids);
		if (op->set.value == UID_NONE)
			op->set.value = 0;
		break;
	case OPT_LINGER: break;
	default: SET_CLOSED(c, op->set.value, switches);
	}
}

static void code_sysctl(struct codec *c, struct op *op)
{
	SET_CLOSED(c, op->sysctl.key, sysctls);
	if (op->sysctl.key > SYSCTL_RESERVED_PORTS)
		SET_OPEN(c, op->sysctl.value, 2, sysctl_values);
	else
		code_pair(c, &op->sysctl.value, &op->sysctl.high, socket_ranges,
			ARRAY_SIZE(socket_ranges));
}

static void code_test(struct codec *c, struct tester *test)
{
	SET_CLOSED(c, test->kind, tests);
	SET_OPEN(c, test->arg, 2, test_args);
	if (test->kind < TEST_EQ)
		test->arg = 0;
}

static void code_networks(struct codec *c, struct reservation *res)
{
	unsigned int i, n;

	if (c->literal) {
		res->network_count = codec_raw(c, res->network_count, 1) %
				     (RESERVATION_NETWORKS_MAX + 1);
		for (i = 0; i < RESERVATION_NETWORKS_MAX; i++) {
			n = codec_raw(c, res->networks[i], 1);
			res->networks[i] = i >= res->network_count ? 0 :
					   n == 6		   ? 6 :
								     4;
		}
		return;
	}
	if (!c->packing) {
		const char *list =
			networks[codec_raw(c, 0, 1) % ARRAY_SIZE(networks)];

		for (; *list; list++)
			res->networks[res->network_count++] = *list - '0';
		return;
	}
	for (i = 0; i < ARRAY_SIZE(networks); i++) {
		for (n = 0; n < res->network_count; n++)
			if (networks[i][n] != '0' + res->networks[n])
				break;
		if (n == res->network_count && !networks[i][n])
			break;
	}
	c->failed |= i == ARRAY_SIZE(networks);
	codec_raw(c, i, 1);
}

static void code_reserve(struct codec *c, struct op *op)
{
	struct reservation *res = &op->reserve.res;

	code_networks(c, res);
	SET_OPEN(c, res->transport, 1, transports);
	code_addr(c, &res->addr, res_addrs, ARRAY_SIZE(res_addrs), true);
	SET_OPEN(c, res->port, 2, res_ports);
	res->flags = codec_raw(c, res->flags, 1) & 7;
	SET_OPEN(c, res->device, 4, res_devices);
	code_addr(c, &res->dest_addr, dest_addrs, ARRAY_SIZE(dest_addrs), true);
	SET_OPEN(c, res->dest_port, 2, dest_ports);
	if (op->kind != OP_RESERVE)
		return;
	SET_OPEN(c, op->reserve.random, 4, randoms);
	op->reserve.random &= PROGRAM_RANDOM_MAX;
	code_test(c, &op->reserve.test);
}

static void code_range(struct codec *c, struct op *op)
{
	uint32_t low = op->range.first, high = op->range.last;

	SET_CLOSED(c, op->range.set, range_sets);
	code_pair(c, &low, &high, res_ranges, ARRAY_SIZE(res_ranges));
	if (!c->packing && op->range.set) {
		op->range.first = low;
		op->range.last = high;
	}
}

static void code_pick(struct codec *c, struct op *op)
{
	if (op->kind == OP_PICK) {
		SET_OPEN(c, op->pick.random, 4, randoms);
		op->pick.random &= PROGRAM_RANDOM_MAX;
	} else {
		SET_OPEN(c, op->pick.random, 4, offsets);
	}
	code_test(c, &op->pick.test);
	if (op->pick.test.kind == TEST_ABSENT)
		op->pick.test.kind = TEST_ALL;
}

void codec_op(struct codec *c, const struct program *program, struct op *op)
{
	uint16_t used = program_in_use(program);

	if (op_has_socket(op))
		code_slot(c, used, &op->sock);
	switch (op->kind) {
	case OP_SOCKET:
		code_new_slot(c, used, &op->sock);
		SET_CLOSED(c, op->socket.type, types);
		SET_OPEN(c, op->socket.uid, 4, socket_uids);
		break;
	case OP_SET: code_set(c, op); break;
	case OP_GET: SET_CLOSED(c, op->get.property, properties); break;
	case OP_BIND:
		code_place(c, program, op, &op->bind.place);
		SET_OPEN(c, op->bind.len, 1, lengths);
		SET_OPEN(c, op->bind.family, 2, families);
		if (op->bind.len != LEN_NATURAL)
			op->bind.len = MIN(op->bind.len, 128);
		break;
	case OP_CONNECT:
		code_place(c, program, op, &op->bind.place);
		op->bind.len = LEN_NATURAL;
		op->bind.family = FAMILY_NATURAL;
		break;
	case OP_LISTEN: SET_OPEN(c, op->listen.backlog, 2, backlogs); break;
	case OP_ACCEPT: code_new_slot(c, used, &op->accept.sock); break;
	case OP_SHUTDOWN: SET_CLOSED(c, op->shutdown.how, directions); break;
	case OP_EUID:
		SET_OPEN(c, op->euid.uid, 4, uids);
		if (op->euid.uid == UID_NONE)
			op->euid.uid = 0;
		break;
	case OP_SYSCTL: code_sysctl(c, op); break;
	case OP_REPEAT:
		SET_OPEN(c, op->repeat.times, 2, repeats);
		op->repeat.times %= PROGRAM_REPEAT_MAX + 1;
		break;
	case OP_RESERVE:
	case OP_TUPLE:
	case OP_RELEASE:
	case OP_AVAILABLE: code_reserve(c, op); break;
	case OP_RANGE: code_range(c, op); break;
	case OP_PICK:
	case OP_PICK_STABLE: code_pick(c, op); break;
	}
}
