/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h - the executable specification of Linux bind(), listen() and connect()
 *
 * DOC: Theory of Operation
 *
 * What the kernel knows about ports is here a plain value: sockets, the port
 * buckets of TCP with their address buckets and caches, and the one ordered
 * list of UDP. An op is answered in two steps. First *which rule?*: checks, in
 * the kernel's order, each of which names a rule of spec_rules.h; the first
 * that holds is the answer. Then the effect, which cannot fail. Nothing here
 * allocates, reads a clock or does any I/O.
 *
 * A rule is in force or not, and versions of the kernel differ in nothing else.
 * A rule can be switched off by name: the ops that are answered otherwise then
 * show what it is good for.
 *
 * Where the kernel chooses a port, the specification says which ports it may
 * choose. If it is told the kernel's choice, it follows the choice or objects.
 *
 * Packets arrive at once and time does not pass. So a handshake is over before
 * its call returns, and TIME_WAIT never ends.
 */
#ifndef SPEC_H
#define SPEC_H

#include <errno.h>

#include "program/program.h"
#include "program/rule.h"

#define SPEC_VERSION(major, minor, patch) RULE_VERSION(major, minor, patch)

/* The kernels that the rules were compared with */
#define SPEC_OLDEST SPEC_VERSION(6, 1, 0)
#define SPEC_NEWEST SPEC_VERSION(6, 18, 255)

/* The rules, each with a number; 0 is none */
enum spec_rule {
	SPEC_NO_RULE,
#define DECISION(name, ...) RULE_##name,
#include "spec_rules.h"
	SPEC_LAST_DECISION, /* only a mark */
#define EFFECT(name, ...) RULE_##name,
#include "spec_rules.h"
	SPEC_RULES
};

_Static_assert(SPEC_RULES - SPEC_LAST_DECISION <= 128, "outcome.effects");

/** spec_book - The rules, in words */
extern const struct rule_book spec_book;

/** spec_rule_errno() - The errno that an op fails with by a rule, or 0 */
static inline int spec_rule_errno(enum spec_rule rule)
{
	return spec_book.rules[rule].error;
}

/** spec_rule_decides() - Does it answer ops? Otherwise it is an effect */
static inline bool spec_rule_decides(enum spec_rule rule)
{
	return rule < SPEC_LAST_DECISION;
}

/* Sockets of a program, waiting children, orphans and TIME_WAIT together */
enum { SPEC_SOCKETS_MAX = 96 };

struct spec;

/**
 * struct spec_force - Which rules are in force
 * @version:	SPEC_VERSION() of the kernel it stands for
 */
struct spec_force {
	uint32_t version;
	bool rule[SPEC_RULES];
};

/**
 * spec_force_init() - The rules of a kernel
 * @force:	Filled in
 * @version:	SPEC_VERSION(major, minor, patch)
 */
void spec_force_init(struct spec_force *force, uint32_t version);

/*
 * The errno of an outcome that no rule gives: a rule that would is switched
 * off, or the leader chose what Linux would not. No call of a socket fails with
 * it, so it never agrees with anybody's outcome by accident.
 */
enum { SPEC_NO_ANSWER = ENOTRECOVERABLE };

/** spec_size() - Bytes of a struct spec */
size_t spec_size(void);

/**
 * spec_reset() - The world as it is when a program begins
 * @spec:	spec_size() bytes
 * @force:	Which rules are in force; must outlive @spec
 */
void spec_reset(struct spec *spec, const struct spec_force *force);

/** spec_copy() - Make @to the same as @from; copies only what is in use */
void spec_copy(struct spec *to, const struct spec *from);

/**
 * spec_step() - Answer one op, and do what it does
 * @spec:	Changed
 * @op:		Its places are resolved, its socket is open
 * @leader:	The outcome of the subject whose choices to follow, or NULL
 * @out:	The outcome, with the rule and its effects; SPEC_NO_ANSWER if no
 *		rule decides
 */
void spec_step(struct spec *spec, const struct op *op,
	const struct outcome *leader, struct outcome *out);

#endif /* SPEC_H */
