// SPDX-License-Identifier: Apache-2.0
/*
 * test_conn_option.c - options, filters, packet sockets, processes
 *
 * main() leaves the machine's network before anything else.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"

enum { SHORT_MS = 30, LONG_MS = 10 * 1000, LO = OWN_NETNS_LO };

static struct conn *udp(struct conn_addr *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct conn *conn;

	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_bind(conn, (struct sockaddr *)&in, sizeof(in)),
		0);
	assert_int_equal(conn_local(conn, addr), 0);
	return conn;
}

static void buffers_are_what_the_kernel_makes_of_them(void **state)
{
	struct conn_addr addr;
	struct conn *conn = udp(&addr);
	int bytes;

	(void)state;
	assert_int_equal(conn_set_read_buffer(conn, 8192), 0);
	assert_int_equal(conn_read_buffer(conn, &bytes), 0);
	assert_int_equal(bytes, 16384);
	assert_int_equal(conn_set_write_buffer(conn, 8192), 0);
	assert_int_equal(conn_write_buffer(conn, &bytes), 0);
	assert_int_equal(bytes, 16384);
	assert_int_equal(conn_set_read_buffer(conn, -1), -EINVAL);
	assert_int_equal(conn_set_write_buffer(conn, -1), -EINVAL);
	conn_free(conn);
}

static void options_are_numbers_and_text(void **state)
{
	struct conn_addr addr;
	struct conn *conn = udp(&addr);
	char text[8];
	int value;

	(void)state;
	assert_int_equal(conn_set_int(conn, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	assert_int_equal(conn_get_int(conn, SOL_SOCKET, SO_REUSEPORT, &value),
		0);
	assert_int_equal(value, 1);
	assert_int_equal(conn_get_int(conn, SOL_SOCKET, 9999, &value),
		-ENOPROTOOPT);
	assert_int_equal(conn_set_string(conn, SOL_SOCKET, SO_BINDTODEVICE,
				 "lo"),
		0);
	assert_int_equal(conn_get_string(conn, SOL_SOCKET, SO_BINDTODEVICE,
				 text, sizeof(text)),
		2);
	assert_string_equal(text, "lo");
	assert_int_equal(conn_get_string(conn, SOL_SOCKET, SO_BINDTODEVICE,
				 text, 2),
		-ERANGE);
	assert_int_equal(conn_set_string(conn, SOL_SOCKET, SO_BINDTODEVICE, ""),
		0);
	assert_int_equal(conn_get_string(conn, SOL_SOCKET, SO_BINDTODEVICE,
				 text, sizeof(text)),
		0);
	assert_int_equal(conn_set_string(conn, SOL_SOCKET, SO_BINDTODEVICE,
				 "none"),
		-ENODEV);
	assert_int_equal(conn_bind_device(conn, OWN_NETNS_LO), 0);
	assert_int_equal(conn_get_int(conn, SOL_SOCKET, SO_BINDTOIFINDEX,
				 &value),
		0);
	assert_int_equal(value, OWN_NETNS_LO);
	assert_int_equal(conn_bind_device(conn, 4711), -ENODEV);
	assert_int_equal(conn_bind_device(conn, -1), -ENODEV);
	assert_int_equal(conn_bind_device(conn, 0), 0);
	assert_int_equal(conn_set_int(conn, SOL_SOCKET, SO_MARK, NETNS_SO_MARK),
		0);
	conn_free(conn);
}

static void a_filter_drops_what_it_does_not_pass(void **state)
{
	static const struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct conn_addr addr, other;
	struct conn *to = udp(&addr), *from = udp(&other);
	char byte;

	(void)state;
	assert_int_equal(conn_detach_filter(to), -ENOENT);
	assert_int_equal(conn_attach_filter(to, &none, 0), -EINVAL);
	assert_int_equal(conn_attach_filter(to, &none, 4097), -EINVAL);
	assert_int_equal(conn_attach_filter(to, &none, 1), 0);
	assert_int_equal(conn_sendto(from, "x", 1, 0, NULL, &addr.any,
				 addr.len),
		1);
	assert_int_equal(conn_read(to, &byte, 1, &soon), -ETIME);
	assert_int_equal(conn_detach_filter(to), 0);
	assert_int_equal(conn_sendto(from, "y", 1, 0, NULL, &addr.any,
				 addr.len),
		1);
	assert_int_equal(conn_recvfrom(to, &byte, 1, 0, NULL, &addr), 1);
	assert_memory_equal(&addr.room, &other.room, other.len);
	conn_free(to);
	conn_free(from);
}

static void a_packet_socket_counts(void **state)
{
	struct conn_packet_stats stats;
	struct conn_addr addr;
	struct conn *packet, *socket = udp(&addr);

	(void)state;
	assert_int_equal(conn_open(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), NULL,
				 &packet),
		0);
	assert_int_equal(conn_packet_membership(packet, true, LO,
				 PACKET_MR_PROMISC, NULL, 0),
		0);
	assert_int_equal(conn_packet_membership(packet, true, 4711,
				 PACKET_MR_PROMISC, NULL, 0),
		-ENODEV);
	assert_int_equal(conn_packet_membership(packet, true, LO,
				 PACKET_MR_MULTICAST, NULL, 6),
		-EINVAL);
	assert_int_equal(conn_packet_membership(packet, true, LO,
				 PACKET_MR_MULTICAST, "123456789", 9),
		-EINVAL);
	assert_int_equal(conn_packet_stats(packet, &stats), 0);
	assert_int_equal(conn_sendto(socket, "x", 1, 0, NULL, &addr.any,
				 addr.len),
		1);
	assert_int_equal(conn_packet_stats(packet, &stats), 0);
	assert_true(stats.packets >= 1);
	assert_int_equal(stats.freezes, 0);
	assert_int_equal(conn_packet_stats(packet, &stats), 0);
	assert_int_equal(stats.packets, 0);
	assert_int_equal(conn_packet_stats(socket, &stats), -EOPNOTSUPP);
	conn_free(packet);
	conn_free(socket);
}

static void what_is_no_kcm_says_so(void **state)
{
	struct conn *conn, *clone;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &conn), 0);
	assert_int_equal(conn_kcm_attach(conn, 0, 0), -ENOTTY);
	assert_int_equal(conn_kcm_unattach(conn, 0), -ENOTTY);
	assert_int_equal(conn_kcm_clone(conn, &clone), -ENOTTY);
	assert_int_equal(conn_kcm_clone(conn, NULL), -EINVAL);
	conn_free(conn);
	if (conn_open(AF_KCM, SOCK_SEQPACKET, 0, NULL, &conn))
		case_test_skip("AF_KCM not in this kernel");
	assert_int_equal(conn_kcm_clone(conn, &clone), 0);
	conn_free(clone);
	conn_free(conn);
}

/* A child that does nothing, and the conn of its pidfd */
static pid_t child_that_pauses(struct conn **conn)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(conn_adopt(syscall(SYS_pidfd_open, pid, 0), conn), 0);
	return pid;
}

