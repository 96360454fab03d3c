// SPDX-License-Identifier: Apache-2.0
/*
 * test_cancel.c - no helper is ended half-way by pthread_cancel
 *
 * A thread that is to be cancelled makes call after call, and its end is at the
 * first cancellation point. It must be after the last of them.
 *
 * main() leaves the machine's network before anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/reuseport.h"
#include "net/sockdiag.h"

enum { SHORT_MS = 20, STUCK_S = 30 };

static const char *last;

/* One call with the request pending: whoever looks for it ends the thread */
#define TRIED(call)                                                            \
	do {                                                                   \
		last = #call;                                                  \
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);           \
		(void)!(call);                                                 \
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);          \
	} while (0)

static int nothing(int fd, void *arg)
{
	(void)arg;
	return fd < 0;
}

static int nothing_there(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	/* The caller is on another thread, which waits for this one. */
	usleep(SHORT_MS * 1000);
	return 0;
}

static void try_conn(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct conn *l, *c, *child = NULL, *copy;
	struct conn_addr addr;
	char bytes[4] = "";
	struct iovec iov = { bytes, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	TRIED(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &l));
	TRIED(conn_bind(l, (struct sockaddr *)&in, sizeof(in)));
	TRIED(conn_listen(l, 1));
	TRIED(conn_local(l, &addr));
	TRIED(conn_accept(l, 0, &soon, &child, NULL));
	TRIED(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &c));
	TRIED(conn_connect(c, &addr.any, addr.len, NULL, NULL));
	TRIED(conn_accept(l, 0, NULL, &child, NULL));
	TRIED(conn_peer(c, &addr));
	TRIED(conn_write(c, "abc", 3, NULL));
	TRIED(conn_write_all(c, "abc", 3, NULL, NULL));
	TRIED(conn_sendto(c, "abc", 3, 0, NULL, NULL, 0));
	TRIED(conn_sendmsg(c, &message, 0, NULL));
	TRIED(conn_read(child, bytes, 4, NULL));
	TRIED(conn_recvfrom(child, bytes, 4, 0, NULL, NULL));
	TRIED(conn_recvmsg(child, &message, 0, NULL));
	TRIED(conn_control(c, nothing, NULL));
	TRIED(conn_raw_read(c, NULL, nothing, NULL));
	TRIED(conn_raw_write(c, NULL, nothing, NULL));
	TRIED(conn_set_deadline(child, CONN_READ, wait_in_ms(SHORT_MS)));
	TRIED(conn_recvfrom(child, bytes, 4, MSG_WAITALL, NULL, NULL));
	TRIED(conn_set_read_buffer(c, 8192));
	TRIED(conn_bind_device(c, OWN_NETNS_LO));
	TRIED(conn_dup(STDERR_FILENO, &copy));
	TRIED(conn_free(copy));
	TRIED(conn_shutdown(c, SHUT_RDWR));
	TRIED(conn_close(c));
	TRIED(conn_free(c));
	TRIED(conn_free(child));
	TRIED(conn_free(l));
}

static void try_processes(void)
{
	struct conn *conn = NULL;
	siginfo_t info;
	pid_t pid = fork();

	if (!pid) {
		alarm(STUCK_S);
		pause();
		_exit(0);
	}
	TRIED(conn_adopt(syscall(SYS_pidfd_open, pid, 0), &conn));
	TRIED(conn_pidfd_send_signal(conn, SIGKILL, NULL, 0));
	TRIED(conn_pidfd_wait(conn, WEXITED, &info, NULL, NULL));
	TRIED(conn_free(conn));
}

static void try_netns(void)
{
	char dir[] = "/tmp/portclash-cancel.XXXXXX";
	struct netns *here, *ns;
	uint64_t id;

	TRIED(netns_current(&here));
	TRIED(netns_open_pid(getpid(), &ns));
	TRIED(netns_close(ns));
	TRIED(netns_free(ns));
	TRIED(netns_check("/proc/self/ns/net"));
	TRIED(netns_setns(here));
	TRIED(netns_setns_fd(netns_fd(here), 0));
	TRIED(netns_equal(here, here));
	TRIED(netns_id_current(&id));
	TRIED(netns_do(here, nothing_there, NULL));
	TRIED(netns_do_fd(netns_fd(here), nothing_there, NULL));
	TRIED(netns_do_path("/proc/self/ns/net", nothing_there, NULL));
	TRIED(netns_do_inline(here, nothing_there, NULL));
	TRIED(netns_id(here, &id));
	TRIED(netns_new(&ns));
	TRIED(netns_free(ns));
	if (own_netns_with_mounts() && mkdtemp(dir)) {
		TRIED(netns_new_named(dir, "a", &ns));
		TRIED(netns_free(ns));
		TRIED(netns_open_named(dir, "a", &ns));
		TRIED(netns_delete_named(dir, "a"));
		netns_free(ns);
		umount2(dir, MNT_DETACH);
		rmdir(dir);
	}
	TRIED(netns_free(here));
}

