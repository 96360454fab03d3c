// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_sysctl.c - the sysctls of the world: written, and written back
 */
#include "kernel_sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "util.h"
#include "world.h"
#include "net/procfile.h"

/* A line, as it can be written back: an empty one still has its newline. */
static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	if (!n)
		text[n++] = '\n';
	text[n] = '\0';
	return 0;
}

int kernel_sysctl_set(enum sysctl_key key, uint32_t value, uint32_t high)
{
	char text[KERNEL_SYSCTL_TEXT_MAX];

	if (key == SYSCTL_PORT_RANGE)
		snprintf(text, sizeof(text), "%u %u\n", value, high);
	else if (key != SYSCTL_RESERVED_PORTS || value == high)
		snprintf(text, sizeof(text), "%u\n", value);
	else
		snprintf(text, sizeof(text), "%u-%u\n", value, high);
	if (key == SYSCTL_RESERVED_PORTS && !value && !high)
		strcpy(text, "\n");
	return procfile_write(world_sysctls[key].path, text);
}

static int restore(const struct kernel_sysctls *sysctls, uint16_t written)
{
	int rc = 0;

	for (int key = 0; key < SYSCTLS; key++) {
		int failed = written & 1u << key ?
				     procfile_write(world_sysctls[key].path,
					     sysctls->defaults[key]) :
				     0;

		if (failed)
			rc = failed;
	}
	return rc;
}

int kernel_sysctl_restore(const struct kernel_sysctls *sysctls,
	uint16_t written)
{
	/* The kernel keeps the port range above the unprivileged start, so
	 * each may have to wait for the other. */
	return restore(sysctls, written) ? restore(sysctls, written) : 0;
}

int kernel_sysctl_set_range(void)
{
	return kernel_sysctl_set(SYSCTL_PORT_RANGE, WORLD_RANGE_FIRST,
		WORLD_RANGE_LAST);
}

/* Set it. Is it obeyed? Of a range of one port, that one is chosen. 1 or 0, or
 * a negative errno */
static int range_is_obeyed(void)
{
	enum { ONE = WORLD_RANGE_FIRST };
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc, back;

	if (fd < 0)
		return process_lacks(errno) ? -errno : 0;
	rc = kernel_sysctl_set(SYSCTL_PORT_RANGE, ONE, ONE);
	if (!rc && (bind(fd, (struct sockaddr *)&in, len) ||
			   getsockname(fd, (struct sockaddr *)&in, &len)))
		rc = -errno;
	close(fd);
	back = kernel_sysctl_set_range();
	if (process_lacks(-rc) || process_lacks(-back))
		return process_lacks(-rc) ? rc : back;
	return !rc && !back && ntohs(in.sin_port) == ONE;
}

int kernel_sysctl_learn(struct kernel_sysctls *sysctls)
{
	int obeyed = range_is_obeyed();

	sysctls->can = 0;
	for (int key = 0; key < SYSCTLS && obeyed >= 0; key++) {
		const char *path = world_sysctls[key].path;
		char *text = sysctls->defaults[key];
		int rc = read_file(path, text, KERNEL_SYSCTL_TEXT_MAX);

		if (rc == -EIO)
			return rc;
		/* Some sysctls of gVisor cannot be written (EIO). */
		if (!rc)
			rc = procfile_write(path, text);
		if (process_lacks(-rc))
			return rc;
		if (!rc)
			sysctls->can |= 1u << key;
	}
	if (!obeyed)
		sysctls->can &= ~(1u << SYSCTL_PORT_RANGE);
	return MIN(obeyed, 0);
}