static void a_process_is_waited_for(void **state)
{
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct wait_token *token;
	siginfo_t info;
	struct conn *conn;
	pid_t pid = child_that_pauses(&conn);
	int fd;

	(void)state;
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, &soon),
		-ETIME);
	assert_int_equal(wait_token_new(&token), 0);
	wait_token_cancel(token);
	soon = (struct wait){ 0, wait_token_fd(token) };
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, &soon),
		-ECANCELED);
	wait_token_free(token);
	fd = conn_pidfd_getfd(conn, 1, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(conn_pidfd_getfd(conn, 9999, 0), -EBADF);
	assert_int_equal(conn_pidfd_getfd(conn, 1, 1), -EINVAL);
	assert_int_equal(conn_pidfd_send_signal(conn, 9999, NULL, 0), -EINVAL);
	assert_int_equal(conn_pidfd_send_signal(conn, 0, NULL, 0), 0);
	assert_int_equal(conn_pidfd_send_signal(conn, SIGKILL, NULL, 0), 0);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, NULL), 0);
	assert_int_equal(info.si_pid, pid);
	assert_int_equal(info.si_status, SIGKILL);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, NULL, NULL, NULL),
		-ECHILD);
	assert_int_equal(conn_pidfd_send_signal(conn, 0, NULL, 0), -ESRCH);
	conn_free(conn);
}

/* The kernel reaps it then, at once: it has ended, and nobody knows how. */
static void whose_children_are_ignored_waits_too(void **state)
{
	void (*before)(int) = signal(SIGCHLD, SIG_IGN);
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct wait late = { wait_in_ms(LONG_MS), -1 };
	struct conn *conn;
	siginfo_t info;

	(void)state;
	child_that_pauses(&conn);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, &soon),
		-ETIME);
	assert_int_equal(conn_pidfd_send_signal(conn, SIGKILL, NULL, 0), 0);
	assert_int_equal(conn_pidfd_wait(conn, WEXITED, &info, NULL, &late),
		-ECHILD);
	conn_free(conn);
	signal(SIGCHLD, before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_are_what_the_kernel_makes_of_them),
		cmocka_unit_test(options_are_numbers_and_text),
		cmocka_unit_test(a_filter_drops_what_it_does_not_pass),
		cmocka_unit_test(a_packet_socket_counts),
		cmocka_unit_test(what_is_no_kcm_says_so),
		cmocka_unit_test(a_process_is_waited_for),
		cmocka_unit_test(whose_children_are_ignored_waits_too),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
