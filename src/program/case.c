// SPDX-License-Identifier: Apache-2.0
/*
 * case.c - case files: finding them, reading them, what they expect of whom
 */
#include "case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util.h"

/* So long a pipe may have no writer */
enum { WRITER_WAIT_MS = 300 };

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

/* "-" is stdin, and a file only by another name, such as "./-". */
static bool is_stdin(const char *path)
{
	return !strcmp(path, "-");
}

/* @failed is the path that is not as it should be */
static int find(const char *path, bool asked, struct case_list *list,
	char failed[CASE_PATH_MAX])
{
	char below[CASE_PATH_MAX];
	struct dirent **entries;
	struct stat st;
	int count, rc = 0;

	snprintf(failed, CASE_PATH_MAX, "%s", path);
	if (asked && is_stdin(path))
		return add(list, path);
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
			rc = find(below, false, list, failed);
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
		char failed[CASE_PATH_MAX];
		int rc = find(paths[i], true, list, failed);

		error->line = 0;
		snprintf(error->message, sizeof(error->message), "%s: %s",
			rc ? failed : paths[i],
			rc ? strerror(-rc) : "no *.case in it");
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

/* A pipe to which nobody writes would be waited for in open(). One that has a
 * writer may take its time. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct stat st;
	char byte;

	if (fd < 0)
		return -errno;
	/* Nothing can be read; without a writer that is called the end. */
	if (!fstat(fd, &st) && S_ISFIFO(st.st_mode) &&
		!poll(&wait, 1, WRITER_WAIT_MS) && !read(fd, &byte, 1)) {
		close(fd);
		return -EPIPE;
	}
	fcntl(fd, F_SETFL, O_RDONLY);
	return fd;
}

int case_read(const char *path, size_t max, char **data, size_t *size)
{
	int fd = is_stdin(path) ? STDIN_FILENO : open_file(path);
	char *buffer = malloc(max + 1);
	size_t used = 0;
	ssize_t n = -1;
	int rc = 0;

	if (fd < 0 || !buffer) {
		rc = fd < 0 ? fd : -ENOMEM;
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

bool case_is_text(const char *data, size_t size)
{
	char word[16];
	bool sentence = size && *data == '#';
	size_t length = 0;

	/* Below its sentence and empty lines it begins with an op. */
	while (size && (*data == '#' || *data == '\n' || *data == '\r')) {
		const char *end = memchr(data, '\n', size);

		if (!end)
			return sentence;
		size -= end + 1 - data;
		data = end + 1;
	}
	if (!size)
		return sentence;
	while (length < size && length < sizeof(word) - 1 &&
		data[length] >= 'a' && data[length] <= 'z') {
		word[length] = data[length];
		length++;
	}
	word[length] = '\0';
	for (unsigned int kind = 0; kind < OP_KINDS; kind++)
		if (!strcmp(word, text_kind(kind)))
			return length < size && strchr(" \t\r\n", data[length]);
	return false;
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
			rc == -EPIPE ? "nobody writes to this pipe" :
				       strerror(-rc));
		return rc;
	}
	rc = case_parse(path, data, size, file, error);
	free(data);
	return rc;
}

int case_parse(const char *path, const char *data, size_t size,
	struct case_file *file, struct text_error *error)
{
	snprintf(file->path, sizeof(file->path), "%s", path);
	return text_parse(data, size, &file->text, error);
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
