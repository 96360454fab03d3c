// SPDX-License-Identifier: Apache-2.0
/*
 * test_peers_reuseport.c - what go-reuseport tests, written anew, each test
 * under its name there: the current ones, and those of its first generation
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <string.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/reuseport.h"

enum { SHORT_MS = 50, LONG_MS = 10000, NODES_MAX = 50, PORT = 7000 };

static const char hello[] = "hello";

/* What goes in at one end comes out at the other, and back. */
static void echo(struct conn *a, struct conn *b, int times)
{
	char text[sizeof(hello)];

	while (times--) {
		assert_int_equal(conn_write(a, hello, sizeof(hello), NULL),
			sizeof(hello));
		assert_int_equal(conn_read(b, text, sizeof(text), NULL),
			sizeof(text));
		assert_int_equal(conn_write(b, text, sizeof(text), NULL),
			sizeof(text));
		assert_int_equal(conn_read(a, text, sizeof(text), NULL),
			sizeof(text));
		assert_string_equal(text, hello);
	}
}

/* Two listeners; from the address of the first to that of the second */
static void dial_between(const char *network, const char *from, const char *to)
{
	struct conn *a, *b, *conn, *child;

	assert_int_equal(reuseport_listen(network, from, NULL, &a), 0);
	assert_int_equal(reuseport_listen(network, to, NULL, &b), 0);
	assert_int_equal(reuseport_dial(network, from, to, NULL, NULL, &conn),
		0);
	assert_int_equal(conn_accept(b, 0, NULL, &child, NULL), 0);
	echo(conn, child, 1);
	conn_free(conn);
	conn_free(child);
	conn_free(a);
	conn_free(b);
}

static void dial_from_listening_port(void **state)
{
	struct conn_addr addr;

	(void)state;
	if (reuseport_resolve("tcp", "localhost:7000", false, &addr))
		case_test_skip("localhost has no address here");
	dial_between("tcp", "localhost:7000", "localhost:7001");
}

static void dial_from_listening_port_tcp6(void **state)
{
	(void)state;
	dial_between("tcp6", "[::1]:7000", "[::1]:7001");
}

static void listen_packet_wildcard_address(void **state)
{
	struct conn *conn;

	(void)state;
	assert_int_equal(reuseport_listen_packet("udp", ":0", NULL, &conn), 0);
	conn_free(conn);
}

static void error_when_dial_unresolvable(void **state)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	const char *failed = "";
	struct conn *conn;

	(void)state;
	options.failed = &failed;
	assert_int_equal(reuseport_dial("asd", NULL, "127.0.0.1:1234", NULL,
				 &options, &conn),
		-EPROTONOSUPPORT);
	assert_string_equal(failed, "network");
	assert_true(reuseport_dial("tcp", "a.b.c.d:1234", "127.0.0.1:1234",
			    NULL, &options, &conn) < 0);
	assert_string_equal(failed, "local address");
	assert_true(reuseport_dial("tcp", NULL, "a.b.c.d:1234", NULL, &options,
			    &conn) < 0);
	assert_string_equal(failed, "remote address");
}

/* One network for both, and where they listen: the first may choose */
struct twice {
	const char *network, *address;
};

static void listen_twice(const struct twice *twice,
	int (*listen)(const char *, const char *,
		const struct reuseport_options *, struct conn **))
{
	const char *colon = strrchr(twice->address, ':');
	char address[64];
	struct conn_addr local;
	struct conn *a, *b;

	assert_int_equal(listen(twice->network, twice->address, NULL, &a), 0);
	assert_int_equal(conn_local(a, &local), 0);
	/* The port is at the same place for both families. */
	snprintf(address, sizeof(address), "%.*s:%d",
		(int)(colon - twice->address), twice->address,
		ntohs(((struct sockaddr_in *)&local.any)->sin_port));
	assert_int_equal(listen(twice->network, address, NULL, &b), 0);
	conn_free(a);
	conn_free(b);
}

