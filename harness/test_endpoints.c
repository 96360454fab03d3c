// SPDX-License-Identifier: Apache-2.0
/*
 * test_endpoints.c - what portman says of sockets, against what was measured
 *
 * The facts are those of gVisor of December 2022, as measured. Where Linux
 * answers differently, the comment says how.
 */
#include "case_test.h"

#include <errno.h>

#include "unit.h"
#include "util.h"

// clang-format off: a line of a program stays a line

static void listeners_and_sequences(void **state)
{
	static const char *const texts[] = {
		/* Linux refuses both binds; wildcard, specific */
		AB("tcp4", "tcp4")
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 0.0.0.0:7000\nlisten a\n"
		"bind b 127.0.0.1:7000\nlisten b\n",
		AB("tcp4", "tcp4")
		"set a reuseaddr\nset b reuseaddr\nset b dev=lo\n"
		"bind a 0.0.0.0:7000\nlisten a\n"
		"bind b 0.0.0.0:7000\nlisten b\n",
		/* The same id: both refuse */
		AB("tcp6", "tcp4")
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a [::]:7000\nlisten a\n"
		"bind b 0.0.0.0:7000 = EADDRINUSE\n",
		AB("tcp4", "tcp4")
		"set a reuseaddr\nset b reuseaddr\n"
		"set a reuseport\nset b reuseport\n"
		"bind a 0.0.0.0:7000\nlisten a\n"
		"bind b 0.0.0.0:7000\nlisten b\n",
		/* Linux lets the third in */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a reuseaddr\nset b reuseaddr\nset b reuseport\n"
		"set c reuseport\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n",
		AB("udp4", "udp4") "socket c udp4\n"
		"set a reuseaddr\nset b reuseaddr\nset b reuseport\n"
		"set c reuseport\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n",
		AB("udp6", "udp4") "socket c udp6\n"
		"set b reuseport\nset c reuseport\n"
		"bind a [::1]:7000\nbind b 127.0.0.1:7000\n"
		"bind c [::]:7000 = EADDRINUSE\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void leaks(void **state)
{
	static const char *const texts[] = {
		/* failed_bind_keeps_address; in Linux it is free again, and its
		 * name is 0.0.0.0:7001 */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n"
		"bind b 0.0.0.0:7001\n"
		"get b name = ok:127.0.0.1:7001\n"
		"close b\n"
		"bind c 0.0.0.0:7001 = EADDRINUSE\n"
		"bind c 127.0.0.1:7001 = EADDRINUSE\n",
		/* tcp_connect_narrows; Linux: free again */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"set b reuseaddr\nset b linger=0\n"
		"bind b 0.0.0.0:7001\nconnect b 127.0.0.1:7000\n"
		"close b\nset c reuseaddr = ok\n"
		"bind c 127.0.0.2:7001\n"
		"socket d tcp4\n"
		"bind d 0.0.0.0:7001 = EADDRINUSE\n",
		AB("tcp4", "tcp4")
		"set b linger=0\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 0.0.0.0:7001\nconnect b 127.0.0.1:7000\nclose b\n"
		"socket c tcp4\n"
		"bind c 127.0.0.2:7001 = EADDRINUSE\n"
		"set c reuseaddr\n"
		"bind c 0.0.0.0:7001 = EADDRINUSE\n",
		/* A specific bind gives back what it has */
		AB("tcp4", "tcp4")
		"set b linger=0\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\nclose b\n"
		"socket c tcp4\nbind c 0.0.0.0:7001\n",
		/* Dual, mapped peer: both families leak */
		AB("tcp6", "tcp6") "socket c tcp4\nsocket d tcp6\n"
		"bind a [::]:7000\nlisten a\nset b linger=0\n"
		"bind b [::]:7001\nconnect b [::ffff:127.0.0.1]:7000\n"
		"close b\n"
		"bind c 127.0.0.2:7001 = EADDRINUSE\n"
		"set d v6only\nbind d [::]:7001 = EADDRINUSE\n",
		/* udp_connect_narrows; Linux: ok during and after */
		AB("udp6", "udp6") "socket c udp4\n"
		"bind a [::]:7000\nconnect a [::ffff:127.0.0.1]:7009\n"
		"set b v6only\n"
		"bind b [::]:7000 = EADDRINUSE\n"
		"close a\n"
		"bind b [::]:7000 = EADDRINUSE\n"
		"bind c 0.0.0.0:7000\n",
		/* udp_refusal_releases */
		AB("udp4", "udp4") "socket c udp4\n"
		"set a reuseport\nset b reuseport\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"connect a 127.0.0.1:7009\n"
		"connect b 127.0.0.1:7009 = EADDRINUSE\n"
		"close a\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n"
		"bind c 127.0.0.1:7001\n"
		"socket d udp4\nbind d 0.0.0.0:7000\n",
		/* The same peer again; the newest gVisor lets it */
		"socket a udp4\n"
		"connect a 127.0.0.1:7009\n"
		"connect a 127.0.0.1:7009 = EADDRINUSE\n",
		/* udp_takes_new_flags */
		AB("udp4", "udp4") "socket c udp4\n"
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"set a reuseaddr=0\nconnect a 127.0.0.1:7009\nclose a\n"
		"close b\nbind c 127.0.0.1:7000\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void late_options(void **state)
{
	static const char *const texts[] = {
		/* sockopt_stored; Linux: ok */
		AB("tcp4", "tcp4")
		"bind a 127.0.0.1:7000\nset a reuseaddr\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		AB("udp4", "udp4")
		"bind a 127.0.0.1:7000\nset a reuseport\nset b reuseport\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		/* Linux: EADDRINUSE */
		AB("tcp4", "tcp4")
		"set a reuseaddr\nbind a 127.0.0.1:7000\n"
		"set a reuseaddr=0\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000\n",
		AB("udp4", "udp4")
		"set a reuseaddr\nbind a 127.0.0.1:7000\n"
		"set a reuseaddr=0\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000\n",
		/* Linux: TCP ok, UDP EADDRINUSE */
		AB("tcp4", "tcp4")
		"set a reuseport\nbind a 127.0.0.1:7000\n"
		"set a reuseport=0\nset b reuseport\n"
		"bind b 127.0.0.1:7000\n",
		AB("udp4", "udp4")
		"set a reuseport\nbind a 127.0.0.1:7000\n"
		"set a reuseport=0\nset b reuseport\n"
		"bind b 127.0.0.1:7000\n",
		/* wildcard_destination_forgives: a client's port */
		AB("tcp4", "tcp4") "socket c tcp4\nsocket d tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"connect b 127.0.0.1:7000\n"
		"bind c 127.0.0.1:@b = EADDRINUSE\n"
		"set d reuseport\nbind d 127.0.0.1:@b\n",
		/* A child's port */
		AB("tcp4", "tcp4") "socket c tcp4\nsocket d tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"connect b 127.0.0.1:7000\naccept a e\nclose a\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n"
		"set d reuseport\nbind d 0.0.0.0:7000\n",
		/* TIME_WAIT */
		AB("tcp4", "tcp4") "socket c tcp4\nsocket d tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"connect b 127.0.0.1:7000\naccept a e\n"
		"close b\nclose e\nclose a\n"
		"bind c 127.0.0.1:7000\n"
		"bind d 127.0.0.1:@b = EADDRINUSE\n"
		"set d reuseport\nbind d 127.0.0.1:@b\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void listeners_and_4_tuples(void **state)
{
	static const char *const texts[] = {
		/* refused_listener_is_closed; Linux: can be retried */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"listen a\nlisten b = EADDRINUSE\nlisten b = EINVAL\n"
		"close a\nlisten b = EINVAL\nbind b 127.0.0.1:7001 = EINVAL\n"
		"bind c 127.0.0.1:7000\n",
		/* Linux: ok, ok */
		AB("tcp4", "tcp4")
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nlisten a\nshutdown a rdwr\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		AB("tcp4", "tcp4")
		"bind a 127.0.0.1:7000\nlisten a\nlisten a 1\n"
		"shutdown a rd\nconnect b 127.0.0.1:7000 = ECONNREFUSED\n"
		"listen a\nsocket d tcp4\nconnect d 127.0.0.1:7000\n"
		"accept a e\n",
		/* Linux: ok */
		AB("udp4", "udp4")
		"bind a 0.0.0.0:7000\nconnect a 127.0.0.1:7009\n"
		"get a name = ok:127.0.0.1:7000\n"
		"bind b 127.0.0.2:7000 = EADDRINUSE\n",
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 0.0.0.0:7001\nconnect b 127.0.0.1:7000\n"
		"get b name = ok:127.0.0.1:7001\n"
		"bind c 127.0.0.2:7001 = EADDRINUSE\n",
		/* tcp_ends_in_use; Linux: EADDRNOTAVAIL */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7001\nbind b 127.0.0.1:7001\n"
		"bind c 127.0.0.1:7000\nlisten c\n"
		"connect a 127.0.0.1:7000\n"
		"connect b 127.0.0.1:7000 = EADDRINUSE\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void addresses_and_ranges(void **state)
{
	static const char *const texts[] = {
		/* Linux: ok */
		"socket a tcp4\nbind a 224.0.0.1:7000 = EADDRNOTAVAIL\n",
		"socket a tcp6\n"
		"bind a [::ffff:224.0.0.1]:7000 = EADDRNOTAVAIL\n",
		"socket a udp4\nbind a 224.0.0.1:7000\n",
		"socket a udp4\nbind a 255.255.255.255:7000\n",
		/* Linux: EINVAL */
		"socket a tcp6\nset a v6only\n"
		"bind a [::ffff:127.0.0.1]:7000 = EHOSTUNREACH\n"
		"bind a [::ffff:0.0.0.0]:7000 = EHOSTUNREACH\n",
		"socket a udp6\nset a v6only\n"
		"bind a [::ffff:127.0.0.1]:7000 = EHOSTUNREACH\n",
		/* Linux: EINVAL */
		"socket a tcp6\nbind a [ff02::1]:7000 = EADDRNOTAVAIL\n",
		"socket a udp6\nbind a [ff02::1]:7000\n",
		/* Measured: EADDRNOTAVAIL. The subject declines all of fe80 */
		"socket a tcp6\nbind a [fe80::1]:7000 = n/a\n",
		"socket a udp6\nbind a [fe80::1]:7000 = n/a\n",
		/* Linux: ok, ok */
		"socket a udp4\nbind a 0.0.0.0:7000 family=0 = EAFNOSUPPORT\n",
		"socket a udp6\nbind a [::1]:7000 len=24 = EINVAL\n"
		"bind a [::1]:7000 len=1 = EINVAL\n"
		"bind a [::1]:7000 len=0 = EINVAL\n"
		"bind a 127.0.0.1:7000 = EINVAL\n"
		"bind a [::1]:7000 family=2 = EAFNOSUPPORT\n"
		"bind a [::1]:7000 len=128\n",
		"socket a tcp4\nbind a [::1]:7000 = EAFNOSUPPORT\n"
		"bind a 127.0.0.1:7000 len=15 = EINVAL\n"
		"bind a 127.0.0.1:7000 len=16\n",
		/* Linux: EINVAL */
		"socket a udp4\n"
		"sysctl ip_local_port_range=1-1\n"
		"sysctl ip_local_port_range=40003-40000 = EINVAL\n"
		"bind a 127.0.0.1:0 = ok:1\n",
		/* As the newest gVisor; the older one dies */
		AB("udp4", "udp4") "socket c tcp4\n"
		"sysctl ip_local_port_range=0-65535\n"
		"bind a 127.0.0.1:0 = EADDRINUSE\n"
		"connect b 127.0.0.1:7000 = EAGAIN\n"
		"connect c 127.0.0.1:7000 = EADDRNOTAVAIL\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

// clang-format on

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_and_sequences),
		cmocka_unit_test(leaks),
		cmocka_unit_test(late_options),
		cmocka_unit_test(listeners_and_4_tuples),
		cmocka_unit_test(addresses_and_ranges),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, case_test_open_portman,
		case_test_close_portman);
}
