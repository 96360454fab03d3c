/* SPDX-License-Identifier: Apache-2.0 */
/*
 * util.h - assertions that stay on, and sizes
 */
#ifndef UTIL_H
#define UTIL_H

#include <stdio.h>
#include <stdlib.h>

/**
 * ASSERT() - Abort, with the expression and its place, if @expr is false
 * @expr:	What must hold
 *
 * A broken invariant is our own bug, so this is on in every build. Errors of
 * the machine or of the input are never asserted: they are returned.
 */
#define ASSERT(expr)                                                           \
	do {                                                                   \
		if (!(expr)) {                                                 \
			fprintf(stderr, "%s:%d: %s: ASSERTION FAILED: %s\n",   \
				__FILE__, __LINE__, __func__, #expr);          \
			abort();                                               \
		}                                                              \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIN(x, y) ((x) < (y) ? (x) : (y))
#define MAX(x, y) ((x) > (y) ? (x) : (y))

#endif /* UTIL_H */
