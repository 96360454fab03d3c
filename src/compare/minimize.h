/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minimize.h - the smallest program for which a test still holds
 */
#ifndef MINIMIZE_H
#define MINIMIZE_H

#include "diff.h"

/** minimize_test - The test: does a candidate still do what it should? */
typedef bool minimize_test(const struct program *program, void *arg);

/**
 * minimize() - Make a program small and plain while a test holds
 * @program:	Changed in place; the test holds for it before and after
 * @test:	Asked of every candidate, and of nothing else
 * @arg:	Passed to @test
 *
 * Drops ops. Then makes sockets plain (IPv6 to IPv4, MPTCP to TCP), and then
 * values: first in all ops at once (address, port, SO_REUSEPORT to
 * SO_REUSEADDR, uid, device), then op by op. An option goes only as an op that
 * is dropped. At last it makes sockets as late as possible, and calls them
 * a, b, c. The same program and test always give the same result.
 */
void minimize(struct program *program, minimize_test *test, void *arg);

/**
 * minimize_divergence() - Minimise while the first divergence stays the same
 * @pair:	Two subjects
 * @program:	A program on which they diverge; changed in place: its last op
 *		is the one at which they do
 * @divergence:	Where they do; updated
 *
 * The same means: at the last op, of the same kind, with the same outcomes.
 *
 * Return: 0, -EAGAIN (it does not happen again: it depends on a number that a
 *	   kernel chose by chance), or a negative errno from a subject
 */
int minimize_divergence(struct pair *pair, struct program *program,
	struct divergence *divergence);

#endif /* MINIMIZE_H */
