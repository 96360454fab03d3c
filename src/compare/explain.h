/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - in which rules a stack differs whose rules nobody knows
 *
 * DOC: Theory of Operation
 *
 * A stack without a model is compared with a system that has one. If the stack
 * is that system but for some rules, then the model with these rules changed,
 * steered by the stack's own trace, gives the stack's answers. So for each
 * divergence all changes are tried that could matter:
 *
 *	~RULE		of each rule that was cited up to that op
 *	+RULE		of each rule that is not in force
 *	RULE=OUTCOME	what decided that op answers as the stack did
 *	RULE<OTHER	a rule with the stack's errno is asked before that one
 *
 * A change explains a divergence if the model gives the stack's outcome of each
 * op up to that one, and of that one. A change that only turns a refusal into
 * ok, or back, says little, so it counts where no other does. Two changes count
 * where none does alone, but for two that are chosen already. The second is
 * looked for among those that the run under the first one cites. A GENERIC()
 * rule is the last resort; that it says ok, or no longer does, is not tried.
 *
 * More than one change may explain a divergence, since by accident many rules
 * have the same effect on one program. But over many programs the true one
 * explains most, and has nothing against it: where the two subjects agree, the
 * model is right without it, and should stay so with it. A change is believed
 * if it explains at least as many programs as it makes wrong. Of those that are
 * believed, one is chosen after the other: the one that explains most of what
 * is not explained yet, in proportion to how often it is right. Two that are
 * chosen already are preferred to two that are not. What is left may be
 * explained by a change that is not believed; that is said to be doubtful.
 *
 * What nothing explains is grouped by op, by the rule of the model that decided
 * it, and by what the stack answered.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "judge.h"

enum {
	EXPLAIN_FINDINGS_MAX = 4096,
	EXPLAIN_AGREED_MAX = 2048,
	EXPLAIN_LINES_MAX = 256,
	EXPLAIN_REST_MAX = 256,
	EXPLAIN_TOGETHER_MAX = 2
};

/**
 * struct explain_set - Changes that explain a divergence together
 */
struct explain_set {
	struct change changes[EXPLAIN_TOGETHER_MAX];
	unsigned int count;
};

/**
 * struct explain_line - A change that was chosen
 * @set:	What explains the example: the change itself is the first
 * @generic:	So much depends on its rule that it may say nothing
 * @wrong:	How many programs it makes wrong, about
 * @doubtful:	More than it explains
 * @example:	The simplest of the findings that it has a part in
 */
struct explain_line {
	struct explain_set set;
	bool generic, doubtful;
	uint64_t wrong;
	size_t example;
};

/**
 * struct explain_rest - Divergences that no change explains
 * @op:		The op_kind at which they part
 * @rule:	Which decided in the model; 0 if no rule did
 * @outcome:	Of the stack
 * @count:	How many
 * @example:	The simplest of the findings, by number; or SIZE_MAX
 */
struct explain_rest {
	uint8_t op;
	uint16_t rule;
	struct outcome outcome;
	uint64_t count;
	size_t example;
};

/**
 * struct explain_counts - How many divergences are what; a plain value
 * @lines:	Those that each line has a part in
 * @explained...@unmodelled: Each divergence is in one of these. If the model
 *		does not say, or is wrong itself, it is unmodelled
 */
struct explain_counts {
	uint64_t lines[EXPLAIN_LINES_MAX];
	uint64_t explained, unexplained, unmodelled;
	struct explain_rest rest[EXPLAIN_REST_MAX];
	unsigned int rest_count;
};

struct explain_work;

/**
 * struct explain - Who explains a stack
 * @model:	Of the system that it is compared with
 * @book:	Its rules
 * @lines:	The changes that were chosen: doubtful ones behind the others,
 *		generic ones last; each sort by count
 */
struct explain {
	struct subject model;
	const struct rule_book *book;
	struct explain_line lines[EXPLAIN_LINES_MAX];
	unsigned int line_count;
	struct explain_counts counts;
	struct explain_work *work;
};

/**
 * explain_open() - Open the model
 * @explain:	Filled in; close with explain_close()
 * @model:	Its name, as model_of() gives it
 *
 * Return: 0, or a negative errno with the reason in @explain->model.why
 */
int explain_open(struct explain *explain, const char *model);

/** explain_close() - Free what it holds */
void explain_close(struct explain *explain);

/**
 * struct explain_seen - What was seen of a stack and of who has the model
 * @findings:	Divergences: the first subject is the stack
 * @count:	At most EXPLAIN_FINDINGS_MAX
 * @agreed:	Programs on which they agree: they part behind the last op
 * @agreed_count: At most EXPLAIN_AGREED_MAX
 * @agreed_all:	Of how many programs these are a sample
 */
struct explain_seen {
	const struct finding *findings;
	size_t count;
	const struct finding *agreed;
	size_t agreed_count;
	uint64_t agreed_all;
};

/**
 * explain_search() - Find the changes that explain what was seen
 * @seen:	Must outlive @explain
 *
 * The lines and the counts are filled in.
 *
 * Return: 0, or a negative errno
 */
int explain_search(struct explain *explain, const struct explain_seen *seen);

/**
 * explain_more() - Do the lines explain one more divergence?
 * @finding:	Another one
 * @counts:	It is counted there
 *
 * Return: 0, or a negative errno
 */
int explain_more(struct explain *explain, const struct finding *finding,
	struct explain_counts *counts);

/**
 * explain_leave() - Count a divergence that nothing explains with its like
 * @rule:	By which the model decides
 * @example:	Its number, if it is the first of them
 *
 * A repeat is what it repeats.
 *
 * Return: All like it; NULL if there are too many sorts
 */
struct explain_rest *explain_leave(struct explain_counts *counts,
	const struct finding *finding, uint16_t rule, size_t example);

/** explain_add() - Add what was counted elsewhere by the same lines */
void explain_add(struct explain_counts *sum, const struct explain_counts *part);

/**
 * explain_holds() - Does a set of changes explain a divergence?
 * @set:	If it is empty: can the model say anything of it at all?
 * @rule:	If not NULL: the rule by which the model decides
 *
 * Return: 1, 0, or a negative errno
 */
int explain_holds(struct explain *explain, const struct finding *finding,
	const struct explain_set *set, uint16_t *rule);

/**
 * explain_minimize() - Make a finding small, for people
 * @pair:	The two subjects, open
 * @finding:	Changed in place: the same outcomes, at an op of the same kind
 * @set:	Still explains it, and nothing less; if it is empty, the model
 *		still decides by the same rule
 *
 * Return: 0, -EAGAIN if it does not happen again (it is as it was), or a
 *	   negative errno
 */
int explain_minimize(struct explain *explain, struct pair *pair,
	struct finding *finding, const struct explain_set *set);

#endif /* EXPLAIN_H */
