// SPDX-License-Identifier: Apache-2.0
/*
 * compare_work.c - what a worker does: batches of programs, and their findings
 */
#include "compare_private.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "divergence.h"
#include "gen.h"
#include "util.h"

enum { BATCH = 64 };

/* So long may what is asked at once take, where time is short */
#define QUICK_SECONDS 0.1

double compare_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The same op, the same outcomes, the same rules: shown only once. What is
 * known is an example of its classes, whatever the rest. */
bool compare_same(const struct finding *a, const struct finding *b)
{
	if (a->answer.verdict != b->answer.verdict)
		return false;
	if (a->answer.verdict == CLASS_KNOWN)
		return class_same(&a->answer, &b->answer);
	return judge_alike(a, b) && !memcmp(a->answer.rules, b->answer.rules,
					    sizeof(a->answer.rules));
}

/* Is a divergence worth keeping? An example is one of a class by itself, or the
 * first in which a class was met at all. */
static bool is_worth(const struct compare_job *job,
	const struct compare_result *result, const struct class_answer *answer)
{
	if (job->programs || answer->verdict != CLASS_KNOWN)
		return true;
	if (!job->examples)
		return false;
	for (unsigned int i = 0; i < answer->count; i++)
		if (result->classes_met[answer->set[i]] == 1)
			return true;
	return answer->count == 1;
}

/* Minimise a finding, but not before it is kept as it was found */
static int make_small(const struct compare_job *job, const struct judge *judge,
	struct share *share, struct finding *finding)
{
	struct finding small = *finding;
	int rc = judge_minimize(judge, &small);

	while (job->keep && atomic_load(&share->kept) < share->result.found)
		usleep(1000);
	*finding = small;
	return rc;
}

/* Keep a divergence if it is new and worth keeping */
static int note(const struct compare_job *job, const struct judge *judge,
	struct share *share, const struct finding *finding)
{
	struct compare_result *result = &share->result;
	struct finding *old = share->findings;
	bool listed;
	int rc = 0;

	for (unsigned int i = 0; i < finding->answer.count; i++)
		result->classes_met[finding->answer.set[i]]++;
	if (!is_worth(job, result, &finding->answer))
		return 0;
	for (; old < share->findings + result->found; old++) {
		if (!job->programs && compare_same(old, finding)) {
			old->count++;
			return 0;
		}
	}
	if (result->found == FINDINGS_MAX) {
		share->dropped++;
		return 0;
	}
	*old = *finding;
	/* What is unmodelled may be much, and no fault: it is only listed. */
	listed = finding->answer.verdict == CLASS_UNMODELLED && !job->programs;
	if (listed)
		old->program.count = old->divergence.index + 1;
	atomic_store(&share->raw, ++result->found);
	if (!listed)
		rc = make_small(job, judge, share, old);
	atomic_store(&share->small, result->found);
	return rc == -EAGAIN ? 0 : rc;
}

/* A divergence that does not happen again is not kept, but people are told. */
static void say_unsteady(const struct compare_job *job,
	const struct program *program, uint64_t number,
	const struct divergence *divergence)
{
	fprintf(stderr,
		"portclash: program %llu diverged once, and then not "
		"again:\n",
		(unsigned long long)number);
	divergence_write(program, NAMES_OF(job->subjects), divergence, stderr);
}

static int compare_one(const struct compare_job *job, const struct judge *judge,
	struct share *share, unsigned int worker, const struct program *program,
	uint64_t number, const struct trace *a, const struct trace *b)
{
	struct finding finding; /* large, and rarely looked at */
	enum verdict verdict = judge_traces(judge, program, a, b, &finding);
	int rc;

	finding.number = number;
	finding.count = 1;
	if (verdict == AGREE && job->told) {
		finding.program = *program;
		finding.divergence.index = program->count;
		finding.divergence.before = *a;
		return job->told(&finding, worker, job->told_arg);
	}
	if (verdict != DIVERGE)
		return 0;
	rc = judge_finding(judge, &finding, a, b);
	if (rc == DIVERGE && job->told)
		return job->told(&finding, worker, job->told_arg);
	if (rc == DIVERGE)
		return note(job, judge, share, &finding);
	if (rc != -EAGAIN)
		return rc;
	say_unsteady(job, program, number, &finding.divergence);
	return 0;
}

