/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe_test.h - what the tests of agents have in common
 */
#ifndef PIPE_TEST_H
#define PIPE_TEST_H

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case_test.h"

/* The greeting of an agent that can do only one op */
#define HELLO "printf 'portclash-agent 1 a name\\ncan live\\n'; "

/* Is all that was started gone? Nothing waits for us, and nothing lives. */
static inline void pipe_test_nothing_left(void)
{
	int pid, rest = 2000;

	/* Killed grandchildren are ours now, and may need a moment. */
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && rest--)
		if (!pid)
			usleep(1000);
	assert_int_equal(pid, -1);
	assert_int_equal(errno, ECHILD);
}

#endif /* PIPE_TEST_H */
