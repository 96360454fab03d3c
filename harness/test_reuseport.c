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
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "case_test.h"
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
	const char *failed = "";

	(void)state;
	options.failed = &failed;
	options.backlog = -1;
	assert_int_equal(reuseport_listen("tcp4", "127.0.0.1:7000", &options,
				 &full),
		0);
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", NULL,
				 NULL, &first),
		0);
	assert_int_equal(reuseport_dial("tcp4", NULL, "127.0.0.1:7000", &wait,
				 &options, &conn),
		-ETIME);
	assert_string_equal(failed, "connect");
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

/* What a listener is bound to, and whether it takes IPv4 */
static void listens_at(const char *network, const char *address,
	const char *want, int only)
{
	struct conn_addr addr, expected;
	struct conn *conn;
	int value = 0;

	assert_int_equal(reuseport_listen(network, address, NULL, &conn), 0);
	assert_int_equal(conn_local(conn, &addr), 0);
	assert_int_equal(reuseport_resolve("tcp", want, false, &expected), 0);
	assert_int_equal(addr.any.sa_family, expected.any.sa_family);
	if (addr.any.sa_family == AF_INET6) {
		assert_memory_equal(&((struct sockaddr_in6 *)&addr.room)
					    ->sin6_addr,
			&((struct sockaddr_in6 *)&expected.room)->sin6_addr,
			16);
		assert_int_equal(conn_get_int(conn, IPPROTO_IPV6, IPV6_V6ONLY,
					 &value),
			0);
	}
	assert_int_equal(value, only);
	conn_free(conn);
}

static void set_bindv6only(const char *value)
{
	int fd = open("/proc/sys/net/ipv6/bindv6only", O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, value, 1), 1);
	close(fd);
}

/* As Go's net has it, whatever the sysctl says */
static void networks_mean_what_they_do_to_go(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		set_bindv6only(i ? "1" : "0");
		listens_at("tcp", ":0", "[::]:1", 0);
		listens_at("tcp", "0.0.0.0:0", "[::]:1", 0);
		listens_at("tcp", "[::]:0", "[::]:1", 0);
		listens_at("tcp", "", "[::]:1", 0);
		/* Bound to an address of IPv6, it is so by itself. */
		listens_at("tcp", "[::1]:0", "[::1]:1", 1);
		listens_at("tcp6", ":0", "[::]:1", 1);
		listens_at("tcp6", "[::]:", "[::]:1", 1);
		listens_at("tcp4", ":", "0.0.0.0:1", 0);
		listens_at("tcp4", "[::]:0", "0.0.0.0:1", 0);
		listens_at("tcp", "127.0.0.1:", "127.0.0.1:1", 0);
		listens_at("tcp", "[::ffff:127.0.0.1]:0", "127.0.0.1:1", 0);
		listens_at("tcp", "127.0.0.1:http", "127.0.0.1:1", 0);
		listens_at("tcp", "127.0.0.1:HTTP", "127.0.0.1:1", 0);
	}
	set_bindv6only("0");
}

/* The kernel then says of socket(AF_INET6) what it does without IPv6. */
static int listen_without_six(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };
	struct conn_addr addr;
	struct conn *conn;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	if (reuseport_listen("tcp", ":0", NULL, &conn) ||
		conn_local(conn, &addr) || addr.any.sa_family != AF_INET)
		return 2;
	return reuseport_listen("tcp6", ":0", NULL, &conn) == -EAFNOSUPPORT ?
		       0 :
		       3;
}

static void without_ipv6_it_is_ipv4(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(listen_without_six());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A name of our own, of three addresses */
static bool with_hosts(void)
{
	static const char hosts[] = "127.0.0.2 three\n127.0.0.3 three\n"
				    "::1 three\n";
	char path[] = "/tmp/portclash-hosts.XXXXXX";
	int fd = own_netns_with_mounts() ? mkstemp(path) : -1;
	bool done = fd >= 0 && write(fd, hosts, strlen(hosts)) > 0 &&
		    !mount(path, "/etc/hosts", "none", MS_BIND, NULL);

	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return done;
}

/* Whichever of these listens, who dials there reaches it. */
static void reaches(const char *to, const char *const at[], size_t count)
{
	struct conn *l, *c;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(reuseport_listen("tcp", at[i], NULL, &l), 0);
		assert_int_equal(reuseport_dial("tcp", NULL, to, NULL, NULL,
					 &c),
			0);
		conn_free(c);
		conn_free(l);
	}
}

