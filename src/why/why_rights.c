// SPDX-License-Identifier: Apache-2.0
/*
 * why_rights.c - may a process bind any port?
 *
 * The capability counts in the user namespace that owns the network, not in
 * that of the process: root of an inner one has it there only.
 */
#include "why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/nsfs.h>

#include "process.h"
#include "util.h"

/* As many as may be nested */
enum { DEPTH_MAX = 32 };

/**
 * struct rights - What /proc/PID tells
 * @user_ns:	Its user namespace
 */
struct rights {
	uint32_t euid;
	bool has;
	struct stat user_ns;
};

static FILE *open_of(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	return fopen(path, "re");
}

static int read_rights(pid_t pid, struct rights *rights)
{
	unsigned long long effective = 0;
	FILE *file = open_of(pid, "status");
	bool found = false;
	char line[256];
	int rc;

	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "CapEff:", 7)) {
			effective = strtoull(line + 7, NULL, 16);
			found = true;
		}
		if (!strncmp(line, "Uid:", 4)) {
			char *end;

			strtoul(line + 4, &end, 10);
			rights->euid = strtoul(end, NULL, 10);
		}
	}
	fclose(file);
	/* It broke off. */
	if (!found)
		return -EIO;
	rights->has = effective >> CAP_NET_BIND_SERVICE & 1;
	file = open_of(pid, "ns/user");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	rc = fstat(fileno(file), &rights->user_ns) ? -errno : 0;
	fclose(file);
	return rc;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What is asked of a namespace; a refusal is an answer. -1, or a negative errno
 */
static int refused(void)
{
	return process_lacks(errno) ? -errno : -1;
}

/* cap_capable(): it has the capability in its own namespace, and all of them
 * in those that its user has made there. Up from the one that is asked about,
 * until we see no further: then it is above that of the process. 1 or 0, or a
 * negative errno */
static int is_capable(const struct rights *rights, int netns)
{
	int ns = ioctl(netns, NS_GET_USERNS);
	bool made = false, found = false;

	if (ns < 0)
		ns = refused();
	for (int depth = 0; ns >= 0 && depth < DEPTH_MAX && !found; depth++) {
		struct stat here;
		uid_t owner;
		int parent;

		if (fstat(ns, &here)) {
			close(ns);
			return -EIO;
		}
		found = is_same(&here, &rights->user_ns);
		if (found)
			break;
		made = !ioctl(ns, NS_GET_OWNER_UID, &owner) &&
		       owner == rights->euid;
		parent = ioctl(ns, NS_GET_PARENT);
		if (parent < 0)
			parent = refused();
		close(ns);
		ns = parent;
	}
	if (ns >= 0)
		close(ns);
	else if (ns < -1)
		return ns;
	return found && (made || rights->has);
}

int why_rights(pid_t pid, int netns, uint32_t *uid, bool *capable)
{
	struct rights rights = { 0 };
	int rc = read_rights(pid, &rights);

	if (rc)
		return rc;
	*uid = rights.euid;
	rc = is_capable(&rights, netns);
	*capable = rc > 0;
	return MIN(rc, 0);
}
