/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portlist.h - a port manager that is a flat list
 *
 * DOC: Theory of Operation
 *
 * This is the oracle for the port manager, so it is as simple as it can be. It
 * is one flat list of what is held, with a counter for each combination of
 * flags in each entry, and it makes every decision anew from the list. It was
 * written from gVisor's rules for package ports (gvisor_rules.h has them in
 * words), and from nothing else.
 *
 * The one concession to speed is that entries are strung by port number, since
 * a search for a free port asks about tens of thousands of ports. Each question
 * looks at all entries of its port, however many there are.
 */
#ifndef PORTLIST_H
#define PORTLIST_H

#include "program/tester.h"

struct portlist;

/** portlist_new() - A list to be reset; NULL: no memory */
struct portlist *portlist_new(void);

/** portlist_free() - Free it; NULL is allowed */
void portlist_free(struct portlist *list);

/** portlist_reset() - Nothing held, range 16000 to 65535 */
void portlist_reset(struct portlist *list);

/**
 * portlist_reserve() - Reserve a port
 * @random:	Where to begin if port 0 asks for any
 * @test:	Absent, or asked about each port that is free
 * @port:	Which it is, on success
 *
 * Return: 0, -EADDRINUSE, -EAGAIN (port 0: none left), -ENOMEM, or the
 *	   tester's error
 */
int portlist_reserve(struct portlist *list, const struct reservation *res,
	uint32_t random, struct tester_run *test, uint16_t *port);

/** portlist_tuple() - Reserve beside all but the very same; 0, -EADDRINUSE or
 * -ENOMEM */
int portlist_tuple(struct portlist *list, const struct reservation *res);

/** portlist_release() - Drop one reference on every network */
void portlist_release(struct portlist *list, const struct reservation *res);

/** portlist_is_free() - Would reserve of that very port pass, untested? */
bool portlist_is_free(const struct portlist *list,
	const struct reservation *res);

/** portlist_pick() - The first good port; 0, -EAGAIN or the tester's error */
int portlist_pick(struct portlist *list, uint32_t start,
	struct tester_run *test, uint16_t *port);

/** portlist_pick_stable() - The same from a hint that moves */
int portlist_pick_stable(struct portlist *list, uint32_t offset,
	struct tester_run *test, uint16_t *port);

/** portlist_range() - First and last ephemeral port */
void portlist_range(const struct portlist *list, uint16_t *first,
	uint16_t *last);

/** portlist_set_range() - Choose from there; 0 or -EINVAL */
int portlist_set_range(struct portlist *list, uint16_t first, uint16_t last);

/** portlist_live() - How many (network, transport, port) have anything held */
uint32_t portlist_live(const struct portlist *list);

#endif /* PORTLIST_H */
