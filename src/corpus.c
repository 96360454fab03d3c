// SPDX-License-Identifier: Apache-2.0
/*
 * corpus.c - where the corpus is that belongs to this program
 */
#include "corpus.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { LEVELS = 3 };

/* Cut off the last part of a path, and give it */
static const char *cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return "";
	*slash = '\0';
	return slash + 1;
}

static bool is_corpus(const char *path)
{
	char classes[PATH_MAX + 64];

	snprintf(classes, sizeof(classes), "%s/divergences/.", path);
	return !access(classes, R_OK);
}

int corpus_find(char *corpus, size_t size, char *looked, size_t looked_size)
{
	char above[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", above, sizeof(above) - 1);
	bool installed = false;
	size_t used = 0;

	above[MAX(n, 0)] = '\0';
	*corpus = '\0';
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
		snprintf(path, sizeof(path), built ? "%s/corpus" :
			"%s/share/portclash/corpus", above);
		if (used < looked_size)
			used += snprintf(looked + used, looked_size - used,
				used ? " or %s" : "%s", path);
		if (strlen(path) >= size || !is_corpus(path))
			continue;
		strcpy(corpus, path);
		return 0;
	}
	return -ENOENT;
}
