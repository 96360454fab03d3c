/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.h - every program of a finite set
 *
 * DOC: Theory of Operation
 *
 * A set is a row of wheels, as on an odometer: each has a number of choices,
 * and each choice adds some ops. The last wheel turns fastest, so programs that
 * follow each other begin alike, and a subject that can resume a program does
 * not compute its beginning again. A program is a function of its number.
 *
 * Together the sets show what decides on one port. Whether two sockets conflict
 * depends on nothing but what each of them is (pairs, late, states). A third
 * socket can add only the cache of a TCP port, or the order of UDP's list
 * (triples, cache4). The whole memory of these is one socket that wrote it, and
 * one that was closed or changed since (late-triples).
 *
 * Sets are reduced by these symmetries only: the first uid is as good as the
 * second, lo is as good as veth0, and one port is as good as another. The order
 * of sockets is no symmetry. Nor is the uid in states, since a socket without a
 * descriptor may be root's.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "program/program.h"

enum { SWEEP_WHEELS_MAX = 8 };

struct sweep_draft;

/**
 * struct sweep - One set
 * @name:	On the command line
 * @says:	What it shows if nothing diverges
 * @wheels:	How many choices each wheel has; 0 ends the list
 * @add:	Add the ops of one wheel; the choices of those before are known
 * @in_check:	Small enough for make check
 */
struct sweep {
	const char *name;
	const char *says;
	unsigned int wheels[SWEEP_WHEELS_MAX + 1];
	void (*add)(struct sweep_draft *draft, unsigned int wheel);
	bool in_check;
};

extern const struct sweep sweeps[];
extern const unsigned int sweep_count;

/** sweep_find() - The set of a name, or NULL */
const struct sweep *sweep_find(const char *name);

/** sweep_size() - How many programs there are */
uint64_t sweep_size(const struct sweep *sweep);

/**
 * sweep_program() - One of them
 * @number:	Below sweep_size()
 * @program:	Overwritten; must have been initialized once
 */
void sweep_program(const struct sweep *sweep, uint64_t number,
	struct program *program);

#endif /* SWEEP_H */
