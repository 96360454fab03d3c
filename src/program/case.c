// SPDX-License-Identifier: Apache-2.0
/*
 * case.c - case files: finding them, reading them, what they expect of whom
 */
#include "case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util.h"

static int add(struct case_list *list, const char *path)
{
	void *more;

	if (list->count >= CASE_FILES_MAX)
		return -E2BIG;
	if (strlen(path) >= CASE_PATH_MAX)
		return -ENAMETOOLONG;
	if (!(list->count & (list->count - 1))) {
		more = realloc(list->paths,
			sizeof(*list->paths) * MAX(1, 2 * list->count));
		if (!more)
			return -ENOMEM;
		list->paths = more;
	}
	strcpy(list->paths[list->count++], path);
	return 0;
}

static int wanted(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	if (*entry->d_name == '.')
		return 0;
	return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN ||
	       (length > 5 && !strcmp(entry->d_name + length - 5, ".case"));
}

static int find(const char *path, bool asked, struct case_list *list)
{
	char below[CASE_PATH_MAX];
	struct dirent **entries;
	struct stat st;
	int count, rc = 0;

	if (stat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode)) {
		size_t length = strlen(path);

		if (!asked &&
			(length < 5 || strcmp(path + length - 5, ".case")))
			return 0;
		return add(list, path);
	}
	count = scandir(path, &entries, wanted, alphasort);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (snprintf(below, sizeof(below), "%s/%s", path,
			    entries[i]->d_name) >= (int)sizeof(below))
			rc = -ENAMETOOLONG;
		if (!rc)
			rc = find(below, false, list);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int case_find(char *const *paths, size_t count, struct case_list *list,
	struct text_error *error)
{
	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		size_t before = list->count;
		int rc = find(paths[i], true, list);

		error->line = 0;
		snprintf(error->message, sizeof(error->message), "%s: %s",
			paths[i], rc ? strerror(-rc) : "no *.case in it");
		if (!rc && list->count == before)
			rc = -ENODATA;
		if (rc) {
			case_free(list);
			return rc;
		}
	}
	return 0;
}

void case_free(struct case_list *list)
{
	free(list->paths);
	memset(list, 0, sizeof(*list));
}

int case_read(const char *path, size_t max, char **data, size_t *size)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
	char *buffer = malloc(max + 1);
	size_t used = 0;
	ssize_t n = -1;
	int rc = 0;

	if (fd < 0 || !buffer) {
		rc = fd < 0 ? -errno : -ENOMEM;
		goto out;
	}
	while (used <= max && (n = read(fd, buffer + used, max + 1 - used)) > 0)
		used += n;
	if (n < 0)
		rc = -errno;
	else if (used > max)
		rc = -EFBIG;
out:
	if (fd > 0)
		close(fd);
	if (rc) {
		free(buffer);
		return rc;
	}
	*data = buffer;
	*size = used;
	return 0;
}

int case_load(const char *path, struct case_file *file,
	struct text_error *error)
{
	char *data;
	size_t size;
	int rc = case_read(path, TEXT_SIZE_MAX, &data, &size);

	if (rc) {
		error->line = 0;
		snprintf(error->message, sizeof(error->message), "%s",
			rc == -EFBIG ? "too large for a case; at most 64 KiB" :
				       strerror(-rc));
		return rc;
	}
	snprintf(file->path, sizeof(file->path), "%s", path);
	rc = text_parse(data, size, &file->text, error);
	free(data);
	return rc;
}

/*
 * The elder of a subject (case.h): itself without a law or a missing rule, the
 * linux-X.Y of its kernel, or the system that it is a port of; "" for none
 */
static void elder_of(const char *subject, char *name, size_t size)
{
	const char *version = NULL;
	const char *law = strrchr(subject, '+');
	const char *without = strpbrk(subject, "~:");
	struct utsname host;

	if (law && strncmp(subject, "spec+", 5)) {
		snprintf(name, size, "%.*s", (int)(law - subject), subject);
		return;
	}
	if (without) {
		snprintf(name, size, "%.*s", (int)(without - subject), subject);
		return;
	}

	snprintf(name, size, "%s",
		!strcmp(subject, "portman")	 ? "gvisor" :
		!strcmp(subject, "portman@head") ? "portman" :
						   "");
	if (!*name && !strncmp(subject, "portman@", 8))
		snprintf(name, size, "gvisor-%.*s", WHO_MAX - 8, subject + 8);
	if (!strncmp(subject, "gvisor-", 7))
		strcpy(name, "gvisor");
	if (!strncmp(subject, "spec+", 5))
		snprintf(name, size, "linux%.*s", WHO_MAX - 6, subject + 4);
	if (!strcmp(subject, "linux") && !uname(&host))
		version = host.release;
	else if (!strncmp(subject, "uml-", 4) ||
		 !strncmp(subject, "spec@", 5) ||
		 !strncmp(subject, "linux-", 6))
		version = strpbrk(subject, "-@") + 1;
	if (version) {
		size_t major = strcspn(version, ".");
		size_t minor = version[major] ? strspn(version + major + 1,
							"0123456789") :
						0;

		snprintf(name, size, "linux-%.*s", (int)(major + 1 + minor),
			version);
		if (!strcmp(name, subject))
			*name = '\0';
	}
}

const struct outcome *case_expected(const struct expect *expect,
	const char *subject, bool *own)
{
	char who[WHO_MAX], elder[WHO_MAX];

	text_who(subject, who);
	while (*who) {
		for (unsigned int i = 0; i < expect->count; i++) {
			if (strcmp(expect->who[i], who))
				continue;
			if (own)
				*own = true;
			return &expect->qualified[i];
		}
		elder_of(who, elder, sizeof(elder));
		strcpy(who, elder);
	}
	if (own)
		*own = false;
	return &expect->outcome;
}
