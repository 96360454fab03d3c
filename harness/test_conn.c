// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn.c - sockets whose calls end: by deadline, by token, by close
 *
 * main() leaves the machine's network before anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"

enum { CALLERS = 100, SHORT_MS = 30, LATE_MS = 300 };

static const struct sockaddr_in nowhere = {
	.sin_family = AF_INET, .sin_port = 1, .sin_addr.s_addr = 0x0100007f
};

/**
 * struct call - A read in a thread of its own
 * @begun:	It is about to wait
 */
struct call {
	struct conn *conn;
	struct wait wait;
	pthread_t thread;
	_Atomic bool begun;
	_Atomic bool over;
	ssize_t result;
};

static void *read_one(void *arg)
{
	struct call *call = arg;
	char byte;

	call->begun = true;
	call->result = conn_read(call->conn, &byte, 1, &call->wait);
	call->over = true;
	return NULL;
}

static void begin(struct call *call, struct conn *conn, int64_t deadline,
	int cancel_fd)
{
	*call = (struct call){ .conn = conn, .wait = { deadline, cancel_fd } };
	assert_int_equal(pthread_create(&call->thread, NULL, read_one, call),
		0);
	while (!call->begun)
		sched_yield();
}

static ssize_t end(struct call *call)
{
	pthread_join(call->thread, NULL);
	return call->result;
}

static void settle(void)
{
	usleep(SHORT_MS * 1000);
}

static void two_subjects_of(int type, struct conn *conns[2])
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(conn_adopt(fds[i], &conns[i]), 0);
}

static void free_pair(struct conn *conns[2])
{
	assert_null(conn_free(conns[0]));
	assert_null(conn_free(conns[1]));
}

static void a_read_waits_for_data(void **state)
{
	struct conn *c[2];
	struct call call;

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	begin(&call, c[0], 0, -1);
	settle();
	assert_false(call.over);
	assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
	assert_int_equal(end(&call), 1);
	assert_int_equal(conn_close_write(c[1]), 0);
	assert_int_equal(conn_read(c[0], &(char){ 0 }, 1, NULL), 0);
	free_pair(c);
}

static void a_past_deadline_beats_data(void **state)
{
	struct conn *c[2];
	char byte;

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, 1), 0);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), -ETIME);
	assert_int_equal(conn_write(c[0], "y", 1, NULL), 1);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, 0), 0);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), 1);
	assert_int_equal(byte, 'x');
	free_pair(c);
}

static void a_deadline_ends_calls_that_wait(void **state)
{
	struct conn *c[2];
	struct call call[4];

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	for (size_t i = 0; i < ARRAY_SIZE(call); i++)
		begin(&call[i], c[0], 0, -1);
	settle();
	assert_int_equal(conn_set_deadline(c[0], CONN_READ | CONN_WRITE, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(call); i++)
		assert_int_equal(end(&call[i]), -ETIME);
	/* One in the future, later than a call's own, and then earlier */
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, wait_in_ms(60000)),
		0);
	begin(&call[0], c[0], wait_in_ms(SHORT_MS), -1);
	assert_int_equal(end(&call[0]), -ETIME);
	begin(&call[0], c[0], wait_in_ms(60000), -1);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ,
				 wait_in_ms(SHORT_MS)),
		0);
	assert_int_equal(end(&call[0]), -ETIME);
	free_pair(c);
}

static void calls_do_not_disturb_each_other(void **state)
{
	struct wait_token *token;
	struct conn *c[2];
	struct call timed, cancelled, patient;

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	assert_int_equal(wait_token_new(&token), 0);
	begin(&timed, c[0], wait_in_ms(SHORT_MS), -1);
	begin(&cancelled, c[0], 0, wait_token_fd(token));
	begin(&patient, c[0], 0, -1);
	assert_int_equal(end(&timed), -ETIME);
	assert_false(cancelled.over);
	wait_token_cancel(token);
	assert_int_equal(end(&cancelled), -ECANCELED);
	settle();
	assert_false(patient.over);
	assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
	assert_int_equal(end(&patient), 1);
	/* It stays cancelled, also over a deadline and over data. */
	assert_true(wait_token_is_cancelled(token));
	assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
	begin(&cancelled, c[0], 1, wait_token_fd(token));
	assert_int_equal(end(&cancelled), -ECANCELED);
	assert_null(wait_token_free(token));
	free_pair(c);
}

