// SPDX-License-Identifier: Apache-2.0
/*
 * sweep_errors.c - the set of two faults in one call: which is found first?
 */
#include "sweep_sets.h"

#include <string.h>

#include "util.h"
#include "world.h"

enum { ASKER, OTHER };

enum { LOW_PORT = 80 }; /* only for the privileged */

enum fault {
	NO_FAULT,
	SHORT,
	OTHER_FAMILY,
	NO_FAMILY,
	OTHER_ADDRESS_FAMILY,
	OLD_LENGTH,
	NOT_LOCAL,
	PRIVILEGED,
	BOUND,
	LISTENING,
	CONNECTED,
	V6ONLY_MAPPED,
	DEVICE,
	DEVICE_GONE,
	NO_SCOPE,
	BAD_SCOPE,
	MULTICAST,
	CONFLICT,
	FREEBIND,
	FAULTS
};
_Static_assert(FAULTS == (int)SWEEP_FAULTS, "the wheels know how many");

static const struct addr any4 = { 4, { 0 } }, any6 = { 16, { 0 } },
			 local4 = { 4, { 127, 0, 0, 1 } },
			 local6 = { 16, { [15] = 1 } },
			 foreign4 = { 4, { 192, 0, 2, 1 } },
			 foreign6 = { 16,
				 { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
			 mapped = { 16, { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
			 link6 = { 16, { 0xfe, 0x80, [15] = 2 } },
			 group4 = { 4, { 224, 0, 0, 1 } },
			 group6 = { 16, { 0xff, 2, [15] = 1 } };

/* What happens to the socket, or elsewhere, before the call */
static void prepare(struct sweep_draft *d, enum fault fault, bool v6,
	uint16_t port)
{
	const struct addr *local = v6 ? &local6 : &local4;
	enum socket_type type = d->program->ops[0].socket.type;
	struct op op;

	switch (fault) {
	case BOUND:
		sweep_add(d, op_bind(ASKER, local, SWEEP_OTHER_PORT));
		break;
	case LISTENING: sweep_add(d, op_listen(ASKER)); break;
	case CONNECTED:
		sweep_add(d, op_connect(ASKER, local, SWEEP_OTHER_PORT));
		break;
	case V6ONLY_MAPPED: sweep_add(d, op_set(ASKER, OPT_V6ONLY, 1)); break;
	case DEVICE: sweep_add(d, op_set(ASKER, OPT_DEV, WORLD_VETH0)); break;
	case DEVICE_GONE: /* a bind that fails leaves its scope behind */
		op = op_bind(ASKER, v6 ? &link6 : local, SWEEP_OTHER_PORT);
		op.bind.place.scope = v6 ? WORLD_MISSING : 0;
		sweep_add(d, op);
		break;
	case CONFLICT:
		sweep_add(d, op_socket(OTHER, type, UID_NONE));
		sweep_add(d, op_bind(OTHER, v6 ? &any6 : &any4, port));
		break;
	case FREEBIND: sweep_add(d, op_set(ASKER, OPT_FREEBIND, 1)); break;
	default: break;
	}
}

/* What is wrong with the address of the call */
static void spoil(struct op *op, enum fault fault, bool v6)
{
	struct place *place = &op->bind.place;

	switch (fault) {
	case SHORT: op->bind.len = v6 ? 23 : 15; break;
	case OTHER_FAMILY: op->bind.family = 1; break;
	case NO_FAMILY: op->bind.family = 0; break;
	case OTHER_ADDRESS_FAMILY:
		place->addr = v6 ? local4 : local6;
		place->scope = 0;
		break;
	case OLD_LENGTH: op->bind.len = v6 ? 24 : 16; break;
	case NOT_LOCAL: place->addr = v6 ? foreign6 : foreign4; break;
	case PRIVILEGED: place->port = LOW_PORT; break;
	case V6ONLY_MAPPED: place->addr = v6 ? mapped : local4; break;
	case NO_SCOPE:
	case BAD_SCOPE:
		place->addr = v6 ? link6 : any4;
		place->scope = v6 && fault == BAD_SCOPE ? WORLD_MISSING : 0;
		break;
	case MULTICAST: place->addr = v6 ? group6 : group4; break;
	default: break;
	}
}

/* Wheels: type of socket, the call, one fault, another */
void sweep_add_errors(struct sweep_draft *d, unsigned int wheel)
{
	enum fault faults[2] = { d->choices[2], d->choices[3] };
	bool v6 = d->choices[0] % 2;
	bool privileged = faults[0] == PRIVILEGED || faults[1] == PRIVILEGED;
	uint16_t port = privileged ? LOW_PORT : SWEEP_PORT;
	struct op op;

	if (wheel == 0)
		sweep_add(d, op_socket(ASKER, TCP4 + d->choices[0], UID_NONE));
	if (wheel != 3)
		return;
	prepare(d, faults[0], v6, port);
	if (faults[1] != faults[0])
		prepare(d, faults[1], v6, port);
	if (privileged) {
		op = op_make(OP_EUID, 0);
		op.euid.uid = 1000;
		sweep_add(d, op);
	}
	if (d->choices[1] == 2) {
		sweep_add(d, op_listen(ASKER));
		return;
	}
	op = op_bind(ASKER, v6 ? &local6 : &local4, SWEEP_PORT);
	spoil(&op, faults[0], v6);
	spoil(&op, faults[1], v6);
	if (d->choices[1] == 1) {
		op.kind = OP_CONNECT;
		op.bind.len = LEN_NATURAL;
		op.bind.family = FAMILY_NATURAL;
	}
	sweep_add(d, op);
}
