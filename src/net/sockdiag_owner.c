// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag_owner.c - the processes that have a socket open
 */
#include "sockdiag.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfile.h"
#include "uncancelled.h"
#include "util.h"

/* Room for "socket:[4294967295]" */
enum { LINK_MAX_LEN = 32 };

/**
 * struct search - The descriptors that are looked for
 * @link:	The link that /proc shows for each
 * @count:	How many were found
 */
struct search {
	char link[LINK_MAX_LEN];
	sockdiag_owner_fn *fn;
	void *arg;
	int count;
};

/* The number that an entry of /proc is, or -1 */
static long number_of(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	return *name >= '0' && *name <= '9' && !*end ? n : -1;
}

/* Has a process ended, or is it not ours to look into? Else a negative errno */
static int passed_over(int error)
{
	return !error || error == ENOENT || error == ESRCH || error == EACCES ||
			       error == EPERM ?
		       0 :
		       -error;
}

static int look_at(struct search *s, DIR *fds, pid_t pid)
{
	struct dirent *entry;
	int rc;

	while ((errno = 0, entry = readdir(fds))) {
		char link[LINK_MAX_LEN], command[PROCFILE_COMMAND_MAX];
		int fd = number_of(entry->d_name);
		ssize_t n = fd < 0 ? 0 :
				     readlinkat(dirfd(fds), entry->d_name, link,
					     sizeof(link) - 1);

		if (n < 0 && passed_over(errno))
			return passed_over(errno);
		link[MAX(n, 0)] = '\0';
		if (strcmp(link, s->link))
			continue;
		procfile_command(pid, command);
		s->count++;
		rc = s->fn(pid, fd, command, s->arg);
		if (rc)
			return rc;
	}
	return passed_over(errno);
}

static int look_into(struct search *s, pid_t pid)
{
	char path[64];
	DIR *fds;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return passed_over(errno);
	rc = look_at(s, fds, pid);
	closedir(fds);
	return rc;
}

int sockdiag_owners(uint32_t inode, sockdiag_owner_fn *fn, void *arg)
{
	UNCANCELLED();
	struct search search = { .fn = fn, .arg = arg };
	DIR *processes = fn && inode ? opendir("/proc") : NULL;
	struct dirent *entry;
	int rc = 0;

	if (!fn || !inode)
		return -EINVAL;
	if (!processes)
		return -errno;
	snprintf(search.link, sizeof(search.link), "socket:[%u]", inode);
	while (!rc && (errno = 0, entry = readdir(processes))) {
		pid_t pid = number_of(entry->d_name);

		if (pid > 0)
			rc = look_into(&search, pid);
	}
	if (!rc && !entry)
		rc = -errno;
	closedir(processes);
	return rc ? rc : search.count;
}
