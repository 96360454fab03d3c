/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_file.h - a situation as a file: for a bug report, or for a test
 *
 * A line is a fact: a word that says what it is, and then its values. A byte of
 * a name that is no letter, digit, ".", "_" or "-" is written as %XX.
 */
#ifndef WHY_FILE_H
#define WHY_FILE_H

#include <stdio.h>

#include "why.h"

/** why_file_write() - Write a situation; the caller asks ferror() */
void why_file_write(FILE *file, const struct why_situation *situation);

/**
 * why_file_read() - Read it back
 * @situation:	Filled in; the caller's to why_forget(), also on failure
 * @line:	On -EINVAL, the number of the line that is wrong
 *
 * Return: 0, -EINVAL, or -ENOMEM
 */
int why_file_read(FILE *file, struct why_situation *situation,
	unsigned int *line);

#endif /* WHY_FILE_H */
