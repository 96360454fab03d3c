/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class.h - the named sorts of divergence: corpus/divergences
 *
 * A class is one minimised case or several, some of them dozens: NAME.case,
 * NAME-2.case and so on. A divergence belongs to it iff, minimised,
 * it is the program of one of these, and the case records the outcomes of both
 * subjects for its last op.
 */
#ifndef CLASS_H
#define CLASS_H

#include "diff.h"
#include "program/case.h"

enum { CLASS_NAME_MAX = 64 };

/**
 * struct class_list - The classes that are known
 * @cases:	Their cases, sorted by path
 * @count:	How many cases
 */
struct class_list {
	struct case_file *cases;
	size_t count;
};

/**
 * class_load() - Read all classes
 * @directory:	Such as corpus/divergences; it is an error if it is missing
 * @list:	Filled in; free with class_free()
 * @error:	On failure: the file and what is wrong with it
 *
 * Return: 0, or a negative errno
 */
int class_load(const char *directory, struct class_list *list,
	struct text_error *error);

/** class_free() - Free what class_load() made */
void class_free(struct class_list *list);

/**
 * class_find() - What sort of divergence is it?
 * @list:	The classes
 * @program:	Minimised
 * @subjects:	The names of the two subjects
 * @divergence:	Theirs, at the last op
 *
 * Return: Index into @list->cases, or -1: of no known class
 */
int class_find(const struct class_list *list, const struct program *program,
	const char *const subjects[2], const struct divergence *divergence);

/** class_name() - The name of a case's class: without "-2" and ".case" */
void class_name(const struct case_file *file, char name[CLASS_NAME_MAX]);

#endif /* CLASS_H */