static void stream_listen_same_port(void **state)
{
	static const struct twice all[] = { { "tcp", ":0" },
		{ "tcp", "127.0.0.1:0" }, { "tcp", "0.0.0.0:0" },
		{ "tcp4", "0.0.0.0:0" }, { "tcp4", "127.0.0.1:0" },
		{ "tcp6", "[::1]:0" }, { "tcp6", "[::]:0" },
		{ "tcp", "127.0.0.1:7556" }, { "tcp", "0.0.0.0:7557" },
		{ "tcp6", "[::]:7558" }, { "tcp6", "[::1]:7559" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		listen_twice(&all[i], reuseport_listen);
}

static void packet_listen_same_port(void **state)
{
	static const struct twice all[] = { { "udp", ":0" },
		{ "udp", "127.0.0.1:0" }, { "udp", "0.0.0.0:0" },
		{ "udp4", "0.0.0.0:0" }, { "udp4", "127.0.0.1:0" },
		{ "udp6", "[::1]:0" }, { "udp6", "[::]:0" },
		{ "udp", "127.0.0.1:7560" }, { "udp", "0.0.0.0:7561" },
		{ "udp6", "[::]:7562" }, { "udp6", "[::1]:7563" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		listen_twice(&all[i], reuseport_listen_packet);
}

static void dial_self(void **state)
{
	struct conn *listener, *conn;

	(void)state;
	assert_int_equal(reuseport_listen("tcp4", "127.0.0.1:7000", NULL,
				 &listener),
		0);
	assert_int_equal(reuseport_dial("tcp4", "127.0.0.1:7000",
				 "127.0.0.1:7000", NULL, NULL, &conn),
		-ELOOP);
	conn_free(listener);
}

static void stream_listen_dial_same_port(void **state)
{
	static const char *const all[][3] = {
		{ "tcp", "127.0.0.1:7000", "127.0.0.1:7001" },
		{ "tcp", "127.0.0.1:7000", "0.0.0.0:7001" },
		{ "tcp4", "127.0.0.1:7000", "127.0.0.1:7001" },
		{ "tcp4", "127.0.0.1:7000", "0.0.0.0:7001" },
		{ "tcp4", "127.0.0.1:7000", "127.0.0.2:7000" },
		{ "tcp", "127.0.0.2:7000", "127.0.0.1:7001" },
		{ "tcp6", "[::1]:7000", "[::1]:7001" },
		{ "tcp", "[::1]:7000", "[::1]:7001" },
		{ "tcp6", "[::1]:7000", "[::]:7001" },
		{ "tcp", "[::1]:7000", "[::]:7001" },
		{ "tcp6", "[::ffff:127.0.0.1]:7000",
			"[::ffff:127.0.0.1]:7001" },
		{ "tcp6", "[::ffff:127.0.0.1]:7000", "[::ffff:127.0.0.2]:7000" }
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		dial_between(all[i][0], all[i][1], all[i][2]);
}

static const char *address_of(int node, char address[32])
{
	snprintf(address, 32, "127.0.0.1:%d", PORT + node);
	return address;
}

/* Every node listens, and dials from there to every later one. */
static void stress(int nodes, int messages)
{
	struct conn *listeners[NODES_MAX], *conn, *child;
	char from[32], to[32];

	for (int i = 0; i < nodes; i++)
		assert_int_equal(reuseport_listen("tcp4", address_of(i, from),
					 NULL, &listeners[i]),
			0);
	for (int i = 0; i < nodes; i++) {
		for (int k = i + 1; k < nodes; k++) {
			assert_int_equal(reuseport_dial("tcp4",
						 address_of(i, from),
						 address_of(k, to), NULL, NULL,
						 &conn),
				0);
			assert_int_equal(conn_accept(listeners[k], 0, NULL,
						 &child, NULL),
				0);
			echo(conn, child, messages);
			conn_free(conn);
			conn_free(child);
		}
	}
	for (int i = 0; i < nodes; i++)
		conn_free(listeners[i]);
}

static void stream_listen_dial_same_port_stress_many_msgs(void **state)
{
	(void)state;
	stress(2, 1000);
}

static void stream_listen_dial_same_port_stress_many_nodes(void **state)
{
	(void)state;
	stress(50, 1);
}

static void
stream_listen_dial_same_port_stress_many_msgs_many_nodes(void **state)
{
	(void)state;
	stress(50, 50);
}

/* Flaky there, and skipped */
static void packet_listen_dial_same_port(void **state)
{
	struct conn *a, *b, *conn;
	struct conn_addr from, of;
	char byte;

	(void)state;
	assert_int_equal(reuseport_listen_packet("udp4", "127.0.0.1:7000", NULL,
				 &a),
		0);
	assert_int_equal(reuseport_listen_packet("udp4", "127.0.0.1:7001", NULL,
				 &b),
		0);
	assert_int_equal(reuseport_dial("udp4", "127.0.0.1:7000",
				 "127.0.0.1:7001", NULL, NULL, &conn),
		0);
	assert_int_equal(conn_write(conn, "x", 1, NULL), 1);
	assert_int_equal(conn_recvfrom(b, &byte, 1, 0, NULL, &from), 1);
	assert_int_equal(conn_local(a, &of), 0);
	assert_memory_equal(&from.room, &of.room, of.len);
	assert_int_equal(conn_sendto(b, "y", 1, 0, NULL, &from.any, from.len),
		1);
	/* Of both, who is connected to the sender gets it. */
	assert_int_equal(conn_read(conn, &byte, 1, NULL), 1);
	conn_free(conn);
	conn_free(a);
	conn_free(b);
}

/* A listener that has no room for a second connection */
static void open_full(struct conn *full[2])
{
	struct reuseport_options options = REUSEPORT_OPTIONS;

	options.backlog = -1;
	assert_int_equal(reuseport_listen("tcp4", "127.0.0.1:7000", &options,
				 &full[0]),
		0);
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", NULL,
				 NULL, &full[1]),
		0);
}

static void dial_respects_timeout(void **state)
{
	const struct wait wait = { wait_in_ms(SHORT_MS), -1 };
	struct conn *full[2], *conn;

	(void)state;
	open_full(full);
	assert_int_equal(reuseport_dial("tcp", NULL, "127.0.0.1:7000", &wait,
				 NULL, &conn),
		-ETIME);
	assert_true(wait_now() >= wait.deadline);
	conn_free(full[0]);
	conn_free(full[1]);
}

/* The first of both ends it: a descriptor that is readable, or a deadline. */
static void dial_respects_context(void **state)
{
	struct conn *full[2], *conn;
	struct wait_token *token;
	struct wait wait;

	(void)state;
	open_full(full);
	assert_int_equal(wait_token_new(&token), 0);
	wait = (struct wait){ wait_in_ms(SHORT_MS), wait_token_fd(token) };
	assert_int_equal(reuseport_dial("tcp", NULL, "127.0.0.1:7000", &wait,
				 NULL, &conn),
		-ETIME);
	wait_token_cancel(token);
	wait.deadline = wait_in_ms(LONG_MS);
	assert_int_equal(reuseport_dial("tcp", NULL, "127.0.0.1:7000", &wait,
				 NULL, &conn),
		-ECANCELED);
	assert_true(wait_now() < wait.deadline);
	wait_token_free(token);
	conn_free(full[0]);
	conn_free(full[1]);
}

static void unix_not_supported(void **state)
{
	struct conn *conn;

	(void)state;
	assert_int_equal(reuseport_listen("unix", "/tmp/foo", NULL, &conn),
		-EPROTONOSUPPORT);
	assert_int_equal(reuseport_dial("unix", NULL, "/tmp/foo", NULL, NULL,
				 &conn),
		-EPROTONOSUPPORT);
}

/* There at most 20 more; here none */
static void open_fds(void **state)
{
	struct conn *conn;
	int before = pitfall_fds();

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(reuseport_dial("tcp", "127.0.0.1:7000",
					 "127.0.0.1:7001", NULL, NULL, &conn),
			-ECONNREFUSED);
		assert_int_equal(reuseport_dial("tcp", "127.0.0.1:7000",
					 "127.0.0.1:7000", NULL, NULL, &conn),
			-ELOOP);
		assert_int_equal(reuseport_listen("tcp", "192.0.2.1:7000", NULL,
					 &conn),
			-EADDRNOTAVAIL);
	}
	assert_int_equal(pitfall_fds(), before);
}

#define PEER(test) cmocka_unit_test(test)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PEER(dial_from_listening_port),
		PEER(dial_from_listening_port_tcp6),
		PEER(listen_packet_wildcard_address),
		PEER(error_when_dial_unresolvable),
		PEER(stream_listen_same_port),
		PEER(packet_listen_same_port),
		PEER(dial_self),
		PEER(stream_listen_dial_same_port),
		PEER(stream_listen_dial_same_port_stress_many_msgs),
		PEER(stream_listen_dial_same_port_stress_many_nodes),
		PEER(stream_listen_dial_same_port_stress_many_msgs_many_nodes),
		PEER(packet_listen_dial_same_port),
		PEER(dial_respects_timeout),
		PEER(dial_respects_context),
		PEER(unix_not_supported),
		PEER(open_fds),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
