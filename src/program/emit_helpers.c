// SPDX-License-Identifier: Apache-2.0
/*
 * emit_helpers.c - the functions that an emitted C program may need
 */
#include "emit_private.h"
#include "world.h"

const char emit_head[] =
	"#define _GNU_SOURCE\n"
	"#include <arpa/inet.h>\n"
	"#include <errno.h>\n"
	"#include <fcntl.h>\n"
	"#include <net/if.h>\n"
	"#include <netinet/in.h>\n"
	"#include <netinet/tcp.h>\n"
	"#include <poll.h>\n"
	"#include <sched.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"#include <sys/ioctl.h>\n"
	"#include <sys/socket.h>\n"
	"#include <sys/stat.h>\n"
	"#include <unistd.h>\n"
	"\n"
	"#ifndef IP_LOCAL_PORT_RANGE\n"
	"#define IP_LOCAL_PORT_RANGE 51\n"
	"#endif\n"
	"#ifndef IPV6_FREEBIND\n"
	"#define IPV6_FREEBIND 78\n"
	"#endif\n"
	"\n"
	"static int unexpected;\n"
	"\n"
	"static const char *name(int error)\n"
	"{\n"
	"\treturn error ? strerrorname_np(error) : \"ok\";\n"
	"}\n"
	"\n"
	"/* What a call gave, and what it gives on Linux */\n"
	"static void expect(const char *op, int rc, int expected)\n"
	"{\n"
	"\tint error = rc < 0 ? errno : 0;\n"
	"\n"
	"\tprintf(\"%-36s %s\", op, name(error));\n"
	"\tprintf(error == expected ? \"\\n\" : \"   expected %s\\n\",\n"
	"\t\tname(expected));\n"
	"\tunexpected |= error != expected;\n"
	"}\n"
	"\n";

