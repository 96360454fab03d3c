/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_test.h - for tests: programs as text, what fails of them, and skipping
 */
#ifndef CASE_TEST_H
#define CASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "program/text.h"
#include "subjects/subjects.h"

static inline void case_test_fail(const struct program *program,
	const struct trace *a, const struct trace *b, unsigned int index)
{
	fprintf(stderr, "op %u of:\n", index);
	text_print(program, a, NULL, stderr);
	if (b) {
		fprintf(stderr, "and:\n");
		text_print(program, b, NULL, stderr);
	}
	fail();
}

static inline struct case_text case_test_parsed(const char *text)
{
	struct case_text out;
	struct text_error error = { 0 };

	if (text_parse(text, strlen(text), &out, &error))
		fail_msg("line %u: %s in:\n%s", error.line, error.message,
			text);
	return out;
}

/* Skip this test, and tell pytest why */
static inline void case_test_skip(const char *why)
{
	print_message("skipped: %s\n", why);
	skip();
}

#endif /* CASE_TEST_H */
