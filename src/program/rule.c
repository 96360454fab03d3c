// SPDX-License-Identifier: Apache-2.0
/*
 * rule.c - what is said of the rules of a model, and which are in force
 */
#include "rule.h"

#include <stdio.h>
#include <string.h>

unsigned int rule_find(const struct rule_book *book, const char *name,
	size_t length)
{
	for (unsigned int rule = 1; rule < book->count; rule++)
		if (rule != book->mark &&
			strlen(book->rules[rule].name) == length &&
			!memcmp(book->rules[rule].name, name, length))
			return rule;
	return 0;
}

void rule_force(const struct rule_book *book, uint32_t version, bool *force)
{
	for (unsigned int rule = 0; rule < book->count; rule++) {
		const struct rule_info *info = &book->rules[rule];

		force[rule] = !info->foreign && version >= info->since &&
			      (!info->before || version < info->before);
	}
}

void rule_cite(const struct rule_book *book, const struct outcome *outcome,
	char *text, size_t size)
{
	const char *separator = "; ";
	size_t used;

	*text = '\0';
	if (!outcome->rule)
		return;
	used = snprintf(text, size, "%s", book->rules[outcome->rule].name);
	for (unsigned int rule = book->mark + 1; rule < book->count; rule++) {
		unsigned int bit = rule - book->mark;

		if (!(outcome->effects[bit / 64] >> bit % 64 & 1) ||
			used + strlen(separator) +
					strlen(book->rules[rule].name) >=
				size)
			continue;
		used += snprintf(text + used, size - used, "%s%s", separator,
			book->rules[rule].name);
		separator = ", ";
	}
}
