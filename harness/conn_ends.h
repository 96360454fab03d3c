/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_ends.h - for tests: a connection, and threads that work at its ends
 *
 * Only in the main thread may an assertion of cmocka fail. So threads only note
 * what they did, and the main thread judges it.
 */
#ifndef CONN_ENDS_H
#define CONN_ENDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>

#include "util.h"
#include "net/conn.h"

enum { JOBS_MAX = 1024, BOTH_WAYS = CONN_READ | CONN_WRITE };

/* A deadline that is over before any call */
#define LONG_AGO INT64_C(1)

/**
 * struct end - One end of a connection
 * @by_call:	Deadline and token are given to each call, not to the conn
 * @token:	Or NULL
 * @deadlines:	What calls are given to read, and to write
 */
struct end {
	struct conn *conn;
	bool by_call;
	struct wait_token *token;
	_Atomic int64_t deadlines[2];
};

typedef ssize_t task(struct end *end, int how);

/**
 * struct job - What a thread does, what came of it, and when
 */
struct job {
	pthread_t thread;
	task *fn;
	struct end *end;
	int how;
	bool joined;
	ssize_t result;
	int64_t over;
};

/* Not on the stack, since the threads of a failed test go on until teardown */
static struct end ends[2];
static struct job jobs[JOBS_MAX];
static unsigned int job_count;

static inline void *conn_ends_run(void *arg)
{
	struct job *job = arg;

	job->result = job->fn(job->end, job->how);
	job->over = wait_now();
	return NULL;
}

static inline struct job *conn_ends_start(task *fn, struct end *end, int how)
{
	struct job *job = &jobs[job_count];

	assert_true(job_count < JOBS_MAX);
	*job = (struct job){ .fn = fn, .end = end, .how = how };
	assert_int_equal(pthread_create(&job->thread, NULL, conn_ends_run, job),
		0);
	job_count++;
	return job;
}

static inline ssize_t conn_ends_finish(struct job *job)
{
	if (!job->joined)
		pthread_join(job->thread, NULL);
	job->joined = true;
	return job->result;
}

/* The struct wait for a call at @end: @room, filled in, or NULL */
static inline const struct wait *conn_ends_wait_of(struct end *end, int i,
	struct wait *room)
{
	*room = (struct wait){ end->deadlines[i], wait_token_fd(end->token) };
	return end->by_call ? room : NULL;
}

static inline ssize_t conn_ends_get(struct end *end, void *bytes, size_t size)
{
	struct wait wait;

	return conn_read(end->conn, bytes, size,
		conn_ends_wait_of(end, 0, &wait));
}

/* All of it, or a negative errno */
static inline ssize_t conn_ends_put(struct end *end, const void *bytes,
	size_t size)
{
	struct wait wait;
	int rc = conn_write_all(end->conn, bytes, size,
		conn_ends_wait_of(end, 1, &wait), NULL);

	return rc ? rc : (ssize_t)size;
}

static inline void conn_ends_limit(struct end *end, int directions,
	int64_t deadline)
{
	if (!end->by_call)
		ASSERT(!conn_set_deadline(end->conn, directions, deadline));
	if (directions & CONN_READ)
		end->deadlines[0] = deadline;
	if (directions & CONN_WRITE)
		end->deadlines[1] = deadline;
}

/* *state is a bool, for by_call, before the call, and both ends after it. */
static inline int conn_ends_open_pair(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct conn_addr addr;
	struct conn *l;
	struct wait wait;

	for (int i = 0; i < 2; i++) {
		ends[i] = (struct end){ .by_call = *(bool *)*state };
		if (ends[i].by_call)
			assert_int_equal(wait_token_new(&ends[i].token), 0);
	}
	assert_int_equal(conn_open(AF_INET6, SOCK_STREAM, 0, NULL, &l), 0);
	assert_int_equal(conn_bind(l, (struct sockaddr *)&in6, sizeof(in6)), 0);
	assert_int_equal(conn_listen(l, 1), 0);
	assert_int_equal(conn_local(l, &addr), 0);
	assert_int_equal(conn_open(AF_INET6, SOCK_STREAM, 0, NULL,
				 &ends[0].conn),
		0);
	assert_int_equal(conn_connect(ends[0].conn, &addr.any, addr.len,
				 conn_ends_wait_of(&ends[0], 1, &wait), NULL),
		0);
	assert_int_equal(conn_accept(l, 0,
				 conn_ends_wait_of(&ends[1], 0, &wait),
				 &ends[1].conn, NULL),
		0);
	conn_free(l);
	*state = ends;
	return 0;
}

/* The close ends threads that still work. */
static inline int conn_ends_close_pair(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		conn_close(ends[i].conn);
	while (job_count)
		conn_ends_finish(&jobs[--job_count]);
	for (int i = 0; i < 2; i++) {
		conn_free(ends[i].conn);
		wait_token_free(ends[i].token);
	}
	return 0;
}

#endif /* CONN_ENDS_H */
