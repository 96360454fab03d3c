/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - for tests: say which tests a program has, or run one of them
 *
 *	test_conn --list	the name of each, a line each
 *	test_conn NAME		only that one
 *	test_conn		all, one after the other
 *
 * pytest/test_units.py asks for the names, and runs each in its own process.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util.h"

/* How often to repeat a random test. Under a sanitizer it is a tenth as often,
 * since that takes five times as long, and looks for other faults. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIT_TIMES(n) ((n) / 10)
#else
#define UNIT_TIMES(n) (n)
#endif

/* Print the names if they are asked for, and return true: nothing is to be run.
 * If one test is asked for, cmocka will run only that one; exits with 2 if
 * there is no such test. */
static inline bool unit_listed(int argc, char **argv,
	const struct CMUnitTest *tests, size_t count)
{
	bool list = argc > 1 && !strcmp(argv[1], "--list"), found = argc < 2;

	for (size_t i = 0; i < count; i++) {
		found |= argc > 1 && !strcmp(argv[1], tests[i].name);
		if (list)
			puts(tests[i].name);
	}
	if (list)
		return true;
	if (!found) {
		fprintf(stderr, "%s: no test '%s'; --list has their names\n",
			argv[0], argv[1]);
		exit(2);
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return false;
}

#define UNIT_LISTED(argc, argv, tests)                                         \
	unit_listed(argc, argv, tests, ARRAY_SIZE(tests))

#endif /* UNIT_H */
