// SPDX-License-Identifier: Apache-2.0
/*
 * test_peers_conn.c - what mdlayher/socket tests beyond nettest, written anew
 *
 * Each test has its name there. What waits is asked to give up in three ways:
 * cancelled before, cancelled meanwhile, and by a deadline.
 *
 * main() leaves the machine's network before anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "own_netns.h"
#include "conn_ends.h"
#include "case_test.h"
#include "unit.h"
#include "net/reuseport.h"

enum { SHORT_MS = 50, STUCK_S = 60, BLACK = 20, HOLE = 21 };

/* Of addresses behind a link with nobody at its other end */
static const char *const unanswered[] = { "192.0.2.1:80", "[2001:db8::1]:80" };

static struct end waiter;

static int open_waiter(void **state)
{
	(void)state;
	waiter = (struct end){ .by_call = true };
	return wait_token_new(&waiter.token);
}

static int close_waiter(void **state)
{
	(void)state;
	while (job_count)
		conn_ends_finish(&jobs[--job_count]);
	waiter.conn = conn_free(waiter.conn);
	waiter.token = wait_token_free(waiter.token);
	return 0;
}

/* Nobody answers a SYN there, nor an ARP request. */
static int dig(void **state)
{
	const struct link_end a = { .name = "black", .index = BLACK };
	const struct link_end b = { .name = "hole", .index = HOLE };
	struct link_session *session;
	struct addr addr;

	(void)state;
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_add_veth(session, &a, &b), 0);
	assert_int_equal(link_up(session, BLACK), 0);
	assert_int_equal(link_up(session, HOLE), 0);
	assert_int_equal(addr_parse("192.0.2.2", &addr), 0);
	assert_int_equal(link_add_addr(session, BLACK, &addr, 24), 0);
	assert_int_equal(addr_parse("2001:db8::2", &addr), 0);
	assert_int_equal(link_add_addr(session, BLACK, &addr, 64), 0);
	link_close(session);
	return 0;
}

static ssize_t dial(struct end *end, int which)
{
	struct wait wait;
	struct conn *conn;
	int rc = reuseport_dial("tcp", NULL, unanswered[which],
		conn_ends_wait_of(end, 1, &wait), NULL, &conn);

	if (!rc)
		conn_free(conn);
	return rc;
}

static ssize_t take(struct end *end, int which)
{
	struct wait wait;
	struct conn *child;
	int rc = conn_accept(end->conn, 0, conn_ends_wait_of(end, 0, &wait),
		&child, NULL);

	(void)which;
	if (!rc)
		conn_free(child);
	return rc;
}

static ssize_t receive(struct end *end, int which)
{
	struct wait wait;

	return conn_recvfrom(end->conn, &(char){ 0 }, 1, which,
		conn_ends_wait_of(end, 0, &wait), NULL);
}

static void listen_on(const char *address)
{
	assert_int_equal(reuseport_listen("tcp", address, NULL, &waiter.conn),
		0);
}

static void cancelled_before(task *fn, int which)
{
	wait_token_cancel(waiter.token);
	assert_int_equal(fn(&waiter, which), -ECANCELED);
}

static void cancelled_during(task *fn, int which)
{
	struct job *job = conn_ends_start(fn, &waiter, which);
	int64_t when;

	usleep(SHORT_MS * 1000);
	when = wait_now();
	wait_token_cancel(waiter.token);
	assert_int_equal(conn_ends_finish(job), -ECANCELED);
	assert_true(job->over >= when);
}

static void deadline_exceeded(task *fn, int which)
{
	int64_t when = wait_in_ms(SHORT_MS);

	waiter.deadlines[0] = waiter.deadlines[1] = when;
	assert_int_equal(fn(&waiter, which), -ETIME);
	assert_true(wait_now() >= when);
}

static void dial_tcp_no_listener(void **state)
{
	struct conn *conn;

	(void)state;
	assert_int_equal(reuseport_dial("tcp6", NULL, "[::1]:65535", NULL, NULL,
				 &conn),
		-ECONNREFUSED);
}

static void dial_tcp_context_canceled_before(void **state)
{
	(void)state;
	cancelled_before(dial, 0);
	cancelled_before(dial, 1);
}

static void dial_tcp_context_canceled_during_ipv4(void **state)
{
	(void)state;
	cancelled_during(dial, 0);
}

static void dial_tcp_context_canceled_during_ipv6(void **state)
{
	(void)state;
	cancelled_during(dial, 1);
}

static void dial_tcp_context_deadline_exceeded(void **state)
{
	(void)state;
	deadline_exceeded(dial, 0);
	deadline_exceeded(dial, 1);
}

static void listener_accept_tcp_context_canceled_before(void **state)
{
	(void)state;
	listen_on("[::1]:0");
	cancelled_before(take, 0);
}

static void listener_accept_tcp_context_canceled_during(void **state)
{
	(void)state;
	listen_on("[::1]:0");
	cancelled_during(take, 0);
}

static void listener_accept_tcp_context_deadline_exceeded(void **state)
{
	(void)state;
	listen_on("[::1]:0");
	deadline_exceeded(take, 0);
}

/* Its listener's child, which is sent nothing */
static struct conn *connect_to_waiter(void)
{
	struct conn *listener = waiter.conn, *client;
	struct conn_addr addr;

