// SPDX-License-Identifier: Apache-2.0
/*
 * explain.c - in which rules a stack differs whose rules nobody knows
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain_private.h"
#include "util.h"
#include "subjects/model.h"

/* Of one run; all rules of a book, and an order of each decision */
enum { CANDIDATES_MAX = 1024 };

/* What the pairs of all findings may cost: some seconds */
#define RUNS_FOR_PAIRS UINT64_C(1000000)

int explain_open(struct explain *explain, const char *model)
{
	int rc;

	memset(explain, 0, sizeof(*explain));
	rc = model_open(&explain->model, model);
	if (rc)
		return rc;
	explain->book = subject_book(&explain->model);
	ASSERT(explain->book->count + 128 <= EXPLAIN_RULES_MAX);
	explain->work = calloc(1, sizeof(*explain->work));
	if (explain->work)
		return 0;
	subject_close(&explain->model);
	return -ENOMEM;
}

void explain_close(struct explain *explain)
{
	struct explain_work *work = explain->work;

	if (!work)
		return;
	for (size_t i = 0; i < work->count; i++)
		free(work->items[i].pairs);
	free(work);
	subject_close(&explain->model);
	memset(explain, 0, sizeof(*explain));
}

int explain_run(struct explain *explain, const struct finding *finding,
	const struct change *changes, unsigned int count,
	struct explain_run *run)
{
	const struct trace *stack = &finding->divergence.before;
	struct program program = finding->program;
	int rc = subject_change(&explain->model, changes, count);

	program.count = MIN(finding->divergence.index + 1, program.count);
	if (!rc)
		rc = subject_run(&explain->model, &program, 1, stack,
			&run->said);
	if (rc)
		return rc;
	for (run->failed = 0; run->failed < program.count; run->failed++)
		if (!outcome_same(&program.ops[run->failed],
			    &run->said.outcomes[run->failed],
			    &stack->outcomes[run->failed]))
			return 0;
	return 1;
}

enum explain_tier explain_tier(const struct explain *explain,
	const struct change *change)
{
	const struct rule_info *rule = &explain->book->rules[change->rule];
	const struct rule_info *other = &explain->book->rules[change->other];

	if (rule->generic || (change->kind == CHANGE_BEFORE && other->generic))
		return EXPLAIN_GENERIC;
	if (change->kind == CHANGE_OUTCOME &&
		(change->outcome.kind == OUTCOME_OK) != !rule->error)
		return EXPLAIN_BY_OUTCOME;
	return EXPLAIN_PLAIN;
}

void explain_cited(const struct explain *explain, const struct explain_run *run,
	unsigned int ops, bool cited[EXPLAIN_RULES_MAX])
{
	unsigned int mark = explain->book->mark;

	for (unsigned int i = 0; i < ops; i++) {
		const struct outcome *out = &run->said.outcomes[i];

		cited[out->rule] = true;
		for (unsigned int effect = 0; effect < 128; effect++)
			if (out->effects[effect / 64] >> effect % 64 & 1)
				cited[mark + effect] = true;
	}
}

/* What the stack answers, as the outcome of a rule: ports are not compared */
static bool as_outcome(const struct outcome *stack, struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->kind = stack->kind;
	outcome->error = stack->error;
	return stack->kind == OUTCOME_ERRNO || stack->kind == OUTCOME_OK;
}

unsigned int explain_candidates(struct explain *explain,
	const struct finding *finding, const struct explain_run *run,
	bool orders, struct change *list, unsigned int max)
{
	const struct rule_book *book = explain->book;
	const struct outcome *stack =
		&finding->divergence.before.outcomes[run->failed];
	const struct outcome *said = &run->said.outcomes[run->failed];
	const bool *force = subject_in_force(&explain->model);
	bool cited[EXPLAIN_RULES_MAX] = { false };
	unsigned int count = 0;
	struct change change = { .model = book->id };

	explain_cited(explain, run, run->failed + 1, cited);
	for (unsigned int rule = 1; rule < book->count && count < max; rule++) {
		change.rule = rule;
		change.kind = force[rule] ? CHANGE_OFF : CHANGE_ON;
		if (rule_exists(book, rule) && (!force[rule] || cited[rule]))
			list[count++] = change;
	}
	if (!said->rule)
		return count;
	change.rule = said->rule;
	change.kind = CHANGE_OUTCOME;
	/* Two that say ok differ in a value, which no rule has. Of a generic
	 * rule, that it says ok or not is nothing that it answers. */
	if (as_outcome(stack, &change.outcome) && !outcome_alike(stack, said) &&
		(!book->rules[said->rule].generic ||
			(stack->error && said->error)) &&
		count < max)
		list[count++] = change;
	if (!orders || stack->kind != OUTCOME_ERRNO)
		return count;
	change = (struct change){
		.kind = CHANGE_BEFORE, .model = book->id, .other = said->rule
	};
	for (unsigned int rule = 1; rule < book->mark && count < max; rule++) {
		change.rule = rule;
		if (force[rule] && rule != said->rule &&
			book->rules[rule].error == stack->error)
			list[count++] = change;
	}
	return count;
}

