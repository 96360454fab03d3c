// SPDX-License-Identifier: Apache-2.0
/*
 * sweep_states.c - sets in which the first socket has a past: states, and
 * ports that the kernel chooses
 */
#include "sweep_sets.h"

#include <string.h>

#include "util.h"
#include "world.h"

/* Slots: the first socket, whom it is connected to, what is accepted, and the
 * one that asks */
enum { FIRST, OTHER, CHILD, ASKER, LISTENER = CHILD };

/*
 * What has happened to the first socket, a letter each:
 *
 *	w s 0	it is bound: wildcard and port, address and port, address only
 *	l c k	the other listens; it connects to that; the other connects to it
 *	L A a	it listens; a child of it is accepted; one of the other is
 *	D R W	it disconnects; is shut down for reading, for writing
 *	X Y Z	it is closed; the child is; the other is
 *	U	it is UDP
 */
static const char *const states[SWEEP_STATES] = { "s", "wlc", "slc", "lc",
	"wlcD", "slcD", "0lcD", "wc", "sc", "0c", "wL", "wLR", "wLW", "wLD",
	"wLkA", "wLkAX", "wLk", "wLkAD", "wLkAXY", "wLkAXYZ", "wLkAXZY",
	"slcaXY", "slcaX", "slcaYX", "slcW", "slcaY", "Us", "Uwc", "Usc",
	"UwcD", "UscD", "U0cD", "UwcR" };

struct family {
	enum socket_type type;
	unsigned int wildcard; /* index into sweep_addrs */
	struct addr addr;
};

static const struct family families[SWEEP_FAMILIES] = {
	{ TCP4, 0, { 4, { 127, 0, 0, 1 } } },
	{ TCP6, 4, { 16, { [10] = 0xff, 0xff, 127, 0, 0, 1 } } },
	{ TCP6, 4, { 16, { [15] = 1 } } },
};

static void add_event(struct sweep_draft *d, char event, const struct family *f)
{
	struct op op;

	switch (event) {
	case 'w':
		sweep_add(d, op_bind(FIRST, &sweep_addrs[f->wildcard].addr,
				     SWEEP_PORT));
		break;
	case 's': sweep_add(d, op_bind(FIRST, &f->addr, SWEEP_PORT)); break;
	case '0': sweep_add(d, op_bind(FIRST, &f->addr, 0)); break;
	case 'l':
		sweep_add(d, op_socket(OTHER, f->type, UID_NONE));
		sweep_add(d, op_bind(OTHER, &f->addr, SWEEP_OTHER_PORT));
		sweep_add(d, op_listen(OTHER));
		break;
	case 'c':
		sweep_add(d, op_connect(FIRST, &f->addr, SWEEP_OTHER_PORT));
		break;
	case 'k':
		sweep_add(d, op_socket(OTHER, f->type, UID_NONE));
		sweep_add(d, op_connect(OTHER, &f->addr, SWEEP_PORT));
		break;
	case 'L': sweep_add(d, op_listen(FIRST)); break;
	case 'A':
	case 'a':
		op = op_make(OP_ACCEPT, event == 'A' ? FIRST : OTHER);
		op.accept.sock = CHILD;
		sweep_add(d, op);
		break;
	case 'D': sweep_add(d, op_make(OP_DISCONNECT, FIRST)); break;
	case 'R':
	case 'W':
		op = op_make(OP_SHUTDOWN, FIRST);
		op.shutdown.how = event == 'R' ? SHUT_READ : SHUT_WRITE;
		sweep_add(d, op);
		break;
	case 'X': sweep_add(d, op_make(OP_CLOSE, FIRST)); break;
	case 'Y': sweep_add(d, op_make(OP_CLOSE, CHILD)); break;
	case 'Z': sweep_add(d, op_make(OP_CLOSE, OTHER)); break;
	}
}

/*
 * Wheels: state, family and options of the first; config, uid and listen.
 * The first one's uid is no label here: what has lost its descriptor, or has
 * not got one yet, may be root's.
 */
void sweep_add_state(struct sweep_draft *d, unsigned int wheel)
{
	const char *state = states[d->choices[0]];
	const struct family *f = &families[d->choices[1]];
	unsigned int flags = d->choices[2], config = d->choices[3];
	bool udp = *state == 'U';

	switch (wheel) {
	case 2:
		sweep_add_config(d, FIRST, udp, f->wildcard,
			flags % SWEEP_FLAGS, flags / SWEEP_FLAGS, 0);
		for (; *state; state++)
			add_event(d, *state, f);
		break;
	case 4:
		sweep_add_config(d, ASKER, udp, SWEEP_ADDR(config),
			SWEEP_FLAG(config), d->choices[4], 0);
		sweep_add(d, op_bind(ASKER,
				     &sweep_addrs[SWEEP_ADDR(config)].addr, 0));
		d->program->ops[d->program->count - 1].bind.place.port_of =
			FIRST + 1;
		break;
	case 5:
		if (d->choices[5])
			sweep_add(d, op_listen(ASKER));
		break;
	}
}

