// SPDX-License-Identifier: Apache-2.0
/*
 * test_pipe_death.c - agents that die or fall silent, and whose doing it was
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "pipe_test.h"
#include "unit.h"
#include "util.h"
#include "subjects/subjects.h"

enum { BATCH = 3000 };

static struct program programs[BATCH];
static struct trace traces[BATCH];

/* An agent whose "save" kills it and whose "range" takes for ever */
#define MORTAL                                                                 \
	"pipe:"                                                                \
	"printf 'portclash-agent 1 a name\\ncan live save range "              \
	"available\\n'; "                                                      \
	"while read op rest; do case $op in live) echo ok:1;; .) echo .;; "    \
	"available) echo n/a;; "                                               \
	"save) kill -9 $$;; range) sleep 1000;; esac; done"

static void a_death_is_an_outcome(void **state)
{
	static const char *const texts[] = { "live\nlive\n",
		"live\nsave\nlive\n", "live\n", "range\nsave\n",
		"live\nlive\nlive\nsave\n", "available 4 tcp *:1\nsave\n",
		"live\n" };
	static const char *const want[] = { "ok:1 ok:1 ", "ok:1 crash n/a ",
		"ok:1 ", "hang n/a ", "ok:1 ok:1 ok:1 crash ", "n/a n/a ",
		"ok:1 " };
	struct subject subject;

	(void)state;
	setenv("PORTCLASH_PIPE_WAIT_MS", "500", 1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		programs[i] = case_test_parsed(texts[i]).program;
	assert_int_equal(subjects_open(&subject, MORTAL), 0);
	assert_int_equal(subject_run(&subject, programs, ARRAY_SIZE(texts),
				 NULL, traces),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char got[256] = "", text[64];

		for (int k = 0; k < traces[i].count; k++) {
			text_outcome(&traces[i].outcomes[k], text,
				sizeof(text));
			strcat(strcat(got, text), " ");
		}
		assert_string_equal(got, want[i]);
	}
	subject_close(&subject);
	pipe_test_nothing_left();
	unsetenv("PORTCLASH_PIPE_WAIT_MS");
}

/* An agent that dies once, after the first answer, for no reason of ours */
static void a_murder_is_nobodys_outcome(void **state)
{
	char mark[] = "/tmp/portclash-test-XXXXXX", name[400];
	struct subject subject;
	int fd = mkstemp(mark);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(name, sizeof(name),
		"pipe:" HELLO "n=0; while read op; do "
		"case $op in live) echo ok;; .) echo .; n=$((n + 1)); "
		"[ -e %s ] && [ $n = 1 ] && rm %s && exit 1;; esac; done; :",
		mark, mark);
	for (int i = 0; i < BATCH; i++)
		programs[i] = case_test_parsed("live\nlive\n").program;
	assert_int_equal(subjects_open(&subject, name), 0);
	assert_int_equal(subject_run(&subject, programs, BATCH, NULL, traces),
		0);
	for (int i = 0; i < BATCH; i++)
		assert_int_equal(traces[i].outcomes[1].kind, OUTCOME_OK);
	assert_int_equal(access(mark, F_OK), -1);
	subject_close(&subject);
	pipe_test_nothing_left();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_is_an_outcome),
		cmocka_unit_test(a_murder_is_nobodys_outcome),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	/* Orphans are ours to see. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
