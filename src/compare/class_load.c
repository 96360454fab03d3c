// SPDX-License-Identifier: Apache-2.0
/*
 * class_load.c - classes from files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "class.h"
#include "subjects/books.h"

/* "dir/listener-shares.case" is the class "listener-shares" */
static int read_name(const char *path, char name[CLASS_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);

	if (length > 5 && !strcmp(base + length - 5, ".case"))
		length -= 5;
	if (length >= CLASS_NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(name, CLASS_NAME_MAX, "%.*s", (int)length, base);
	return 0;
}

/* One word, such as "spec~RULE": its model is the one that it begins with */
static int read_word(struct class *class, const char *word, char *why,
	size_t size)
{
	for (int i = 0; i < MODELS; i++) {
		const struct rule_book *book = books[i];
		size_t length = strlen(book->model);
		int count;

		if (strncmp(word, book->model, length) ||
			!strchr("~+:", word[length]))
			continue;
		count = change_parse(book, word + length,
			class->changes + class->change_count,
			CLASS_CHANGES_MAX - class->change_count, why, size);
		class->change_count += count > 0 ? count : 0;
		return count < 0 ? count : 0;
	}
	snprintf(why, size,
		"expected a change of spec or portman, such as spec~RULE, "
		"found '%.60s'",
		word);
	return -EINVAL;
}

static int read_class(struct class *class, const struct case_file *file,
	char *why, size_t size)
{
	char changes[CHANGES_TEXT_MAX], *rest = changes, *word;
	int rc = read_name(file->path, class->name);

	class->file = file;
	memcpy(class->of, file->text.of, sizeof(class->of));
	memcpy(changes, file->text.changes, sizeof(changes));
	if (rc)
		snprintf(why, size, "its name is too long");
	else if (!*class->of || !*changes)
		snprintf(why, size,
			"a class needs '# of: SYSTEM' and '# change: CHANGE', "
			"below its first line");
	if (rc || !*class->of || !*changes)
		return -EINVAL;
	while ((word = strsep(&rest, " \t")))
		if (*word && (rc = read_word(class, word, why, size)))
			return rc;
	for (unsigned int i = 0; i < class->change_count; i++) {
		const struct change *change = &class->changes[i];
		const struct rule_info *rule =
			&books[change->model]->rules[change->rule];

		if (!rule->generic)
			continue;
		snprintf(why, size, "too much depends on the rule %s",
			rule->name);
		return -EINVAL;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct class *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int class_load(const char *directory, struct class_list *list,
	struct text_error *error)
{
	char path[CASE_PATH_MAX], *paths[] = { path };
	struct case_list files = { 0 };
	int rc;

	memset(list, 0, sizeof(*list));
	snprintf(path, sizeof(path), "%s", directory);
	rc = case_find(paths, 1, &files, error);
	if (rc == -ENODATA)
		return 0;
	if (rc)
		return rc;
	if (files.count == 1 && !strcmp(files.paths[0], directory)) {
		snprintf(error->message, sizeof(error->message),
			"%.200s: a file, not a folder of classes", directory);
		case_free(&files);
		return -ENOTDIR;
	}
	list->classes = calloc(files.count, sizeof(*list->classes));
	list->files = calloc(files.count, sizeof(*list->files));
	if (!list->classes || !list->files) {
		snprintf(error->message, sizeof(error->message),
			"out of memory");
		rc = -ENOMEM;
	}
	if (!rc && files.count > CLASSES_MAX) {
		snprintf(error->message, sizeof(error->message),
			"%s: more than %d classes", directory, CLASSES_MAX);
		rc = -E2BIG;
	}
	for (size_t i = 0; i < files.count && !rc; i++) {
		char why[CLASS_WHY_MAX];

		rc = case_load(files.paths[i], &list->files[i], error);
		if (rc) {
			snprintf(why, sizeof(why), "%.200s", error->message);
			snprintf(error->message, sizeof(error->message),
				"%s:%u: %s", files.paths[i], error->line, why);
			break;
		}
		if (read_class(&list->classes[list->count++], &list->files[i],
			    why, sizeof(why))) {
			snprintf(error->message, sizeof(error->message),
				"%s:1: %s", files.paths[i], why);
			rc = -EINVAL;
		}
	}
	case_free(&files);
	if (rc)
		class_free(list);
	else
		qsort(list->classes, list->count, sizeof(*list->classes),
			by_name);
	return rc;
}

void class_free(struct class_list *list)
{
	free(list->classes);
	free(list->files);
	memset(list, 0, sizeof(*list));
}
