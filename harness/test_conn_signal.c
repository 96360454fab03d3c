// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn_signal.c - signal handlers that come in the midst of calls
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "net/conn.h"

/* ROUNDS: signals that hit a call at any of its instructions */
enum { SHORT_MS = 30, HELD_MS = 200, ROUNDS = 100000, STUCK_S = 20 };

static struct conn *_Atomic conn; /* for handlers, or NULL */
static volatile int result;
static volatile pid_t pid;
static pthread_t victim;
static _Atomic bool sending;

static void close_it(int signal)
{
	struct conn *mine = conn;

	(void)signal;
	if (mine)
		result = conn_close(mine);
}

static void fork_it(int signal)
{
	(void)signal;
	pid = fork();
}

static void set_handler(void (*fn)(int))
{
	const struct sigaction action = { .sa_handler = fn };

	victim = pthread_self();
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
}

static void *signal_often(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_kill(victim, SIGUSR1);
		for (volatile int wait = i % 300; wait; wait--)
			;
	}
	sending = false;
	return arg;
}

static void *signal_soon(void *arg)
{
	usleep(SHORT_MS * 1000);
	pthread_kill(victim, SIGUSR1);
	return arg;
}

/* It is closed at once between two calls, and never within one: it neither
 * waits for the call, nor does the call lose its descriptor. */
static void a_handler_closes_at_any_moment(void **state)
{
	pthread_t thread;
	sigset_t usr1;

	(void)state;
	set_handler(close_it);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	sending = true;
	assert_int_equal(pthread_create(&thread, NULL, signal_often, NULL), 0);
	while (sending) {
		struct conn *mine = pitfall_opened(AF_INET, SOCK_DGRAM);

		conn = mine;
		pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
		while (conn_fd(mine) >= 0 && sending)
			;
		conn_close(mine);
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		conn = NULL;
		assert_in_set(-result, ((uintmax_t[]){ 0, EDEADLK }), 2);
		conn_free(mine);
	}
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
}

static int hold(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	usleep(HELD_MS * 1000);
	return 0;
}

static void *hold_it(void *arg)
{
	conn_control(arg, hold, NULL);
	return NULL;
}

/* A close is a call as well. */
static void a_handler_closes_within_a_close(void **state)
{
	struct conn *mine = pitfall_opened(AF_INET, SOCK_DGRAM);
	pthread_t holder, thread;

	(void)state;
	set_handler(close_it);
	result = 0;
	conn = mine;
	assert_int_equal(pthread_create(&holder, NULL, hold_it, mine), 0);
	usleep(SHORT_MS * 1000);
	assert_int_equal(pthread_create(&thread, NULL, signal_soon, NULL), 0);
	assert_int_equal(conn_close(mine), 0);
	conn = NULL;
	pthread_join(thread, NULL);
	pthread_join(holder, NULL);
	assert_int_equal(result, -EDEADLK);
	conn_free(mine);
}

/* Both ends of the fork go on to wait, and both may close. */
static void a_handler_forks(void **state)
{
	struct conn *mine = pitfall_opened(AF_INET, SOCK_DGRAM);
	struct wait soon = { wait_in_ms(HELD_MS), -1 };
	int fd = conn_fd(mine), status, rc;
	pthread_t thread;
	char byte;

	(void)state;
	set_handler(fork_it);
	pid = -1;
	assert_int_equal(pthread_create(&thread, NULL, signal_soon, NULL), 0);
	pthread_detach(thread); /* or the child has one to join */
	rc = conn_read(mine, &byte, 1, &soon);
	if (!pid) {
		alarm(STUCK_S / 2);
		_exit(rc != -ETIME || conn_fd(mine) != fd || conn_close(mine) ||
			fcntl(fd, F_GETFD) >= 0);
	}
	assert_int_equal(rc, -ETIME);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(conn_close(mine), 0);
	conn_free(mine);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_closes_at_any_moment),
		cmocka_unit_test(a_handler_closes_within_a_close),
		cmocka_unit_test(a_handler_forks),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
