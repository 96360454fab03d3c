// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn_open.c - sockets as they are opened, connected and lent
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
#include <sys/un.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"
#include "net/netns.h"

enum { SHORT_MS = 30 };

static const struct sockaddr_in nowhere = {
	.sin_family = AF_INET, .sin_port = 1, .sin_addr.s_addr = 0x0100007f
};

static struct conn *listener(struct conn_addr *addr)
{
	struct sockaddr_in in = nowhere;
	struct conn *conn;

	in.sin_port = 0;
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_bind(conn, (struct sockaddr *)&in, sizeof(in)),
		0);
	assert_int_equal(conn_listen(conn, 8), 0);
	assert_int_equal(conn_local(conn, addr), 0);
	return conn;
}

static void accept_and_connect(void **state)
{
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct conn_addr addr, peer, self;
	struct conn *l = listener(&addr), *client, *child;

	(void)state;
	assert_int_equal(conn_accept(l, 0, &soon, &child, NULL), -ETIME);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &client), 0);
	assert_int_equal(conn_connect(client, &addr.any, addr.len, NULL, &peer),
		0);
	assert_memory_equal(&peer.room, &addr.room, addr.len);
	assert_int_equal(conn_accept(l, 0, NULL, &child, &peer), 0);
	assert_int_equal(conn_local(client, &self), 0);
	assert_memory_equal(&peer.room, &self.room, self.len);
	assert_int_equal(conn_write(child, "x", 1, NULL), 1);
	assert_int_equal(conn_read(client, &(char){ 0 }, 1, NULL), 1);
	conn_free(client);
	conn_free(child);
	conn_free(l);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &client), 0);
	assert_int_equal(conn_connect(client, &addr.any, addr.len, NULL, NULL),
		-ECONNREFUSED);
	assert_int_equal(conn_accept(client, 0, NULL, &child, NULL), -EINVAL);
	conn_free(client);
}

struct connecting {
	struct conn *conn;
	struct conn_addr to;
	int rc;
};

static void *connect_again(void *arg)
{
	struct connecting *c = arg;

	c->rc = conn_connect(c->conn, &c->to.any, c->to.len, NULL, NULL);
	return NULL;
}

/* The listener's queue is full, so that the kernel tries again after 1 s. What
 * one call has begun, others wait for. */
static void a_connect_goes_on(void **state)
{
	struct connecting c = { 0 };
	struct conn *l = listener(&c.to), *first, *child;
	pthread_t thread;

	(void)state;
	assert_int_equal(conn_listen(l, 0), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &first), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &c.conn), 0);
	assert_int_equal(conn_connect(first, &c.to.any, c.to.len, NULL, NULL),
		0);
	for (int i = 0; i < 2; i++) {
		struct wait soon = { wait_in_ms(SHORT_MS), -1 };

		assert_int_equal(conn_connect(c.conn, &c.to.any, c.to.len,
					 &soon, NULL),
			-ETIME);
	}
	assert_int_equal(pthread_create(&thread, NULL, connect_again, &c), 0);
	usleep(SHORT_MS * 1000);
	assert_int_equal(conn_accept(l, 0, NULL, &child, NULL), 0);
	assert_int_equal(conn_connect(c.conn, &c.to.any, c.to.len, NULL, NULL),
		0);
	pthread_join(thread, NULL);
	assert_int_equal(c.rc, 0);
	assert_int_equal(conn_connect(c.conn, &c.to.any, c.to.len, NULL, NULL),
		-EISCONN);
	conn_free(child);
	conn_free(first);
	conn_free(c.conn);
	conn_free(l);
}

/* UDP is connected at once, and its -EAGAIN is an answer. */
static void connect_of_udp(void **state)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_local_port_range";
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct conn *first, *second;
	struct conn_addr peer;

	(void)state;
	assert_int_equal(write(fd, "40000 40000", 11), 11);
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &first), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &second), 0);
	assert_int_equal(conn_connect(first, (struct sockaddr *)&nowhere,
				 sizeof(nowhere), NULL, &peer),
		0);
	assert_memory_equal(&peer.room, &nowhere, sizeof(nowhere));
	assert_int_equal(conn_connect(second, (struct sockaddr *)&nowhere,
				 sizeof(nowhere), NULL, NULL),
		-EAGAIN);
	assert_int_equal(write(fd, "32768 60999", 11), 11);
	close(fd);
	conn_free(first);
	conn_free(second);
}