	assert_int_equal(conn_local(listener, &addr), 0);
	assert_int_equal(conn_open(addr.any.sa_family, SOCK_STREAM, 0, NULL,
				 &client),
		0);
	assert_int_equal(conn_connect(client, &addr.any, addr.len, NULL, NULL),
		0);
	assert_int_equal(conn_accept(listener, 0, NULL, &waiter.conn, NULL), 0);
	conn_free(listener);
	return client;
}

static void listener_conn_tcp_context_canceled(void **state)
{
	struct conn *client;

	(void)state;
	listen_on("[::1]:0");
	client = connect_to_waiter();
	cancelled_during(receive, 0);
	cancelled_before(receive, 0);
	conn_free(client);
}

static void listener_conn_tcp_context_deadline_exceeded(void **state)
{
	struct conn *client;

	(void)state;
	listen_on("[::1]:0");
	client = connect_to_waiter();
	deadline_exceeded(receive, 0);
	conn_free(client);
}

/* A listener that was made by hand */
static void file_conn(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct conn *client;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	assert_int_equal(listen(fd, SOMAXCONN), 0);
	assert_int_equal(conn_dup(fd, &waiter.conn), 0);
	assert_int_equal(close(fd), 0);
	client = connect_to_waiter();
	assert_int_equal(conn_write(client, "x", 1, NULL), 1);
	assert_int_equal(receive(&waiter, 0), 1);
	conn_free(client);
}

static void linux_conn_buffers(void **state)
{
	int in, out;

	(void)state;
	listen_on("[::1]:0");
	assert_int_equal(conn_set_read_buffer(waiter.conn, 8192), 0);
	assert_int_equal(conn_set_write_buffer(waiter.conn, 8192), 0);
	assert_int_equal(conn_read_buffer(waiter.conn, &in), 0);
	assert_int_equal(conn_write_buffer(waiter.conn, &out), 0);
	assert_int_equal(in, 16384);
	assert_int_equal(out, 16384);
}

/* One port, in this namespace and in another, that a path leads to */
static void linux_network_namespaces(void **state)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct netns *ns, *same;
	struct conn *there;

	(void)state;
	listen_on("0.0.0.0:7000");
	assert_int_equal(netns_new(&ns), 0);
	assert_int_equal(netns_open(netns_path(ns), &same), 0);
	options.netns_fd = netns_fd(same);
	assert_int_equal(reuseport_listen("tcp4", "0.0.0.0:7000", &options,
				 &there),
		0);
	conn_free(there);
	netns_free(same);
	netns_free(ns);
}

static void linux_dial_vsock_no_listener(void **state)
{
	const struct sockaddr_vm vm = { .svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = 1024 };
	const struct timeval soon = { .tv_usec = SHORT_MS * 1000 };
	int rc;

	(void)state;
	if (conn_open(AF_VSOCK, SOCK_STREAM, 0, NULL, &waiter.conn))
		case_test_skip("AF_VSOCK not in this kernel");
	assert_int_equal(conn_set_option(waiter.conn, AF_VSOCK,
				 SO_VM_SOCKETS_CONNECT_TIMEOUT, &soon,
				 sizeof(soon)),
		0);
	rc = conn_connect(waiter.conn, (const struct sockaddr *)&vm, sizeof(vm),
		NULL, NULL);
	if (rc == -ETIMEDOUT || rc == -ENODEV)
		case_test_skip("vsock loopback not in this kernel");
	assert_int_equal(rc, -ECONNRESET);
}

static void linux_open_pidfd(void **state)
{
	int fd = syscall(SYS_pidfd_open, 1, 0), rc;

	(void)state;
	assert_int_equal(conn_adopt(fd, &waiter.conn), 0);
	rc = conn_pidfd_send_signal(waiter.conn, 0, NULL, 0);
	assert_true(!rc || rc == -EPERM);
	assert_int_equal(conn_shutdown(waiter.conn, SHUT_RD), -ENOTSOCK);
}

static void linux_bind_to_device(void **state)
{
	char name[16];
	int index;

	(void)state;
	listen_on("[::1]:0");
	assert_int_equal(conn_set_string(waiter.conn, SOL_SOCKET,
				 SO_BINDTODEVICE, "lo"),
		0);
	assert_int_equal(conn_get_string(waiter.conn, SOL_SOCKET,
				 SO_BINDTODEVICE, name, sizeof(name)),
		2);
	assert_string_equal(name, "lo");
	assert_int_equal(conn_get_int(waiter.conn, SOL_SOCKET, SO_BINDTOIFINDEX,
				 &index),
		0);
	assert_int_equal(index, OWN_NETNS_LO);
}

#define PEER(test)                                                             \
	cmocka_unit_test_setup_teardown(test, open_waiter, close_waiter)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PEER(dial_tcp_no_listener),
		PEER(dial_tcp_context_canceled_before),
		PEER(dial_tcp_context_canceled_during_ipv4),
		PEER(dial_tcp_context_canceled_during_ipv6),
		PEER(dial_tcp_context_deadline_exceeded),
		PEER(listener_accept_tcp_context_canceled_before),
		PEER(listener_accept_tcp_context_canceled_during),
		PEER(listener_accept_tcp_context_deadline_exceeded),
		PEER(listener_conn_tcp_context_canceled),
		PEER(listener_conn_tcp_context_deadline_exceeded),
		PEER(file_conn),
		PEER(linux_conn_buffers),
		PEER(linux_network_namespaces),
		PEER(linux_dial_vsock_no_listener),
		PEER(linux_open_pidfd),
		PEER(linux_bind_to_device),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, dig, NULL);
}