static void close_wakes_everybody(void **state)
{
	static struct call calls[CALLERS];
	struct conn *c[2];
	char byte;

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	for (int i = 0; i < CALLERS; i++)
		begin(&calls[i], c[0], 0, -1);
	settle();
	assert_int_equal(conn_close(c[0]), 0);
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(end(&calls[i]), -EBADF);
	assert_int_equal(conn_close(c[0]), 0);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), -EBADF);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, 1), -EBADF);
	assert_int_equal(conn_listen(c[0], 1), -EBADF);
	assert_int_equal(conn_write(c[1], "x", 1, NULL), -EPIPE);
	free_pair(c);
}

static void write_all_says_how_far_it_came(void **state)
{
	const struct wait wait = { wait_in_ms(SHORT_MS), -1 };
	static char much[1 << 22];
	struct conn *c[2];
	size_t done = 0;

	(void)state;
	two_subjects_of(SOCK_STREAM, c);
	assert_int_equal(conn_write_all(c[0], much, sizeof(much), &wait, &done),
		-ETIME);
	assert_in_range(done, 1, sizeof(much) - 1);
	assert_int_equal(conn_write_all(c[1], "xyz", 3, NULL, &done), 0);
	assert_int_equal(done, 3);
	free_pair(c);
}

static void an_empty_message_is_no_end(void **state)
{
	struct conn *c[2];
	char byte = 0;

	(void)state;
	two_subjects_of(SOCK_SEQPACKET, c);
	assert_int_equal(conn_write(c[1], "", 0, NULL), 0);
	assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), 0);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), 1);
	assert_int_equal(byte, 'x');
	free_pair(c);
}

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec +
	       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static int report_errors(int fd, void *arg)
{
	static const int one = 1;

	(void)arg;
	return setsockopt(fd, SOL_IP, IP_RECVERR, &one, sizeof(one));
}

/* A deadline would be told instead, if it waited. */
static void who_does_not_wait_is_told_at_once(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static char bytes[1 << 16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct wait late = { wait_in_ms(LATE_MS), -1 };
		struct iovec iov = { bytes, 4 };
		struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
		struct conn *conns[2];
		ssize_t n;

		two_subjects_of(types[i], conns);
		for (int all = 0; all <= MSG_WAITALL; all += MSG_WAITALL) {
			int flags = MSG_DONTWAIT | all;

			assert_int_equal(conn_recvfrom(conns[0], bytes, 4,
						 flags, &late, NULL),
				-EAGAIN);
			assert_int_equal(conn_recvmsg(conns[0], &message, flags,
						 &late),
				-EAGAIN);
			conn_write(conns[1], "ab", 2, NULL);
			assert_int_equal(conn_recvfrom(conns[0], bytes, 4,
						 flags, &late, NULL),
				2);
			conn_write(conns[1], "ab", 2, NULL);
			assert_int_equal(conn_recvmsg(conns[0], &message, flags,
						 &late),
				2);
		}
		do
			n = conn_sendto(conns[0], bytes, sizeof(bytes),
				MSG_DONTWAIT, &late, NULL, 0);
		while (n > 0);
		assert_int_equal(n, -EAGAIN);
		iov.iov_len = sizeof(bytes);
		assert_int_equal(conn_sendmsg(conns[0], &message, MSG_DONTWAIT,
					 &late),
			-EAGAIN);
		free_pair(conns);
	}
}

/* A queue of errors that nobody reads is ready for ever, and has no data. */
static void an_error_queue_does_not_spin(void **state)
{
	const struct wait wait = { wait_in_ms(300), -1 };
	struct conn *conn;
	double before;
	char byte;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_control(conn, report_errors, NULL), 0);
	assert_int_equal(conn_connect(conn, (struct sockaddr *)&nowhere,
				 sizeof(nowhere), NULL, NULL),
		0);
	assert_int_equal(conn_write(conn, "x", 1, NULL), 1);
	settle();
	assert_int_equal(conn_read(conn, &byte, 1, &wait), -ECONNREFUSED);
	before = cpu_seconds();
	assert_int_equal(conn_read(conn, &byte, 1, &wait), -ETIME);
	assert_true(cpu_seconds() - before < 0.1);
	conn_free(conn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_waits_for_data),
		cmocka_unit_test(a_past_deadline_beats_data),
		cmocka_unit_test(a_deadline_ends_calls_that_wait),
		cmocka_unit_test(calls_do_not_disturb_each_other),
		cmocka_unit_test(close_wakes_everybody),
		cmocka_unit_test(write_all_says_how_far_it_came),
		cmocka_unit_test(an_empty_message_is_no_end),
		cmocka_unit_test(who_does_not_wait_is_told_at_once),
		cmocka_unit_test(an_error_queue_does_not_spin),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