/* All but those that are made from the tables of the world */
static const char *const helpers[EMIT_NEEDS] = {
	"/* Be alone in a network whose loopback is up */\n"
	"static void world(int here)\n"
	"{\n"
	"\tstruct ifreq lo = { .ifr_name = \"lo\" };\n"
	"\tstruct if_nameindex *list = if_nameindex();\n"
	"\tuid_t uid = getuid();\n"
	"\tint fd;\n"
	"\n"
	"\tfor (int i = 0; here && list && list[i].if_name; i++)\n"
	"\t\tif (strcmp(list[i].if_name, \"lo\") &&\n"
	"\t\t    strcmp(list[i].if_name, \"veth0\") &&\n"
	"\t\t    strcmp(list[i].if_name, \"veth1\")) {\n"
	"\t\t\tfprintf(stderr, \"this network has more than lo, veth0 \"\n"
	"\t\t\t\t\"and veth1: not bound here\\n\");\n"
	"\t\t\texit(2);\n"
	"\t\t}\n"
	"\tif (here && !list) {\n"
	"\t\tperror(\"which network is here\");\n"
	"\t\texit(2);\n"
	"\t}\n"
	"\tif (list)\n"
	"\t\tif_freenameindex(list);\n"
	"\tif (!here && unshare(CLONE_NEWNET) &&\n"
	"\t    (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||\n"
	"\t     (fd = open(\"/proc/self/uid_map\", O_WRONLY)) < 0 ||\n"
	"\t     dprintf(fd, \"0 %u 1\", uid) < 0 || close(fd))) {\n"
	"\t\tperror(\"a network namespace\");\n"
	"\t\texit(2);\n"
	"\t}\n"
	"\tfd = socket(AF_INET, SOCK_DGRAM, 0);\n"
	"\tif (fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &lo) &&\n"
	"\t    !(lo.ifr_flags & IFF_UP)) {\n"
	"\t\tlo.ifr_flags |= IFF_UP;\n"
	"\t\tioctl(fd, SIOCSIFFLAGS, &lo);\n"
	"\t}\n"
	"\tif (!(lo.ifr_flags & IFF_UP)) {\n"
	"\t\tperror(\"lo\");\n"
	"\t\texit(2);\n"
	"\t}\n"
	"\tclose(fd);\n"
	"}\n"
	"\n",
	NULL, /* put_veth() */
	"/* An MPTCP socket, where there are any */\n"
	"static int mptcp(int family)\n"
	"{\n"
	"\tint fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK,\n"
	"\t\tIPPROTO_MPTCP);\n"
	"\n"
	"\tif (fd < 0) {\n"
	"\t\tperror(\"MPTCP\");\n"
	"\t\texit(2);\n"
	"\t}\n"
	"\treturn fd;\n"
	"}\n"
	"\n",
	"static struct sockaddr *in4(const char *addr, int port)\n"
	"{\n"
	"\tstatic union {\n"
	"\t\tstruct sockaddr any;\n"
	"\t\tstruct sockaddr_in sin;\n"
	"\t\tchar space[256];\n"
	"\t} at;\n"
	"\n"
	"\tmemset(&at, 0, sizeof(at));\n"
	"\tat.sin.sin_family = AF_INET;\n"
	"\tat.sin.sin_port = htons(port);\n"
	"\tinet_pton(AF_INET, addr, &at.sin.sin_addr);\n"
	"\treturn &at.any;\n"
	"}\n"
	"\n",
	"static struct sockaddr *in6(const char *addr, unsigned int scope,\n"
	"\tint port)\n"
	"{\n"
	"\tstatic union {\n"
	"\t\tstruct sockaddr any;\n"
	"\t\tstruct sockaddr_in6 sin6;\n"
	"\t\tchar space[256];\n"
	"\t} at;\n"
	"\n"
	"\tmemset(&at, 0, sizeof(at));\n"
	"\tat.sin6.sin6_family = AF_INET6;\n"
	"\tat.sin6.sin6_port = htons(port);\n"
	"\tat.sin6.sin6_scope_id = scope;\n"
	"\tinet_pton(AF_INET6, addr, &at.sin6.sin6_addr);\n"
	"\treturn &at.any;\n"
	"}\n"
	"\n",
	"static struct sockaddr *as(int family, struct sockaddr *addr)\n"
	"{\n"
	"\taddr->sa_family = family;\n"
	"\treturn addr;\n"
	"}\n"
	"\n",
	"/* connect, and wait for what comes of it, but not for ever */\n"
	"static int dial(int fd, const struct sockaddr *addr, socklen_t len)\n"
	"{\n"
	"\tstruct pollfd wait = { .fd = fd, .events = POLLOUT };\n"
	"\tint rc = connect(fd, addr, len);\n"
	"\n"
	"\tif (rc && errno == EINPROGRESS) {\n"
	"\t\tif (poll(&wait, 1, 200) > 0)\n"
	"\t\t\treturn connect(fd, addr, len);\n"
	"\t\terrno = EINPROGRESS;\n"
	"\t}\n"
	"\treturn rc;\n"
	"}\n"
	"\n",
	"static int port_of(int fd)\n"
	"{\n"
	"\tstruct sockaddr_in6 sin6;\n"
	"\tsocklen_t len = sizeof(sin6);\n"
	"\n"
	"\tgetsockname(fd, (struct sockaddr *)&sin6, &len);\n"
	"\treturn ntohs(sin6.sin6_port);\n"
	"}\n"
	"\n",
	"/* The name of a socket; a port of \"*\" is any */\n"
	"static void expect_name(const char *op, int fd, const char *want)\n"
	"{\n"
	"\tsize_t any = strlen(want) - (strchr(want, '*') != NULL);\n"
	"\tstruct sockaddr_in6 sin6;\n"
	"\tstruct sockaddr_in *sin = (struct sockaddr_in *)&sin6;\n"
	"\tsocklen_t len = sizeof(sin6);\n"
	"\tchar addr[INET6_ADDRSTRLEN] = \"\", got[INET6_ADDRSTRLEN + 16];\n"
	"\tint v6, same;\n"
	"\n"
	"\tgetsockname(fd, (struct sockaddr *)&sin6, &len);\n"
	"\tv6 = sin6.sin6_family == AF_INET6;\n"
	"\tinet_ntop(sin6.sin6_family, v6 ? (void *)&sin6.sin6_addr :\n"
	"\t\t(void *)&sin->sin_addr, addr, sizeof(addr));\n"
	"\tsnprintf(got, sizeof(got), v6 ? \"[%s]:%d\" : \"%s:%d\", addr,\n"
	"\t\tntohs(sin6.sin6_port));\n"
	"\tsame = any < strlen(want) ? !strncmp(got, want, any) :\n"
	"\t\t\t\t\t!strcmp(got, want);\n"
	"\tprintf(\"%-36s %s\", op, got);\n"
	"\tprintf(same ? \"\\n\" : \"   expected %s\\n\", want);\n"
	"\tunexpected |= !same;\n"
	"}\n"
	"\n",
	"static int device(int fd)\n"
	"{\n"
	"\tchar text[IF_NAMESIZE] = \"\";\n"
	"\tsocklen_t len = sizeof(text);\n"
	"\n"
	"\tgetsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text, &len);\n"
	"\treturn *text ? (int)if_nametoindex(text) : 0;\n"
	"}\n"
	"\n",
	"/* Write a sysctl */\n"
	"static int put(const char *path, const char *text)\n"
	"{\n"
	"\tint fd = open(path, O_WRONLY), rc, error;\n"
	"\n"
	"\tif (fd < 0) {\n"
	"\t\tperror(path);\n"
	"\t\texit(2);\n"
	"\t}\n"
	"\trc = write(fd, text, strlen(text)) < 0 ? -1 : 0;\n"
	"\terror = errno;\n"
	"\tclose(fd);\n"
	"\terrno = error;\n"
	"\treturn rc;\n"
	"}\n"
	"\n",
	NULL, /* put_range() */
	"static void expect_value(const char *op, int got, long want)\n"
	"{\n"
	"\tprintf(\"%-36s %d\", op, got);\n"
	"\tprintf(got == want ? \"\\n\" : \"   expected %ld\\n\", want);\n"
	"\tunexpected |= got != want;\n"
	"}\n"
	"\n",
	"static int v6only(int fd)\n"
	"{\n"
	"\tint value = -1;\n"
	"\tsocklen_t len = sizeof(value);\n"
	"\n"
	"\tgetsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len);\n"
	"\treturn value;\n"
	"}\n"
	"\n",
};

