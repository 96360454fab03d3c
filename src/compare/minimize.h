/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minimize.h - a smaller program for which a test still holds
 *
 * DOC: Theory of Operation
 *
 * minimize() tries candidates, and goes on from each for which the test holds.
 * A candidate has fewer ops than the program: first all ops of one socket are
 * left out, which does most of the work with few tests; then single ops, from
 * the last to the first, since an op often needs one before it; and where
 * neither helps, pairs of ops, such as a reserve and its release. Pairs are as
 * many as the square of the ops, so long programs are spared them.
 *
 * It ends, since each round leaves out an op at least, or is the last. So no
 * single op can be left out of the result. It need not be the smallest that
 * there is: which ops go first decides which others still can. Values are
 * left as they are, for they say what was tried. No decision hangs on the
 * result. Which class a divergence has is known before (class.h), and a
 * program that is no smaller is only longer to read.
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
