/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h - plainer values for a program, while a test holds
 *
 * The passes of minimize() that keep the ops and change what is in them. Each
 * tries its values in a fixed order, the plainest first, and stops at the one
 * that is there: so no pass undoes another.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include "minimize.h"

/**
 * struct minimizer - The smallest program so far
 * @best:	The test holds for it
 * @test:	Asked of every candidate
 * @arg:	Passed to @test
 */
struct minimizer {
	struct program *best;
	minimize_test *test;
	void *arg;
};

/**
 * minimize_keep() - Take a candidate if it is another and the test holds
 *
 * Return: Is it the best now?
 */
bool minimize_keep(struct minimizer *m, const struct program *candidate);

/** plain_sockets() - IPv6 to IPv4, MPTCP to TCP; was anything changed? */
bool plain_sockets(struct minimizer *m);

/** plain_values() - Everything else; was anything changed? */
bool plain_values(struct minimizer *m);

#endif /* PLAIN_H */
