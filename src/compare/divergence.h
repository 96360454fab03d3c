/* SPDX-License-Identifier: Apache-2.0 */
/*
 * divergence.h - a divergence as text: a case that waits for its sentence
 */
#ifndef DIVERGENCE_H
#define DIVERGENCE_H

#include <stdio.h>

#include "diff.h"

/**
 * divergence_write() - Write a divergence as a program with outcomes
 * @program:	Minimised
 * @subjects:	The names of the two subjects
 * @divergence:	Theirs, at the last op
 * @file:	Written to
 *
 * The unqualified outcomes are Linux's, if Linux is one of the two; else what
 * the specification says, or of reservations the port manager: n/a if it does
 * not know. Who answered otherwise is named, and both at the op that diverges.
 * What a kernel chose by chance is left out, so that the case holds again. Who
 * follows, and objects to what its leader chose, is n/a.
 */
void divergence_write(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	FILE *file);

/** divergence_keep() - The same as a case, with a sentence that says nothing */
void divergence_keep(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	FILE *file);

/**
 * divergence_path() - Where a divergence is kept: unknown-HASH.case
 * @folder:	A folder
 * @program:	Minimised: the same program is always kept in the same file
 * @path:	Filled in
 * @size:	Of @path
 *
 * Return: false if it does not fit
 */
bool divergence_path(const char *folder, const struct program *program,
	char *path, size_t size);

#endif /* DIVERGENCE_H */
