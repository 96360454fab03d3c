// SPDX-License-Identifier: Apache-2.0
/*
 * test_rules.c - what portman says of sockets, rule by rule
 *
 * Of the rules of gvisor_rules.h, what takes more than the one case of each.
 */
#include "case_test.h"

#include <errno.h>

#include "unit.h"
#include "util.h"

// clang-format off: a line of a program stays a line

static void rules_of_bind(void **state)
{
	static const char *const texts[] = {
		/* What a wildcard and a mapped address reserve */
		AB("tcp6", "tcp4") "bind a [::]:7000\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		AB("tcp6", "tcp4") "set a v6only\nbind a [::]:7000\n"
		"bind b 127.0.0.1:7000\nget a v6only = ok:1\n"
		"set a v6only=0 = EINVAL\nset b v6only = ENOPROTOOPT\n"
		"get b v6only = EOPNOTSUPP\n",
		AB("tcp6", "tcp6") "bind a [::ffff:0.0.0.0]:7000\n"
		"bind b [::1]:7000\nget a name = ok:[::]:7000\n",
		AB("udp6", "udp4") "bind a [::ffff:127.0.0.1]:7000\n"
		"get a name = ok:[::ffff:127.0.0.1]:7000\n"
		"bind b 0.0.0.0:7000 = EADDRINUSE\n",
		"socket a tcp4\nbind a 192.0.2.1:7000 = EADDRNOTAVAIL\n"
		"bind a 127.255.255.255:7000\n"
		"bind a 127.0.0.1:7001 = EINVAL\n",
		"socket a udp4\nbind a 10.0.0.2:7000\n"
		"bind a 10.0.0.1:7001 = EINVAL\nlisten a = EOPNOTSUPP\n"
		"accept a b = EOPNOTSUPP\n",
		/* Devices as upstream's own tests have them */
		AB("udp4", "udp4") "socket c udp4\nsocket d udp4\n"
		"set a dev=missing = ENODEV\nset a dev=lo\nget a dev = ok:lo\n"
		"set b dev=veth0\nset c dev=lo\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n"
		"bind d 127.0.0.1:7000 = EADDRINUSE\n"
		"set a dev=\nclose a\nbind c 127.0.0.1:7000\n",
		/* TCP never gets one port twice, UDP may */
		AB("tcp4", "tcp4") "sysctl ip_local_port_range=40000-40000\n"
		"set a reuseaddr\nset b reuseaddr\nbind a 127.0.0.1:0 = "
		"ok:40000\nbind b 127.0.0.1:0 = EADDRINUSE\n",
		AB("udp4", "udp4") "sysctl ip_local_port_range=40000-40000\n"
		"set a reuseaddr\nset b reuseaddr\nbind a 127.0.0.1:0 = "
		"ok:40000\nbind b 127.0.0.1:0 = ok:40000\n",
		AB("tcp6", "tcp4") "listen a = ok:32768\n"
		"bind b 0.0.0.0:32768 = EADDRINUSE\n"
		"bind b 0.0.0.0:0 = ok:32769\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void rules_of_connect(void **state)
{
	static const char *const texts[] = {
		/* One port, two peers, no flags */
		AB("tcp4", "tcp4") "socket c tcp4\nsocket d tcp4\n"
		"sysctl ip_local_port_range=40000-40000\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 127.0.0.1:7001\nlisten b\n"
		"connect c 127.0.0.1:7000 = ok:40000\n"
		"connect d 127.0.0.1:7001 = ok:40000\n"
		"socket e tcp4\n"
		"connect e 127.0.0.1:7000 = EADDRNOTAVAIL\n",
		/* Each child is reserved for its own peer, port too */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"connect b 127.0.0.1:7000\nconnect c 127.0.0.1:7000\n"
		"accept a d\naccept a e\n",
		/* Not to oneself, unless bound */
		"socket a tcp4\nsysctl ip_local_port_range=40000-40000\n"
		"connect a 127.0.0.1:40000 = EADDRNOTAVAIL\n",
		"socket a tcp4\nbind a 127.0.0.1:7000\n"
		"connect a 127.0.0.1:7000\nconnect a 127.0.0.1:7000 = EISCONN\n"
		"close a\nsocket b tcp4\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		/* Refused: free again */
		AB("tcp4", "tcp4")
		"bind a 127.0.0.1:7000\n"
		"connect a 127.0.0.1:7009 = ECONNREFUSED\n"
		"bind b 127.0.0.1:7000\n"
		"connect a 127.0.0.1:7009 = n/a\n",
		/* No answer: the listener has no room */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a 0\n"
		"connect b 127.0.0.1:7000\n"
		"connect c 127.0.0.1:7000 = EINPROGRESS\n",
		/* To another machine, or by a device: nobody has measured it */
		"socket a tcp4\nconnect a 10.0.0.9:80 = n/a\n",
		"socket a tcp4\nset a dev=lo\n"
		"connect a 127.0.0.1:80 = n/a\n",
		AB("udp4", "udp6") "connect a 0.0.0.0:7000\n"
		"get a name = ok:127.0.0.1:32768\n"
		"connect b [::]:7000\nget b name = ok:[::1]:32769\n",
		/* ::1 is reserved under IPv4 as well */
		AB("udp6", "udp4") "connect a [::1]:7009\n"
		"bind b 0.0.0.0:@a = EADDRINUSE\nbind b 127.0.0.1:@a\n",
		AB("udp6", "udp6") "connect a [::1]:7009\n"
		"bind b [::]:@a = EADDRINUSE\nset b v6only\n"
		"bind b [::]:@a = EADDRINUSE\n",
		AB("udp4", "udp4") "connect a 127.0.0.1:7009\ndisconnect a\n"
		"bind b 0.0.0.0:@a\nget a name = ok:0.0.0.0:0\n"
		"disconnect b\n"
		"connect b 127.0.0.1:7009\ndisconnect b\n"
		"bind a 0.0.0.0:@b = EADDRINUSE\n",
		"socket a tcp4\ndisconnect a = n/a\n",
		/* Nobody can know which of a group gets it */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a reuseport\nset b reuseport\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"listen a\nlisten b\nconnect c 127.0.0.1:7000 = n/a\n",
		/* Only the best id is asked, whatever its device */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a dev=veth0\nset a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 0.0.0.0:7000\nlisten b\n"
		"connect c 127.0.0.1:7000 = ECONNREFUSED\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

#define PAIR                                                           \
	"socket l tcp4\nbind l 127.0.0.1:7000\nlisten l\nsocket c tcp4\n" \
	"bind c 127.0.0.1:7001\nconnect c 127.0.0.1:7000\naccept l s\n"   \
	"close l\nsocket x tcp4\nsocket y tcp4\n"
#define FREE_CLIENT "bind x 127.0.0.1:7001\n"
#define HELD_CLIENT "bind x 127.0.0.1:7001 = EADDRINUSE\n"
#define FREE_SERVER "bind y 127.0.0.1:7000\n"
#define HELD_SERVER "bind y 127.0.0.1:7000 = EADDRINUSE\n"

static void rules_of_close(void **state)
{
	static const char *const texts[] = {
		PAIR HELD_CLIENT HELD_SERVER,
		PAIR "close c\n" HELD_CLIENT HELD_SERVER
		"close s\n" HELD_CLIENT FREE_SERVER,
		PAIR "close s\nclose c\n" FREE_CLIENT HELD_SERVER,
		PAIR "shutdown c wr\nshutdown s wr\n" HELD_CLIENT FREE_SERVER
		"shutdown c wr = ENOTCONN\nshutdown s wr = ENOTCONN\n",
		PAIR "shutdown c rd\n" HELD_CLIENT HELD_SERVER
		"connect s 127.0.0.1:9 = EISCONN\n",
		PAIR "set c linger=0\nclose c\n" FREE_CLIENT FREE_SERVER,
		PAIR "set s linger=0\nclose c\nclose s\n"
		FREE_CLIENT FREE_SERVER,
		PAIR "set s linger=0\nshutdown s wr\nclose s\n"
		FREE_CLIENT FREE_SERVER,
		/* Closing a listener resets who was not accepted */
		AB("tcp4", "tcp4") "bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\nclose a\n"
		"socket c tcp4\nbind c 127.0.0.1:7000\n"
		"socket d tcp4\nbind d 127.0.0.1:7001\n",
		/* One more than the backlog may wait */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a 0\n"
		"connect b 127.0.0.1:7000\n"
		"connect c 127.0.0.1:7000 = EINPROGRESS\n"
		"accept a d\naccept a e = EAGAIN\naccept b f = EINVAL\n",
		/* A new connection ends one in TIME_WAIT, if one listens */
		AB("tcp4", "tcp4") "bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\n"
		"accept a c\nclose c\nclose b\n"
		"socket d tcp4\nbind d 127.0.0.1:7001\n"
		"connect d 127.0.0.1:7000\naccept a e\n",
		"socket a udp4\nshutdown a rd = ENOTCONN\n"
		"bind a 127.0.0.1:7000\nshutdown a rd\n",
		"socket a tcp4\nshutdown a wr = ENOTCONN\n"
		"accept a b = EINVAL\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

// clang-format on

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_of_bind),
		cmocka_unit_test(rules_of_connect),
		cmocka_unit_test(rules_of_close),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, case_test_open_portman,
		case_test_close_portman);
}
