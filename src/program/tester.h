/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tester.h - the port testers that a program can name
 *
 * A tester is part of the question, and not of any answer. So subjects that
 * must not see each other may share it.
 */
#ifndef TESTER_H
#define TESTER_H

#include "program.h"

/**
 * struct tester_run - One tester, during one op
 * @test:	Which one
 * @calls:	How often it was called
 */
struct tester_run {
	struct tester test;
	uint32_t calls;
};

/**
 * tester_call() - Is this port good?
 * @port:	The candidate
 * @arg:	A struct tester_run
 *
 * A tester that is absent finds all ports good.
 *
 * Return: 1 for good, 0 for not, -EPROTO for the tester's own error
 */
int tester_call(uint16_t port, void *arg);

#endif /* TESTER_H */
