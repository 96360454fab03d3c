// SPDX-License-Identifier: Apache-2.0
/*
 * why_sysctl.c - sysctls, and which kernel this is
 */
#include "why_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "world.h"
#include "spec/spec.h"

#define NET "/proc/sys/net/"

/* The whole file as text, empty if it cannot be read; the caller's to free */
static char *text_of(const char *path)
{
	size_t size = 1024, used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(size);
	ssize_t n = 1;

	while (text && fd >= 0 && n > 0) {
		n = read(fd, text + used, size - used - 1);
		used += n > 0 ? n : 0;
		if (used + 1 == size) {
			char *more = realloc(text, size *= 2);

			if (!more)
				break;
			text = more;
		}
	}
	if (fd >= 0)
		close(fd);
	if (text)
		text[used] = '\0';
	return text;
}

/* One number, or two, in the order of the file; else as they are in the world
 */
static void numbers_of(const char *path, uint32_t *first, uint32_t *second)
{
	char *text = text_of(path), *end = text;
	unsigned long value = text ? strtoul(text, &end, 10) : 0;

	if (end != text) {
		*first = value;
		if (second)
			*second = strtoul(end, NULL, 10);
	}
	free(text);
}

static uint32_t number_of(enum sysctl_key key)
{
	uint32_t value = world_sysctls[key].value;

	numbers_of(world_sysctls[key].path, &value, NULL);
	return value;
}

/* "8080,9000-9010" */
static void look_reserved(struct why_ports *ports)
{
	char *text = text_of(world_sysctls[SYSCTL_RESERVED_PORTS].path);
	char *at = text;

	while (at && *at >= '0' && *at <= '9') {
		unsigned long low = strtoul(at, &at, 10), high = low;

		if (*at == '-')
			high = strtoul(at + 1, &at, 10);
		for (; low <= high && low < WHY_PORTS; low++)
			why_ports_add(ports, low);
		at += *at == ',';
	}
	free(text);
}

static uint32_t version_here(void)
{
	unsigned int major, minor, patch = 255;
	struct utsname name;

	if (uname(&name) ||
		sscanf(name.release, "%3u.%3u.%5u", &major, &minor, &patch) < 2)
		return SPEC_NEWEST;
	return SPEC_VERSION(major, minor, patch);
}

void why_look_sysctls(struct why_situation *situation)
{
	uint32_t low = WORLD_RANGE_FIRST, high = WORLD_RANGE_LAST, shared = 0;

	numbers_of(world_sysctls[SYSCTL_PORT_RANGE].path, &low, &high);
	numbers_of(NET "ipv4/tcp_l3mdev_accept", &shared, NULL);
	situation->version = version_here();
	situation->low = low;
	situation->high = high;
	situation->vrf_shared = shared;
	situation->unprivileged = number_of(SYSCTL_UNPRIVILEGED_START);
	situation->autobind_reuse = number_of(SYSCTL_AUTOBIND_REUSE);
	situation->nonlocal4 = number_of(SYSCTL_NONLOCAL4);
	situation->nonlocal6 = number_of(SYSCTL_NONLOCAL6);
	situation->bindv6only = number_of(SYSCTL_BINDV6ONLY) & 1;
	look_reserved(&situation->reserved);
}
