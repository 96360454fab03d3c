// SPDX-License-Identifier: Apache-2.0
/*
 * procfile.c - files of /proc, which are written whole; names of processes
 */
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int procfile_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

void procfile_command(pid_t pid, char command[PROCFILE_COMMAND_MAX])
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, command, PROCFILE_COMMAND_MAX - 1);
		close(fd);
	}
	/* Only the last newline is the file's: a name may have some, too. */
	command[n > 0 ? n - (command[n - 1] == '\n') : 0] = '\0';
}
