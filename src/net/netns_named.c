// SPDX-License-Identifier: Apache-2.0
/*
 * netns_named.c - network namespaces with a name in the file system
 *
 * A name is an empty file that the namespace is mounted on.
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uncancelled.h"

/* Of a folder and of a name */
enum { DIR_MODE = 0755, NAME_MODE = 0444 };

static int path_of(const char *dir, const char *name, char path[PATH_MAX])
{
	int len;

	if (!name || !*name || strchr(name, '/') || !strcmp(name, ".") ||
		!strcmp(name, ".."))
		return -EINVAL;
	len = snprintf(path, PATH_MAX, "%s/%s", dir ? dir : NETNS_DIR, name);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* All mount namespaces that have a copy of a shared mount see what is mounted
 * in it. Only a mount can be shared, so a folder that is none is first mounted
 * on itself. */
static int share(const char *dir)
{
	if (mkdir(dir, DIR_MODE) && errno != EEXIST)
		return -errno;
	if (!mount("", dir, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno != EINVAL || mount(dir, dir, "none", MS_BIND | MS_REC, NULL))
		return -errno;
	return mount("", dir, "none", MS_SHARED | MS_REC, NULL) ? -errno : 0;
}

struct naming {
	const char *path;
	int rc;
};

static void *mount_new(void *arg)
{
	struct naming *n = arg;

	if (unshare(CLONE_NEWNET) || mount("/proc/thread-self/ns/net", n->path,
					     "none", MS_BIND, NULL))
		n->rc = -errno;
	return NULL;
}

/* A thread is made for this, since it moves to the new namespace and ends. */
static int fill(const char *path)
{
	struct naming n = { .path = path };
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, mount_new, &n);

	if (rc)
		return -rc;
	pthread_join(thread, NULL);
	return n.rc;
}

int netns_new_named(const char *dir, const char *name, struct netns **ns)
{
	UNCANCELLED();
	char path[PATH_MAX];
	int rc = ns ? path_of(dir, name, path) : -EINVAL, fd;

	if (!rc)
		rc = share(dir ? dir : NETNS_DIR);
	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, NAME_MODE);
	if (fd < 0)
		return -errno;
	close(fd);
	/* From here on the name is ours. */
	rc = fill(path);
	if (!rc)
		rc = netns_open(path, ns);
	if (rc) {
		umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		unlink(path);
	}
	return rc;
}

int netns_open_named(const char *dir, const char *name, struct netns **ns)
{
	char path[PATH_MAX];
	int rc = path_of(dir, name, path);

	return rc ? rc : netns_open(path, ns);
}

static bool is_empty_file(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) && !st.st_size;
}

int netns_delete_named(const char *dir, const char *name)
{
	UNCANCELLED();
	char path[PATH_MAX];
	int rc = path_of(dir, name, path);

	if (!rc)
		rc = netns_check(path);
	if (!rc && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		return -errno;
	if (rc && !(rc == -ENOTTY && is_empty_file(path)))
		return rc;
	return unlink(path) ? -errno : 0;
}
