// SPDX-License-Identifier: Apache-2.0
/*
 * test_faults_conn.c - each call that conn and reuseport make fails once
 * (fault_test.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "fault_test.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "net/reuseport.h"

enum { SHORT_MS = 5 };

/* A connection between two that are opened in two ways */
static int conversation(void)
{
	struct sockaddr_in in = nobody;
	struct conn_options there = CONN_OPTIONS;
	struct conn *l = NULL, *c = NULL, *child = NULL;
	struct wait soon = { wait_in_ms(SHORT_MS), -1 };
	struct netns *ns = NULL;
	struct conn_addr addr;
	char bytes[8];
	size_t done;
	int rc;

	in.sin_port = htons(7001);
	TRY_OR_OUT(netns_current(&ns));
	there.netns_fd = netns_fd(ns);
	TRY_OR_OUT(conn_open(AF_INET, SOCK_STREAM, 0, &there, &l));
	TRY_OR_OUT(conn_set_int(l, SOL_SOCKET, SO_REUSEADDR, 1));
	TRY_OR_OUT(conn_bind(l, (struct sockaddr *)&in, sizeof(in)));
	TRY_OR_OUT(conn_listen(l, 1));
	TRY_OR_OUT(conn_local(l, &addr));
	TRY_OR_OUT(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &c));
	TRY_OR_OUT(conn_connect(c, &addr.any, addr.len, NULL, &addr));
	TRY_OR_OUT(conn_accept(l, 0, NULL, &child, &addr));
	TRY_OR_OUT(conn_peer(child, &addr));
	TRY_OR_OUT(conn_write(c, "one", 3, NULL));
	TRY_OR_OUT(conn_write_all(c, "two", 3, NULL, &done));
	TRY_OR_OUT(conn_sendto(c, "three", 5, 0, NULL, NULL, 0));
	TRY_OR_OUT(conn_read(child, bytes, 8, NULL));
	TRY_OR_OUT(conn_recvfrom(child, bytes, 3, 0, NULL, &addr));
	TRY_OR_OUT(conn_close_write(c));
	TRY_OR_OUT(conn_close_read(child));
	rc = conn_accept(l, 0, &soon, &child, NULL);
	rc = rc == -ETIME ? 0 : rc;
out:
	conn_free(l);
	conn_free(c);
	conn_free(child);
	netns_free(ns);
	return rc;
}

static int echo(int fd, void *arg)
{
	(void)arg;
	return fd < 0;
}

static int adopted(void)
{
	struct conn *a = NULL, *b = NULL;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				 fds),
		0);
	TRY_OR_OUT(conn_adopt(fds[0], &a));
	fds[0] = -1;
	TRY_OR_OUT(conn_dup(fds[1], &b));
	TRY_OR_OUT(conn_sendmsg(a, &message, 0, NULL));
	TRY_OR_OUT(conn_recvmsg(b, &message, 0, NULL));
	TRY_OR_OUT(conn_control(a, echo, NULL));
	TRY_OR_OUT(conn_raw_read(b, NULL, echo, NULL));
	TRY_OR_OUT(conn_raw_write(b, NULL, echo, NULL));
	TRY_OR_OUT(conn_set_deadline(a, CONN_READ, wait_in_ms(SHORT_MS)));
	rc = conn_read(a, &byte, 1, NULL);
	rc = rc == -ETIME ? conn_set_deadline(a, CONN_READ, 0) : rc;
out:
	conn_free(a);
	conn_free(b);
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static int pipes(void)
{
	struct conn *a = NULL, *b = NULL;
	int fds[2], rc;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	TRY_OR_OUT(conn_adopt(fds[0], &a));
	fds[0] = -1;
	TRY_OR_OUT(conn_adopt(fds[1], &b));
	fds[1] = -1;
	TRY_OR_OUT(conn_write(b, "x", 1, NULL));
	TRY_OR_OUT(conn_read(a, &(char){ 0 }, 1, NULL));
	TRY_OR_OUT(conn_close(a));
	rc = conn_write(b, "x", 1, NULL);
	rc = rc == -EPIPE ? 0 : rc;
out:
	conn_free(a);
	conn_free(b);
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static int buffers(void)
{
	struct conn *conn = NULL;
	int bytes, rc;

	TRY_OR_OUT(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn));
	TRY_OR_OUT(conn_set_read_buffer(conn, 8192));
	TRY_OR_OUT(conn_set_write_buffer(conn, 8192));
	TRY_OR_OUT(conn_read_buffer(conn, &bytes));
	TRY_OR_OUT(conn_write_buffer(conn, &bytes));
out:
	conn_free(conn);
	return rc;
}

static int options(void)
{
	static const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 9);
	struct conn_packet_stats stats;
	struct conn *conn = NULL, *packet = NULL;
	char text[16];
	int rc;

	TRY_OR_OUT(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn));
	TRY_OR_OUT(conn_bind_device(conn, OWN_NETNS_LO));
	TRY_OR_OUT(conn_get_string(conn, SOL_SOCKET, SO_BINDTODEVICE, text,
		16));
	TRY_OR_OUT(conn_set_string(conn, SOL_SOCKET, SO_BINDTODEVICE, ""));
	TRY_OR_OUT(conn_attach_filter(conn, &all, 1));
	TRY_OR_OUT(conn_detach_filter(conn));
	TRY_OR_OUT(conn_open(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), NULL,
		&packet));
	TRY_OR_OUT(conn_packet_membership(packet, true, OWN_NETNS_LO,
		PACKET_MR_PROMISC, NULL, 0));
	TRY_OR_OUT(conn_packet_stats(packet, &stats));
out:
	conn_free(conn);
	conn_free(packet);
	return rc;
}

static int processes(void)
{
	struct conn *conn = NULL;
	siginfo_t info;
	pid_t pid = fork();
	int fd = -1, rc;

	if (!pid) {
		pause();
		_exit(0);
	}
	fd = SPARED(syscall(SYS_pidfd_open, pid, 0));
	TRY_OR_OUT(conn_adopt(fd, &conn));
	TRY_OR_OUT(fd = conn_pidfd_getfd(conn, STDERR_FILENO, 0));
	TRY_OR_OUT(conn_pidfd_send_signal(conn, SIGKILL, NULL, 0));
	TRY_OR_OUT(conn_pidfd_wait(conn, WEXITED, &info, NULL, NULL));
out:
	conn_free(conn);
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rc;
}

static int reuse(void)
{
	struct conn *a = NULL, *b = NULL, *udp = NULL;
	int rc;

	TRY_OR_OUT(reuseport_listen("tcp4", "127.0.0.1:7002", NULL, &a));
	TRY_OR_OUT(reuseport_dial("tcp4", "127.0.0.1:7003", "127.0.0.1:7002",
		NULL, NULL, &b));
	TRY_OR_OUT(reuseport_listen_packet("udp6", "[::1%lo]:7002", NULL,
		&udp));
out:
	conn_free(b);
	conn_free(a);
	conn_free(udp);
	return rc;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(conversation, true),
		FAULT_TEST(adopted, false),
		FAULT_TEST(pipes, false),
		FAULT_TEST(buffers, false),
		FAULT_TEST(options, false),
		FAULT_TEST(processes, false),
		FAULT_TEST(reuse, true),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(FAULT_STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
