// SPDX-License-Identifier: Apache-2.0
/*
 * explain_cover.c - which changes explain most, what is left, how many of each
 */
#include <stdlib.h>
#include <string.h>

#include "explain_private.h"
#include "util.h"

/* What it explains, in proportion to how often it is right */
static double worth(const struct explain_change *change)
{
	return change->count * change->right / (change->right + change->wrong);
}

static void count_open(struct explain_work *work, enum explain_tier last)
{
	for (unsigned int i = 0; i < work->change_count; i++)
		work->changes[i].count = 0;
	for (size_t i = 0; i < work->count; i++) {
		const struct explain_item *item = &work->items[i];

		if (item->state != EXPLAIN_OPEN || item->tier > last)
			continue;
		for (unsigned int k = 0; k < item->found_count; k++)
			work->changes[item->found[k]].count++;
	}
}

static bool is_doubtful(const struct explain_change *change)
{
	return change->wrong > change->right;
}

/* The change that is worth most for what is open, or -1 */
static int most(struct explain_work *work, enum explain_tier last,
	bool doubtful)
{
	int best = -1;

	count_open(work, last);
	for (unsigned int i = 0; i < work->change_count; i++) {
		const struct explain_change *change = &work->changes[i];
		const struct explain_change *than =
			&work->changes[MAX(best, 0)];

		if (!change->count || (is_doubtful(change) && !doubtful))
			continue;
		if (best < 0 || worth(change) > worth(than) ||
			(worth(change) == worth(than) &&
				explain_better(change, than)))
			best = i;
	}
	return best;
}

static bool has_found(const struct explain_item *item, int change)
{
	for (unsigned int i = 0; i < item->found_count; i++)
		if (item->found[i] == change)
			return true;
	return false;
}

static void choose(struct explain_work *work, enum explain_tier last,
	bool doubtful)
{
	int best;

	while ((best = most(work, last, doubtful)) >= 0) {
		work->changes[best].chosen = true;
		for (size_t i = 0; i < work->count; i++) {
			struct explain_item *item = &work->items[i];

			if (item->state != EXPLAIN_OPEN || item->tier > last ||
				!has_found(item, best))
				continue;
			item->state = EXPLAIN_DONE;
			item->by[0] = best;
			item->by_count = 1;
		}
	}
}

/* Is a change believed now that would explain something, and was not? */
static int weigh_again(struct explain *explain)
{
	struct explain_work *work = explain->work;
	bool again = false;

	for (unsigned int i = 0; i < work->change_count; i++) {
		struct explain_change *change = &work->changes[i];
		int rc;

		if (!change->count || !is_doubtful(change))
			continue;
		rc = explain_wrong(explain, &change->change, 1, &change->wrong);
		if (rc)
			return rc;
		again |= !is_doubtful(change);
	}
	return again;
}

int explain_cover(struct explain *explain, enum explain_tier last,
	bool doubtful)
{
	int rc;

	do {
		choose(explain->work, last, doubtful);
		count_open(explain->work, last);
		rc = weigh_again(explain);
	} while (rc == 1);
	return rc;
}

/* For qsort(): there is one search at a time. */
static const struct explain_work *sorted;

static unsigned int sort_of(const struct explain_change *change)
{
	return change->tier == EXPLAIN_GENERIC ? 2 : is_doubtful(change);
}

static int by_count(const void *a, const void *b)
{
	const struct explain_change *x =
		&sorted->changes[*(const unsigned int *)a];
	const struct explain_change *y =
		&sorted->changes[*(const unsigned int *)b];
	unsigned int m = sort_of(x), n = sort_of(y);

	if (m != n)
		return m > n ? 1 : -1;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return explain_better(x, y) ? -1 : 1;
}

static void make_lines(struct explain *explain)
{
	struct explain_work *work = explain->work;
	unsigned int order[EXPLAIN_CHANGES_MAX] = { 0 }, count = 0;

	for (unsigned int i = 0; i < work->change_count; i++) {
		work->changes[i].count = 0;
		work->changes[i].line = EXPLAIN_LINES_MAX;
	}
	for (size_t i = 0; i < work->count; i++)
		for (unsigned int k = 0; k < work->items[i].by_count; k++)
			work->changes[work->items[i].by[k]].count++;
	for (unsigned int i = 0; i < work->change_count; i++)
		if (work->changes[i].count)
			order[count++] = i;
	sorted = work;
	qsort(order, count, sizeof(*order), by_count);
	explain->line_count = MIN(count, EXPLAIN_LINES_MAX);
	for (unsigned int i = 0; i < explain->line_count; i++) {
		struct explain_change *change = &work->changes[order[i]];

		change->line = i;
		explain->lines[i].generic = change->tier == EXPLAIN_GENERIC;
		explain->lines[i].doubtful = is_doubtful(change);
		explain->lines[i].wrong = change->wrong;
		explain->lines[i].example = SIZE_MAX;
		explain->counts.lines[i] = change->count;
	}
}

/* Of two findings, the one with fewer ops; of these, the first */
static bool simpler(const struct explain_item *a, const struct explain_item *b)
{
	return a->finding->divergence.index < b->finding->divergence.index;
}

/* Alone before beside another one; then the simplest */
static void take_example(struct explain *explain, size_t number,
	unsigned int which)
{
	struct explain_work *work = explain->work;
	const struct explain_item *item = &work->items[number];
	const struct explain_change *change = &work->changes[item->by[which]];
	struct explain_line *line;

	if (change->line == EXPLAIN_LINES_MAX)
		return;
	line = &explain->lines[change->line];
	if (line->example != SIZE_MAX &&
		(item->by_count > line->set.count ||
			(item->by_count == line->set.count &&
				!simpler(item, &work->items[line->example]))))
		return;
	line->example = number;
	line->set.count = item->by_count;
	line->set.changes[0] = change->change;
	if (item->by_count > 1)
		line->set.changes[1] = work->changes[item->by[!which]].change;
}

