// SPDX-License-Identifier: Apache-2.0
/*
 * test_reuseport_race.c - IPv4 and IPv6 are dialled side by side
 *
 * ":PORT" is 127.0.0.1, and then ::1. A listener whose queue is full drops what
 * comes, so who dials it hangs. main() leaves the machine's network before
 * anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/reuseport.h"

enum {
	FALLBACK_MS = 300,
	SOON_MS = 250,
	LATE_MS = 900,
	FDS_SEEN = 256,
	MS = 1000000
};

static const char four[] = "127.0.0.1:7020", six[] = "[::1]:7020",
		  both[] = ":7020";

/* Who listens, and whose queue is full if it is */
struct listener {
	struct conn *conn, *queued;
};

static struct listener listens(const char *address, bool full)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct listener l = { 0 };

	options.backlog = full ? -1 : 0;
	assert_int_equal(reuseport_listen("tcp", address, &options, &l.conn),
		0);
	if (full)
		assert_int_equal(reuseport_dial("tcp", NULL, address, NULL,
					 NULL, &l.queued),
			0);
	return l;
}

static void ends(struct listener *l)
{
	conn_free(l->queued);
	conn_free(l->conn);
}

static int count_open(void)
{
	struct pollfd fds[FDS_SEEN];

	for (int i = 0; i < FDS_SEEN; i++)
		fds[i] = (struct pollfd){ .fd = i };
	/* Each that is not is "ready", with POLLNVAL. */
	return FDS_SEEN - poll(fds, FDS_SEEN, 0);
}

/* What came of a dial: it took how long, and is connected to which family? */
struct dialled {
	int rc, family;
	int64_t ms;
	const char *failed;
};

/* No descriptor is left of what lost, nor of what is freed here. */
static struct dialled dial(const char *network, const struct wait *wait)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct dialled d = { .failed = "" };
	int64_t begin = wait_now();
	int before = count_open();
	struct conn_addr peer;
	struct conn *conn;

	options.failed = &d.failed;
	d.rc = reuseport_dial(network, NULL, both, wait, &options, &conn);
	d.ms = (wait_now() - begin) / MS;
	assert_int_equal(count_open(), before + !d.rc);
	if (d.rc)
		return d;
	assert_int_equal(conn_peer(conn, &peer), 0);
	d.family = peer.any.sa_family;
	conn_free(conn);
	return d;
}

static void the_fallback_wins_if_the_first_hangs(void **state)
{
	struct wait wait = { wait_in_ms(10 * LATE_MS), -1 };
	struct listener a = listens(four, true), b = listens(six, false);
	struct dialled d = dial("tcp", &wait);

	(void)state;
	assert_int_equal(d.rc, 0);
	assert_int_equal(d.family, AF_INET6);
	assert_in_range(d.ms, FALLBACK_MS, LATE_MS);
	ends(&a);
	ends(&b);
}

static void the_fallback_is_at_once_if_the_first_fails(void **state)
{
	struct listener b = listens(six, false);
	struct dialled d = dial("tcp", NULL);

	(void)state;
	assert_int_equal(d.rc, 0);
	assert_int_equal(d.family, AF_INET6);
	assert_in_range(d.ms, 0, SOON_MS);
	ends(&b);
}

static void the_first_wins_if_it_can(void **state)
{
	struct listener a = listens(four, false), b = listens(six, false);
	struct dialled d = dial("tcp", NULL);

	(void)state;
	assert_int_equal(d.rc, 0);
	assert_int_equal(d.family, AF_INET);
	assert_in_range(d.ms, 0, SOON_MS);
	ends(&a);
	ends(&b);
}

static void one_family_does_not_race(void **state)
{
	struct wait wait = { wait_in_ms(2 * FALLBACK_MS), -1 };
	struct listener a = listens(four, true), b = listens(six, false);
	struct dialled d = dial("tcp4", &wait);

	(void)state;
	assert_int_equal(d.rc, -ETIME);
	wait.deadline = wait_in_ms(LATE_MS);
	d = dial("tcp6", &wait);
	assert_int_equal(d.rc, 0);
	assert_in_range(d.ms, 0, SOON_MS);
	ends(&a);
	ends(&b);
}

