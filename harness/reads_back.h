/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reads_back.h - what is printed or packed reads back as what it was
 *
 * Each of these writes something, reads that, and writes it again. Where the
 * two differ, or the first cannot be read, it aborts.
 */
#ifndef READS_BACK_H
#define READS_BACK_H

#include "program/rule.h"
#include "program/text.h"

/**
 * reads_back_text() - A program with outcomes, as text
 * @from:	The case that has both
 * @who:	Whose outcomes: those of the @who-th that is named, or else
 *		Linux's
 */
void reads_back_text(const struct case_text *from, unsigned int who);

/** reads_back_bytes() - A program, as bytes */
void reads_back_bytes(const struct program *program);

/** reads_back_change() - "spec~RULE" of this model, if the word is one */
void reads_back_change(const struct rule_book *book, const char *word);

#endif /* READS_BACK_H */
