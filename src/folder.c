// SPDX-License-Identifier: Apache-2.0
/*
 * folder.c - where the files are that belong to this program
 */
#include "folder.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { LEVELS = 3 };

const struct folder folder_corpus = { "corpus", "share/portclash/corpus",
	"divergences/." };
const struct folder folder_scripts = { "netns-scripts",
	"libexec/portclash/netns-scripts", "machines" };
const struct folder folder_programs = { "build", "libexec/portclash", "." };

/* Cut off the last part of a path, and give it */
static const char *cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return "";
	*slash = '\0';
	return slash + 1;
}

static bool is_ours(const struct folder *folder, const char *path)
{
	char inside[PATH_MAX + 128];
	int n = snprintf(inside, sizeof(inside), "%s/%s", path, folder->inside);

	return n < (int)sizeof(inside) && !access(inside, R_OK);
}

int folder_find(const struct folder *folder, char *path, size_t size,
	char *looked, size_t looked_size)
{
	char above[PATH_MAX], here[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", above, sizeof(above) - 1);
	bool installed = false;
	size_t used = 0;

	above[MAX(n, 0)] = '\0';
	*path = '\0';
	if (n < 0)
		snprintf(looked, looked_size,
			"no place, since /proc is not here");
	cut(above);
	/* PREFIX/bin; TREE/build, or TREE/build/san */
	for (int level = 1; level < LEVELS && n >= 0; level++) {
		const char *name = cut(above);
		bool built = !strcmp(name, "build");

		if (!built && level > 1)
			continue;
		/* Of a PREFIX that is called build we are no build. */
		installed |= !strcmp(name, "bin");
		if (built && installed)
			continue;
		snprintf(here, sizeof(here), "%s/%s", above,
			built ? folder->built : folder->installed);
		if (used < looked_size)
			used += snprintf(looked + used, looked_size - used,
				used ? " or %s" : "%s", here);
		if (strlen(here) >= size || !is_ours(folder, here))
			continue;
		strcpy(path, here);
		return 0;
	}
	return -ENOENT;
}