static int row(const struct sockdiag_row *row, void *arg)
{
	(void)row;
	(void)arg;
	usleep(1);
	return 0;
}

static int owner(pid_t pid, int fd, const char *command, void *arg)
{
	(void)pid;
	(void)fd;
	(void)command;
	(void)arg;
	return 0;
}

static void try_netlink(void)
{
	struct addr addr = own_netns_addr("192.0.2.1");
	struct link_end a = { .name = "a" }, b = { .name = "b" };
	struct link_end bridge = { .name = "c" }, vrf = { .name = "d" };
	struct link_route route = { .to = own_netns_addr("198.51.100.0"),
		.prefix = 24,
		.index = OWN_NETNS_LO };
	struct sockdiag_row r = { .protocol = IPPROTO_TCP, .family = AF_INET };
	struct link_session *session;
	struct sockdiag *diag;
	int index = OWN_NETNS_LO;

	TRIED(link_open(&session));
	TRIED(link_up(session, OWN_NETNS_LO));
	TRIED(link_add_veth(session, &a, &b));
	TRIED(link_add_addr(session, OWN_NETNS_LO, &addr, 32));
	TRIED(link_add_route(session, &route));
	TRIED(link_delete(session, 99));
	TRIED(link_index(session, "lo", &index));
	TRIED(link_set_master(session, index, 0));
	TRIED(link_add_bridge(session, &bridge));
	TRIED(link_add_vrf(session, &vrf, 7));
	TRIED(link_addr_gen_none(session, index));
	TRIED((link_close(session), 0));
	TRIED(sockdiag_open(&diag));
	TRIED(sockdiag_each(diag, IPPROTO_TCP, AF_INET, SOCKDIAG_ALL, row,
		NULL));
	TRIED(sockdiag_find(diag, &r));
	TRIED(sockdiag_destroy(diag, &r));
	TRIED(sockdiag_owners(1, owner, NULL));
	TRIED((sockdiag_close(diag), 0));
}

static void try_reuseport(void)
{
	struct conn *l = NULL, *c = NULL;
	struct conn_addr addr;

	TRIED(reuseport_available());
	TRIED(reuseport_resolve("tcp", "localhost:1", false, &addr));
	TRIED(reuseport_listen_packet("udp", ":0", NULL, &l));
	TRIED(conn_free(l));
	TRIED(reuseport_listen("tcp4", "localhost:7001", NULL, &l));
	TRIED(reuseport_dial("tcp4", NULL, "localhost:7001", NULL, NULL, &c));
	TRIED(conn_free(c));
	TRIED(conn_free(l));
}

static void try_wait(void)
{
	struct wait wait = { wait_in_ms(SHORT_MS), -1 };
	struct pollfd zero = { .fd = -1 };
	struct wait_token *token;

	TRIED(wait_token_new(&token));
	wait.cancel_fd = wait_token_fd(token);
	TRIED(wait_check(&wait));
	TRIED(wait_poll(&zero, 1, &wait));
	TRIED(wait_token_is_cancelled(token));
	TRIED(wait_token_cancel(token));
	TRIED(wait_token_free(token));
}

static void *to_be_cancelled(void *arg)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	(*(void (**)(void))arg)();
	return arg;
}

static void no_call_is_ended_half_way(void **state)
{
	static void (*const tries[])(void) = { try_conn, try_processes,
		try_netns, try_netlink, try_reuseport, try_wait };
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		void (*fn)(void) = tries[i];
		void *result;

		assert_int_equal(pthread_create(&thread, NULL, to_be_cancelled,
					 &fn),
			0);
		pthread_join(thread, &result);
		if (result == PTHREAD_CANCELED)
			fail_msg("cancelled in %s", last);
	}
}

static void *read_for_ever(void *arg)
{
	static char byte;

	conn_read(arg, &byte, 1, NULL);
	pthread_testcancel();
	return arg;
}

/* The reader goes when the read ends, and the close does not wait for it. */
static void a_cancelled_reader_lets_close(void **state)
{
	struct conn *conn;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_for_ever, conn), 0);
	usleep(SHORT_MS * 1000);
	pthread_cancel(thread);
	usleep(SHORT_MS * 1000);
	assert_int_equal(conn_close(conn), 0);
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	conn_free(conn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_call_is_ended_half_way),
		cmocka_unit_test(a_cancelled_reader_lets_close),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
