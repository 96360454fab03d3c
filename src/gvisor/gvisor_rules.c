// SPDX-License-Identifier: Apache-2.0
/*
 * gvisor_rules.c - gVisor's rules as a table, and what an op has met of them
 */
#include "gvisor.h"

#include <errno.h>
#include <string.h>

#include "util.h"

#define V(year, month) RULE_VERSION(year, month, 0)
#define EVER 0

static const struct rule_info rules[GVISOR_RULES] = {
	[GVISOR_NO_RULE] = { .name = "none", .function = "", .text = "" },
	[GVISOR_LAST_DECISION] = { .name = "none", .function = "", .text = "" },
// NOLINTBEGIN(bugprone-macro-parentheses): these initialize
#define DECISION(name_, error_, function_, text_)                              \
	[GVISOR_##name_] = { .name = #name_,                                   \
		.error = error_,                                               \
		.function = function_,                                         \
		.text = text_ },
#define EFFECT(name_, function_, text_)                                        \
	[GVISOR_##name_] = {                                                   \
		.name = #name_, .function = function_, .text = text_           \
	},
#define RELEASES(name_, since_, before_)                                       \
	[GVISOR_##name_].since = since_, [GVISOR_##name_].before = before_,
#define NEWEST(name_, text_) [GVISOR_##name_].newest = text_,
#define GENERIC(name_) [GVISOR_##name_].generic = true,
// NOLINTEND(bugprone-macro-parentheses)
#include "gvisor_rules.h"
};

const struct rule_book gvisor_book = {
	.id = MODEL_PORTMAN,
	.model = "portman",
	.system = "gVisor",
	.rules = rules,
	.mark = GVISOR_LAST_DECISION,
	.count = GVISOR_RULES,
};

/* What the steps of the port manager are called */
static const enum gvisor_rule step_rules[PORTMAN_STEPS] = {
	[STEP_IN_USE] = GVISOR_port_in_use,
	[STEP_TUPLE_IN_USE] = GVISOR_tuple_in_use,
	[STEP_SAME_DEST] = GVISOR_same_destination_counts,
	[STEP_WILDCARD_DEST] = GVISOR_wildcard_destination_counts,
	[STEP_FORGIVING_DEST] = GVISOR_wildcard_destination_forgives,
	[STEP_OTHER_DEVICE] = GVISOR_other_devices_do_not_count,
	[STEP_NO_DEVICE_HELD] = GVISOR_device_meets_none,
	[STEP_NO_DEVICE_WANTED] = GVISOR_none_meets_devices,
	[STEP_ONE_FLAG] = GVISOR_one_flag_for_all,
	[STEP_EACH_ADDRESS] = GVISOR_each_address_by_itself,
	[STEP_WILDCARD_HELD] = GVISOR_address_meets_wildcard,
	[STEP_WILDCARD_WANTED] = GVISOR_wildcard_meets_addresses,
	[STEP_CHOSEN_TCP] = GVISOR_found_tcp_port_is_unshared,
	[STEP_CHOSEN_ENTRY] = GVISOR_found_tcp_port_has_no_entry,
	[STEP_ANY_RELEASE] = GVISOR_release_may_go_below,
	[STEP_TUPLE_ITSELF] = GVISOR_tuple_meets_itself,
	[STEP_WRAP] = GVISOR_offset_wraps,
	[STEP_16_BITS] = GVISOR_range_of_all_is_empty,
	[STEP_HINT] = GVISOR_hint_moves,
};

void gvisor_watch(struct gvisor *gvisor)
{
	gvisor->watch.without = 0;
	for (int step = 0; step < PORTMAN_STEPS; step++)
		if (!gvisor->force[step_rules[step]])
			gvisor->watch.without |= UINT32_C(1) << step;
}

void gvisor_begin(struct gvisor *gvisor)
{
	gvisor->rule = GVISOR_NO_RULE;
	memset(gvisor->effects, 0, sizeof(gvisor->effects));
	gvisor->watch.met = 0;
}

/* The steps that are effects; those that refuse are cited by the caller. */
static void add_steps(struct gvisor *gvisor)
{
	/* Bit by bit, and most often there is none. */
	for (uint32_t met = gvisor->watch.met; met; met &= met - 1) {
		enum gvisor_rule rule = step_rules[__builtin_ctz(met)];

		if (rule > GVISOR_LAST_DECISION)
			gvisor_applies(gvisor, rule);
	}
}

void gvisor_end(struct gvisor *gvisor, struct outcome *out)
{
	enum gvisor_rule rule = gvisor->rule;

	add_steps(gvisor);
	/* Each outcome cites exactly one, with its errno. */
	ASSERT(rule && rule < GVISOR_LAST_DECISION);
	ASSERT((rule == GVISOR_not_known) == (out->kind == OUTCOME_NA));
	ASSERT(out->kind == OUTCOME_NA || out->error == rules[rule].error);
	if (!gvisor->force[rule]) {
		*out = outcome_error(ENOTRECOVERABLE);
		return;
	}
	out->model = MODEL_PORTMAN;
	out->rule = rule;
	memcpy(out->effects, gvisor->effects, sizeof(out->effects));
}