/* The next command of a list */
#define AND " && \"\n\t\t   \""

static void put_addrs(bool link_local, FILE *file)
{
	char text[ADDR_TEXT_MAX];

	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct world_addr *own = &world_addrs[i];

		if (own->device == WORLD_LO || own->link_local != link_local)
			continue;
		fprintf(file, AND "ip addr add %s/%u dev %s%s",
			addr_print(&own->addr, text), own->prefix,
			world_device(own->device)->name,
			own->addr.len == 16 ? " nodad" : "");
	}
}

/* All addresses of the pair, three on a line */
static void put_list(FILE *file)
{
	char text[ADDR_TEXT_MAX];
	int count = 0;

	fputs("for at in", file);
	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct world_addr *own = &world_addrs[i];

		if (own->device == WORLD_LO)
			continue;
		fprintf(file,
			count && !(count % 3) ? " \"\n\t\t    \"%s/%u" :
						" %s/%u",
			addr_print(&own->addr, text), 8u * own->addr.len);
		count++;
	}
	fputs("; ", file);
}

static void put_veth(FILE *file)
{
	const char *a = world_device(WORLD_VETH0)->name;
	const char *b = world_device(WORLD_VETH1)->name;

	fprintf(file,
		"/* A pair of devices with addresses, or lo has them */\n"
		"static void veth(int lo_will_do)\n"
		"{\n"
		"\tif (if_nametoindex(\"%s\"))\n"
		"\t\treturn;\n"
		"\tif (system(\"ip link add %s index %d type veth peer \"\n"
		"\t\t   \"name %s index %d",
		a, a, WORLD_VETH0, b, WORLD_VETH1);
	put_addrs(false, file);
	fprintf(file, AND "ip link set %s addrgenmode none up", a);
	fprintf(file, AND "ip link set %s addrgenmode none up", b);
	/* They need a device that is up. */
	put_addrs(true, file);
	fputs("\") &&\n"
	      "\t    (!lo_will_do ||\n"
	      "\t     system(\"",
		file);
	put_list(file);
	fprintf(file,
		"\"\n"
		"\t\t    \"do ip addr add $at dev %s; done\"))) {\n"
		"\t\tfprintf(stderr, \"no pair of veth devices here\\n\");\n"
		"\t\texit(2);\n"
		"\t}\n"
		"}\n"
		"\n",
		world_device(WORLD_LO)->name);
}

static void put_range(FILE *file)
{
	fprintf(file,
		"/* gVisor obeys a range in a sandbox's first network only */\n"
		"static void range_is_obeyed(void)\n"
		"{\n"
		"\tconst char *path = \"%s\";\n"
		"\tint fd = socket(AF_INET, SOCK_DGRAM, 0);\n"
		"\n"
		"\tif (put(path, \"%d %d\") ||\n"
		"\t    bind(fd, in4(\"0.0.0.0\", 0), "
		"sizeof(struct sockaddr_in)) ||\n"
		"\t    port_of(fd) != %d || put(path, \"%d %d\")) {\n"
		"\t\tfprintf(stderr, "
		"\"no range of ports is obeyed here\\n\");\n"
		"\t\texit(2);\n"
		"\t}\n"
		"\tclose(fd);\n"
		"}\n"
		"\n",
		world_sysctls[SYSCTL_PORT_RANGE].path, WORLD_RANGE_FIRST,
		WORLD_RANGE_FIRST, WORLD_RANGE_FIRST, WORLD_RANGE_FIRST,
		WORLD_RANGE_LAST);
}

void emit_helper(enum emit_need need, FILE *file)
{
	switch (need) {
	case EMIT_VETH: put_veth(file); break;
	case EMIT_RANGE: put_range(file); break;
	default: fputs(helpers[need], file);
	}
}
