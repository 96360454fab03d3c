/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minimize.h - a smaller program for which a test still holds
 */
#ifndef MINIMIZE_H
#define MINIMIZE_H

#include "program/program.h"

/** minimize_test - The test: does a candidate still do what it should? */
typedef bool minimize_test(const struct program *program, void *arg);

/**
 * minimize() - Make a program small while a test holds
 * @program:	Changed in place; the test holds for it before and after
 * @test:	Asked of every candidate, and of nothing else
 * @arg:	Passed to @test
 *
 * Drops ops: all of one socket, single ones, and pairs. Then it calls the
 * sockets a, b, c, which no subject sees. It is for readers: two programs with
 * one cause need not become the same one. The same program and test always
 * give the same result.
 */
void minimize(struct program *program, minimize_test *test, void *arg);

#endif /* MINIMIZE_H */
