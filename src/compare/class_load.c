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
#include "subjects/model.h"

void class_system(const char *name, char system[WHO_MAX])
{
	char model[SUBJECT_NAME_MAX];

	*system = '\0';
	if (!model_of(name, model))
		text_who(name, system);
	else if (!strncmp(model, "portman", 7))
		strcpy(system, "gvisor");
}

/* "dir/listener-shares.case" is the class "listener-shares". Summaries have it
 * beside words of their own. */
static const char *read_name(const char *path, char name[CLASS_NAME_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);

	if (length > 5 && !strcmp(base + length - 5, ".case"))
		length -= 5;
	if (length >= CLASS_NAME_MAX)
		return "its name is too long";
	snprintf(name, CLASS_NAME_MAX, "%.*s", (int)length, base);
	if (strstr(name, " + "))
		return "no class has ' + ' in its name: that is between two";
	if (!strcmp(name, "unknown") || !strcmp(name, "unmodelled"))
		return "no class is called unknown or unmodelled";
	return NULL;
}

/* Whose class is it? No subject would ever ask for those of another word. */
static bool is_system(const char *of)
{
	char system[WHO_MAX];

	class_system(of, system);
	return !strcmp(of, "law") || (*of && !strcmp(system, of));
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
		if (class->change_count == CLASS_CHANGES_MAX) {
			snprintf(why, size, "a class has at most %d changes",
				CLASS_CHANGES_MAX);
			return -EINVAL;
		}
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

/* Its changes, once they are read: can they explain anything? */
static int check_changes(const struct class *class, char *why, size_t size)
{
	const struct change *wrong = change_contradiction(class->changes,
		class->change_count);
	char text[CHANGE_TEXT_MAX];

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
	if (!wrong)
		return 0;
	change_print(books[wrong->model], wrong, text);
	snprintf(why, size, "%s contradicts itself, or a change before it",
		text);
	return -EINVAL;
}

static int read_class(struct class *class, const struct case_file *file,
	unsigned int *line, char *why, size_t size)
{
	char changes[CHANGES_TEXT_MAX], *rest = changes, *word;
	const char *bad = read_name(file->path, class->name);
	int rc;

	*line = 1;
	class->file = file;
	memcpy(class->of, file->text.of, sizeof(class->of));
	memcpy(changes, file->text.changes, sizeof(changes));
	if (!bad && (!*class->of || !*changes))
		bad = "a class needs '# of: SYSTEM' and '# change: CHANGE', "
		      "below its first line";
	if (bad) {
		snprintf(why, size, "%s", bad);
		return -EINVAL;
	}
	*line = file->text.of_line;
	if (!is_system(class->of)) {
		snprintf(why, size,
			"expected gvisor, law or the name of a stack without a "
			"model, found '%s'",
			class->of);
		return -EINVAL;
	}
	*line = file->text.change_line;
	while ((word = strsep(&rest, " \t")))
		if (*word && (rc = read_word(class, word, why, size)))
			return rc;
	return check_changes(class, why, size);
}

static int by_name(const void *a, const void *b)
{
	const struct class *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void say(struct text_error *error, const char *path, const char *why)
{
	snprintf(error->message, sizeof(error->message), "%s:%u: %s", path,
		error->line, why);
}

/* Sorted: a name is that of one class. */
static int check_names(const struct class_list *list, struct text_error *error)
{
	for (size_t i = 1; i < list->count; i++) {
		const struct class *class = &list->classes[i];

		if (by_name(class - 1, class))
			continue;
		error->line = 1;
		snprintf(error->message, sizeof(error->message),
			"%s:1: another class is called %s, too",
			class->file->path, class->name);
		return -EEXIST;
	}
	return 0;
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
			if (error->line)
				say(error, files.paths[i], why);
			else
				snprintf(error->message, sizeof(error->message),
					"%s: %s", files.paths[i], why);
			break;
		}
		if (read_class(&list->classes[list->count++], &list->files[i],
			    &error->line, why, sizeof(why))) {
			say(error, files.paths[i], why);
			rc = -EINVAL;
		}
	}
	case_free(&files);
	if (!rc) {
		qsort(list->classes, list->count, sizeof(*list->classes),
			by_name);
		rc = check_names(list, error);
	}
	if (rc)
		class_free(list);
	return rc;
}

void class_free(struct class_list *list)
{
	free(list->classes);
	free(list->files);
	memset(list, 0, sizeof(*list));
}
