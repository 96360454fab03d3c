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
enum { FIRST, OTHER, CHILD, ASKER };

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
	struct addr any, addr;
};

static const struct family families[SWEEP_FAMILIES] = {
	{ TCP4, { 4, { 0 } }, { 4, { 127, 0, 0, 1 } } },
	{ TCP6, { 16, { 0 } },
		{ 16, { [10] = 0xff, 0xff, 127, 0, 0, 1 } } },
	{ TCP6, { 16, { 0 } }, { 16, { [15] = 1 } } },
};

static void draft_connect(struct sweep_draft *d, uint8_t sock,
	const struct addr *addr, uint16_t port)
{
	draft_bind(d, sock, addr, port);
	d->program->ops[d->program->count - 1].kind = OP_CONNECT;
}

static void add_event(struct sweep_draft *d, char event,
	const struct family *f)
{
	struct op *op;

	switch (event) {
	case 'w': draft_bind(d, FIRST, &f->any, SWEEP_PORT); break;
	case 's': draft_bind(d, FIRST, &f->addr, SWEEP_PORT); break;
	case '0': draft_bind(d, FIRST, &f->addr, 0); break;
	case 'l':
		draft_socket(d, OTHER, f->type, UID_NONE);
		draft_bind(d, OTHER, &f->addr, SWEEP_OTHER_PORT);
		draft_listen(d, OTHER);
		break;
	case 'c':
		draft_connect(d, FIRST, &f->addr, SWEEP_OTHER_PORT);
		break;
	case 'k':
		draft_socket(d, OTHER, f->type, UID_NONE);
		draft_connect(d, OTHER, &f->addr, SWEEP_PORT);
		break;
	case 'L': draft_listen(d, FIRST); break;
	case 'A':
	case 'a':
		op = draft_op(d, OP_ACCEPT, event == 'A' ? FIRST : OTHER);
		op->accept.sock = CHILD;
		break;
	case 'D': draft_op(d, OP_DISCONNECT, FIRST); break;
	case 'R':
		draft_op(d, OP_SHUTDOWN, FIRST)->shutdown.how = SHUT_READ;
		break;
	case 'W':
		draft_op(d, OP_SHUTDOWN, FIRST)->shutdown.how = SHUT_WRITE;
		break;
	case 'X': draft_op(d, OP_CLOSE, FIRST); break;
	case 'Y': draft_op(d, OP_CLOSE, CHILD); break;
	case 'Z': draft_op(d, OP_CLOSE, OTHER); break;
	}
}

/* Wheels: state, family and options of the first; config, uid and listen */
void sweep_add_state(struct sweep_draft *d, unsigned int wheel)
{
	const char *state = states[d->choices[0]];
	const struct family *f = &families[d->choices[1]];
	unsigned int flags = d->choices[2], config = d->choices[3];
	bool udp = *state == 'U';

	switch (wheel) {
	case 2:
		draft_socket(d, FIRST, f->type + (udp ? UDP4 - TCP4 : 0),
			UID_NONE);
		if (flags & 1)
			draft_set(d, FIRST, OPT_REUSEADDR, 1);
		if (flags & 2)
			draft_set(d, FIRST, OPT_REUSEPORT, 1);
		for (; *state; state++)
			add_event(d, *state, f);
		break;
	case 4:
		draft_config(d, ASKER, udp, SWEEP_ADDR(config),
			SWEEP_FLAG(config), d->choices[4], 0);
		draft_bind(d, ASKER, &sweep_addrs[SWEEP_ADDR(config)].addr, 0);
		d->program->ops[d->program->count - 1].bind.place.port_of =
			FIRST + 1;
		break;
	case 5:
		if (d->choices[5])
			draft_listen(d, ASKER);
		break;
	}
}

/* Ranges to choose from: of the namespace or of the socket, and reserved */
static void add_range(struct sweep_draft *d, unsigned int range)
{
	static const uint8_t sizes[] = { 1, 2, 4 };
	uint16_t high = SWEEP_LOW_PORT + (range == 6 ? 4 : sizes[range % 3]) -
			1;

	if (range < 3 || range == 6)
		draft_sysctl(d, SYSCTL_PORT_RANGE, SWEEP_LOW_PORT, high);
	if (range == 6)
		draft_sysctl(d, SYSCTL_RESERVED_PORTS, SWEEP_LOW_PORT,
			SWEEP_LOW_PORT + 1);
}

static void add_own_range(struct sweep_draft *d, unsigned int range)
{
	if (range < 3 || range == 6)
		return;
	draft_set(d, ASKER, OPT_PORT_RANGE, SWEEP_LOW_PORT);
	d->program->ops[d->program->count - 1].set.high =
		SWEEP_LOW_PORT + (1u << (range - 3)) - 1;
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
	draft_config(d, sock, udp, addr, (choice - 1) % SWEEP_FLAGS, 0, 0);
	draft_bind(d, sock, &sweep_addrs[addr].addr, port);
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
			draft_sysctl(d, SYSCTL_AUTOBIND_REUSE, 1, 0);
		break;
	case 2: add_range(d, choice); break;
	case 3:
	case 4:
		add_owner(d, wheel - 3, udp, choice,
			SWEEP_LOW_PORT + (wheel == 4 && range % 3));
		break;
	case 5:
		draft_config(d, ASKER, udp, addr, choice % SWEEP_FLAGS, 0, 0);
		add_own_range(d, range);
		break;
	case 6:
		if (choice == 0)
			draft_bind(d, ASKER, &sweep_addrs[addr].addr, 0);
		else if (choice == 1)
			draft_listen(d, ASKER);
		else
			draft_connect(d, ASKER, &sweep_addrs[addr].addr,
				SWEEP_OTHER_PORT);
		break;
	}
}
