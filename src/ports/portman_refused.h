/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_refused.h - ports that need not be asked about again (private)
 *
 * DOC: Theory of Operation
 *
 * Whoever wants any port is offered the first one from a random start on that
 * is free. If most are taken, nearly all questions have been asked before, with
 * the same answer. So for the last few kinds of newcomers (those that differ in
 * anything but the port are kinds of their own) there is a bit for each port:
 * such a one was refused there.
 *
 * Why the first free port remains the first: more references make no port free,
 * since what all holders share only becomes less. So a refusal holds until
 * something is released at that port, and then the bit is cleared for all
 * kinds. A port without a bit is judged as ever. What a tester says is not
 * remembered.
 *
 * Bits are set by those who are in all parts of the manager, and cleared by
 * those who are in the port's; kinds come and go while all parts are taken.
 */
#ifndef PORTMAN_REFUSED_H
#define PORTMAN_REFUSED_H

#include <stdatomic.h>

#include "reservation.h"

/* Kinds, and refusals from which on a new one is worth its 8 KiB */
enum { REFUSED_KINDS = 8, REFUSED_MANY = 8 };

/** struct refused - One kind of newcomer, and where it was refused */
struct refused {
	struct reservation kind;
	_Atomic uint32_t count;
	_Atomic uint64_t ports[65536 / 64];
};

/**
 * struct refusals - The last kinds
 * @used:	How many there are; they come first
 * @turn:	Which of them makes room for another
 */
struct refusals {
	struct refused *kinds[REFUSED_KINDS];
	unsigned int used, turn;
};

/** portman_refused_find() - That kind, or NULL; its port does not matter */
struct refused *portman_refused_find(const struct refusals *refusals,
	const struct reservation *kind);

/** portman_refused_add() - A new kind; NULL without memory */
struct refused *portman_refused_add(struct refusals *refusals,
	const struct reservation *kind);

/** portman_refused_set() - It was refused */
void portman_refused_set(struct refused *refused, uint16_t port);

/** portman_refused_run() - How many ports, from one on, is it refused? */
uint32_t portman_refused_run(const struct refused *refused, uint16_t port,
	uint32_t limit);

/** portman_refused_clear_all() - portman_refused_clear(), if there are kinds */
bool portman_refused_clear_all(struct refusals *refusals, uint16_t port);

/**
 * portman_refused_clear() - Something was released at a port
 *
 * Return: Is there a kind that is refused nowhere now?
 */
static inline bool portman_refused_clear(struct refusals *refusals,
	uint16_t port)
{
	return refusals->used && portman_refused_clear_all(refusals, port);
}

/** portman_refused_free() - Free kinds: those refused nowhere, or all */
void portman_refused_free(struct refusals *refusals, bool all);

#endif /* PORTMAN_REFUSED_H */
