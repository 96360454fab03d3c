/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pitfall.h - for tests: mistakes that the obvious way makes
 *
 * Each pitfall has a scenario with one question at its end. It is asked twice.
 * With our way the answer must be yes. With the obvious way it must be no, or
 * else the test would show nothing.
 */
#ifndef PITFALL_H
#define PITFALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>

#include "net/conn.h"
#include "util.h"

/**
 * struct pitfall - One pitfall
 * @number:	From 1 to 31, as a failed test prints it
 * @holds:	Run the scenario, our way or the naive one; does it go well?
 */
struct pitfall {
	int number;
	bool (*holds)(bool naive);
};

static inline void pitfall_check(void **state)
{
	const struct pitfall *pitfall = *state;

	if (!pitfall->holds(false))
		fail_msg("pitfall %d: we fell in", pitfall->number);
	if (pitfall->holds(true))
		fail_msg("pitfall %d: there is none", pitfall->number);
}

// clang-format off: it takes the braces of an initializer for a block
#define PITFALL(number, holds)                                                 \
	{ #number " " #holds, pitfall_check, NULL, NULL,                       \
		&(struct pitfall){ number, holds } }
// clang-format on

/* Descriptors of this process */
static inline int pitfall_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	int count = 0;

	ASSERT(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

/* An address where nobody listens */
static const struct sockaddr_in nobody = {
	.sin_family = AF_INET, .sin_port = 1, .sin_addr.s_addr = 0x0100007f
};
#define NOBODY ((const struct sockaddr *)&nobody), sizeof(nobody)

static inline struct conn *pitfall_opened(int domain, int type)
{
	struct conn *conn;

	assert_int_equal(conn_open(domain, type, 0, NULL, &conn), 0);
	return conn;
}

static inline int pitfall_raw(int domain, int type)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

static inline int pitfall_ready(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, ms);
}

#endif /* PITFALL_H */
