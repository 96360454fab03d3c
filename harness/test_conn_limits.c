// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn_limits.c - conns where no descriptor is left, and other edges
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"

enum { SHORT_MS = 30, MANY = 20, FEW_FDS = 16, FEW_CONNS = 12, STUCK_S = 30 };

static const struct sockaddr_in local = { .sin_family = AF_INET,
	.sin_addr.s_addr = 0x0100007f };
static struct rlimit before;

static void pair_of(int type, struct conn *conns[2])
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(conn_adopt(fds[i], &conns[i]), 0);
}

static void free_pair(struct conn *conns[2])
{
	conn_free(conns[0]);
	conn_free(conns[1]);
}

/* No descriptor more than there are now, and so many */
static void limit(int more)
{
	struct rlimit few = before;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	few.rlim_cur = fd + more;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static int unlimit(void **state)
{
	(void)state;
	return setrlimit(RLIMIT_NOFILE, &before);
}

static void *wait_a_little(void *arg)
{
	struct wait wait = { wait_in_ms(4 * SHORT_MS), -1 };
	char byte;

	assert_int_equal(conn_read(arg, &byte, 1, &wait), -ETIME);
	return NULL;
}

static void one_descriptor_at_rest_and_two_in_a_wait(void **state)
{
	int none = pitfall_fds();
	struct conn *c[MANY][2];
	pthread_t threads[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++)
		pair_of(SOCK_STREAM, c[i]);
	assert_int_equal(pitfall_fds() - none, 2 * MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
					 wait_a_little, c[i][0]),
			0);
	usleep(SHORT_MS * 1000);
	assert_in_range(pitfall_fds() - none, 2 * MANY, 3 * MANY);
	for (int i = 0; i < MANY; i++)
		pthread_join(threads[i], NULL);
	/* One or two are kept for the next wait. */
	assert_in_range(pitfall_fds() - none, 2 * MANY, 2 * MANY + 2);
	for (int i = 0; i < MANY; i++)
		free_pair(c[i]);
	assert_int_equal(pitfall_fds(), none);
}

static int twelve(void)
{
	struct conn *c[FEW_CONNS];
	struct wait wait = { wait_in_ms(SHORT_MS), -1 };
	char byte;

	for (int i = 3; i < FEW_FDS; i++)
		close(i);
	for (int i = 0; i < FEW_CONNS; i++)
		if (conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &c[i]))
			return i + 1;
	return conn_read(c[0], &byte, 1, &wait) == -ETIME ? 0 : FEW_FDS;
}

static void sixteen_descriptors_are_twelve_conns(void **state)
{
	struct rlimit few = { FEW_FDS, FEW_FDS };
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		setrlimit(RLIMIT_NOFILE, &few);
		_exit(twelve());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void *write_later(void *arg)
{
	usleep(SHORT_MS * 1000);
	conn_write(arg, "x", 1, NULL);
	return NULL;
}

static void *close_later(void *arg)
{
	usleep(SHORT_MS * 1000);
	conn_close(arg);
	return NULL;
}

/* As read(2) does, and a close, a deadline and a token end it all the same. */
static void a_wait_needs_no_descriptor(void **state)
{
	struct wait wait = { 0, -1 };
	struct wait_token *token;
	struct conn *c[2];
	pthread_t thread;
	char byte;

	(void)state;
	assert_int_equal(wait_token_new(&token), 0);
	pair_of(SOCK_STREAM, c);
	limit(0);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ,
				 wait_in_ms(SHORT_MS)),
		0);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), -ETIME);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, 0), 0);
	pthread_create(&thread, NULL, write_later, c[1]);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), 1);
	pthread_join(thread, NULL);
	wait_token_cancel(token);
	wait.cancel_fd = wait_token_fd(token);
	assert_int_equal(conn_read(c[0], &byte, 1, &wait), -ECANCELED);
	pthread_create(&thread, NULL, close_later, c[0]);
	assert_int_equal(conn_read(c[0], &byte, 1, NULL), -EBADF);
	pthread_join(thread, NULL);
	free_pair(c);
	wait_token_free(token);
}

