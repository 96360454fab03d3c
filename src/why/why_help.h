/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_help.h - what would make it work?
 *
 * Single changes are made on either side, and the specification is asked again.
 * What it then lets through for certain would help.
 */
#ifndef WHY_HELP_H
#define WHY_HELP_H

#include "why.h"

/* The changes, those that cost least first */
enum why_change {
	WHY_CHANGE_REUSEADDR,
	WHY_CHANGE_REUSEPORT,
	WHY_CHANGE_V6ONLY,
	WHY_CHANGE_V6ONLY_OWNER, /* of the sockets that are in the way */
	WHY_CHANGE_REUSEADDR_BOTH,
	WHY_CHANGE_REUSEPORT_BOTH,
	WHY_CHANGE_USER,       /* SO_REUSEPORT, and the user of the holders */
	WHY_CHANGE_ADDRESS,    /* @addr, and not every address */
	WHY_CHANGE_WAIT,       /* until TIME_WAIT has ended: @seconds */
	WHY_CHANGE_STOP,       /* close all that is in the way */
	WHY_CHANGE_STOP_REUSE, /* and SO_REUSEADDR, since connections stay */
	WHY_CHANGE_STOP_WAIT,  /* and wait for these */
	WHY_CHANGE_CAPABILITY, /* CAP_NET_BIND_SERVICE */
	WHY_CHANGE_FREEBIND,
	WHY_CHANGE_DEVICE, /* @addr is of the device @ifindex */
	WHY_CHANGE_RANGE,  /* more ports to choose from */
	WHY_CHANGES,
};

/**
 * struct why_help - A change that would help
 * @change:	An enum why_change; the others as it says
 * @likely:	It would help, unless connections that have ended lack an option
 * @then:	It is needed, but not enough: the errno that is next; or 0
 */
struct why_help {
	uint8_t change;
	struct addr addr;
	uint32_t ifindex, seconds;
	bool likely;
	int then;
};

/**
 * why_help() - Which single changes would help?
 *
 * If none would, it is those that would bring another refusal.
 *
 * @answer:	Of the question
 * @helps:	Filled in, those that cost least first
 *
 * Who is to connect behind a bind has his way asked for anew, in the thread's
 * network.
 *
 * Return: How many of @helps, or a negative errno
 */
int why_help(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	struct why_help helps[WHY_CHANGES]);

#endif /* WHY_HELP_H */
