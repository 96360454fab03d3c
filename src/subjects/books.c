// SPDX-License-Identifier: Apache-2.0
/*
 * books.c - the books of all models, for verbs that print rules
 */
#include "books.h"

#include "gvisor/gvisor.h"
#include "spec/spec.h"

const struct rule_book *const books[MODELS] = {
	[MODEL_SPEC] = &spec_book,
	[MODEL_PORTMAN] = &gvisor_book,
};

void books_cite(const struct outcome *outcome, char *text, size_t size)
{
	rule_cite(books[outcome->model], outcome, text, size);
}
