/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_private.h - what the wheels of a sweep add to a program
 */
#ifndef SWEEP_PRIVATE_H
#define SWEEP_PRIVATE_H

#include "sweep.h"
#include "util.h"

/**
 * struct sweep_draft - A program, and the choices that make it
 * @choices:	Of each wheel
 */
struct sweep_draft {
	struct program *program;
	unsigned int choices[SWEEP_WHEELS_MAX];
};

/** struct sweep_addr - An address and the type of socket that has it */
struct sweep_addr {
	bool v6, v6only;
	struct addr addr;
};

/* The addresses that differ in what they conflict with */
enum { SWEEP_ADDRS = 9, SWEEP_FLAGS = 4 };
extern const struct sweep_addr sweep_addrs[SWEEP_ADDRS];

/** sweep_add() - Add an op, of which there is room for enough */
static inline void sweep_add(struct sweep_draft *draft, struct op op)
{
	struct program *program = draft->program;

	ASSERT(program->count < PROGRAM_OPS_MAX);
	program->ops[program->count++] = op;
}

/**
 * sweep_add_config() - Add a socket with all that matters for a conflict
 * @udp:	The protocol
 * @addr:	Index into sweep_addrs
 * @flags:	1 SO_REUSEADDR, 2 SO_REUSEPORT
 * @uid:	0: the caller's
 * @device:	A world_device
 */
void sweep_add_config(struct sweep_draft *draft, uint8_t sock, bool udp,
	unsigned int addr, unsigned int flags, unsigned int uid,
	unsigned int device);

#endif /* SWEEP_PRIVATE_H */
