// SPDX-License-Identifier: Apache-2.0
/*
 * netns.c - network namespaces as handles
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>

#include "procfile.h"
#include "uncancelled.h"

/* Names that Debian's headers are too old for */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef PIDFD_GET_NET_NAMESPACE
#define PIDFD_GET_NET_NAMESPACE _IO(0xff, 4)
#endif

/**
 * struct netns - A handle
 * @fd:		Of the namespace, -1 once it is closed
 * @path:	What it was opened by, or of @fd
 */
struct netns {
	int fd;
	char *path;
};

/* Is it a network namespace? Asks nothing of files that are not on nsfs. */
static int verify(int fd)
{
	struct statfs fs;
	int type;

	if (fstatfs(fd, &fs))
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return -ENOTTY;
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return -errno;
	return type == CLONE_NEWNET ? 0 : -EINVAL;
}

/* Takes @fd over, also on failure. @path may be NULL */
static int wrap(int fd, const char *path, struct netns **ns)
{
	struct netns *out = malloc(sizeof(*out));
	int rc = out ? verify(fd) : -ENOMEM;
	char own[32];

	/* As an option 0 is none, so no handle is 0. */
	if (!rc && !fd) {
		fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
		rc = fd < 0 ? -errno : 0;
		close(0);
	}
	if (!rc) {
		snprintf(own, sizeof(own), "/proc/%d/fd/%d", getpid(), fd);
		out->fd = fd;
		out->path = strdup(path ? path : own);
		rc = out->path ? 0 : -ENOMEM;
	}
	if (rc) {
		close(fd);
		free(out);
		return rc;
	}
	*ns = out;
	return 0;
}

/* The file may be a FIFO or a terminal: do not wait for a writer, and do not
 * let it become our terminal. */
static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENXIO ? -ENOTTY : -errno; /* ENXIO: socket */
	return fd;
}

int netns_open(const char *path, struct netns **ns)
{
	UNCANCELLED();
	int fd = path && ns ? open_path(path) : -EINVAL;

	return fd < 0 ? fd : wrap(fd, path, ns);
}

int netns_check(const char *path)
{
	UNCANCELLED();
	int fd = path ? open_path(path) : -EINVAL, rc;

	if (fd < 0)
		return fd;
	rc = verify(fd);
	close(fd);
	return rc;
}

int netns_current(struct netns **ns)
{
	UNCANCELLED();

	/* /proc/self would be the main thread's namespace. */
	int fd = ns ? open_path("/proc/thread-self/ns/net") : -EINVAL;

	return fd < 0 ? fd : wrap(fd, NULL, ns);
}

int netns_open_pid(pid_t pid, struct netns **ns)
{
	char path[64];

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return netns_open(path, ns);
}

int netns_open_pidfd(int pidfd, struct netns **ns)
{
	UNCANCELLED();
	int fd = ns ? ioctl(pidfd, PIDFD_GET_NET_NAMESPACE, 0) : -1;

	if (!ns)
		return -EINVAL;
	return fd < 0 ? -errno : wrap(fd, NULL, ns);
}

int netns_open_socket(int sock, struct netns **ns)
{
	UNCANCELLED();
	int fd = ns ? ioctl(sock, SIOCGSKNS) : -1;

	if (!ns)
		return -EINVAL;
	return fd < 0 ? -errno : wrap(fd, NULL, ns);
}

int netns_fd(const struct netns *ns)
{
	return !ns ? -EINVAL : ns->fd < 0 ? -EBADF : ns->fd;
}

const char *netns_path(const struct netns *ns)
{
	return ns ? ns->path : "";
}

int netns_equal(const struct netns *a, const struct netns *b)
{
	struct stat x, y;

	if (!a || !b)
		return -EINVAL;
	if (fstat(a->fd, &x) || fstat(b->fd, &y))
		return -errno;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int netns_close(struct netns *ns)
{
	UNCANCELLED();

	if (!ns)
		return -EINVAL;
	if (ns->fd < 0)
		return -EBADF;
	close(ns->fd);
	ns->fd = -1;
	return 0;
}

struct netns *netns_free(struct netns *ns)
{
	if (ns) {
		netns_close(ns);
		free(ns->path);
		free(ns);
	}
	return NULL;
}

int netns_setns(const struct netns *ns)
{
	int fd = netns_fd(ns);

	return fd < 0 ? fd : netns_setns_fd(fd, CLONE_NEWNET);
}

int netns_setns_fd(int fd, int type)
{
	return setns(fd, type) ? -errno : 0;
}

pid_t netns_thread_id(void)
{
	return gettid();
}

int netns_set_mark(int sock)
{
	static const int mark = NETNS_SO_MARK;

	return setsockopt(sock, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) ?
		       -errno :
		       0;
}

int netns_id_current(uint64_t *id)
{
	UNCANCELLED();
	int fd = id ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	socklen_t len = sizeof(*id);
	int rc = 0;

	if (!id)
		return -EINVAL;
	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, id, &len))
		rc = -errno;
	close(fd);
	return rc;
}

static int unshare_user(void)
{
	char uid_map[32], gid_map[32];
	int rc;

	snprintf(uid_map, sizeof(uid_map), "0 %u 1\n", geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", getegid());
	if (unshare(CLONE_NEWUSER))
		return -errno;
	/* Without "deny" nobody but root may write a gid_map. */
	rc = procfile_write("/proc/self/setgroups", "deny");
	if (!rc)
		rc = procfile_write("/proc/self/uid_map", uid_map);
	if (!rc)
		rc = procfile_write("/proc/self/gid_map", gid_map);
	return rc;
}

int netns_unshare(void)
{
	UNCANCELLED();
	int rc;

	if (!unshare(CLONE_NEWNET))
		return 0;
	if (errno != EPERM)
		return -errno;
	rc = unshare_user();
	if (rc)
		return rc;
	return unshare(CLONE_NEWNET) ? -errno : 1;
}
