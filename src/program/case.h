/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h - case files: finding them, reading them, what they expect of whom
 *
 * DOC: Theory of Operation
 *
 * case_find() collects the paths of files, and case_load() reads and parses one
 * of them. Nothing is run here. Whoever has run the program asks, for each op,
 * case_expected() for the outcome that the subject must have, and
 * outcome_holds() whether the outcome that it had is that.
 *
 * A case is written for Linux: an outcome without a name is that of Linux 6.18,
 * and every subject is held to it. Where a subject is known to answer
 * otherwise, the case names it and its outcome on the same line. A subject is
 * looked for by its own name first. If the case does not name it, it is looked
 * for by the name of its *elder*, which is the subject that it is a version, a
 * model or a variant of; then by the elder of that, and so on. So one word says
 * what holds for all versions, and one more what is different in a single one.
 * The search ends, since no chain of elders comes back to a name: laws and
 * missing rules go first, and then every chain ends at the latest with gvisor
 * or a linux-X.Y. Then the outcome without a name holds.
 */
#ifndef CASE_H
#define CASE_H

#include "text.h"

enum { CASE_PATH_MAX = 512, CASE_FILES_MAX = 65536 };

/**
 * struct case_file - A case, and where it is from
 * @path:	As it was found
 * @text:	What it says
 */
struct case_file {
	char path[CASE_PATH_MAX];
	struct case_text text;
};

/**
 * struct case_list - Paths, in the order to take them in
 */
struct case_list {
	char (*paths)[CASE_PATH_MAX];
	size_t count;
};

/**
 * case_find() - Collect files; of a directory all its *.case, recursively
 * @paths:	Files and directories
 * @count:	How many
 * @list:	Filled in, each directory's files sorted; free with case_free()
 * @error:	On failure: which path, and what is wrong with it
 *
 * Return: 0, -ENODATA if there is no *.case in a directory, or another
 *	   negative errno
 */
int case_find(char *const *paths, size_t count, struct case_list *list,
	struct text_error *error);

/** case_free() - Free what case_find() made */
void case_free(struct case_list *list);

/**
 * case_read() - Read a file, text or bytes, as it is
 * @path:	A file; not a directory
 * @max:	Read no more than this
 * @data:	The caller frees it
 * @size:	How many bytes
 *
 * Return: 0, -EFBIG (more than @max), or another negative errno
 */
int case_read(const char *path, size_t max, char **data, size_t *size);

/** case_is_text() - Does it begin like text? What packed a program does not */
bool case_is_text(const char *data, size_t size);

/** case_parse() - Parse what case_read() has read; as case_load() */
int case_parse(const char *path, const char *data, size_t size,
	struct case_file *file, struct text_error *error);

/**
 * case_load() - Read and parse a case
 * @path:	A file of text
 * @file:	Filled in
 * @error:	On failure: the line, and what is wrong with it
 *
 * Return: 0, or a negative errno
 */
int case_load(const char *path, struct case_file *file,
	struct text_error *error);

/**
 * case_expected() - The outcome that a subject must have for an op
 * @expect:	What the case says of the op
 * @subject:	A subject's name
 * @own:	Set if the outcome is one qualified for the subject; may be NULL
 *
 * The elders of subjects:
 *
 *	X+LAW		X, since a law must make no difference
 *	X~RULE, X:...	X, as it is without the change
 *	linux		the linux-X.Y of the kernel that runs here
 *	linux-X.Y.Z	linux-X.Y
 *	uml-X.Y		the linux-X.Y of its kernel
 *	spec@X.Y	the linux-X.Y of the version that it specifies
 *	spec+LAW	linux+LAW
 *	gvisor-DATE	gvisor
 *	portman@head	portman
 *	portman@DATE	gvisor-DATE
 *	portman		gvisor
 *
 * Return: The qualified outcome, or else the unqualified one
 */
const struct outcome *case_expected(const struct expect *expect,
	const char *subject, bool *own);

#endif /* CASE_H */