static void all_addresses_of_a_name_are_dialled(void **state)
{
	static const char *const at[] = { "127.0.0.2:7010", "127.0.0.3:7010",
		"[::1]:7010" };
	struct conn *c;

	(void)state;
	if (!with_hosts())
		case_test_skip("no mounts of our own");
	reaches("three:7010", at, ARRAY_SIZE(at));
	assert_int_equal(reuseport_dial("tcp", NULL, "three:7010", NULL, NULL,
				 &c),
		-ECONNREFUSED);
	listens_at("tcp", "three:0", "127.0.0.2:1", 0);
	umount2("/etc/hosts", MNT_DETACH);
}

static void no_host_is_dialled_at_home(void **state)
{
	static const char *const at[] = { "127.0.0.1:7010", "[::1]:7010",
		":7010" };

	(void)state;
	reaches(":7010", at, ARRAY_SIZE(at));
}

/* Of a device that is only there, and not where the caller is */
static void a_zone_is_a_device_of_the_namespace(void **state)
{
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct link_end a = { .name = "zone" }, b = { .name = "other" };
	struct link_session *session;
	struct netns *there, *here;
	struct conn *conn;
	const char *failed = "";

	(void)state;
	options.failed = &failed;
	assert_int_equal(netns_current(&here), 0);
	assert_int_equal(netns_new(&there), 0);
	assert_int_equal(netns_setns(there), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_add_veth(session, &a, &b), 0);
	link_close(session);
	assert_int_equal(netns_setns(here), 0);
	options.netns_fd = netns_fd(there);
	/* No device has this address; but it is known which was meant. */
	assert_int_equal(reuseport_listen("tcp6", "[fe80::1%zone]:0", &options,
				 &conn),
		-EADDRNOTAVAIL);
	assert_string_equal(failed, "bind");
	assert_int_equal(reuseport_listen("tcp6", "[fe80::1%zone]:0", NULL,
				 &conn),
		-ENOENT);
	/* Also of an address that needs none */
	assert_int_equal(reuseport_listen("tcp6", "[::1%zone]:0", &options,
				 &conn),
		-EADDRNOTAVAIL);
	assert_int_equal(reuseport_listen("tcp6", "[::1%zone]:0", NULL, &conn),
		-ENOENT);
	listens_at("tcp6", "[::1%lo]:0", "[::1]:1", 1);
	netns_free(there);
	netns_free(here);
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
		{ "tcp", "::1:80", -EINVAL, "address" },
		{ "tcp", "[::1]80", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:no-such-service", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:65536", -EINVAL, "address" },
		/* What strtoul(3), and so getaddrinfo(3), takes as a number */
		{ "tcp", "127.0.0.1:+81", -EINVAL, "address" },
		{ "tcp", "127.0.0.1: 65617", -EINVAL, "address" },
		{ "tcp", "127.0.0.1:-4294967215", -EINVAL, "address" },
		/* To getaddrinfo(3) that is no host, and so our own. */
		{ "tcp", "*:7000", -ENOENT, "address" },
		{ "tcp4", "192.0.2.1:7000", -EADDRNOTAVAIL, "bind" },
	};
	struct reuseport_options options = REUSEPORT_OPTIONS;
	struct conn *conn;
	const char *failed = "";

	(void)state;
	options.failed = &failed;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		failed = "";
		assert_int_equal(reuseport_listen(wrong[i].network,
					 wrong[i].address, &options, &conn),
			wrong[i].rc);
		assert_string_equal(failed, wrong[i].failed);
	}
	assert_int_equal(reuseport_listen("tcp", ":0", NULL, NULL), -EINVAL);
	assert_int_equal(reuseport_dial("tcp", "[::1]:0", "127.0.0.1:1", NULL,
				 &options, &conn),
		-ENOENT);
	assert_string_equal(failed, "local address");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_listen_on_one_address),
		cmocka_unit_test(dial_from_a_listening_port),
		cmocka_unit_test(dial_to_oneself_is_found_out),
		cmocka_unit_test(dial_ends_by_deadline_and_token),
		cmocka_unit_test(networks_mean_what_they_do_to_go),
		cmocka_unit_test(without_ipv6_it_is_ipv4),
		cmocka_unit_test(all_addresses_of_a_name_are_dialled),
		cmocka_unit_test(no_host_is_dialled_at_home),
		cmocka_unit_test(a_zone_is_a_device_of_the_namespace),
		cmocka_unit_test(what_failed_is_told),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
