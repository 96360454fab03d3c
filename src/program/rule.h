/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - what is said of the rules of a model, and which are in force
 *
 * A model has a *book*, which is a table of its rules with a number for each.
 * The decisions come first; each outcome of the model cites one. Behind a mark
 * come the effects, which may be listed beside the decision. Versions of the
 * system that is modelled differ only in which rules are in force.
 */
#ifndef RULE_H
#define RULE_H

#include "program.h"

/* A version of Linux, or the year and the month of a release of gVisor */
#define RULE_VERSION(major, minor, patch)                                      \
	((uint32_t)(major) << 16 | (minor) << 8 |                              \
		((patch) < 255 ? (patch) : 255))

/**
 * struct rule_info - What is said of a rule
 * @name:	In words
 * @error:	A positive errno, or 0
 * @function:	The function of the modelled system that it stands for
 * @text:	A sentence
 * @newest:	What else was read of the newest upstream, or NULL
 * @since, @before: RULE_VERSION()s, 0 for no limit
 * @foreign:	No version has it: it is there to be switched on, since another
 *		system has it
 * @generic:	So much depends on it that a change of it explains nothing
 */
struct rule_info {
	const char *name;
	int error;
	const char *function;
	const char *text;
	const char *newest;
	uint32_t since, before;
	bool foreign, generic;
};

/**
 * struct rule_book - The rules of a model
 * @id:		The model, an enum model
 * @model:	What it is called: the name of its subject
 * @system:	What is modelled
 * @rules:	By number; 0 and @mark are none
 * @mark:	Decisions are below, effects above
 * @count:	All numbers are below
 */
struct rule_book {
	uint8_t id;
	const char *model, *system;
	const struct rule_info *rules;
	unsigned int mark, count;
};

/** rule_exists() - Has a rule this number? */
static inline bool rule_exists(const struct rule_book *book, unsigned int rule)
{
	return rule && rule < book->count && rule != book->mark;
}

/**
 * rule_find() - The number of a name
 * @name:	Need not end in NUL
 * @length:	Its length
 *
 * Return: The number, or 0: no rule is called that
 */
unsigned int rule_find(const struct rule_book *book, const char *name,
	size_t length);

/**
 * rule_force() - Which rules are in force
 * @version:	A RULE_VERSION() of the system that is modelled
 * @force:	@book->count flags, filled in
 */
void rule_force(const struct rule_book *book, uint32_t version, bool *force);

/**
 * rule_cite() - Why an outcome is what it is
 * @outcome:	Of the model
 * @text:	The decision, and the effects beside it; empty if it has none
 * @size:	Bytes of @text
 */
void rule_cite(const struct rule_book *book, const struct outcome *outcome,
	char *text, size_t size);

#endif /* RULE_H */
