// SPDX-License-Identifier: Apache-2.0
/*
 * explain_pairs.c - two changes that explain a divergence together
 *
 * DOC: Theory of Operation
 *
 * The second change is looked for where the run under the first one goes wrong:
 * among the rules that this run cites. A first change under which the model
 * says all the same, by the same rules, needs no second. No order is looked
 * for, since there are very many, but those that are chosen already are tried;
 * so is all else that is chosen. Of divergences that look alike, the rest is
 * not searched if some have no pair.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain_private.h"
#include "util.h"

/* Changes to be tried, first those that are chosen already */
enum { TRIED_MAX = 1024, FAILS_MAX = 16 };

static unsigned int collect(struct explain *explain, bool chosen,
	const struct explain_item *item, const struct explain_run *run,
	struct change list[TRIED_MAX])
{
	const struct explain_work *work = explain->work;
	unsigned int count = 0, kept, all;

	for (unsigned int i = 0; i < work->change_count; i++)
		if (work->changes[i].chosen && count < TRIED_MAX / 2)
			list[count++] = work->changes[i].change;
	if (chosen)
		return count;
	kept = count;
	all = kept + explain_candidates(explain, item->finding, run, false,
			     list + kept, TRIED_MAX - kept);
	for (unsigned int i = kept; i < all; i++)
		if (explain_tier(explain, &list[i]) != EXPLAIN_GENERIC)
			list[count++] = list[i];
	return count;
}

bool explain_same(const struct explain_run *a, const struct explain_run *b)
{
	if (a->failed != b->failed)
		return false;
	for (unsigned int i = 0; i <= a->failed; i++) {
		const struct outcome *x = &a->said.outcomes[i];
		const struct outcome *y = &b->said.outcomes[i];

		if (!outcome_equal(x, y) || x->rule != y->rule ||
			memcmp(x->effects, y->effects, sizeof(x->effects)))
			return false;
	}
	return true;
}

static struct explain_pair *find_pair(const struct explain_item *item,
	const struct explain_pair *pair)
{
	for (unsigned int i = 0; i < item->pair_count; i++)
		if (!memcmp(&item->pairs[i], pair, sizeof(*pair)))
			return &item->pairs[i];
	return NULL;
}

static int keep_pair(struct explain *explain, struct explain_item *item,
	const struct change pair[EXPLAIN_TOGETHER_MAX])
{
	int a = explain_number(explain, &pair[0]);
	int b = explain_number(explain, &pair[1]);
	struct explain_pair new;

	if (a < 0 || b < 0 || a == b)
		return 0;
	new = (struct explain_pair){ { MIN(a, b), MAX(a, b) } };
	if (find_pair(item, &new))
		return 0;
	if (!item->pairs)
		item->pairs = calloc(EXPLAIN_PAIRS_MAX, sizeof(new));
	if (!item->pairs)
		return -ENOMEM;
	if (item->pair_count < EXPLAIN_PAIRS_MAX)
		item->pairs[item->pair_count++] = new;
	return 0;
}

/* All that explain it together with a first change */
static int seconds(struct explain *explain, bool chosen,
	struct explain_item *item, const struct change *first,
	const struct explain_run *run)
{
	struct explain_work *work = explain->work;
	struct change list[TRIED_MAX], pair[EXPLAIN_TOGETHER_MAX];
	unsigned int count = collect(explain, chosen, item, run, list);
	int rc = 0;

	pair[0] = *first;
	for (unsigned int i = 0; i < count && rc >= 0 && work->runs; i++) {
		struct explain_run both;

		pair[1] = list[i];
		work->runs--;
		rc = explain_run(explain, item->finding, pair, 2, &both);
		if (rc == 1)
			rc = keep_pair(explain, item, pair);
	}
	return MIN(rc, 0);
}

static int pairs_of(struct explain *explain, bool chosen,
	struct explain_item *item)
{
	struct explain_work *work = explain->work;
	struct change list[TRIED_MAX];
	struct explain_run plain, run;
	unsigned int count;
	int rc = explain_run(explain, item->finding, NULL, 0, &plain);

	if (rc < 0)
		return rc;
	count = collect(explain, chosen, item, &plain, list);
	for (unsigned int i = 0; i < count && rc >= 0 && work->runs; i++) {
		work->runs--;
		rc = explain_run(explain, item->finding, &list[i], 1, &run);
		if (!rc && !explain_same(&plain, &run))
			rc = seconds(explain, chosen, item, &list[i], &run);
	}
	return MIN(rc, 0);
}

/**
 * struct choice - A pair, and what it is worth
 * @count:	How many open findings it explains
 * @new:	How many of the two are not chosen yet
 */
struct choice {
	struct explain_pair pair;
	uint64_t count;
	unsigned int new;
};

