// SPDX-License-Identifier: Apache-2.0
/*
 * test_pitfalls_conn.c - what goes wrong with waiting if it is done the obvious
 * way (pitfall.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"

enum { SHORT_MS = 50, STUCK_S = 60, SPIN = 1000 };

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* A thread that reads, by our way or by the kernel's */
struct reader {
	struct conn *conn;
	int fd;
	_Atomic bool over;
};

static void *read_byte(void *arg)
{
	struct reader *reader = arg;
	char byte;

	if (reader->conn)
		conn_read(reader->conn, &byte, 1, NULL);
	else if (recv(reader->fd, &byte, 1, 0) < 0)
		byte = 0;
	reader->over = true;
	return NULL;
}

static bool close_wakes_a_reader(bool naive)
{
	struct reader reader = {
		.fd = naive ? pitfall_raw(AF_INET, SOCK_DGRAM) : -1,
		.conn = naive ? NULL : pitfall_opened(AF_INET, SOCK_DGRAM)
	};
	int other = naive ? dup(reader.fd) : -1;
	pthread_t thread;
	bool over;

	assert_int_equal(pthread_create(&thread, NULL, read_byte, &reader), 0);
	usleep(SHORT_MS * 1000);
	if (naive)
		close(reader.fd);
	else
		conn_close(reader.conn);
	usleep(SHORT_MS * 1000);
	over = reader.over;
	/* What close did not do, this does. */
	shutdown(other, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(other);
	conn_free(reader.conn);
	return over;
}

static int count_attempts(int fd, void *arg)
{
	char byte;

	++*(int *)arg;
	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A connected UDP socket with an error queued, and SO_ERROR read */
static void queue_error(int fd)
{
	char byte;

	assert_int_equal(setsockopt(fd, SOL_IP, IP_RECVERR, &(int){ 1 },
				 sizeof(int)),
		0);
	assert_int_equal(connect(fd, NOBODY), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(pitfall_ready(fd, POLLIN, -1), 1);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static bool an_error_queue_does_not_spin(bool naive)
{
	int fd = pitfall_raw(AF_INET, SOCK_DGRAM), attempts = 0;
	struct wait soon;
	struct conn *conn;

	queue_error(fd);
	if (naive) {
		while (pitfall_ready(fd, POLLIN, SHORT_MS) && attempts < SPIN)
			count_attempts(fd, &attempts);
		close(fd);
		return attempts < SPIN;
	}
	assert_int_equal(conn_adopt(fd, &conn), 0);
	soon = (struct wait){ wait_in_ms(SHORT_MS), -1 };
	assert_int_equal(conn_raw_read(conn, &soon, count_attempts, &attempts),
		-ETIME);
	conn_free(conn);
	return attempts < SPIN;
}

/* Until @until, or often enough to call it spinning: is it connected? */
static bool poll_for_peer(int fd, int64_t until)
{
	struct sockaddr_un peer;
	int turns = 0;

	while (wait_now() < until && turns < SPIN) {
		socklen_t len = sizeof(peer);

		pitfall_ready(fd, POLLOUT, SHORT_MS);
		if (!getpeername(fd, (struct sockaddr *)&peer, &len))
			return true;
		turns++;
	}
	return turns < SPIN;
}

static bool a_full_unix_socket_does_not_spin(bool naive)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX,
		.sun_path = "\0pitfall" };
	const struct sockaddr *to = (struct sockaddr *)&name;
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 8;
	int listener = pitfall_raw(AF_UNIX, SOCK_STREAM), first, second;
	struct wait soon;
	struct conn *conn;
	bool holds;

	assert_int_equal(bind(listener, to, len), 0);
	assert_int_equal(listen(listener, 0), 0);
	first = pitfall_raw(AF_UNIX, SOCK_STREAM);
	assert_int_equal(connect(first, to, len), 0);
	second = pitfall_raw(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
	soon = (struct wait){ wait_in_ms(SHORT_MS), -1 };
	if (naive) {
		assert_int_equal(connect(second, to, len), -1);
		assert_int_equal(errno, EAGAIN);
		holds = poll_for_peer(second, soon.deadline);
		close(second);
	} else {
		int64_t before = cpu_ns();

		assert_int_equal(conn_adopt(second, &conn), 0);
		assert_int_equal(conn_connect(conn, to, len, &soon, NULL),
			-ETIME);
		holds = cpu_ns() - before < SHORT_MS * INT64_C(500000);
		conn_free(conn);
	}
	close(first);
	close(listener);
	return holds;
}

static ssize_t write_as_peers_do(struct conn *conn, const void *data,
	size_t size, const struct wait *wait)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < size && n >= 0) {
		n = conn_write(conn, (const char *)data + done, size - done,
			wait);
		done += n > 0 ? n : 0;
	}
	return n < 0 ? 0 : done; /* an error, and no bytes with it */
}

static bool what_was_written_is_known(bool naive)
{
	static char data[4 << 20];
	const struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	size_t done = 0, read = 0;
	struct conn *conn;
	int fds[2];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				 fds),
		0);
	assert_int_equal(conn_adopt(fds[0], &conn), 0);
	if (naive)
		done = write_as_peers_do(conn, data, sizeof(data), &soon);
	else
		assert_int_equal(conn_write_all(conn, data, sizeof(data), &soon,
					 &done),
			-ETIME);
	conn_free(conn);
	while ((n = recv(fds[1], data, sizeof(data), 0)) > 0)
		read += n;
	close(fds[1]);
	return read == done;
}

