// SPDX-License-Identifier: Apache-2.0
/*
 * why_who.c - what people call a process: its unit, its container
 *
 * Both are in the path of its control group, of either version.
 */
#include "why.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util.h"

enum { CGROUP_PATH_MAX = 4096, ID_LENGTH = 64, ID_SHOWN = 12 };

/* Of a path of the kind ".../docker-0123....scope/..." or ".../docker/0123..."
 */
static const struct kind {
	const char *mark, *name;
} kinds[] = {
	{ "docker", "docker" },
	{ "libpod", "podman" },
	{ "cri-containerd", "kubernetes" },
	{ "kubepods", "kubernetes" },
	{ "crio", "kubernetes" },
};

static bool is_id(const char *text)
{
	for (int i = 0; i < ID_LENGTH; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return !isxdigit((unsigned char)text[ID_LENGTH]);
}

/* The last part of a path that is a container's number */
static const char *find_id(const char *path)
{
	const char *found = NULL;

	for (const char *at = path; *at; at++)
		if ((at == path || !isxdigit((unsigned char)at[-1])) &&
			is_id(at))
			found = at;
	return found;
}

static void note_container(const char *path, struct why_who *who)
{
	const char *id = find_id(path), *lxc = strstr(path, "/lxc");

	for (size_t i = 0; id && i < ARRAY_SIZE(kinds); i++) {
		if (!strstr(path, kinds[i].mark))
			continue;
		snprintf(who->container, sizeof(who->container), "%s %.*s",
			kinds[i].name, ID_SHOWN, id);
		return;
	}
	if (id)
		snprintf(who->container, sizeof(who->container),
			"container %.*s", ID_SHOWN, id);
	/* ".../lxc/NAME", ".../lxc.payload.NAME" */
	if (!lxc || id)
		return;
	lxc += 4;
	if (!strncmp(lxc, ".payload.", 9))
		lxc += 9;
	else if (*lxc++ != '/')
		return;
	snprintf(who->container, sizeof(who->container), "lxc %.*s",
		(int)strcspn(lxc, "/\n"), lxc);
}

/* Does a part of a path that ends there have the name of a unit? */
static bool is_unit(const char *part, size_t length)
{
	static const char *const ends[] = { ".service", ".socket", ".scope" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (length > end && !memcmp(part + length - end, ends[i], end))
			return true;
	}
	return false;
}

/* The innermost unit; one inside of "user@1000.service" is that user's */
static void note_unit(const char *path, struct why_who *who)
{
	bool inside = false;

	while (*path) {
		size_t length = strcspn(path, "/");

		if (is_unit(path, length)) {
			snprintf(who->unit, sizeof(who->unit), "%.*s",
				(int)length, path);
			who->users = inside;
			inside |= !strncmp(path, "user@", 5);
		}
		path += length;
		path += *path == '/';
	}
}

static bool is_elsewhere(pid_t pid)
{
	struct stat there, here;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return !stat(path, &there) &&
	       !stat("/proc/thread-self/ns/net", &here) &&
	       (there.st_dev != here.st_dev || there.st_ino != here.st_ino);
}

void why_who(const struct why_situation *situation,
	const struct why_owner *owner, struct why_who *who)
{
	char path[64], line[CGROUP_PATH_MAX];
	FILE *file;

	memset(who, 0, sizeof(*who));
	if (situation->saved)
		return;
	who->other_netns = is_elsewhere(owner->pid);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", owner->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');

		at = at ? strchr(at + 1, ':') : NULL;
		line[strcspn(line, "\n")] = '\0';
		if (at && !*who->unit)
			note_unit(at + 1, who);
		if (at && !*who->container)
			note_container(at + 1, who);
	}
	fclose(file);
}
