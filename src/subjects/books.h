/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.h - the books of all models, for verbs that print rules
 *
 * Models do not know each other, so this file is above them all.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include "program/rule.h"

/* By model */
extern const struct rule_book *const books[MODELS];

/**
 * books_cite() - Why an outcome is what it is, whichever model says so
 * @outcome:	Of any subject
 * @text:	The decision, and the effects beside it; empty if it has none
 * @size:	Bytes of @text
 */
void books_cite(const struct outcome *outcome, char *text, size_t size);

#endif /* BOOKS_H */