/* A step that comes to every number of a set, far from the one before */
static uint64_t spread(uint64_t size)
{
	uint64_t step = size * 0.618, a, b;

	for (;; step++) {
		for (a = step, b = size; b;) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return step;
	}
}

/* The programs from one number on, in memory of the worker */
static void make(const struct compare_job *job, const struct pair *pair,
	uint64_t next, size_t size, struct program *programs)
{
	bool sockets = job->sockets && diff_has_level(pair, LEVEL_SOCKET);
	int level = job->level >= 0 ? job->level :
		    sockets	    ? (int)LEVEL_SOCKET :
				      (int)pair->level;
	uint64_t whole = job->sweep ? sweep_size(job->sweep) : 1;
	uint64_t stride = job->spread ? spread(whole) : 1;

	for (size_t i = 0; i < size; i++) {
		if (job->programs)
			programs[i] = job->programs[next + i];
		else if (job->sweep)
			sweep_program(job->sweep, (next + i) * stride % whole,
				&programs[i]);
		else
			gen_program(job->seed, next + i, &pair->can, level,
				&programs[i]);
	}
}

/* Where time is short a subject is asked few at once, until it is quick. */
static int batch(const struct compare_job *job, const struct judge *judge,
	struct share *share, unsigned int worker, uint64_t next, size_t size,
	double end)
{
	static struct program programs[BATCH];
	static struct trace a[BATCH], b[BATCH];
	static size_t at_once = 1;
	static bool ready;
	struct trace *traces[2] = { a, b };
	size_t done = 0, count;

	for (size_t i = 0; i < BATCH && job->sweep && !ready; i++)
		program_init(&programs[i], LEVEL_SOCKET);
	ready = true;
	make(job, judge->pair, next, size, programs);
	for (; done < size; done += count) {
		double began = compare_now();
		int rc;

		if (job->seconds && began >= end)
			return 0;
		count = MIN(job->seconds ? at_once : BATCH, size - done);
		rc = diff_run(judge->pair, programs + done, count, traces);
		for (size_t i = 0; i < count && !rc; i++)
			rc = compare_one(job, judge, share, worker,
				&programs[done + i], next + done + i, &a[i],
				&b[i]);
		if (rc)
			return rc;
		at_once = compare_now() - began < QUICK_SECONDS ?
				  MIN(2 * at_once, (size_t)BATCH) :
				  1;
	}
	share->next = next + job->workers * BATCH;
	return 0;
}

static int batches(const struct compare_job *job, const struct judge *judge,
	struct share *share, unsigned int worker)
{
	double end = compare_now() + job->seconds;
	uint64_t next = job->from + worker * BATCH;

	share->next = next;
	while (!job->count || next < job->count) {
		size_t size = BATCH;
		int rc;

		if (job->count)
			size = MIN(size, job->count - next);
		if (job->seconds && compare_now() >= end)
			break;
		rc = batch(job, judge, share, worker, next, size, end);
		if (rc)
			return rc;
		next += job->workers * BATCH;
	}
	return 0;
}

void compare_work(const struct compare_job *job, struct share *share,
	unsigned int worker, struct class_finder *finder)
{
	struct subject subjects[2];
	struct pair pair;
	/* Who names a program asks for just that one. */
	struct judge judge = { .pair = &pair,
		.finder = job->classes ? finder : NULL,
		.tally = &share->result.tally,
		.asked = job->programs };
	int failed, rc = named_open_two(subjects, job->subjects, &failed);

	if (rc) {
		share->skipped = 1 + failed;
		snprintf(share->why, sizeof(share->why), "%.*s",
			(int)sizeof(share->why) - 1, subjects[failed].why);
		return;
	}
	rc = diff_pair(&pair, &subjects[0], &subjects[1]);
	if (rc)
		snprintf(share->why, sizeof(share->why),
			"%.80s and %.80s have no ops in common",
			subjects[0].name, subjects[1].name);
	else
		rc = batches(job, &judge, share, worker);
	share->result.error = rc;
	atomic_store(&share->done, true);
	for (int i = 0; i < 2; i++) {
		if (rc && !*share->why && *subjects[i].why)
			snprintf(share->why, sizeof(share->why),
				"%.60s: %.130s", subjects[i].name,
				subjects[i].why);
		subject_close(&subjects[i]);
	}
}
