/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_test.h - for tests: run a program as text, and compare its outcomes
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

/* The outcomes written in @text must be those of @subject */
static inline void case_test_check(struct subject *subject, const char *text)
{
	struct case_text want = case_test_parsed(text);
	struct trace got;

	assert_int_equal(subject_run(subject, &want.program, 1, NULL, &got), 0);
	for (unsigned int i = 0; i < got.count; i++)
		if (!outcome_holds(&want.expect[i].outcome, &got.outcomes[i]))
			case_test_fail(&want.program, &got, NULL, i);
}

/* The subject, for tests that are about portman only */
static struct subject case_test_portman __attribute__((unused));

static inline int case_test_open_portman(void **state)
{
	(void)state;
	return subjects_open(&case_test_portman, "portman");
}

static inline int case_test_close_portman(void **state)
{
	(void)state;
	subject_close(&case_test_portman);
	return 0;
}

static inline void case_test_check_all(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		case_test_check(&case_test_portman, texts[i]);
}

#define CHECK_ALL(texts) case_test_check_all(texts, ARRAY_SIZE(texts))

#define AB(a, b) "socket a " a "\nsocket b " b "\n"

#endif /* CASE_TEST_H */
