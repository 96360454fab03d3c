// SPDX-License-Identifier: Apache-2.0
/*
 * test_reuseport.c - listen and dial with SO_REUSEPORT
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
#include <netinet/in.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/reuseport.h"

enum { SAME = 3, SHORT_MS = 30 };

static const char *const streams[][2] = { { "tcp", "127.0.0.1:7000" },
	{ "tcp4", "0.0.0.0:7000" }, { "tcp6", "[::1]:7000" },
	{ "tcp", "[::]:7000" }, { "tcp", ":7000" }, { "tcp4", ":7000" } };

static const char *const packets[][2] = { { "udp", "127.0.0.1:7000" },
	{ "udp4", "0.0.0.0:7000" }, { "udp6", "[::1]:7000" },
	{ "udp", ":7000" } };

static void many_listen_on_one_address(void **state)
{
	struct conn *c[SAME];

	(void)state;
	assert_true(reuseport_available());
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		for (int k = 0; k < SAME; k++)
			assert_int_equal(reuseport_listen(streams[i][0],
						 streams[i][1], NULL, &c[k]),
				0);
		for (int k = 0; k < SAME; k++)
			conn_free(c[k]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		for (int k = 0; k < SAME; k++)
			assert_int_equal(reuseport_listen_packet(packets[i][0],
						 packets[i][1], NULL, &c[k]),
				0);
		for (int k = 0; k < SAME; k++)
			conn_free(c[k]);
	}
}

static void dial_from_a_listening_port(void **state)
{
	static const char *const pairs[][3] = { { "tcp", "127.0.0.1:7000",
							"127.0.0.1:7001" },
		{ "tcp6", "[::1]:7000", "[::1]:7001" } };
	struct conn *here, *there, *conn, *child, *again;
	struct conn_addr from, want;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const char *const *p = pairs[i];

		assert_int_equal(reuseport_listen(p[0], p[1], NULL, &here), 0);
		assert_int_equal(reuseport_listen(p[0], p[2], NULL, &there), 0);
		assert_int_equal(reuseport_dial(p[0], p[1], p[2], NULL, NULL,
					 &conn),
			0);
		assert_int_equal(conn_accept(there, 0, NULL, &child, &from), 0);
		assert_int_equal(reuseport_resolve(p[0], p[1], false, &want),
			0);
		assert_memory_equal(&from.room, &want.room, want.len);
		/* The same ends cannot be connected twice. */
		assert_int_equal(reuseport_dial(p[0], p[1], p[2], NULL, NULL,
					 &again),
			-EADDRNOTAVAIL);
		conn_free(conn);
		conn_free(child);
		conn_free(here);
		conn_free(there);
	}
}

static void dial_to_oneself_is_found_out(void **state)
{
	struct conn *conn;

	(void)state;
	assert_int_equal(reuseport_dial("tcp", "127.0.0.1:7005",
				 "127.0.0.1:7005", NULL, NULL, &conn),
		-ELOOP);
	/* And nothing is left of it. */
	assert_int_equal(reuseport_dial("tcp", "127.0.0.1:7005",
				 "127.0.0.1:7006", NULL, NULL, &conn),
		-ECONNREFUSED);
}

static void dial_ends_by_deadline_and_token(void **state)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct wait wait = { wait_in_ms(SHORT_MS), -1 };
	struct wait_token *token;
	struct conn *full, *first, *conn;

	(void)state;
	options.backlog = 0;
	assert_int_equal(reuseport_listen("tcp4", "127.0.0.1:7000", &options,
				 &full),
		0);
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", NULL,
				 NULL, &first),
		0);
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", &wait,
				 &options, &conn),
		-ETIME);
	assert_string_equal(options.failed, "connect");
	assert_int_equal(wait_token_new(&token), 0);
	wait_token_cancel(token);
	wait = (struct wait){ 0, wait_token_fd(token) };
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", &wait,
				 NULL, &conn),
		-ECANCELED);
	wait_token_free(token);
	conn_free(first);
	conn_free(full);
}

static void what_failed_is_told(void **state)
{
	static const struct {
		const char *network, *address;
		int rc;
		const char *failed;
	} wrong[] = {
		{ "unix", "127.0.0.1:1", -EPROTONOSUPPORT, "network" },
		{ "ip", "127.0.0.1:1", -EPROTONOSUPPORT, "network" },
		{ NULL, "127.0.0.1:1", -EPROTONOSUPPORT, "network" },
		{ "udp", "127.0.0.1:1", -EPROTONOSUPPORT, "network" },
		{ "tcp", NULL, -EINVAL, "address" },
		{ "tcp", "asd", -EINVAL, "address" },
		{ "tcp", "127.0.0.1", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:", -EINVAL, "address" },
		{ "tcp", "::1:80", -EINVAL, "address" },
		{ "tcp", "[::1]80", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:http", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:65536", -EINVAL, "address" },
		{ "tcp4", "192.0.2.1:7000", -EADDRNOTAVAIL, "bind" },
	};
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct conn *conn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		options.failed = "";
		assert_int_equal(reuseport_listen(wrong[i].network,
					 wrong[i].address, &options, &conn),
			wrong[i].rc);
		assert_string_equal(options.failed, wrong[i].failed);
	}
	assert_int_equal(reuseport_listen("tcp", ":0", NULL, NULL), -EINVAL);
	assert_int_equal(reuseport_dial("tcp", "[::1]:0", "127.0.0.1:1", NULL,
				 &options, &conn),
		-ENOENT);
	assert_string_equal(options.failed, "local address");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_listen_on_one_address),
		cmocka_unit_test(dial_from_a_listening_port),
		cmocka_unit_test(dial_to_oneself_is_found_out),
		cmocka_unit_test(dial_ends_by_deadline_and_token),
		cmocka_unit_test(what_failed_is_told),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
