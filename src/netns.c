// SPDX-License-Identifier: Apache-2.0
/*
 * netns.c - network namespaces as handles
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/nsfs.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct netns {
	int fd;
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

int netns_open(const char *path, struct netns **ns)
{
	/* Whatever it is: do not wait for its writer, do not own it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct netns *out;
	int rc;

	if (fd < 0)
		return errno == ENXIO ? -ENOTTY : -errno; /* ENXIO: socket */
	rc = verify(fd);
	if (rc) {
		close(fd);
		return rc;
	}
	out = malloc(sizeof(*out));
	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	out->fd = fd;
	*ns = out;
	return 0;
}

int netns_current(struct netns **ns)
{
	/* /proc/self would be the main thread's. */
	return netns_open("/proc/thread-self/ns/net", ns);
}

int netns_fd(const struct netns *ns)
{
	return ns->fd < 0 ? -EBADF : ns->fd;
}

int netns_close(struct netns *ns)
{
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
		free(ns);
	}
	return NULL;
}

int netns_setns(const struct netns *ns)
{
	return setns(ns->fd, CLONE_NEWNET) ? -errno : 0;
}

int netns_id_current(uint64_t *id)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	socklen_t len = sizeof(*id);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, id, &len))
		rc = -errno;
	close(fd);
	return rc;
}

struct visit {
	const struct netns *ns;
	uint64_t id;
	int rc;
};

static void *visit_run(void *arg)
{
	struct visit *visit = arg;

	visit->rc = netns_setns(visit->ns);
	if (!visit->rc)
		visit->rc = netns_id_current(&visit->id);
	return NULL;
}

int netns_id(const struct netns *ns, uint64_t *id)
{
	/* The way back may be forbidden, so the thread that goes is thrown
	 * away. */
	struct visit visit = { .ns = ns };
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, visit_run, &visit);

	if (rc)
		return -rc;
	pthread_join(thread, NULL);
	if (!visit.rc)
		*id = visit.id;
	return visit.rc;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
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
	rc = write_file("/proc/self/setgroups", "deny");
	if (!rc)
		rc = write_file("/proc/self/uid_map", uid_map);
	if (!rc)
		rc = write_file("/proc/self/gid_map", gid_map);
	return rc;
}

int netns_unshare(void)
{
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
