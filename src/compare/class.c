// SPDX-License-Identifier: Apache-2.0
/*
 * class.c - the named sorts of divergence: corpus/divergences
 *
 * DOC: Theory of Operation
 *
 * class_load() reads all cases of the folder once. For each divergence the
 * caller runs minimize_divergence(), and then class_find(), which looks the
 * minimised program up among the cases. It is found if a case has the same
 * program, op by op, and expects of both subjects, at the last op, the kind of
 * outcome and the errno that they gave. Values are not compared, since a kernel
 * chooses ports by chance. class_name() tells which class a case belongs to.
 * divergence_write() goes the other way: it writes a case, to which a person
 * adds the sentence that explains it, and the name of a file.
 *
 * What a case expects of a subject that it does not name is case_expected()'s
 * to say. So a case that names gvisor covers portman too, and a divergence is
 * found whichever of the two subjects is named first.
 *
 * Why it is right. A divergence that is found is one that a person has looked
 * at: the same ops with the same two outcomes. A new bug is never taken for a
 * known one, unless minimisation has turned it into that one. The converse does
 * not hold. A cause that minimises to a program not yet seen is reported as
 * unknown, although its class exists; the class then gets one more case, which
 * is why it may have several.
 */
#include "class.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

int class_load(const char *directory, struct class_list *list,
	struct text_error *error)
{
	char *paths[] = { (char *)directory };
	char folder[CASE_PATH_MAX + 16];
	struct case_list files;
	int rc;

	memset(list, 0, sizeof(*list));
	/* A file of that name would be a case of its own. */
	snprintf(folder, sizeof(folder), "%s/.", directory);
	if (access(folder, R_OK)) {
		rc = -errno;
		error->line = 0;
		snprintf(error->message, sizeof(error->message),
			"%.200s: no folder of classes: %s", directory,
			strerror(-rc));
		return rc;
	}
	rc = case_find(paths, 1, &files, error);
	if (rc)
		return rc == -ENODATA ? 0 : rc;
	list->cases = calloc(files.count, sizeof(*list->cases));
	if (!list->cases)
		rc = -ENOMEM;
	for (size_t i = 0; i < files.count && !rc; i++) {
		struct text_error where;

		rc = case_load(files.paths[i], &list->cases[i], &where);
		if (!rc)
			list->count++;
		else
			snprintf(error->message, sizeof(error->message),
				"%s:%u: %.200s", files.paths[i], where.line,
				where.message);
	}
	case_free(&files);
	if (rc)
		class_free(list);
	return rc;
}

void class_free(struct class_list *list)
{
	free(list->cases);
	memset(list, 0, sizeof(*list));
}

int class_find(const struct class_list *list, const struct program *program,
	const char *const subjects[2], const struct divergence *divergence)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct case_text *text = &list->cases[i].text;
		const struct expect *expect;
		bool all = true;

		if (!program_equal(program, &text->program))
			continue;
		expect = &text->expect[divergence->index];
		for (int n = 0; n < 2; n++)
			all &= outcome_alike(&divergence->outcomes[n],
				case_expected(expect, subjects[n], NULL));
		if (all)
			return i;
	}
	return -1;
}

void class_name(const struct case_file *file, char name[CLASS_NAME_MAX])
{
	const char *slash = strrchr(file->path, '/');
	const char *base = slash ? slash + 1 : file->path;
	size_t length = strlen(base), end;

	if (length > 5 && !strcmp(base + length - 5, ".case"))
		length -= 5;
	for (end = length; end && isdigit((unsigned char)base[end - 1]); end--)
		;
	if (end < length && end > 1 && base[end - 1] == '-')
		length = end - 1;
	snprintf(name, CLASS_NAME_MAX, "%.*s", (int)length, base);
}
