/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_sets.h - what the sets have in common (private to sweep)
 */
#ifndef SWEEP_SETS_H
#define SWEEP_SETS_H

#include "sweep_private.h"

enum {
	SWEEP_PORT = 7000,
	SWEEP_OTHER_PORT = 7001,
	SWEEP_LOW_PORT = 40000,
	SWEEP_CONFIGS = SWEEP_ADDRS * SWEEP_FLAGS,
	SWEEP_STATES = 33,
	SWEEP_FAMILIES = 3,
	SWEEP_FAULTS = 19,
	SWEEP_OWNERS = 10,
};

/* Address and options of a config that has no uid and no device yet */
#define SWEEP_ADDR(config) ((config) / SWEEP_FLAGS)
#define SWEEP_FLAG(config) ((config) % SWEEP_FLAGS)

/** sweep_add_state() - Wheels of "states" */
void sweep_add_state(struct sweep_draft *draft, unsigned int wheel);

/** sweep_add_ephemeral() - Wheels of "ephemeral" */
void sweep_add_ephemeral(struct sweep_draft *draft, unsigned int wheel);

/** sweep_add_errors() - Wheels of "errors" */
void sweep_add_errors(struct sweep_draft *draft, unsigned int wheel);

#endif /* SWEEP_SETS_H */