static void a_deadline_ends_both(void **state)
{
	struct listener a = listens(four, true), b = listens(six, true);
	struct wait wait = WAIT_INIT;

	(void)state;
	/* While there is one, and while there are two */
	for (int ms = 100; ms <= 500; ms += 400) {
		struct dialled d;

		wait.deadline = wait_in_ms(ms);
		d = dial("tcp", &wait);
		assert_int_equal(d.rc, -ETIME);
		assert_string_equal(d.failed, "connect");
		assert_in_range(d.ms, ms, ms + LATE_MS);
	}
	wait.deadline = INT64_MIN;
	assert_int_equal(dial("tcp", &wait).rc, -ETIME);
	ends(&a);
	ends(&b);
}

static void a_token_ends_both(void **state)
{
	struct listener a = listens(four, true), b = listens(six, true);

	(void)state;
	for (int ms = 100; ms <= 500; ms += 400) {
		struct itimerspec at = { .it_value.tv_nsec = ms * MS };
		struct wait wait = { 0,
			timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };
		struct dialled d;

		assert_int_equal(timerfd_settime(wait.cancel_fd, 0, &at, NULL),
			0);
		d = dial("tcp", &wait);
		assert_int_equal(d.rc, -ECANCELED);
		assert_in_range(d.ms, ms, ms + LATE_MS);
		close(wait.cancel_fd);
	}
	ends(&a);
	ends(&b);
}

/* Nobody listens at 127.0.0.1, and ::1 has no descriptor. */
static void the_first_error_is_told(void **state)
{
	struct rlimit before, limit;
	struct listener a;
	struct wait wait = { wait_in_ms(FALLBACK_MS * 2), -1 };
	struct dialled d = dial("tcp", NULL);

	(void)state;
	assert_int_equal(d.rc, -ECONNREFUSED);
	assert_string_equal(d.failed, "connect");
	assert_in_range(d.ms, 0, SOON_MS);
	a = listens(four, true);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){ dup(0) + 1, before.rlim_max };
	close(limit.rlim_cur - 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	d = dial("tcp", &wait);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(d.rc, -ETIME);
	assert_string_equal(d.failed, "connect");
	ends(&a);
}

/* After the fallback was refused */
static void *make_room(void *arg)
{
	struct conn *child;

	usleep(2 * FALLBACK_MS * 1000);
	assert_int_equal(conn_accept(arg, 0, NULL, &child, NULL), 0);
	conn_free(child);
	return NULL;
}

static void the_first_goes_on_if_the_fallback_fails(void **state)
{
	struct wait wait = { wait_in_ms(10 * LATE_MS), -1 };
	struct listener a = listens(four, true);
	struct dialled d;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, make_room, a.conn), 0);
	usleep(1000);
	d = dial("tcp", &wait);
	assert_int_equal(d.rc, 0);
	assert_int_equal(d.family, AF_INET);
	pthread_join(thread, NULL);
	ends(&a);
}

/* Names cannot be asked for here, and that may end as -EAGAIN. */
static void a_name_that_cannot_be_asked_for_is_none(void **state)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct listener l = listens(four, false);
	const char *failed = "";
	struct conn *conn = NULL;

	(void)state;
	options.failed = &failed;
	assert_true(reuseport_dial("tcp", "nobody.invalid:0", four, NULL,
			    &options, &conn) < 0);
	assert_string_equal(failed, "local address");
	assert_null(conn);
	assert_true(reuseport_dial("tcp", NULL, "nobody.invalid:80", NULL,
			    &options, &conn) < 0);
	assert_string_equal(failed, "remote address");
	ends(&l);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fallback_wins_if_the_first_hangs),
		cmocka_unit_test(the_fallback_is_at_once_if_the_first_fails),
		cmocka_unit_test(the_first_wins_if_it_can),
		cmocka_unit_test(one_family_does_not_race),
		cmocka_unit_test(a_deadline_ends_both),
		cmocka_unit_test(a_token_ends_both),
		cmocka_unit_test(the_first_error_is_told),
		cmocka_unit_test(a_name_that_cannot_be_asked_for_is_none),
		cmocka_unit_test(the_first_goes_on_if_the_fallback_fails),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
