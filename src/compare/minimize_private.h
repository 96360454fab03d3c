/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minimize_private.h - a plainer program, while a test holds
 *
 * The passes of minimize() that drop no op. minimize_values.c changes what is
 * in one op, or makes a listen or a connect a bind, and a shutdown a close;
 * minimize_everywhere.c changes a value in all ops at once; minimize_order.c
 * changes the order of the ops. One pass, minimize_listeners(), adds an op.
 *
 * Each pass that changes values tries them in a fixed order, the plainest
 * first, and stops at the one that is there. So it never makes a value less
 * plain, and no pass undoes another.
 */
#ifndef MINIMIZE_PRIVATE_H
#define MINIMIZE_PRIVATE_H

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

/* How many ports minimize_ports() tells */
enum { MINIMIZE_PORTS = 6 };

/** minimize_parsed() - The address that a well-formed text says */
struct addr minimize_parsed(const char *text);

/**
 * minimize_addrs() - The plain addresses, the plainest first
 * @len:	4 or 16
 * @count:	How many there are
 *
 * Return: The addresses as text. All passes use this one order.
 */
const char *const *minimize_addrs(int len, size_t *count);

/**
 * minimize_ports() - The plain ports, the plainest first
 * @program:	If a sysctl leaves it just one port to choose, then that one is
 *		plainer than 0, since it says what would be chosen
 * @ports:	Filled in. All passes use this one order.
 */
void minimize_ports(const struct program *program,
	uint16_t ports[MINIMIZE_PORTS]);

/** minimize_bind() - A bind to the wildcard and a port */
struct op minimize_bind(uint8_t sock, bool v6, uint16_t port);

/**
 * minimize_listeners() - Bind a socket that listens, if ":@a" names its port
 *
 * That is one op more, but no port is left to chance.
 */
void minimize_listeners(struct minimizer *m);

/**
 * minimize_order() - Ops in one order, and sockets called a, b, c
 *
 * Sysctls come first, and options as early as will do. A socket is made just
 * before it is used. Ops on one socket come before ops on a later one, if the
 * test allows it.
 */
void minimize_order(struct minimizer *m);

/** minimize_sockets() - IPv6 to IPv4, MPTCP to TCP; was anything changed? */
bool minimize_sockets(struct minimizer *m);

/** minimize_values() - The values of each op; was anything changed? */
bool minimize_values(struct minimizer *m);

/** minimize_everywhere() - Values, each in all ops at once; did any change? */
bool minimize_everywhere(struct minimizer *m);

#endif /* MINIMIZE_PRIVATE_H */
