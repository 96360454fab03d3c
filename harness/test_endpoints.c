// SPDX-License-Identifier: Apache-2.0
/*
 * test_endpoints.c - what portman says of sockets, against what was measured
 *
 * The facts are gVisor's of December 2022: its column of the scenarios P1, S-b,
 * S-c and X1 to X19, and every rule of its sockets that has an answer one can
 * see. Where Linux answers differently, the comment says how.
 */
#include "said.h"

#include <errno.h>

#include "util.h"

static struct subject portman;

static int open_portman(void **state)
{
	(void)state;
	return subject_open(&portman, "portman");
}

static int close_portman(void **state)
{
	(void)state;
	subject_close(&portman);
	return 0;
}

static void check_all(const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		said_check(&portman, texts[i]);
}

#define CHECK_ALL(texts) check_all(texts, ARRAY_SIZE(texts))

#define AB(a, b) "socket a " a "\nsocket b " b "\n"

static void p1_and_sequences(void **state)
{
	static const char *const texts[] = {
		/* P1, S-a, X9: Linux refuses both binds; wildcard, specific */
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
		/* X13, S-b, S-c: Linux lets the third in */
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

static void x1_to_x4_leaks(void **state)
{
	static const char *const texts[] = {
		/* X1, EP-12; Linux: name 0.0.0.0:7001, and it is free again */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n"
		"bind b 0.0.0.0:7001\n"
		"get b name = ok:127.0.0.1:7001\n"
		"close b\n"
		"bind c 0.0.0.0:7001 = EADDRINUSE\n"
		"bind c 127.0.0.1:7001 = EADDRINUSE\n",
		/* X2, EP-20; Linux: free again */
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
		/* X3, EP-27 b: only IPv6 leaks; Linux: ok during and after */
		AB("udp6", "udp6") "socket c udp4\n"
		"bind a [::]:7000\nconnect a [::ffff:127.0.0.1]:7009\n"
		"set b v6only\n"
		"bind b [::]:7000 = EADDRINUSE\n"
		"close a\n"
		"bind b [::]:7000 = EADDRINUSE\n"
		"bind c 0.0.0.0:7000\n",
		/* X4, EP-27 a: and the port of bind is gone for b */
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
		/* EP-27 c: what bind reserved is released with other flags */
		AB("udp4", "udp4") "socket c udp4\n"
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"set a reuseaddr=0\nconnect a 127.0.0.1:7009\nclose a\n"
		"close b\nbind c 127.0.0.1:7000\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void x5_to_x8_options(void **state)
{
	static const char *const texts[] = {
		/* X5, EP-07; Linux: ok */
		AB("tcp4", "tcp4")
		"bind a 127.0.0.1:7000\nset a reuseaddr\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		AB("udp4", "udp4")
		"bind a 127.0.0.1:7000\nset a reuseport\nset b reuseport\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		/* X6; Linux: EADDRINUSE */
		AB("tcp4", "tcp4")
		"set a reuseaddr\nbind a 127.0.0.1:7000\n"
		"set a reuseaddr=0\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000\n",
		AB("udp4", "udp4")
		"set a reuseaddr\nbind a 127.0.0.1:7000\n"
		"set a reuseaddr=0\nset b reuseaddr\n"
		"bind b 127.0.0.1:7000\n",
		/* X7; Linux: TCP ok, UDP EADDRINUSE */
		AB("tcp4", "tcp4")
		"set a reuseport\nbind a 127.0.0.1:7000\n"
		"set a reuseport=0\nset b reuseport\n"
		"bind b 127.0.0.1:7000\n",
		AB("udp4", "udp4")
		"set a reuseport\nbind a 127.0.0.1:7000\n"
		"set a reuseport=0\nset b reuseport\n"
		"bind b 127.0.0.1:7000\n",
		/* X8, EP-18, GV-08: a client's port; Linux: EADDRINUSE */
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

static void x9_to_x12_listeners(void **state)
{
	static const char *const texts[] = {
		/* X9, EP-13: dead for ever; Linux: can be retried */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"listen a\nlisten b = EADDRINUSE\nlisten b = EINVAL\n"
		"close a\nlisten b = EINVAL\nbind b 127.0.0.1:7001 = EINVAL\n"
		"bind c 127.0.0.1:7000\n",
		/* X10, EP-16; Linux: ok, ok */
		AB("tcp4", "tcp4")
		"set a reuseaddr\nset b reuseaddr\n"
		"bind a 127.0.0.1:7000\nlisten a\nshutdown a rdwr\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		/* EP-15 */
		AB("tcp4", "tcp4")
		"bind a 127.0.0.1:7000\nlisten a\nlisten a 1\n"
		"shutdown a rd\nconnect b 127.0.0.1:7000 = ECONNREFUSED\n"
		"listen a\nsocket d tcp4\nconnect d 127.0.0.1:7000\n"
		"accept a e\n",
		/* X11; Linux: ok */
		AB("udp4", "udp4")
		"bind a 0.0.0.0:7000\nconnect a 127.0.0.1:7009\n"
		"get a name = ok:127.0.0.1:7000\n"
		"bind b 127.0.0.2:7000 = EADDRINUSE\n",
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 0.0.0.0:7001\nconnect b 127.0.0.1:7000\n"
		"get b name = ok:127.0.0.1:7001\n"
		"bind c 127.0.0.2:7001 = EADDRINUSE\n",
		/* X12, EP-19; Linux: EADDRNOTAVAIL */
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

static void x14_to_x19_addresses(void **state)
{
	static const char *const texts[] = {
		/* X14; Linux: ok */
		"socket a tcp4\nbind a 224.0.0.1:7000 = EADDRNOTAVAIL\n",
		"socket a tcp6\n"
		"bind a [::ffff:224.0.0.1]:7000 = EADDRNOTAVAIL\n",
		"socket a udp4\nbind a 224.0.0.1:7000\n",
		"socket a udp4\nbind a 255.255.255.255:7000\n",
		/* X15; Linux: EINVAL */
		"socket a tcp6\nset a v6only\n"
		"bind a [::ffff:127.0.0.1]:7000 = EHOSTUNREACH\n"
		"bind a [::ffff:0.0.0.0]:7000 = EHOSTUNREACH\n",
		"socket a udp6\nset a v6only\n"
		"bind a [::ffff:127.0.0.1]:7000 = EHOSTUNREACH\n",
		/* X16; Linux: EINVAL */
		"socket a tcp6\nbind a [ff02::1]:7000 = EADDRNOTAVAIL\n",
		"socket a udp6\nbind a [ff02::1]:7000\n",
		/* Measured: EADDRNOTAVAIL. The subject declines all of fe80 */
		"socket a tcp6\nbind a [fe80::1]:7000 = n/a\n",
		"socket a udp6\nbind a [fe80::1]:7000 = n/a\n",
		/* X17, EP-01; Linux: ok, ok */
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
		/* X18, EP-05; Linux: EINVAL */
		"socket a udp4\n"
		"sysctl ip_local_port_range=1-1\n"
		"sysctl ip_local_port_range=40003-40000 = EINVAL\n"
		"bind a 127.0.0.1:0 = ok:1\n",
		/* X19: as the newest gVisor; the older one dies */
		AB("udp4", "udp4") "socket c tcp4\n"
		"sysctl ip_local_port_range=0-65535\n"
		"bind a 127.0.0.1:0 = EADDRINUSE\n"
		"connect b 127.0.0.1:7000 = EAGAIN\n"
		"connect c 127.0.0.1:7000 = EADDRNOTAVAIL\n",
	};

	(void)state;
	CHECK_ALL(texts);
}

static void rules_of_bind(void **state)
{
	static const char *const texts[] = {
		/* EP-02, EP-09: what a wildcard and a mapped address reserve */
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
		/* EP-03, EP-08, EP-26 */
		"socket a tcp4\nbind a 192.0.2.1:7000 = EADDRNOTAVAIL\n"
		"bind a 127.255.255.255:7000\n"
		"bind a 127.0.0.1:7001 = EINVAL\n",
		"socket a udp4\nbind a 10.0.0.2:7000\n"
		"bind a 10.0.0.1:7001 = EINVAL\nlisten a = EOPNOTSUPP\n"
		"accept a b = EOPNOTSUPP\n",
		/* EP-04, EP-07; devices as upstream's own tests have them */
		AB("udp4", "udp4") "socket c udp4\nsocket d udp4\n"
		"set a dev=missing = ENODEV\nset a dev=lo\nget a dev = ok:lo\n"
		"set b dev=veth0\nset c dev=lo\n"
		"bind a 127.0.0.1:7000\nbind b 127.0.0.1:7000\n"
		"bind c 127.0.0.1:7000 = EADDRINUSE\n"
		"bind d 127.0.0.1:7000 = EADDRINUSE\n"
		"set a dev=\nclose a\nbind c 127.0.0.1:7000\n",
		/* EP-11: TCP never gets one port twice, UDP may */
		AB("tcp4", "tcp4") "sysctl ip_local_port_range=40000-40000\n"
		"set a reuseaddr\nset b reuseaddr\nbind a 127.0.0.1:0 = "
		"ok:40000\nbind b 127.0.0.1:0 = EADDRINUSE\n",
		AB("udp4", "udp4") "sysctl ip_local_port_range=40000-40000\n"
		"set a reuseaddr\nset b reuseaddr\nbind a 127.0.0.1:0 = "
		"ok:40000\nbind b 127.0.0.1:0 = ok:40000\n",
		/* EP-13 */
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
		/* EP-21, EP-23: one port, two peers, no flags */
		AB("tcp4", "tcp4") "socket c tcp4\nsocket d tcp4\n"
		"sysctl ip_local_port_range=40000-40000\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"bind b 127.0.0.1:7001\nlisten b\n"
		"connect c 127.0.0.1:7000 = ok:40000\n"
		"connect d 127.0.0.1:7001 = ok:40000\n"
		"socket e tcp4\n"
		"connect e 127.0.0.1:7000 = EADDRNOTAVAIL\n",
		/* EP-17: each child is reserved for its own peer, port too */
		AB("tcp4", "tcp4") "socket c tcp4\n"
		"bind a 127.0.0.1:7000\nlisten a\n"
		"connect b 127.0.0.1:7000\nconnect c 127.0.0.1:7000\n"
		"accept a d\naccept a e\n",
		/* EP-21: not to oneself, unless bound */
		"socket a tcp4\nsysctl ip_local_port_range=40000-40000\n"
		"connect a 127.0.0.1:40000 = EADDRNOTAVAIL\n",
		"socket a tcp4\nbind a 127.0.0.1:7000\n"
		"connect a 127.0.0.1:7000\nconnect a 127.0.0.1:7000 = EISCONN\n"
		"close a\nsocket b tcp4\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\n",
		/* EP-24: refused: free again */
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
		/* EP-27: ::1 is reserved under IPv4 as well */
		AB("udp6", "udp4") "connect a [::1]:7009\n"
		"bind b 0.0.0.0:@a = EADDRINUSE\nbind b 127.0.0.1:@a\n",
		AB("udp6", "udp6") "connect a [::1]:7009\n"
		"bind b [::]:@a = EADDRINUSE\nset b v6only\n"
		"bind b [::]:@a = EADDRINUSE\n",
		/* EP-27a */
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
		/* EP-32: only the best id is asked, whatever its device */
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
		/* EP-16: closing a listener resets who was not accepted */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_and_sequences),
		cmocka_unit_test(x1_to_x4_leaks),
		cmocka_unit_test(x5_to_x8_options),
		cmocka_unit_test(x9_to_x12_listeners),
		cmocka_unit_test(x14_to_x19_addresses),
		cmocka_unit_test(rules_of_bind),
		cmocka_unit_test(rules_of_connect),
		cmocka_unit_test(rules_of_close),
	};

	return cmocka_run_group_tests(tests, open_portman, close_portman);
}
