/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_draft.h - a program in the making (private to sweep)
 */
#ifndef SWEEP_DRAFT_H
#define SWEEP_DRAFT_H

#include "sweep.h"

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

/** draft_op() - Add an op; the caller fills it in */
struct op *draft_op(struct sweep_draft *draft, enum op_kind kind, uint8_t sock);

/** draft_socket() - Add a socket; UID_NONE leaves it to the caller's uid */
void draft_socket(struct sweep_draft *draft, uint8_t sock,
	enum socket_type type, uint32_t uid);

/** draft_set() - Add an option */
void draft_set(struct sweep_draft *draft, uint8_t sock, enum sockopt option,
	uint32_t value);

/** draft_bind() - Add a bind */
void draft_bind(struct sweep_draft *draft, uint8_t sock,
	const struct addr *addr, uint16_t port);

/** draft_listen() - Add a listen */
void draft_listen(struct sweep_draft *draft, uint8_t sock);

/** draft_sysctl() - Write a sysctl */
void draft_sysctl(struct sweep_draft *draft, enum sysctl_key key,
	uint32_t value, uint32_t high);

/**
 * draft_config() - Add a socket with all that matters for a conflict
 * @udp:	The protocol
 * @addr:	Index into sweep_addrs
 * @flags:	1 SO_REUSEADDR, 2 SO_REUSEPORT
 * @uid:	0: the caller's
 * @device:	A world_device
 */
void draft_config(struct sweep_draft *draft, uint8_t sock, bool udp,
	unsigned int addr, unsigned int flags, unsigned int uid,
	unsigned int device);

#endif /* SWEEP_DRAFT_H */