static void at_the_limit_a_connection_stays_queued(void **state)
{
	struct wait soon = { wait_in_ms(STUCK_S * 1000 / 2), -1 };
	struct conn_addr addr;
	struct conn *l, *c, *child;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &l), 0);
	assert_int_equal(conn_bind(l, (struct sockaddr *)&local, sizeof(local)),
		0);
	assert_int_equal(conn_listen(l, 8), 0);
	assert_int_equal(conn_local(l, &addr), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &c), 0);
	assert_int_equal(conn_connect(c, &addr.any, addr.len, NULL, NULL), 0);
	for (int more = 0; more < 4; more++) {
		int rc;

		limit(more);
		rc = conn_accept(l, 0, NULL, &child, NULL);
		unlimit(NULL);
		if (!rc)
			break;
		assert_int_equal(rc, -EMFILE);
	}
	/* One descriptor is enough, and it was not lost before. */
	assert_int_equal(conn_write(c, "x", 1, NULL), 1);
	assert_int_equal(conn_read(child, &(char){ 0 }, 1, &soon), 1);
	conn_free(child);
	conn_free(c);
	conn_free(l);
}

/* At the limit too it is taken, or else it is as it was. */
static void adopt_takes_all_or_nothing(void **state)
{
	struct conn *conn;
	int fds[2], rc;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	limit(0);
	rc = conn_adopt(fds[0], &conn);
	unlimit(NULL);
	assert_int_equal(rc ? fcntl(fds[0], F_GETFL) & O_NONBLOCK : 0, 0);
	assert_int_equal(rc, 0);
	conn_free(conn);
	close(fds[1]);
}

static int close_other(int fd, void *arg)
{
	(void)fd;
	return conn_close(arg);
}

static int lend_again(int fd, void *arg)
{
	struct conn **c = arg;

	(void)fd;
	return conn_control(c[1], close_other, c[0]);
}

static int lend_raw(int fd, void *arg)
{
	struct conn **c = arg;

	(void)fd;
	return conn_raw_write(c[1], NULL, close_other, c[0]);
}

/* Whichever conn a thread was lent, it would wait for itself. */
static void close_within_any_loan(void **state)
{
	struct conn *c[2];

	(void)state;
	pair_of(SOCK_STREAM, c);
	assert_int_equal(conn_control(c[0], lend_again, c), -EDEADLK);
	assert_int_equal(conn_control(c[0], lend_raw, c), -EDEADLK);
	assert_int_equal(conn_control(c[1], close_other, c[0]), 0);
	free_pair(c);
}

static void nothing_is_read_at_once(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	char byte;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct conn *c[2], *copy;
		int fds[2];

		pair_of(types[i], c);
		assert_int_equal(conn_read(c[0], NULL, 0, NULL), 0);
		assert_int_equal(conn_write(c[1], "x", 1, NULL), 1);
		assert_int_equal(conn_read(c[0], &byte, 0, NULL), 0);
		assert_int_equal(conn_read(c[0], &byte, 1, NULL), 1);
		assert_int_equal(conn_set_deadline(c[0], CONN_READ, 1), 0);
		assert_int_equal(conn_read(c[0], NULL, 0, NULL), -ETIME);
		free_pair(c);
		assert_int_equal(socketpair(AF_UNIX, types[i], 0, fds), 0);
		assert_int_equal(conn_dup(fds[0], &copy), 0);
		assert_int_equal(conn_read(copy, NULL, 0, NULL), 0);
		conn_free(copy);
		close(fds[0]);
		close(fds[1]);
	}
}

static void *write_in_parts(void *arg)
{
	for (int i = 0; i < 4; i++) {
		usleep(1000);
		conn_write(arg, "abcd" + i, 1, NULL);
	}
	return NULL;
}

/* All that fits is waited for; what came is told if no more may come. */
static void waitall_waits_for_all(void **state)
{
	struct wait wait = { 0, -1 };
	struct conn *c[2];
	pthread_t thread;
	char bytes[8] = "";
	struct iovec iov[2] = { { bytes, 1 }, { bytes + 1, 3 } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2 };

	(void)state;
	pair_of(SOCK_STREAM, c);
	pthread_create(&thread, NULL, write_in_parts, c[1]);
	assert_int_equal(conn_recvfrom(c[0], bytes, 4, MSG_WAITALL, NULL, NULL),
		4);
	pthread_join(thread, NULL);
	assert_string_equal(bytes, "abcd");
	memset(bytes, 0, sizeof(bytes));
	pthread_create(&thread, NULL, write_in_parts, c[1]);
	assert_int_equal(conn_recvmsg(c[0], &message, MSG_WAITALL, NULL), 4);
	pthread_join(thread, NULL);
	assert_string_equal(bytes, "abcd");
	assert_int_equal(iov[1].iov_len, 3);
	assert_int_equal(conn_write(c[1], "xyz", 3, NULL), 3);
	wait.deadline = wait_in_ms(SHORT_MS);
	assert_int_equal(conn_recvfrom(c[0], bytes, 8, MSG_WAITALL, &wait,
				 NULL),
		3);
	assert_int_equal(conn_write(c[1], "xyz", 3, NULL), 3);
	conn_close_write(c[1]);
	assert_int_equal(conn_recvfrom(c[0], bytes, 8, MSG_WAITALL, NULL, NULL),
		3);
	assert_int_equal(conn_recvfrom(c[0], bytes, 8, MSG_WAITALL, NULL, NULL),
		0);
	free_pair(c);
}

