/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h - a plainer program, while a test holds
 *
 * The passes of minimize() that drop no op. plain.c changes what is in one op,
 * or makes a listen or a connect a bind, and a shutdown a close;
 * plain_together.c changes a value in all ops at once; plain_order.c changes
 * the order of the ops. One pass, plain_listeners(), adds an op.
 *
 * Each pass that changes values tries them in a fixed order, the plainest
 * first, and stops at the one that is there. So it never makes a value less
 * plain, and no pass undoes another.
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

/* How many ports plain_ports() tells */
enum { PLAIN_PORTS = 6 };

/** plain_parsed() - The address that a well-formed text says */
struct addr plain_parsed(const char *text);

/**
 * plain_addrs() - The plain addresses, the plainest first
 * @len:	4 or 16
 * @count:	How many there are
 *
 * Return: The addresses as text. All passes use this one order.
 */
const char *const *plain_addrs(int len, size_t *count);

/**
 * plain_ports() - The plain ports, the plainest first
 * @program:	If a sysctl leaves it just one port to choose, then that one is
 *		plainer than 0, since it says what would be chosen
 * @ports:	Filled in. All passes use this one order.
 */
void plain_ports(const struct program *program, uint16_t ports[PLAIN_PORTS]);

/** plain_bind() - Make @op a bind of socket 0 to the wildcard and a port */
void plain_bind(struct op *op, bool v6, uint16_t port);

/**
 * plain_listeners() - Bind a socket that listens, if ":@a" refers to its port
 *
 * That is one op more, but no port is left to chance.
 */
void plain_listeners(struct minimizer *m);

/**
 * plain_order() - Ops in one order, and sockets called a, b, c
 *
 * Sysctls come first, and options as early as will do. A socket is made just
 * before it is used. Ops on one socket come before ops on a later one, if the
 * test allows it.
 */
void plain_order(struct minimizer *m);

/** plain_sockets() - IPv6 to IPv4, MPTCP to TCP; was anything changed? */
bool plain_sockets(struct minimizer *m);

/** plain_values() - The values of each op; was anything changed? */
bool plain_values(struct minimizer *m);

/** plain_together() - Values, each in all ops at once; was anything changed? */
bool plain_together(struct minimizer *m);

#endif /* PLAIN_H */