/* Ranges to choose from: 1, 2, 4 ports of the namespace, then of the socket;
 * and 4 of the namespace, the lower half of which is reserved */
enum { OWN_RANGES = 3, RESERVED = 6 };

/* Owners: none, two addresses with all options, and (the second) a client */
enum { CLIENT = 1 + 2 * SWEEP_FLAGS };
_Static_assert(CLIENT + 1 == (int)SWEEP_OWNERS, "the wheel knows how many");

static void add_range(struct sweep_draft *d, unsigned int range)
{
	unsigned int ports = range == RESERVED ? 4 : 1u << range;

	if (range >= OWN_RANGES && range != RESERVED)
		return;
	sweep_add(d, op_sysctl(SYSCTL_PORT_RANGE, SWEEP_LOW_PORT,
			     SWEEP_LOW_PORT + ports - 1));
	if (range == RESERVED)
		sweep_add(d, op_sysctl(SYSCTL_RESERVED_PORTS, SWEEP_LOW_PORT,
				     SWEEP_LOW_PORT + 1));
}

static void add_own_range(struct sweep_draft *d, uint8_t sock,
	unsigned int range)
{
	struct op op;

	if (range < OWN_RANGES || range == RESERVED)
		return;
	op = op_set(sock, OPT_PORT_RANGE, SWEEP_LOW_PORT);
	op.set.high = SWEEP_LOW_PORT + (1u << (range - OWN_RANGES)) - 1;
	sweep_add(d, op);
}

/* The ports that two owners take: those that may be chosen, if only two */
static uint16_t owned_port(unsigned int range, unsigned int owner)
{
	if (range == RESERVED)
		return SWEEP_LOW_PORT + 2 + owner;
	return SWEEP_LOW_PORT + (range % OWN_RANGES ? owner : 0);
}

/* To whom TCP connects; UDP needs nobody */
static void add_listener(struct sweep_draft *d)
{
	sweep_add_config(d, LISTENER, false, 4, 0, 0, 0);
	sweep_add(d, op_bind(LISTENER, &sweep_addrs[4].addr, SWEEP_OTHER_PORT));
	sweep_add(d, op_listen(LISTENER));
}

/* An owner that has its port from connect(), and shares it with its like */
static void add_client(struct sweep_draft *d, uint8_t sock, bool udp,
	unsigned int range)
{
	if (!udp)
		add_listener(d);
	sweep_add_config(d, sock, udp, 1, 0, 0, 0);
	add_own_range(d, sock, range);
	sweep_add(d, op_connect(sock, &sweep_addrs[1].addr, SWEEP_OTHER_PORT));
}

/* Of a few addresses, some with all options, and none at all */
static void add_owner(struct sweep_draft *d, uint8_t sock, bool udp,
	unsigned int choice, uint16_t port)
{
	static const uint8_t addrs[] = { 0, 1 };
	unsigned int addr;

	if (!choice)
		return;
	addr = addrs[(choice - 1) / SWEEP_FLAGS];
	sweep_add_config(d, sock, udp, addr, (choice - 1) % SWEEP_FLAGS, 0, 0);
	sweep_add(d, op_bind(sock, &sweep_addrs[addr].addr, port));
}

/* Wheels: protocol, autobind_reuse, range, two owners, config, how it asks */
void sweep_add_ephemeral(struct sweep_draft *d, unsigned int wheel)
{
	static const uint8_t addrs[] = { 0, 1, 4, 8 };
	unsigned int choice = d->choices[wheel], range = d->choices[2];
	bool udp = d->choices[0];
	unsigned int addr = addrs[d->choices[5] / SWEEP_FLAGS];

	switch (wheel) {
	case 1:
		if (choice)
			sweep_add(d, op_sysctl(SYSCTL_AUTOBIND_REUSE, 1, 0));
		break;
	case 2: add_range(d, choice); break;
	case 3: add_owner(d, FIRST, udp, choice, owned_port(range, 0)); break;
	case 4:
		if (choice == CLIENT)
			add_client(d, OTHER, udp, range);
		else
			add_owner(d, OTHER, udp, choice, owned_port(range, 1));
		break;
	case 5:
		sweep_add_config(d, ASKER, udp, addr, choice % SWEEP_FLAGS, 0,
			0);
		add_own_range(d, ASKER, range);
		break;
	case 6:
		if (choice == 0)
			sweep_add(d,
				op_bind(ASKER, &sweep_addrs[addr].addr, 0));
		else if (choice == 1)
			sweep_add(d, op_listen(ASKER));
		if (choice != 2)
			break;
		if (!udp && d->choices[4] != CLIENT)
			add_listener(d);
		sweep_add(d, op_connect(ASKER, &sweep_addrs[addr].addr,
				     SWEEP_OTHER_PORT));
		break;
	}
}