/* Nothing is subtracted from it, either. */
static void a_deadline_of_long_ago_is_over(void **state)
{
	struct wait past = { INT64_MIN, -1 };
	struct conn *c[2];

	(void)state;
	assert_int_equal(wait_check(&past), -ETIME);
	assert_int_equal(wait_poll(NULL, 0, &past), -ETIME);
	pair_of(SOCK_STREAM, c);
	assert_int_equal(conn_read(c[0], &(char){ 0 }, 1, &past), -ETIME);
	/* A conn's own is of the same sort. */
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, -1), 0);
	assert_int_equal(conn_read(c[0], &(char){ 0 }, 1, NULL), -ETIME);
	assert_int_equal(conn_set_deadline(c[0], CONN_READ, INT64_MIN), 0);
	assert_int_equal(conn_read(c[0], &(char){ 0 }, 1, NULL), -ETIME);
	free_pair(c);
}

/* Of standard input nothing is known, and nothing asked. */
static void zero_is_no_trap(void **state)
{
	struct wait wait = { .deadline = wait_in_ms(SHORT_MS) };
	struct conn_options options = { 0 };
	int zero = dup(0), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct wait_token *token;
	struct conn *conn;

	(void)state;
	assert_int_equal(dup2(null, 0), 0);
	assert_int_equal(wait_poll(NULL, 0, &wait), -ETIME);
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, &options, &conn), 0);
	conn_free(conn);
	close(0);
	assert_int_equal(wait_token_new(&token), 0);
	assert_true(wait_token_fd(token) > 0);
	wait_token_free(token);
	dup2(zero < 0 ? null : zero, 0);
	close(zero);
	close(null);
}

static void a_descriptor_for_event_loops(void **state)
{
	struct conn *c[2];
	int fd;

	(void)state;
	pair_of(SOCK_STREAM, c);
	fd = conn_fd(c[0]);
	assert_true(fd > 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	conn_close(c[0]);
	assert_int_equal(conn_fd(c[0]), -EBADF);
	free_pair(c);
}

static void a_process_that_runs_has_no_pid_yet(void **state)
{
	siginfo_t info = { .si_pid = 1 };
	pid_t pid = fork();
	struct conn *conn;

	(void)state;
	if (!pid) {
		alarm(STUCK_S);
		pause();
		_exit(0);
	}
	assert_int_equal(conn_adopt(syscall(SYS_pidfd_open, pid, 0), &conn), 0);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED | WNOHANG, &info, NULL,
				 NULL),
		0);
	assert_int_equal(info.si_pid, 0);
	assert_int_equal(conn_pidfd_send_signal(conn, SIGKILL, NULL, 0), 0);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, NULL), 0);
	assert_int_equal(info.si_pid, pid);
	conn_free(conn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_descriptor_at_rest_and_two_in_a_wait),
		cmocka_unit_test(sixteen_descriptors_are_twelve_conns),
		cmocka_unit_test_teardown(a_wait_needs_no_descriptor, unlimit),
		cmocka_unit_test_teardown(
			at_the_limit_a_connection_stays_queued, unlimit),
		cmocka_unit_test_teardown(adopt_takes_all_or_nothing, unlimit),
		cmocka_unit_test(close_within_any_loan),
		cmocka_unit_test(nothing_is_read_at_once),
		cmocka_unit_test(waitall_waits_for_all),
		cmocka_unit_test(a_deadline_of_long_ago_is_over),
		cmocka_unit_test(zero_is_no_trap),
		cmocka_unit_test(a_descriptor_for_event_loops),
		cmocka_unit_test(a_process_that_runs_has_no_pid_yet),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	getrlimit(RLIMIT_NOFILE, &before);
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
