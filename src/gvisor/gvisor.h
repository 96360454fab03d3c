/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gvisor.h - which of gVisor's rules are in force, and which an op has met
 *
 * DOC: Theory of Operation
 *
 * Code that decides an op notes its rule here, and the outcome cites the last
 * one noted. Code with an effect notes it where it happens, before the decision
 * or after it. The port manager knows no rules; its steps are watched (see
 * portman_watch.h), and have their names in the rule book, too.
 */
#ifndef GVISOR_H
#define GVISOR_H

#include "ports/portman_watch.h"
#include "program/rule.h"

/* The rules, each with a number; 0 is none */
enum gvisor_rule {
	GVISOR_NO_RULE,
#define DECISION(name, ...) GVISOR_##name,
#include "gvisor_rules.h"
	GVISOR_LAST_DECISION, /* only a mark */
#define EFFECT(name, ...) GVISOR_##name,
#include "gvisor_rules.h"
	GVISOR_RULES
};

_Static_assert(GVISOR_RULES - GVISOR_LAST_DECISION <= 128, "outcome.effects");

/** gvisor_book - The rules, in words */
extern const struct rule_book gvisor_book;

/**
 * struct gvisor - The rules, and what an op has met
 * @force:	Which are in force
 * @rule:	What decides this op, as far as it is known
 * @effects:	A bit for each effect of this op, from GVISOR_LAST_DECISION
 * @watch:	For the port manager
 */
struct gvisor {
	bool force[GVISOR_RULES];
	enum gvisor_rule rule;
	uint64_t effects[2];
	struct portman_watch watch;
};

/** gvisor_watch() - To be called when force has changed */
void gvisor_watch(struct gvisor *gvisor);

/** gvisor_begin() - Forget the last op: nothing of the next one is known */
void gvisor_begin(struct gvisor *gvisor);

/**
 * gvisor_end() - Write the rule and the effects of an op into its outcome
 * @out:	Its errno is that of the rule. If that rule is not in force, the
 *		outcome is replaced: no rule is left that answers
 */
void gvisor_end(struct gvisor *gvisor, struct outcome *out);

/** gvisor_decide() - Note the rule that decides, unless a later one does */
static inline void gvisor_decide(struct gvisor *gvisor, enum gvisor_rule rule)
{
	gvisor->rule = rule;
}

/** gvisor_refuses() - Is a rule in force? Then it decides. */
static inline bool gvisor_refuses(struct gvisor *gvisor, enum gvisor_rule rule)
{
	if (!gvisor->force[rule])
		return false;
	gvisor->rule = rule;
	return true;
}

/** gvisor_applies() - Is an effect in force? Then it is listed. */
static inline bool gvisor_applies(struct gvisor *gvisor, enum gvisor_rule rule)
{
	unsigned int bit = rule - GVISOR_LAST_DECISION;

	if (!gvisor->force[rule])
		return false;
	gvisor->effects[bit / 64] |= UINT64_C(1) << bit % 64;
	return true;
}

#endif /* GVISOR_H */
