/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subjects.h - all subjects, by name
 *
 * Only this file is above all types of subjects. A program that needs just one
 * of them takes its type, and links no other.
 */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include "subject.h"

/* For messages; each may be under a law */
#define SUBJECTS_NAMES                                                         \
	"portman portlist spec linux goports lwip "                            \
	"gvisor[-DATE] uml[-X.Y] linux-X.Y pipe:COMMAND"

/**
 * subjects_find() - The type of a name, without opening it
 * @name:	Such as "portman" or "pipe:ssh host portclash serve"
 *
 * Return: The type, or NULL: no such subject
 */
const struct subject_type *subjects_find(const char *name);

/**
 * subjects_open() - Make a subject ready
 * @subject:	Filled in; its name and why also on failure
 * @name:	As for subjects_find()
 *
 * The kernel moves the calling process into a new network namespace (and, for
 * a caller without privileges, a new user namespace), so open it in a process
 * forked for that.
 *
 * Return: 0, -ENOENT (no such subject), or another negative errno if this
 *	   machine cannot have it
 */
int subjects_open(struct subject *subject, const char *name);

/**
 * subjects_full_name() - What a subject is called: "gvisor" has a release
 * @name:	As given; may be under a law
 * @full:	The newest that is here, for "gvisor" and "uml"; else, and if
 *		there is none, @name as it is
 */
void subjects_full_name(const char *name, char full[SUBJECT_NAME_MAX]);

#endif /* SUBJECTS_H */
