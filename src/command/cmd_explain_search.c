// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_explain_search.c - a stack without a model: all that diverges, searched
 *
 * DOC: Theory of Operation
 *
 * All that diverges is collected from the workers in memory that they share.
 * The search is made in this process, since a model is pure, and a child that
 * may open kernel subjects makes the cases small. If not all fit into that
 * memory, the search has a sample, and all programs are compared once more: now
 * by workers that know what was found, and only count.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_explain.h"
#include "quote.h"
#include "util.h"
#include "subjects/named.h"

/**
 * struct some - A sample of what a worker met, from all over the programs
 * @worst:	That of @findings that goes first, if there is no room
 */
struct some {
	uint64_t count;
	size_t kept, worst;
	struct finding findings[EXPLAIN_FINDINGS_MAX];
};

/**
 * struct found - What a worker found
 * @diverged:	All, if they are not too many
 */
struct found {
	struct some diverged, agreed;
};

/* What is made small, in memory that is shared with who does it */
struct small {
	const struct explain *explain;
	const struct named *subjects;
	struct finding lines[EXPLAIN_LINES_MAX], rest[EXPLAIN_REST_MAX];
	bool line_is[EXPLAIN_LINES_MAX], rest_is[EXPLAIN_REST_MAX];
	unsigned int rest_count;
};

/* What runs while the comparison runs */
struct teller {
	struct explain *explain;
	struct found *found;
	uint64_t last; /* by hash: up to this all were searched */
	struct explain_counts *counts;
};

/* In a sweep, programs that follow each other are alike. So those are kept
 * whose numbers have the smallest hashes, whoever of the workers has them. */
static uint64_t hash_of(const struct finding *finding)
{
	return program_hash(&finding->number, sizeof(finding->number));
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = hash_of(a), y = hash_of(b);

	return (x > y) - (x < y);
}

static void keep(struct some *some, const struct finding *finding, size_t max)
{
	some->count++;
	if (some->kept < max)
		some->findings[some->kept++] = *finding;
	else if (by_hash(finding, &some->findings[some->worst]) < 0)
		some->findings[some->worst] = *finding;
	else
		return;
	if (some->kept < max)
		return;
	some->worst = 0;
	for (size_t i = 1; i < max; i++)
		if (by_hash(&some->findings[i], &some->findings[some->worst]) >
			0)
			some->worst = i;
}

static int collect(const struct finding *finding, unsigned int worker,
	void *arg)
{
	struct teller *teller = arg;
	struct found *found = &teller->found[worker];

	if (finding->divergence.index < finding->program.count)
		keep(&found->diverged, finding, EXPLAIN_FINDINGS_MAX);
	else
		keep(&found->agreed, finding, EXPLAIN_AGREED_MAX);
	return 0;
}

static int recount(const struct finding *finding, unsigned int worker,
	void *arg)
{
	struct teller *teller = arg;

	if (finding->divergence.index == finding->program.count ||
		hash_of(finding) <= teller->last)
		return 0;
	return explain_more(teller->explain, finding, &teller->counts[worker]);
}

