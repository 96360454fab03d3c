// SPDX-License-Identifier: Apache-2.0
/*
 * calls_breach.c - does a system call touch the network that we are in?
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>

#include "util.h"

/* Names that Debian's headers are too old for */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

#define SYSCTLS "/proc/sys/net/"

/* Of what a netlink message says, so much is read */
enum { MESSAGES_MAX = 4096 };

static uint64_t home;	  /* the cookie of our network */
static struct stat place; /* its file */

bool calls_home(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(home);
	int rc = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &home, &len);

	close(fd);
	return !rc && !stat("/proc/self/ns/net", &place);
}

/* Up to so many bytes of a process's memory; how many there were */
static size_t fetch(uint32_t pid, uint64_t at, void *into, size_t size)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = pread(fd, into, size, at);
		close(fd);
	}
	return MAX(n, 0);
}

/* Which process is this thread of? */
static int process_of(uint32_t thread)
{
	char path[64], text[512];
	const char *line;
	ssize_t n = -1;
	int fd, pid = 0;

	snprintf(path, sizeof(path), "/proc/%u/status", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[MAX(n, 0)] = '\0';
	line = strstr(text, "\nTgid:");
	if (line)
		sscanf(line, "\nTgid: %d", &pid);
	return pid;
}

/* A copy of a descriptor of another process, or -1 */
static int copy_of(uint32_t thread, int number)
{
	int pidfd = pidfd_open(process_of(thread), 0), fd;

	if (pidfd < 0)
		return -1;
	fd = pidfd_getfd(pidfd, number, 0);
	close(pidfd);
	return fd;
}

/* What a socket is; @domain is 0 if it is none, or none of our network, and -1
 * if we may not look at it. */
struct sort {
	int domain, protocol;
};

static struct sort sort_of(uint32_t thread, int number)
{
	struct sort sort = { 0 };
	socklen_t len = sizeof(uint64_t), size = sizeof(int);
	int fd = copy_of(thread, number);
	uint64_t cookie;

	if (fd < 0) {
		sort.domain = errno == EPERM ? -1 : 0;
		return sort;
	}
	if (!getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) &&
		cookie == home) {
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &sort.domain, &size);
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &sort.protocol, &size);
	}
	close(fd);
	return sort;
}

/* Does one of these messages change anything? */
static bool changes(int protocol, const uint8_t *data, size_t size)
{
	struct nlmsghdr message;

	while (size >= sizeof(message)) {
		memcpy(&message, data, sizeof(message));
		if (message.nlmsg_type >= NLMSG_MIN_TYPE) {
			bool asks = false;

			if (protocol == NETLINK_ROUTE) /* NEW, DEL, GET, SET */
				asks = (message.nlmsg_type & 3) == 2;
			if (protocol == NETLINK_SOCK_DIAG)
				asks = message.nlmsg_type ==
				       SOCK_DIAG_BY_FAMILY;
			if (!asks)
				return true;
		}
		if (message.nlmsg_len < sizeof(message))
			return false;
		data += MIN(size, NLMSG_ALIGN(message.nlmsg_len));
		size -= MIN(size, NLMSG_ALIGN(message.nlmsg_len));
	}
	return false;
}

/* What is sent, the first part of it */
static size_t sent(const struct seccomp_notif *call, uint8_t *into, size_t max)
{
	const uint64_t *args = (const uint64_t *)call->data.args;
	struct msghdr header = { 0 };
	struct iovec part = { 0 };

	if (call->data.nr == SYS_sendto)
		return fetch(call->pid, args[1], into, MIN(args[2], max));
	if (fetch(call->pid, args[1], &header, sizeof(header)) !=
			sizeof(header) ||
		!header.msg_iovlen ||
		fetch(call->pid, (uintptr_t)header.msg_iov, &part,
			sizeof(part)) != sizeof(part))
		return 0;
	return fetch(call->pid, (uintptr_t)part.iov_base, into,
		MIN(part.iov_len, max));
}

static const char *of_socket(const struct seccomp_notif *call)
{
	static uint8_t messages[MESSAGES_MAX];
	struct sort sort = sort_of(call->pid, call->data.args[0]);
	static char text[96];
	size_t size;

	if (!sort.domain || sort.domain == AF_UNIX)
		return NULL;
	if (sort.domain == AF_NETLINK) {
		/* The number of a sender is nothing of the network's. */
		if (call->data.nr == SYS_bind || call->data.nr == SYS_connect)
			return NULL;
		size = sent(call, messages, sizeof(messages));
		if (!changes(sort.protocol, messages, size))
			return NULL;
	}
	snprintf(text, sizeof(text), "%s on a socket of family %d, protocol %d",
		calls_name(call->data.nr), sort.domain, sort.protocol);
	return text;
}

static const char *of_ioctl(const struct seccomp_notif *call)
{
	static const uint16_t asks[] = { SIOCGIFNAME, SIOCGIFCONF, SIOCGIFFLAGS,
		SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK,
		SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX,
		SIOCGIFTXQLEN, SIOCGIFMAP, SIOCGSKNS, SIOCGPGRP, FIOGETOWN,
		SIOCATMARK, SIOCGSTAMP_OLD, SIOCGSTAMPNS_OLD, SIOCOUTQNSD };
	static char text[64];
	uint32_t number = call->data.args[1];

	for (size_t i = 0; i < ARRAY_SIZE(asks); i++)
		if (number == asks[i])
			return NULL;
	if (number == TUNSETIFF)
		return "a device of a tunnel";
	if ((number & 0xff00) != 0x8900 ||
		!sort_of(call->pid, call->data.args[0]).domain)
		return NULL;
	snprintf(text, sizeof(text), "ioctl 0x%x on a socket", number);
	return text;
}

static bool is_at_home(uint32_t thread)
{
	char path[64];
	struct stat now;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", thread);
	return !stat(path, &now) && now.st_dev == place.st_dev &&
	       now.st_ino == place.st_ino;
}

/* Which sysctl is meant depends on who opens its file. */
static const char *of_open(const struct seccomp_notif *call, uint64_t path,
	uint64_t flags)
{
	static char text[160];
	char name[120] = "";

	if ((flags & O_ACCMODE) == O_RDONLY)
		return NULL;
	fetch(call->pid, path, name, sizeof(name) - 1);
	if (strncmp(name, SYSCTLS, strlen(SYSCTLS)) || !is_at_home(call->pid))
		return NULL;
	snprintf(text, sizeof(text), "open for writing of %s", name);
	return text;
}

const char *calls_breach(const struct seccomp_notif *call)
{
	const uint64_t *args = (const uint64_t *)call->data.args;
	uint64_t flags = O_RDWR;

	switch (call->data.nr) {
	case SYS_io_uring_setup: return NULL; /* it is refused */
	case SYS_ioctl: return of_ioctl(call);
	case SYS_openat: return of_open(call, args[1], args[2]);
#ifdef SYS_open
	case SYS_open: return of_open(call, args[0], args[1]);
	case SYS_creat: return of_open(call, args[0], O_WRONLY);
#endif
	case SYS_openat2:
		fetch(call->pid, args[2], &flags, sizeof(flags));
		return of_open(call, args[1], flags);
	}
	return of_socket(call);
}
