// SPDX-License-Identifier: Apache-2.0
/*
 * sweep_sets.c - the sets: which wheels, and what each adds
 */
#include "sweep_sets.h"

#include <string.h>

#include "util.h"
#include "world.h"

enum { PORT = SWEEP_PORT, CONFIGS = SWEEP_CONFIGS };

/* How uids and devices are given to two or three sockets, up to their names */
struct labels {
	uint8_t uid[3], device[3];
};

static const uint8_t devices[] = { WORLD_NO_DEVICE, WORLD_LO, WORLD_VETH0 };

/* lo comes first: 14 of the 27 ways to give three devices to three sockets */
static const uint8_t device_labels[14][3] = { { 0, 0, 0 }, { 0, 0, 1 },
	{ 0, 1, 0 }, { 0, 1, 1 }, { 0, 1, 2 }, { 1, 0, 0 }, { 1, 0, 1 },
	{ 1, 0, 2 }, { 1, 1, 0 }, { 1, 1, 1 }, { 1, 1, 2 }, { 1, 2, 0 },
	{ 1, 2, 1 }, { 1, 2, 2 } };

enum { PAIR_LABELS = 2 * 3 * 2 * 3, TRIPLE_LABELS = 2 * 2 * 14 };

static struct labels pair_labels(unsigned int choice)
{
	return (struct labels){
		.uid = { choice / 18 % 2, choice / 3 % 2 },
		.device = { devices[choice / 6 % 3], devices[choice % 3] },
	};
}

static struct labels triple_labels(unsigned int choice)
{
	const uint8_t *d = device_labels[choice % 14];

	return (struct labels){
		.uid = { 0, choice / 14 % 2, choice / 28 },
		.device = { devices[d[0]], devices[d[1]], devices[d[2]] },
	};
}

/* One socket: its config, its bind, and perhaps a listen */
static void add_bound(struct sweep_draft *d, uint8_t sock, bool udp,
	unsigned int config, const struct labels *labels, bool listens)
{
	sweep_add_config(d, sock, udp, SWEEP_ADDR(config), SWEEP_FLAG(config),
		labels->uid[sock], labels->device[sock]);
	sweep_add(d,
		op_bind(sock, &sweep_addrs[SWEEP_ADDR(config)].addr, PORT));
	if (listens)
		sweep_add(d, op_listen(sock));
}

/* Wheels: protocol, labels, a config for each socket */
static void add_pair(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = pair_labels(d->choices[1]);

	if (wheel >= 2)
		add_bound(d, wheel - 2, d->choices[0], d->choices[wheel],
			&labels, false);
}

static void add_triple(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = triple_labels(d->choices[1]);

	if (wheel >= 2)
		add_bound(d, wheel - 2, d->choices[0], d->choices[wheel],
			&labels, false);
}

/* Wheels: labels, then for each socket its config and whether it listens */
static void add_pair_listen(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = pair_labels(d->choices[0]);

	if (wheel >= 1)
		add_bound(d, wheel - 1, false, d->choices[wheel] / 2, &labels,
			d->choices[wheel] % 2);
}

static void add_triple_listen(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = triple_labels(d->choices[0]);

	if (wheel >= 1)
		add_bound(d, wheel - 1, false, d->choices[wheel] / 2, &labels,
			d->choices[wheel] % 2);
}

/* A change after the bind: every option the other way, another device, close */
enum {
	CHANGE_REUSE,
	CHANGE_REUSEPORT,
	CHANGE_UID,
	CHANGE_LO,
	CHANGE_VETH0,
	CHANGE_NO_DEVICE,
	CHANGES,
	CHANGE_CLOSE = CHANGES
};

static void add_change(struct sweep_draft *d, uint8_t sock, unsigned int config,
	const struct labels *labels, unsigned int change)
{
	static const uint8_t device[CHANGES] = {
		[CHANGE_LO] = WORLD_LO, [CHANGE_VETH0] = WORLD_VETH0
	};

	switch (change) {
	case CHANGE_REUSE:
		sweep_add(d,
			op_set(sock, OPT_REUSEADDR, !(SWEEP_FLAG(config) & 1)));
		break;
	case CHANGE_REUSEPORT:
		sweep_add(d,
			op_set(sock, OPT_REUSEPORT, !(SWEEP_FLAG(config) & 2)));
		break;
	case CHANGE_UID:
		sweep_add(d, op_set(sock, OPT_UID, labels->uid[sock] ? 0 : 7));
		break;
	case CHANGE_CLOSE: sweep_add(d, op_make(OP_CLOSE, sock)); break;
	default: sweep_add(d, op_set(sock, OPT_DEV, device[change]));
	}
}

/* Wheels: protocol, labels, first, its change, second */
static void add_late(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = pair_labels(d->choices[1]);

	if (wheel == 3)
		add_change(d, 0, d->choices[2], &labels, d->choices[3]);
	else if (wheel >= 2)
		add_bound(d, wheel == 4, d->choices[0], d->choices[wheel],
			&labels, false);
}

