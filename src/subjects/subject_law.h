/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject_law.h - a subject under a law: what must not make a difference
 */
#ifndef SUBJECT_LAW_H
#define SUBJECT_LAW_H

#include "subject.h"

/**
 * subject_law_of() - Is it a subject under a law, such as "linux+undo"?
 * @name:	Of a subject; a "pipe:" is under none, whatever its command is
 *
 * Return: The "+undo" (subject_law.c has the laws), or NULL
 */
const char *subject_law_of(const char *name);

/**
 * subject_law_open() - Put a subject under a law
 * @subject:	Filled in
 * @name:	What it is called
 * @inner:	An open subject, now @subject's; closed also on failure
 * @law:	As subject_law_of() gives it, without the "+"
 *
 * Return: 0 or -ENOMEM
 */
int subject_law_open(struct subject *subject, const char *name,
	struct subject *inner, const char *law);

#endif /* SUBJECT_LAW_H */