static void connect_of_a_full_unix_socket(void **state)
{
	static const struct sockaddr_un name = { .sun_family = AF_UNIX,
		.sun_path = "\0portclash-test-conn" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 20;
	struct conn *l, *c[3];

	(void)state;
	assert_int_equal(conn_open(AF_UNIX, SOCK_STREAM, 0, NULL, &l), 0);
	assert_int_equal(conn_bind(l, (struct sockaddr *)&name, len), 0);
	assert_int_equal(conn_listen(l, 0), 0);
	for (int i = 0; i < 3; i++) {
		const struct wait soon = { wait_in_ms(SHORT_MS), -1 };
		int rc;

		assert_int_equal(conn_open(AF_UNIX, SOCK_STREAM, 0, NULL,
					 &c[i]),
			0);
		rc = conn_connect(c[i], (struct sockaddr *)&name, len, &soon,
			NULL);
		assert_int_equal(rc, i ? -ETIME : 0);
	}
	for (int i = 0; i < 3; i++)
		conn_free(c[i]);
	conn_free(l);
}

static void adopt_and_dup(void **state)
{
	struct conn *conn = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(conn_dup(fd, &conn), 0);
	conn_free(conn);
	assert_int_equal(conn_dup(-1, &conn), -EBADF);
	assert_int_equal(conn_adopt(-1, &conn), -EBADF);
	assert_int_equal(conn_adopt(fd, NULL), -EINVAL);
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(conn_adopt(fd, &conn), 0);
	conn_free(conn);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static int close_within(int fd, void *arg)
{
	(void)fd;
	return conn_close(arg);
}

static int take_a_byte(int fd, void *arg)
{
	return read(fd, arg, 1) == 1 ? 7 : -errno;
}

static int full(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	return -EAGAIN;
}

static void control_lends_the_descriptor(void **state)
{
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct conn *conn;
	int fds[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(conn_adopt(fds[0], &conn), 0);
	assert_int_equal(conn_raw_read(conn, &soon, take_a_byte, &byte),
		-ETIME);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(conn_raw_read(conn, NULL, take_a_byte, &byte), 7);
	assert_int_equal(conn_raw_read(conn, NULL, NULL, NULL), -EINVAL);
	conn_free(conn);
	assert_int_equal(conn_adopt(fds[1], &conn), 0);
	soon.deadline = wait_in_ms(SHORT_MS);
	assert_int_equal(conn_raw_write(conn, &soon, full, NULL), -ETIME);
	assert_int_equal(conn_raw_read(conn, NULL, close_within, conn),
		-EDEADLK);
	conn_free(conn);
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_control(conn, close_within, conn), -EDEADLK);
	assert_int_equal(conn_close(conn), 0);
	assert_int_equal(conn_control(conn, close_within, conn), -EBADF);
	conn_free(conn);
}

static void open_in_another_namespace(void **state)
{
	struct conn_options options = CONN_OPTIONS;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = 80 };
	struct netns *there;
	struct conn *c[3];

	(void)state;
	assert_int_equal(netns_current(&there), 0);
	assert_int_equal(netns_unshare(), 0);
	options.netns_fd = netns_fd(there);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &c[0]), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, &options, &c[1]),
		0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, &options, &c[2]),
		0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(conn_bind(c[i], (struct sockaddr *)&any,
					 sizeof(any)),
			i == 2 ? -EADDRINUSE : 0);
	options.netns_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	conn_free(c[0]);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, &options, &c[0]),
		-EINVAL);
	close(options.netns_fd);
	conn_free(c[1]);
	conn_free(c[2]);
	netns_setns(there);
	netns_free(there);
}

static void bad_arguments(void **state)
{
	struct conn_addr addr;
	struct conn *conn;
	char byte;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, NULL),
		-EINVAL);
	assert_int_equal(conn_open(-1, SOCK_DGRAM, 0, NULL, &conn),
		-EAFNOSUPPORT);
	assert_int_equal(conn_read(NULL, &byte, 1, NULL), -EINVAL);
	assert_int_equal(conn_close(NULL), -EINVAL);
	assert_int_equal(conn_local(NULL, &addr), -EINVAL);
	assert_null(conn_free(NULL));
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_read(conn, NULL, 1, NULL), -EINVAL);
	assert_int_equal(conn_write(conn, NULL, 1, NULL), -EINVAL);
	assert_int_equal(conn_recvmsg(conn, NULL, 0, NULL), -EINVAL);
	assert_int_equal(conn_sendmsg(conn, NULL, 0, NULL), -EINVAL);
	assert_int_equal(conn_bind(conn, NULL, 0), -EINVAL);
	assert_int_equal(conn_connect(conn, NULL, 0, NULL, NULL), -EINVAL);
	assert_int_equal(conn_local(conn, NULL), -EINVAL);
	assert_int_equal(conn_peer(conn, &addr), -ENOTCONN);
	assert_int_equal(conn_set_deadline(conn, 0, 1), -EINVAL);
	assert_int_equal(conn_set_deadline(conn, 4, 1), -EINVAL);
	assert_int_equal(conn_control(conn, NULL, NULL), -EINVAL);
	assert_int_equal(conn_shutdown(conn, 9), -EINVAL);
	assert_int_equal(conn_read(conn, &byte, 1, &(struct wait){ 0, 9999 }),
		-EBADF);
	conn_free(conn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_and_connect),
		cmocka_unit_test(a_connect_goes_on),
		cmocka_unit_test(connect_of_udp),
		cmocka_unit_test(connect_of_a_full_unix_socket),
		cmocka_unit_test(adopt_and_dup),
		cmocka_unit_test(control_lends_the_descriptor),
		cmocka_unit_test(open_in_another_namespace),
		cmocka_unit_test(bad_arguments),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