bool explain_better(const struct explain_change *a,
	const struct explain_change *b)
{
	static const uint8_t ranks[] = { [CHANGE_OFF] = 0,
		[CHANGE_ON] = 1,
		[CHANGE_OUTCOME] = 2,
		[CHANGE_BEFORE] = 3 };
	unsigned int x = ranks[a->change.kind], y = ranks[b->change.kind];

	if (a->tier != b->tier)
		return a->tier < b->tier;
	return x != y ? x < y : strcmp(a->name, b->name) < 0;
}

static bool same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->rule == b->rule &&
	       a->other == b->other && outcome_equal(&a->outcome, &b->outcome);
}

int explain_number(struct explain *explain, const struct change *change)
{
	struct explain_work *work = explain->work;
	struct explain_change *new = &work->changes[work->change_count];

	for (unsigned int i = 0; i < work->change_count; i++)
		if (same_change(&work->changes[i].change, change))
			return i;
	if (work->change_count == EXPLAIN_CHANGES_MAX)
		return -E2BIG;
	new->change = *change;
	new->tier = explain_tier(explain, change);
	change_print(explain->book, change, new->name);
	return work->change_count++;
}

/* What can be said of a finding at all: the model is right up to that op, and
 * there it is not on the side of the stack. */
static enum explain_state state_of(const struct finding *finding,
	const struct explain_run *run)
{
	unsigned int index = finding->divergence.index;

	return run->failed == index &&
			       run->said.outcomes[index].kind != OUTCOME_NA ?
		       EXPLAIN_OPEN :
		       EXPLAIN_UNMODELLED;
}

/* A change explains a finding: keep it, if none that says more does. */
static int keep(struct explain *explain, struct explain_item *item,
	const struct change *change)
{
	enum explain_tier tier = explain_tier(explain, change);
	int number;

	if (item->found_count && tier > item->tier)
		return 0;
	number = explain_number(explain, change);
	if (number == -E2BIG)
		return 0;
	if (!item->found_count || tier < item->tier)
		item->found_count = 0;
	item->tier = tier;
	if (item->found_count < EXPLAIN_FOUND_MAX)
		item->found[item->found_count++] = number;
	return 0;
}

static int search_one(struct explain *explain, struct explain_item *item)
{
	struct change list[CANDIDATES_MAX];
	struct explain_run run;
	unsigned int count;
	int rc = explain_run(explain, item->finding, NULL, 0, &run);

	if (rc < 0)
		return rc;
	item->state = state_of(item->finding, &run);
	if (item->state == EXPLAIN_UNMODELLED)
		return 0;
	item->rule = run.said.outcomes[run.failed].rule;
	count = explain_candidates(explain, item->finding, &run, true, list,
		CANDIDATES_MAX);
	for (unsigned int i = 0; i < count; i++) {
		rc = explain_run(explain, item->finding, &list[i], 1, &run);
		if (rc == 1)
			rc = keep(explain, item, &list[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* How often is each of the changes right, and how often wrong? */
static int weigh(struct explain *explain)
{
	struct explain_work *work = explain->work;
	int rc = 0;

	for (size_t i = 0; i < work->count; i++)
		for (unsigned int k = 0; k < work->items[i].found_count; k++)
			work->changes[work->items[i].found[k]].right++;
	for (unsigned int i = 0; i < work->change_count && !rc; i++)
		rc = explain_wrong(explain, &work->changes[i].change, 1,
			&work->changes[i].wrong);
	return rc;
}

int explain_search(struct explain *explain, const struct explain_seen *seen)
{
	struct explain_work *work = explain->work;
	int rc;

	ASSERT(seen->count <= EXPLAIN_FINDINGS_MAX && !work->count);
	ASSERT(seen->agreed_count <= EXPLAIN_AGREED_MAX);
	work->runs = RUNS_FOR_PAIRS;
	work->count = seen->count;
	rc = explain_call(explain, seen);
	for (size_t i = 0; i < seen->count && !rc; i++) {
		work->items[i].finding = &seen->findings[i];
		rc = search_one(explain, &work->items[i]);
	}
	if (!rc)
		rc = weigh(explain);
	if (rc)
		return rc;
	rc = explain_cover(explain, EXPLAIN_PLAIN, false);
	if (!rc)
		rc = explain_pairs(explain, true);
	if (!rc)
		rc = explain_cover(explain, EXPLAIN_BY_OUTCOME, false);
	if (!rc)
		rc = explain_pairs(explain, false);
	if (!rc)
		rc = explain_cover(explain, EXPLAIN_BY_OUTCOME, true);
	if (!rc)
		rc = explain_cover(explain, EXPLAIN_GENERIC, true);
	if (!rc)
		explain_finish(explain);
	return rc;
}

int explain_holds(struct explain *explain, const struct finding *finding,
	const struct explain_set *set, uint16_t *rule)
{
	struct explain_run run;
	int rc = explain_run(explain, finding, set->changes, set->count, &run);

	if (rc < 0 || set->count)
		return rc;
	if (rule)
		*rule = run.said.outcomes[finding->divergence.index].rule;
	return !rc && state_of(finding, &run) == EXPLAIN_OPEN;
}
