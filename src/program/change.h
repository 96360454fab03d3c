/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - what is otherwise in a system than in its model
 *
 * A system that is nearly the one that is modelled is a model with changes to
 * its rules. There are four, each written behind the name of a model:
 *
 *	spec~RULE		without it: what comes after it decides
 *	spec+RULE		with a rule that is not in force otherwise
 *	spec:RULE=OUTCOME	it decides as before, but answers otherwise
 *	spec:RULE<OTHER		it is asked before the other rule, which it
 *				would come after
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "rule.h"

/* Of one subject, and bytes of one in text */
enum { CHANGES_MAX = 96, CHANGE_TEXT_MAX = 128 };

enum change_kind { CHANGE_OFF, CHANGE_ON, CHANGE_OUTCOME, CHANGE_BEFORE };

/**
 * struct change - One change of a model
 * @kind:	A change_kind
 * @model:	Whose rules: an enum model
 * @rule:	Which of them
 * @other:	CHANGE_BEFORE: the decision that @rule is asked before
 * @outcome:	CHANGE_OUTCOME: what it answers; not n/a
 */
struct change {
	uint8_t kind, model;
	uint16_t rule, other;
	struct outcome outcome;
};

/**
 * change_parse() - Read changes that stand one behind the other
 * @book:	The model that they are of
 * @text:	Such as "~tcp_apart:bind4_family=EINVAL"; need not be right
 * @changes:	Filled in
 * @max:	How many there is room for
 * @why:	On failure: what was found, and what was expected
 * @size:	Bytes of @why
 *
 * Return: How many, or -EINVAL
 */
int change_parse(const struct rule_book *book, const char *text,
	struct change *changes, unsigned int max, char *why, size_t size);

/**
 * change_contradiction() - Can changes not be made together?
 * @changes:	Of any models
 * @count:	How many
 *
 * They cannot if a rule is both taken away and added, if it answers two
 * outcomes, or if it is asked before itself, maybe by way of others. To say the
 * same twice is no contradiction.
 *
 * Return: The first change that contradicts those before it, or NULL
 */
const struct change *change_contradiction(const struct change *changes,
	unsigned int count);

/** change_print() - Write one, model and all: "spec~RULE" */
void change_print(const struct rule_book *book, const struct change *change,
	char text[CHANGE_TEXT_MAX]);

#endif /* CHANGE_H */