/* More for each new change; then by the changes themselves */
static bool better(const struct explain_work *work, const struct choice *a,
	const struct choice *b)
{
	const uint16_t *p = a->pair.changes, *q = b->pair.changes;
	uint64_t x = a->count * MAX(b->new, 1), y = b->count * MAX(a->new, 1);

	if (!a->new != !b->new)
		return !a->new;
	if (x != y)
		return x > y;
	for (int i = 0; i < EXPLAIN_TOGETHER_MAX; i++)
		if (p[i] != q[i])
			return explain_better(&work->changes[p[i]],
				&work->changes[q[i]]);
	return false;
}

/* @counts has room for each two changes */
static struct choice best_pair(const struct explain_work *work,
	uint32_t *counts)
{
	unsigned int size = work->change_count;
	struct choice best = { .count = 0 };

	memset(counts, 0, sizeof(*counts) * size * size);
	for (size_t i = 0; i < work->count; i++) {
		const struct explain_item *item = &work->items[i];

		for (unsigned int k = 0; k < item->pair_count; k++)
			if (item->state == EXPLAIN_OPEN)
				counts[item->pairs[k].changes[0] * size +
					item->pairs[k].changes[1]]++;
	}
	for (unsigned int i = 0; i < size * size; i++) {
		struct choice choice = { .pair = { { i / size, i % size } },
			.count = counts[i] };

		if (!choice.count)
			continue;
		choice.new = !work->changes[i / size].chosen +
			     !work->changes[i % size].chosen;
		if (!best.count || better(work, &choice, &best))
			best = choice;
	}
	return best;
}

/* Is a pair believed? What is wrong of a change that is chosen already, is not
 * the fault of the pair. */
static int is_believed(struct explain *explain, const struct choice *choice)
{
	struct explain_work *work = explain->work;
	struct change changes[EXPLAIN_TOGETHER_MAX];
	double wrong, right = choice->count;
	int rc;

	if (!choice->new)
		return 1;
	for (int i = 0; i < EXPLAIN_TOGETHER_MAX; i++) {
		const struct explain_change *change =
			&work->changes[choice->pair.changes[i]];

		changes[i] = change->change;
		right += change->chosen ? change->wrong : 0;
	}
	rc = explain_wrong(explain, changes, EXPLAIN_TOGETHER_MAX, &wrong);
	return rc ? rc : wrong <= right;
}

/* Take it if it is believed; else take it away */
static int take_pair(struct explain *explain, const struct choice *choice)
{
	struct explain_work *work = explain->work;
	const struct explain_pair *pair = &choice->pair;
	int believed = is_believed(explain, choice);

	if (believed < 0)
		return believed;
	for (int i = 0; i < EXPLAIN_TOGETHER_MAX; i++)
		work->changes[pair->changes[i]].chosen |= believed;
	for (size_t i = 0; i < work->count; i++) {
		struct explain_item *item = &work->items[i];
		struct explain_pair *has = find_pair(item, pair);

		if (item->state != EXPLAIN_OPEN || !has)
			continue;
		if (!believed) {
			*has = item->pairs[--item->pair_count];
			continue;
		}
		item->state = EXPLAIN_DONE;
		item->by_count = EXPLAIN_TOGETHER_MAX;
		memcpy(item->by, pair->changes, sizeof(item->by));
	}
	return 0;
}

/* The first divergence that looks like this one; it has their count of fails */
static struct explain_item *first_alike(struct explain_work *work,
	const struct explain_item *item)
{
	const struct divergence *d = &item->finding->divergence;
	const struct op *op = &item->finding->program.ops[d->index];
	struct explain_item *first = work->items;

	for (;; first++) {
		const struct divergence *x = &first->finding->divergence;

		if (first->rule == item->rule &&
			first->finding->program.ops[x->index].kind ==
				op->kind &&
			outcome_alike(&x->outcomes[0], &d->outcomes[0]))
			return first;
	}
}

static int find_pairs(struct explain *explain, bool chosen)
{
	struct explain_work *work = explain->work;
	int rc = 0;

	for (size_t i = 0; i < work->count; i++)
		work->items[i].fails = 0;
	for (size_t i = 0; i < work->count && work->runs && !rc; i++) {
		struct explain_item *item = &work->items[i], *first;

		if (item->state != EXPLAIN_OPEN)
			continue;
		first = first_alike(work, item);
		if (first->fails == FAILS_MAX)
			continue;
		rc = pairs_of(explain, chosen, item);
		first->fails += !item->pair_count;
	}
	return rc;
}

int explain_pairs(struct explain *explain, bool chosen)
{
	struct explain_work *work = explain->work;
	struct choice best;
	uint32_t *counts;
	int rc = find_pairs(explain, chosen);

	if (rc)
		return rc;
	counts = calloc((size_t)work->change_count * work->change_count + 1,
		sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	while (!rc && (best = best_pair(work, counts)).count)
		rc = take_pair(explain, &best);
	free(counts);
	return rc;
}
