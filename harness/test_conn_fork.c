// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn_fork.c - conns that a child has inherited
 *
 * In each test a thread waits in a call while another forks. Nothing that the
 * child does changes the parent, nor does it wait for a thread that it has not.
 *
 * main() leaves the machine's network before anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"

/* SPIN_MS: whoever only waits takes less of the processor */
enum { SHORT_MS = 30, CHILD_MS = 300, SPIN_MS = 100, STUCK_S = 20 };

static struct conn *ends[2];
static pthread_t reader;
static _Atomic bool over;
static ssize_t result;

static void *read_one(void *arg)
{
	char byte;

	result = conn_read(arg, &byte, 1, NULL);
	over = true;
	return NULL;
}

/* A thread that waits in a read of ends[0] */
static int begin(void **state)
{
	int fds[2];

	(void)state;
	over = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(conn_adopt(fds[i], &ends[i]), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_one, ends[0]), 0);
	usleep(SHORT_MS * 1000);
	return 0;
}

static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What a child returns, which has some seconds */
static int of_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		alarm(STUCK_S / 2);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The parent goes on as if there were no child. */
static int reader_is_woken(void **state)
{
	int64_t before = cpu_ms();

	(void)state;
	usleep(CHILD_MS * 1000);
	assert_false(over);
	assert_in_range(cpu_ms() - before, 0, SPIN_MS);
	assert_int_equal(conn_write(ends[1], "x", 1, NULL), 1);
	pthread_join(reader, NULL);
	assert_int_equal(result, 1);
	conn_free(ends[0]);
	conn_free(ends[1]);
	return 0;
}

static int child_reads(void)
{
	const struct wait wait = { wait_in_ms(CHILD_MS), -1 };
	int64_t before = cpu_ms();
	char byte;

	if (conn_read(ends[0], &byte, 1, &wait) != -ETIME)
		return 1;
	return cpu_ms() - before < SPIN_MS ? 0 : 2;
}

/* The parent closes while the child reads: that is another descriptor. */
static void a_child_reads_on(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		alarm(STUCK_S / 2);
		usleep(SHORT_MS * 1000);
		_exit(child_reads());
	}
	assert_int_equal(conn_close(ends[0]), 0);
	pthread_join(reader, NULL);
	assert_int_equal(result, -EBADF);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	conn_free(ends[0]);
	conn_free(ends[1]);
}

static int child_frees(void)
{
	conn_free(ends[0]);
	conn_free(ends[1]);
	return 0;
}

static void a_child_frees_what_it_inherited(void **state)
{
	(void)state;
	assert_int_equal(of_child(child_frees), 0);
}

static int child_closes_with_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, read_one, ends[0]))
		return 1;
	usleep(SHORT_MS * 1000);
	if (conn_close(ends[0]))
		return 2;
	pthread_join(thread, NULL);
	return result == -EBADF ? 0 : 3;
}

static void a_child_has_threads_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(of_child(child_closes_with_threads), 0);
}

static int child_sets_a_deadline(void)
{
	return -conn_set_deadline(ends[0], CONN_READ, 1);
}

static void a_deadline_is_the_childs_own(void **state)
{
	/* Where there is a timer, the parent's is armed by now. */
	(void)state;
	assert_int_equal(conn_set_deadline(ends[0], CONN_READ,
				 wait_in_ms(INT64_C(1000) * STUCK_S)),
		0);
	assert_int_equal(of_child(child_sets_a_deadline), 0);
}

static int grandchild(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child_closes_with_threads());
	waitpid(pid, &status, 0);
	return status || child_closes_with_threads();
}

static void a_grandchild_too(void **state)
{
	(void)state;
	assert_int_equal(of_child(grandchild), 0);
}

/* In a child the function returns to its conn, which only then may close. */
static int fork_within(int fd, void *arg)
{
	pid_t *pid = arg;

	(void)fd;
	*pid = fork();
	if (!*pid) {
		alarm(STUCK_S / 2);
		return conn_close(ends[1]) == -EDEADLK ? 0 : 1;
	}
	return 0;
}

static void a_function_that_forks(void **state)
{
	int status, rc;
	pid_t pid;

	(void)state;
	rc = conn_control(ends[1], fork_within, &pid);
	if (!pid)
		_exit(rc || conn_close(ends[1]) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int only_fork(int fd, void *arg)
{
	*(pid_t *)arg = fork();
	return fd;
}

/* What it does with the conn comes after the function. */
static void a_function_that_only_forks(void **state)
{
	int status, fd;
	pid_t pid;

	(void)state;
	fd = conn_control(ends[1], only_fork, &pid);
	if (!pid) {
		alarm(STUCK_S / 2);
		_exit(conn_fd(ends[1]) != fd || conn_close(ends[1]) ||
			fcntl(fd, F_GETFD) >= 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define WITH_READER(fn)                                                        \
	cmocka_unit_test_setup_teardown(fn, begin, reader_is_woken)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_child_reads_on, begin),
		WITH_READER(a_child_frees_what_it_inherited),
		WITH_READER(a_child_has_threads_of_its_own),
		WITH_READER(a_deadline_is_the_childs_own),
		WITH_READER(a_grandchild_too),
		WITH_READER(a_function_that_forks),
		WITH_READER(a_function_that_only_forks),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
