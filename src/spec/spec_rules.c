// SPDX-License-Identifier: Apache-2.0
/*
 * spec_rules.c - the rules as a table, and those in force in a version
 */
#include "spec.h"

#include <errno.h>

#define V(major, minor) SPEC_VERSION(major, minor, 0)
#define EVER 0

static const struct rule_info rules[SPEC_RULES] = {
	[SPEC_NO_RULE] = { .name = "none", .function = "", .text = "" },
	[SPEC_LAST_DECISION] = { .name = "none", .function = "", .text = "" },
// NOLINTBEGIN(bugprone-macro-parentheses): these initialize
#define DECISION(name_, error_, function_, text_)                              \
	[RULE_##name_] = { .name = #name_,                                     \
		.error = error_,                                               \
		.function = function_,                                         \
		.text = text_ },
#define EFFECT(name_, function_, text_)                                        \
	[RULE_##name_] = {                                                     \
		.name = #name_, .function = function_, .text = text_           \
	},
#define VERSIONS(name_, since_, before_)                                       \
	[RULE_##name_].since = since_, [RULE_##name_].before = before_,
#define NO_LINUX(name_) [RULE_##name_].foreign = true,
#define GENERIC(name_) [RULE_##name_].generic = true,
// NOLINTEND(bugprone-macro-parentheses)
#include "spec_rules.h"
};

const struct rule_book spec_book = {
	.id = MODEL_SPEC,
	.model = "spec",
	.system = "Linux",
	.rules = rules,
	.mark = SPEC_LAST_DECISION,
	.count = SPEC_RULES,
};

void spec_force_init(struct spec_force *force, uint32_t version)
{
	force->version = version;
	rule_force(&spec_book, version, force->rule);
}