/* Wheels: protocol, labels, first, second, the second's change, third */
static void add_late_triple(struct sweep_draft *d, unsigned int wheel)
{
	struct labels labels = triple_labels(d->choices[1]);

	if (wheel == 4)
		add_change(d, 1, d->choices[3], &labels, d->choices[4]);
	else if (wheel >= 2)
		add_bound(d, wheel == 5 ? 2 : wheel - 2, d->choices[0],
			d->choices[wheel], &labels, false);
}

/* Around the cache of a TCP port: these addresses cover each other or not. */
static const uint8_t cache_addrs[] = { 0, 1, 4, 8 };
enum { CACHE_CONFIGS = ARRAY_SIZE(cache_addrs) * SWEEP_FLAGS };

static void add_cached(struct sweep_draft *d, uint8_t sock, unsigned int choice,
	unsigned int uid)
{
	unsigned int addr = cache_addrs[choice / SWEEP_FLAGS];

	sweep_add_config(d, sock, false, addr, choice % SWEEP_FLAGS, uid, 0);
	sweep_add(d, op_bind(sock, &sweep_addrs[addr].addr, PORT));
}

/* Wheels: uids, three sockets, a close of one or none, the fourth */
static void add_cache4(struct sweep_draft *d, unsigned int wheel)
{
	unsigned int uids = d->choices[0] << 1;

	if (wheel == 4 && d->choices[4])
		sweep_add(d, op_make(OP_CLOSE, d->choices[4] - 1));
	if (wheel && wheel != 4)
		add_cached(d, wheel - 1 - (wheel == 5), d->choices[wheel],
			uids >> (wheel - 1 - (wheel == 5)) & 1);
}

/* More than ten on one port: udp_crowd_by_address */
enum { CROWD = 10 };

static void add_crowd(struct sweep_draft *d, unsigned int wheel)
{
	struct addr addr = { 4, { 127, 0, 0, 0 } };
	unsigned int choice = d->choices[wheel];

	switch (wheel) {
	case 0: /* plain ones, or all with the same options */
		for (int i = 0; i < CROWD; i++) {
			addr.bytes[3] = i + 1;
			sweep_add_config(d, i, true, 0, choice, 0, 0);
			sweep_add(d, op_bind(i, &addr, PORT));
		}
		break;
	case 1:
	case 2:
	case 3:
		sweep_add_config(d, CROWD + wheel - 1, true, SWEEP_ADDR(choice),
			SWEEP_FLAG(choice), 0, 0);
		sweep_add(d,
			op_bind(CROWD + wheel - 1,
				&sweep_addrs[SWEEP_ADDR(choice)].addr, PORT));
		break;
	}
}

const struct sweep sweeps[] = {
	{ "pairs", "which two sockets may share a port",
		{ 2, PAIR_LABELS, CONFIGS, CONFIGS }, add_pair, true },
	{ "pairs-listen", "the same of TCP, each listening or not",
		{ PAIR_LABELS, 2 * CONFIGS, 2 * CONFIGS }, add_pair_listen,
		false },
	{ "triples", "what a third makes of it: cache, order",
		{ 2, TRIPLE_LABELS, CONFIGS, CONFIGS, CONFIGS }, add_triple,
		false },
	{ "triples-listen", "the same of TCP, each listening or not",
		{ TRIPLE_LABELS, 2 * CONFIGS, 2 * CONFIGS, 2 * CONFIGS },
		add_triple_listen, false },
	{ "late", "pairs, an option of the first changed after its bind",
		{ 2, PAIR_LABELS, CONFIGS, CHANGES, CONFIGS }, add_late, true },
	{ "late-triples", "triples, the second changed or closed later",
		{ 2, TRIPLE_LABELS, CONFIGS, CONFIGS, CHANGES + 1, CONFIGS },
		add_late_triple, false },
	{ "states", "pairs, the first connected, closed, orphaned, waiting ...",
		{ SWEEP_STATES, SWEEP_FAMILIES, 2 * SWEEP_FLAGS, CONFIGS, 2,
			2 },
		sweep_add_state, true },
	{ "ephemeral", "ports that the kernel chooses, of one, two and four",
		{ 2, 2, 7, SWEEP_OWNERS - 1, SWEEP_OWNERS, 4 * SWEEP_FLAGS, 3 },
		sweep_add_ephemeral, true },
	{ "errors", "two faults in one call: which is found first",
		{ 4, 3, SWEEP_FAULTS, SWEEP_FAULTS }, sweep_add_errors, true },
	{ "cache4", "four sockets around the cache of a TCP port",
		{ 8, CACHE_CONFIGS, CACHE_CONFIGS, CACHE_CONFIGS, 4,
			CACHE_CONFIGS },
		add_cache4, true },
	{ "udp-crowd", "more than ten UDP sockets on one port",
		{ SWEEP_FLAGS, CONFIGS, CONFIGS, CONFIGS }, add_crowd, false },
};
const unsigned int sweep_count = ARRAY_SIZE(sweeps);