static struct explain_rest *find_rest(struct explain_counts *counts,
	const struct explain_rest *like)
{
	struct explain_rest *rest = counts->rest;

	for (; rest < counts->rest + counts->rest_count; rest++)
		if (rest->op == like->op && rest->rule == like->rule &&
			outcome_alike(&rest->outcome, &like->outcome))
			return rest;
	if (counts->rest_count == EXPLAIN_REST_MAX)
		return NULL;
	counts->rest_count++;
	*rest = *like;
	rest->count = 0;
	return rest;
}

struct explain_rest *explain_leave(struct explain_counts *counts,
	const struct finding *finding, uint16_t rule, size_t example)
{
	const struct divergence *d = &finding->divergence;
	const struct op *op = &finding->program.ops[d->index];
	bool again = op->kind == OP_REPEAT && d->index;
	const struct explain_rest like = {
		.op = op[-again].kind,
		.rule = rule,
		.outcome = d->outcomes[0],
		.example = example,
	};
	struct explain_rest *rest = find_rest(counts, &like);

	if (rest)
		rest->count += finding->count;
	return rest;
}

static int by_size(const void *a, const void *b)
{
	const struct explain_rest *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->example > y->example) - (x->example < y->example);
}

void explain_finish(struct explain *explain)
{
	struct explain_work *work = explain->work;
	struct explain_counts *counts = &explain->counts;

	make_lines(explain);
	for (size_t i = 0; i < work->count; i++) {
		const struct explain_item *item = &work->items[i];
		struct explain_rest *rest;

		counts->explained += item->state == EXPLAIN_DONE;
		counts->unexplained += item->state == EXPLAIN_OPEN;
		counts->unmodelled += item->state == EXPLAIN_UNMODELLED;
		for (unsigned int k = 0; k < item->by_count; k++)
			take_example(explain, i, k);
		if (item->state != EXPLAIN_OPEN)
			continue;
		rest = explain_leave(counts, item->finding, item->rule, i);
		if (rest && simpler(item, &work->items[rest->example]))
			rest->example = i;
	}
	qsort(counts->rest, counts->rest_count, sizeof(*counts->rest), by_size);
}

void explain_add(struct explain_counts *sum, const struct explain_counts *part)
{
	for (unsigned int i = 0; i < EXPLAIN_LINES_MAX; i++)
		sum->lines[i] += part->lines[i];
	sum->explained += part->explained;
	sum->unexplained += part->unexplained;
	sum->unmodelled += part->unmodelled;
	for (unsigned int i = 0; i < part->rest_count; i++) {
		struct explain_rest *rest = find_rest(sum, &part->rest[i]);

		if (rest)
			rest->count += part->rest[i].count;
	}
}

/* Lines that explain it alone, from one to another; the first of them */
static int find_line(struct explain *explain, const struct finding *finding,
	unsigned int from, unsigned int to, const struct explain_run *plain,
	bool differs[EXPLAIN_LINES_MAX], unsigned int *by)
{
	struct explain_run run;

	for (*by = from; *by < to; ++*by) {
		int rc = explain_run(explain, finding,
			&explain->lines[*by].set.changes[0], 1, &run);

		if (rc)
			return rc;
		differs[*by] = !explain_same(plain, &run);
	}
	return 0;
}

/* Is it a line alone, or two of them? Doubtful and generic ones only alone, and
 * last. Two under neither of which the model says anything else are not tried.
 */
static int find_lines(struct explain *explain, const struct finding *finding,
	unsigned int by[EXPLAIN_TOGETHER_MAX])
{
	unsigned int last = 0, count = explain->line_count;
	bool differs[EXPLAIN_LINES_MAX] = { false };
	struct explain_set set = { .count = EXPLAIN_TOGETHER_MAX };
	struct explain_run plain;
	int rc = explain_run(explain, finding, NULL, 0, &plain);

	if (rc < 0)
		return rc;
	while (last < count && !explain->lines[last].generic &&
		!explain->lines[last].doubtful)
		last++;
	rc = find_line(explain, finding, 0, last, &plain, differs, &by[0]);
	if (rc)
		return rc;
	for (by[0] = 0; by[0] < last; by[0]++) {
		set.changes[0] = explain->lines[by[0]].set.changes[0];
		for (by[1] = by[0] + 1; by[1] < last; by[1]++) {
			if (!differs[by[0]] && !differs[by[1]])
				continue;
			set.changes[1] = explain->lines[by[1]].set.changes[0];
			rc = explain_holds(explain, finding, &set, NULL);
			if (rc)
				return rc < 0 ? rc : EXPLAIN_TOGETHER_MAX;
		}
	}
	return find_line(explain, finding, last, count, &plain, differs,
		&by[0]);
}

int explain_more(struct explain *explain, const struct finding *finding,
	struct explain_counts *counts)
{
	const struct explain_set none = { .count = 0 };
	unsigned int by[EXPLAIN_TOGETHER_MAX] = { 0 };
	uint16_t rule;
	int rc = explain_holds(explain, finding, &none, &rule);

	if (rc < 0)
		return rc;
	if (!rc) {
		counts->unmodelled++;
		return 0;
	}
	rc = find_lines(explain, finding, by);
	if (rc < 0)
		return rc;
	for (int i = 0; i < rc; i++)
		counts->lines[by[i]]++;
	counts->explained += rc > 0;
	counts->unexplained += !rc;
	if (!rc)
		explain_leave(counts, finding, rule, SIZE_MAX);
	return 0;
}
