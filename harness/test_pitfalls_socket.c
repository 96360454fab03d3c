// SPDX-License-Identifier: Apache-2.0
/*
 * test_pitfalls_socket.c - what goes wrong with calls on sockets if it is done
 * the obvious way (pitfall.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/reuseport.h"

enum { SHORT_MS = 50, NO_DEVICE = 4711 };

/* The error of a connect, as one asks who has begun it */
static int connect_by_hand(int fd)
{
	int error = connect(fd, NOBODY) ? errno : 0;
	socklen_t len = sizeof(error);

	if (error != EINPROGRESS)
		return -error;
	pitfall_ready(fd, POLLOUT, -1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	return -error;
}

static bool a_failed_connect_fails_the_same_again(bool naive)
{
	int fd = pitfall_raw(AF_INET, SOCK_STREAM | SOCK_NONBLOCK), rc;
	struct conn *conn;

	if (naive) {
		assert_int_equal(connect_by_hand(fd), -ECONNREFUSED);
		rc = connect_by_hand(fd);
		close(fd);
		return rc == -ECONNREFUSED;
	}
	assert_int_equal(conn_adopt(fd, &conn), 0);
	assert_int_equal(conn_connect(conn, NOBODY, NULL, NULL), -ECONNREFUSED);
	rc = conn_connect(conn, NOBODY, NULL, NULL);
	conn_free(conn);
	return rc == -ECONNREFUSED;
}

static bool nobody_is_connected_to_himself(bool naive)
{
	struct sockaddr_in in = nobody;
	struct conn *conn;
	int fd, rc;

	in.sin_port = htons(7000);
	if (!naive)
		return reuseport_dial("tcp4", "127.0.0.1:7000",
			       "127.0.0.1:7000", NULL, NULL, &conn) == -ELOOP;
	fd = pitfall_raw(AF_INET, SOCK_STREAM);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	rc = connect(fd, (struct sockaddr *)&in, sizeof(in));
	/* Leave nothing in TIME_WAIT */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
		sizeof(struct linger));
	close(fd);
	return rc;
}

static int listen_as_peers_do(int *left)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0xc0000201) };

	*left = pitfall_raw(AF_INET, SOCK_STREAM);
	return bind(*left, (struct sockaddr *)&in, sizeof(in)) ? -errno : 0;
}

static bool a_failure_leaves_no_descriptor(bool naive)
{
	int before = pitfall_fds(), after, left = -1;
	struct conn *conn;

	if (naive)
		assert_int_equal(listen_as_peers_do(&left), -EADDRNOTAVAIL);
	else
		assert_int_equal(reuseport_listen("tcp4", "192.0.2.1:0", NULL,
					 &conn),
			-EADDRNOTAVAIL);
	after = pitfall_fds();
	close(left);
	return after == before;
}

static bool a_copy_leaves_the_original_blocking(bool naive)
{
	int fd = pitfall_raw(AF_INET, SOCK_DGRAM), copy, flags;
	struct wait soon = { wait_in_ms(1), -1 };
	struct conn *conn;
	char byte;

	if (naive) {
		copy = dup(fd);
		fcntl(copy, F_SETFL, O_NONBLOCK);
		close(copy);
	} else {
		assert_int_equal(conn_dup(fd, &conn), 0);
		assert_int_equal(conn_recvfrom(conn, &byte, 1, 0, &soon, NULL),
			-ETIME);
		conn_free(conn);
	}
	flags = fcntl(fd, F_GETFL);
	close(fd);
	return !(flags & O_NONBLOCK);
}

static bool a_negative_buffer_is_refused(bool naive)
{
	struct conn *conn = pitfall_opened(AF_INET, SOCK_DGRAM);
	int rc = naive ? conn_set_int(conn, SOL_SOCKET, SO_RCVBUF, -1) :
			 conn_set_read_buffer(conn, -1);

	conn_free(conn);
	return rc == -EINVAL;
}

static bool a_device_that_is_none_is_refused(bool naive)
{
	struct conn *conn = pitfall_opened(AF_INET, SOCK_DGRAM);
	int rc = naive ? conn_set_int(conn, SOL_SOCKET, SO_BINDTOIFINDEX,
				 NO_DEVICE) :
			 conn_bind_device(conn, NO_DEVICE);

	conn_free(conn);
	return rc == -ENODEV;
}

static bool statistics_have_no_garbage(bool naive)
{
	struct tpacket_stats_v3 v3;
	struct conn_packet_stats stats;
	struct conn *conn;

	assert_int_equal(conn_open(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), NULL,
				 &conn),
		0);
	memset(&v3, 0xa5, sizeof(v3));
	if (naive)
		assert_true(conn_get_option(conn, SOL_PACKET, PACKET_STATISTICS,
				    &v3, sizeof(v3)) > 0);
	else
		assert_int_equal(conn_packet_stats(conn, &stats), 0);
	conn_free(conn);
	return naive ? !v3.tp_freeze_q_cnt : !stats.freezes;
}

/* Of a range of one port, the second to connect gets none. */
static bool exhausted_is_not_pending(bool naive)
{
	int range = open("/proc/sys/net/ipv4/ip_local_port_range",
		    O_WRONLY | O_CLOEXEC),
	    fd = pitfall_raw(AF_INET, SOCK_DGRAM), rc;
	struct conn *conn = pitfall_opened(AF_INET, SOCK_DGRAM);
	socklen_t len = sizeof(rc);

	assert_int_equal(write(range, "40000 40000", 11), 11);
	assert_int_equal(connect(fd, NOBODY), 0);
	if (naive) {
		int second = pitfall_raw(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);

		assert_int_equal(connect(second, NOBODY), -1);
		assert_int_equal(errno, EAGAIN);
		/* "Not ready": wait, and ask what came of it */
		pitfall_ready(second, POLLOUT, SHORT_MS);
		getsockopt(second, SOL_SOCKET, SO_ERROR, &rc, &len);
		close(second);
	} else {
		rc = conn_connect(conn, NOBODY, NULL, NULL);
	}
	assert_int_equal(write(range, "32768 60999", 11), 11);
	close(range);
	close(fd);
	conn_free(conn);
	return rc == -EAGAIN;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PITFALL(4, a_failed_connect_fails_the_same_again),
		PITFALL(5, nobody_is_connected_to_himself),
		PITFALL(8, a_failure_leaves_no_descriptor),
		PITFALL(9, a_copy_leaves_the_original_blocking),
		PITFALL(10, a_negative_buffer_is_refused),
		PITFALL(11, a_device_that_is_none_is_refused),
		PITFALL(12, statistics_have_no_garbage),
		PITFALL(31, exhausted_is_not_pending),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