static int by_number(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* A sample of what all workers have; how many there were; and the last hash */
static size_t gather(const struct found *found, unsigned int workers,
	bool agreed, struct finding **findings, uint64_t *all, uint64_t *last)
{
	size_t max = agreed ? EXPLAIN_AGREED_MAX : EXPLAIN_FINDINGS_MAX;
	size_t count = 0;

	*all = 0;
	*findings = calloc(workers * EXPLAIN_FINDINGS_MAX + 1,
		sizeof(**findings));
	if (!*findings)
		die(EXIT_CANNOT, "out of memory");
	for (unsigned int w = 0; w < workers; w++) {
		const struct some *some = agreed ? &found[w].agreed :
						   &found[w].diverged;

		memcpy(*findings + count, some->findings,
			some->kept * sizeof(**findings));
		count += some->kept;
		*all += some->count;
	}
	qsort(*findings, count, sizeof(**findings), by_hash);
	count = MIN(count, max);
	*last = count ? hash_of(*findings + count - 1) : 0;
	qsort(*findings, count, sizeof(**findings), by_number);
	return count;
}

/* A case that cannot be made small is shown as it is. */
static void minimize_all(struct small *small, struct explain *explain,
	struct pair *pair)
{
	const struct explain_set none = { .count = 0 };

	for (unsigned int i = 0; i < explain->line_count; i++)
		if (small->line_is[i])
			explain_minimize(explain, pair, &small->lines[i],
				&explain->lines[i].set);
	for (unsigned int i = 0; i < small->rest_count; i++)
		if (small->rest_is[i])
			explain_minimize(explain, pair, &small->rest[i], &none);
}

static int make_small(void *arg)
{
	struct small *small = arg;
	struct explain explain = *small->explain;
	struct subject subjects[2];
	struct pair pair;
	int failed;

	if (named_open_two(subjects, small->subjects, &failed)) {
		quote_printf(stderr, "portclash: %s: %s\n",
			subjects[failed].name, subjects[failed].why);
		return EXIT_CANNOT;
	}
	if (!diff_pair(&pair, &subjects[0], &subjects[1]))
		minimize_all(small, &explain, &pair);
	for (int i = 0; i < 2; i++)
		subject_close(&subjects[i]);
	return EXIT_AGREED;
}

/* One case of each line and of each rest, small if they can be made so */
static void make_cases(struct cmd_explained *e, const struct finding *findings)
{
	struct small *small = cmd_shared_memory(sizeof(*small));
	const struct explain *explain = e->explain;

	small->explain = explain;
	small->subjects = e->named;
	small->rest_count = e->counts.rest_count;
	for (unsigned int i = 0; i < explain->line_count; i++) {
		if (explain->lines[i].example == SIZE_MAX)
			continue;
		small->lines[i] = findings[explain->lines[i].example];
		small->line_is[i] = true;
		e->cases[i] = &small->lines[i];
	}
	for (unsigned int i = 0; i < small->rest_count; i++) {
		if (e->counts.rest[i].example == SIZE_MAX)
			continue;
		small->rest[i] = findings[e->counts.rest[i].example];
		small->rest_is[i] = true;
		e->rest_cases[i] = &small->rest[i];
	}
	if (explain->line_count || small->rest_count)
		cmd_in_child(make_small, small);
}

/* Those that were not kept: compare again, by who knows what was found */
static void count_more(struct cmd_explained *e, struct compare_job *job,
	struct compare_result *result, struct teller *teller)
{
	struct compare_result again;

	teller->counts =
		cmd_shared_memory(job->workers * sizeof(*teller->counts));
	job->told = recount;
	cmd_explain_compare(job, &again);
	for (unsigned int w = 0; w < job->workers; w++)
		explain_add(&e->counts, &teller->counts[w]);
	if (again.error && !result->error) {
		result->error = again.error;
		strcpy(result->why, again.why);
	}
	compare_free(&again);
}

void cmd_explain_search(struct cmd_explained *e, struct compare_job *job,
	struct compare_result *result, struct explain *explain)
{
	struct teller teller = { .explain = explain };
	struct finding *findings, *agreed;
	struct explain_seen seen;
	uint64_t all;
	int rc;

	teller.found = cmd_shared_memory(job->workers * sizeof(*teller.found));
	job->told = collect;
	job->told_arg = &teller;
	cmd_explain_compare(job, result);
	seen.agreed_count = gather(teller.found, job->workers, true, &agreed,
		&seen.agreed_all, &teller.last);
	seen.count = gather(teller.found, job->workers, false, &findings, &all,
		&teller.last);
	seen.findings = findings;
	seen.agreed = agreed;
	/* So many agree for as many divergences as these are. */
	if (seen.count)
		seen.agreed_all = seen.agreed_all * seen.count / all;
	rc = explain_search(explain, &seen);
	if (rc)
		die(EXIT_CANNOT, "%s", strerror(-rc));
	e->explain = explain;
	e->counts = explain->counts;
	if (all > seen.count)
		count_more(e, job, result, &teller);
	make_cases(e, findings);
	free(agreed);
	free(findings);
}