/* A deadline of the socket, then a call that has its own: what of the first? */
static bool a_calls_deadline_leaves_the_sockets(bool naive)
{
	static const struct timeval general = { .tv_usec = SHORT_MS * 1000 };
	static const struct timeval own = { .tv_usec = 1000 }, none;
	int fd = pitfall_raw(AF_INET, SOCK_DGRAM), rc;
	struct timeval left;
	socklen_t len = sizeof(left);
	struct conn *conn;
	struct wait soon;
	char byte;

	if (naive) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &general, len);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &own, len);
		assert_int_equal(recv(fd, &byte, 1, 0), -1);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, len);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &left,
					 &len),
			0);
		close(fd);
		return left.tv_sec || left.tv_usec;
	}
	assert_int_equal(conn_adopt(fd, &conn), 0);
	conn_set_deadline(conn, CONN_READ, wait_in_ms(SHORT_MS));
	soon = (struct wait){ wait_in_ms(1), -1 };
	assert_int_equal(conn_read(conn, &byte, 1, &soon), -ETIME);
	rc = conn_read(conn, &byte, 1, NULL);
	conn_free(conn);
	return rc == -ETIME;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals come faster than the timeout. */
static bool signals_do_not_put_off_a_deadline(bool naive)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = {};
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	int64_t late = wait_in_ms(20 * SHORT_MS);
	struct conn *conn = pitfall_opened(AF_INET, SOCK_DGRAM);
	int fd = pitfall_raw(AF_INET, SOCK_DGRAM), rc;
	struct sigaction before;
	char byte;

	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	if (naive)
		do
			rc = pitfall_ready(fd, POLLIN, SHORT_MS);
		while (rc < 0 && errno == EINTR && wait_now() < late);
	else
		assert_int_equal(conn_read(conn, &byte, 1, &soon), -ETIME);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	alarm(STUCK_S);
	close(fd);
	conn_free(conn);
	return wait_now() < late;
}

/* All that is there, for whom 0 is the end, or for whom it is a message */
static bool an_empty_message_is_no_end(bool naive)
{
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct conn *conn;
	int fds[2], bytes = 0;
	ssize_t n;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				 fds),
		0);
	assert_int_equal(conn_adopt(fds[0], &conn), 0);
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	assert_int_equal(send(fds[1], "x", 1, 0), 1);
	do {
		n = conn_read(conn, &byte, 1, &soon);
		bytes += n > 0 ? n : 0;
	} while (naive ? n : n >= 0);
	close(fds[1]);
	conn_free(conn);
	return bytes == 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PITFALL(1, close_wakes_a_reader),
		PITFALL(2, an_error_queue_does_not_spin),
		PITFALL(3, a_full_unix_socket_does_not_spin),
		PITFALL(6, what_was_written_is_known),
		PITFALL(7, a_calls_deadline_leaves_the_sockets),
		PITFALL(27, signals_do_not_put_off_a_deadline),
		PITFALL(30, an_empty_message_is_no_end),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
