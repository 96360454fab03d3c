// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag_owner.c - whose socket it is, by what processes have open
 */
#include "sockdiag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of "socket:[4294967295]", and of a process' name with its newline */
enum { LINK_MAX_LEN = 32, COMMAND_MAX = 17 };

/**
 * struct search - The descriptors that are looked for
 * @link:	What /proc says of each
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

static void name_of(pid_t pid, char command[COMMAND_MAX])
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, command, COMMAND_MAX - 1);
		close(fd);
	}
	command[n > 0 ? n : 0] = '\0';
	command[strcspn(command, "\n")] = '\0';
}

static void look_at(struct search *s, DIR *fds, pid_t pid)
{
	struct dirent *entry;

	while ((entry = readdir(fds))) {
		char link[LINK_MAX_LEN], command[COMMAND_MAX];
		ssize_t n = readlinkat(dirfd(fds), entry->d_name, link,
			sizeof(link) - 1);

		if (n < 0)
			continue;
		link[n] = '\0';
		if (strcmp(link, s->link))
			continue;
		name_of(pid, command);
		s->fn(pid, number_of(entry->d_name), command, s->arg);
		s->count++;
	}
}

int sockdiag_owners(uint32_t inode, sockdiag_owner_fn *fn, void *arg)
{
	struct search search = { .fn = fn, .arg = arg };
	DIR *processes = fn && inode ? opendir("/proc") : NULL;
	struct dirent *entry;

	if (!fn || !inode)
		return -EINVAL;
	if (!processes)
		return -errno;
	snprintf(search.link, sizeof(search.link), "socket:[%u]", inode);
	while ((entry = readdir(processes))) {
		pid_t pid = number_of(entry->d_name);
		char path[64];
		DIR *fds;

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		/* It may have ended, or not be ours to look into. */
		fds = opendir(path);
		if (!fds)
			continue;
		look_at(&search, fds, pid);
		closedir(fds);
	}
	closedir(processes);
	return search.count;
}
