/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_private.h - what the parts of the search share
 */
#ifndef EXPLAIN_PRIVATE_H
#define EXPLAIN_PRIVATE_H

#include "explain.h"

/* Different changes that explain anything; of one divergence; pairs of it */
enum {
	EXPLAIN_CHANGES_MAX = 4096,
	EXPLAIN_FOUND_MAX = 96,
	EXPLAIN_PAIRS_MAX = 64,
	EXPLAIN_RULES_MAX = 512
};

/* How little a change says; only the best of a divergence are kept */
enum explain_tier {
	EXPLAIN_PLAIN,
	EXPLAIN_BY_OUTCOME, /* it only turns ok into a refusal, or back */
	EXPLAIN_GENERIC
};

enum explain_state { EXPLAIN_OPEN, EXPLAIN_DONE, EXPLAIN_UNMODELLED };

/**
 * struct explain_change - A change that explains something
 * @name:	As text, for the order
 * @right:	How many divergences it explains by itself
 * @wrong:	How many programs it makes wrong
 * @chosen:	It is a line
 * @count:	How many divergences that are open it explains
 * @line:	Its number, when all are chosen
 */
struct explain_change {
	struct change change;
	enum explain_tier tier;
	char name[CHANGE_TEXT_MAX];
	uint64_t right;
	double wrong;
	bool chosen;
	uint64_t count;
	unsigned int line;
};

/** struct explain_pair - Two changes, by number, the smaller first */
struct explain_pair {
	uint16_t changes[EXPLAIN_TOGETHER_MAX];
};

/**
 * struct explain_item - A divergence on its way
 * @rule:	By which the model decides
 * @tier:	That of the changes that were found
 * @found:	These, by number
 * @by:		What was chosen for it
 * @pairs:	If nothing was found: pairs, or NULL
 * @fails:	How many like it, of which it is the first, have none
 */
struct explain_item {
	const struct finding *finding;
	enum explain_state state;
	uint16_t rule;
	enum explain_tier tier;
	uint16_t found[EXPLAIN_FOUND_MAX];
	unsigned int found_count;
	uint16_t by[EXPLAIN_TOGETHER_MAX];
	unsigned int by_count;
	struct explain_pair *pairs;
	unsigned int pair_count, fails;
};

/**
 * struct explain_witness - A program whose first ops tell against a change
 * @count:	So many: both subjects agree, and the model is right
 * @weight:	How many programs it stands for
 * @cited:	The rules of the model there
 */
struct explain_witness {
	const struct finding *finding;
	unsigned int count;
	double weight;
	bool cited[EXPLAIN_RULES_MAX];
};

/**
 * struct explain_work - A search
 * @runs:	How many runs for pairs are left
 */
struct explain_work {
	struct explain_witness
		witnesses[EXPLAIN_FINDINGS_MAX + EXPLAIN_AGREED_MAX];
	size_t witness_count;
	struct explain_change changes[EXPLAIN_CHANGES_MAX];
	unsigned int change_count;
	struct explain_item items[EXPLAIN_FINDINGS_MAX];
	size_t count;
	uint64_t runs;
};

/**
 * struct explain_run - What the model says under some changes
 * @said:	Its trace, up to the op that diverges
 * @failed:	The first op at which it is not the stack's; or behind the last
 */
struct explain_run {
	struct trace said;
	unsigned int failed;
};

/**
 * explain_run() - Run a finding's program on the model, steered by the stack
 *
 * Return: 1 if it gives the stack's answers, 0 if not, or a negative errno
 */
int explain_run(struct explain *explain, const struct finding *finding,
	const struct change *changes, unsigned int count,
	struct explain_run *run);

/** explain_same() - The same, by the same rules, up to the op that fails? */
bool explain_same(const struct explain_run *a, const struct explain_run *b);

/** explain_cited() - Note the rules that a run cites in its first ops */
void explain_cited(const struct explain *explain, const struct explain_run *run,
	unsigned int ops, bool cited[EXPLAIN_RULES_MAX]);

/** explain_call() - Call all witnesses; 0, or a negative errno */
int explain_call(struct explain *explain, const struct explain_seen *seen);

/**
 * explain_wrong() - How many programs are made wrong by some changes?
 *
 * Those do not count that one more of the chosen changes makes right again.
 *
 * Return: 0, or a negative errno
 */
int explain_wrong(struct explain *explain, const struct change *changes,
	unsigned int count, double *wrong);

/**
 * explain_candidates() - The changes that may matter where a run went wrong
 * @run:	Up to and including its failed op
 * @orders:	Those of an order, too
 * @list:	@max changes, filled in
 *
 * Return: How many
 */
unsigned int explain_candidates(struct explain *explain,
	const struct finding *finding, const struct explain_run *run,
	bool orders, struct change *list, unsigned int max);

/** explain_tier() - How little a change of these says of a finding */
enum explain_tier explain_tier(const struct explain *explain,
	const struct change *change);

/** explain_number() - The number of a change; -E2BIG: no room for a new one */
int explain_number(struct explain *explain, const struct change *change);

/** explain_better() - Does a change come first, if all else is equal? */
bool explain_better(const struct explain_change *a,
	const struct explain_change *b);

/**
 * explain_pairs() - Find pairs for what is not explained
 * @chosen:	Only of changes that are chosen already
 *
 * Return: 0, or a negative errno
 */
int explain_pairs(struct explain *explain, bool chosen);

/**
 * explain_cover() - Choose changes of some tiers for what is not explained
 * @doubtful:	Also those that are not believed
 *
 * Return: 0, or a negative errno
 */
int explain_cover(struct explain *explain, enum explain_tier last,
	bool doubtful);

/** explain_finish() - Make lines and counts of what was chosen */
void explain_finish(struct explain *explain);

#endif /* EXPLAIN_PRIVATE_H */
