// SPDX-License-Identifier: Apache-2.0
/*
 * spec_rules.c - the rules as a table, and those in force in a version
 */
#include "spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define V(major, minor) SPEC_VERSION(major, minor, 0)
#define EVER 0

const struct spec_rule_info spec_rules[SPEC_RULES] = {
	[SPEC_NO_RULE] = { .name = "none", .function = "", .text = "" },
	[SPEC_LAST_DECISION] = { .name = "none", .function = "", .text = "" },
#define DECISION(name_, error_, function_, text_)                              \
	[RULE_##name_] = { .name = #name_, .error = error_,                    \
		.function = function_, .text = text_ },
#define EFFECT(name_, function_, text_)                                        \
	[RULE_##name_] = { .name = #name_, .function = function_,              \
		.text = text_ },
#define VERSIONS(name_, since_, before_)                                       \
	[RULE_##name_].since = since_, [RULE_##name_].before = before_,
#include "spec_rules.h"
};

enum spec_rule spec_rule_find(const char *name, size_t length)
{
	for (int rule = 1; rule < SPEC_RULES; rule++)
		if (rule != SPEC_LAST_DECISION &&
		    strlen(spec_rules[rule].name) == length &&
		    !memcmp(spec_rules[rule].name, name, length))
			return rule;
	return SPEC_NO_RULE;
}

void spec_cite(const struct outcome *outcome, char *text, size_t size)
{
	const char *separator = "; ";
	size_t used;

	*text = '\0';
	if (!outcome->rule)
		return;
	used = snprintf(text, size, "%s", spec_rules[outcome->rule].name);
	for (int rule = SPEC_LAST_DECISION + 1; rule < SPEC_RULES; rule++) {
		unsigned int bit = rule - SPEC_LAST_DECISION;

		if (!(outcome->effects[bit / 64] >> bit % 64 & 1) ||
		    used >= size)
			continue;
		used += snprintf(text + used, size - used, "%s%s", separator,
			spec_rules[rule].name);
		separator = ", ";
	}
}

void spec_force_init(struct spec_force *force, uint32_t version)
{
	force->version = version;
	for (int rule = 0; rule < SPEC_RULES; rule++) {
		const struct spec_rule_info *info = &spec_rules[rule];

		force->rule[rule] = version >= info->since &&
				    (!info->before || version < info->before);
	}
}
