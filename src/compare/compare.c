// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - many programs on two subjects, on all CPUs, with progress
 */
#include "compare.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "divergence.h"
#include "gen.h"
#include "process.h"
#include "progress.h"
#include "util.h"

enum { BATCH = 64, NOTE_SECONDS = 2, FINDINGS_MAX = 512 };

/* What a worker writes and its parent reads while it runs */
struct share {
	struct compare_result result;
	struct finding findings[FINDINGS_MAX];
	uint64_t next; /* all its own before are done */
	int skipped;   /* 1 + which subject */
	char why[SUBJECT_WHY_MAX];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

unsigned int compare_workers(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return MIN(CPU_COUNT(&set), COMPARE_WORKERS_MAX);
}

bool compare_enough(uint64_t tested, uint64_t programs, unsigned int percent)
{
	return tested && (double)tested * 100 >= (double)programs * percent;
}

/* The same op, the same outcomes, the same rules: shown only once. What is
 * known is an example of its classes, whatever the rest. */
static bool same_sort(const struct finding *a, const struct finding *b)
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

/* Keep a divergence if it is new and worth keeping */
static int note(const struct compare_job *job, const struct judge *judge,
	struct share *share, const struct finding *finding)
{
	struct compare_result *result = &share->result;
	struct finding *old = share->findings;
	int rc;

	for (unsigned int i = 0; i < finding->answer.count; i++)
		result->classes_met[finding->answer.set[i]]++;
	if (!is_worth(job, result, &finding->answer))
		return 0;
	for (; old < share->findings + result->found; old++) {
		if (!job->programs && same_sort(old, finding)) {
			old->count++;
			return 0;
		}
	}
	if (result->found == FINDINGS_MAX)
		return 0;
	*old = *finding;
	result->found++;
	/* What is unmodelled may be much, and no fault: it is only listed. */
	if (finding->answer.verdict == CLASS_UNMODELLED && !job->programs) {
		old->program.count = old->divergence.index + 1;
		return 0;
	}
	rc = judge_minimize(judge, old);
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

static int batches(const struct compare_job *job, const struct judge *judge,
	struct share *share, unsigned int worker)
{
	static struct program programs[BATCH];
	static struct trace a[BATCH], b[BATCH];
	struct trace *traces[2] = { a, b };
	struct pair *pair = judge->pair;
	double end = now() + job->seconds;
	uint64_t next = job->from + worker * BATCH;
	int level = job->level >= 0 ? job->level : (int)pair->level;
	uint64_t whole = job->sweep ? sweep_size(job->sweep) : 1;
	uint64_t stride = job->spread ? spread(whole) : 1;

	for (size_t i = 0; i < BATCH && job->sweep; i++)
		program_init(&programs[i], LEVEL_SOCKET);
	share->next = next;
	while (!job->count || next < job->count) {
		size_t size = BATCH;
		int rc;

		if (job->count)
			size = MIN(size, job->count - next);

		if (job->seconds && now() >= end)
			break;
		for (size_t i = 0; i < size; i++) {
			if (job->programs)
				programs[i] = job->programs[next + i];
			else if (job->sweep)
				sweep_program(job->sweep,
					(next + i) * stride % whole,
					&programs[i]);
			else
				gen_program(job->seed, next + i, &pair->can,
					level, &programs[i]);
		}
		rc = diff_run(pair, programs, size, traces);
		for (size_t i = 0; i < size && !rc; i++)
			rc = compare_one(job, judge, share, worker,
				&programs[i], next + i, &a[i], &b[i]);
		if (rc)
			return rc;
		next += job->workers * BATCH;
		share->next = next;
	}
	return 0;
}

static void work(const struct compare_job *job, struct share *share,
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
	for (int i = 0; i < 2; i++) {
		if (rc && !*share->why && *subjects[i].why)
			snprintf(share->why, sizeof(share->why),
				"%.60s: %.130s", subjects[i].name,
				subjects[i].why);
		subject_close(&subjects[i]);
	}
}

static int by_number(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Bring what the workers found together; the same finding counts once */
static int gather(const struct compare_job *job, struct share *shares,
	struct compare_result *result)
{
	struct finding *all = calloc(job->workers * FINDINGS_MAX + 1,
		sizeof(*all));
	size_t n = 0;

	if (!all)
		return -ENOMEM;
	for (unsigned int w = 0; w < job->workers; w++) {
		struct share *share = &shares[w];

		tally_add(&result->tally, &share->result.tally);
		for (int i = 0; i < CLASSES_MAX; i++)
			result->classes_met[i] += share->result.classes_met[i];
		if (share->result.error && !result->error) {
			result->error = share->result.error;
			strcpy(result->why, share->why);
		}
		if (share->skipped) {
			result->skipped =
				job->subjects[share->skipped - 1].name;
			strcpy(result->why, share->why);
		}
		for (size_t i = 0; i < share->result.found; i++) {
			struct finding *f = &share->findings[i];
			size_t k = 0;

			while (k < n &&
				(job->programs || !same_sort(&all[k], f)))
				k++;
			if (k == n) {
				all[n++] = *f;
				continue;
			}
			/* The first one is shown, whoever found it. */
			f->count += all[k].count;
			if (f->number < all[k].number)
				all[k] = *f;
			all[k].count = f->count;
		}
	}
	qsort(all, n, sizeof(*all), by_number);
	result->findings = all;
	result->found = n;
	return 0;
}

/*
 * The number up to which all programs are compared and agree. A sweep that goes
 * on from there finds again what was found, which would else be forgotten. A
 * worker's first finding is that of its lowest number.
 */
static uint64_t all_before(const struct compare_job *job,
	const struct share *shares)
{
	uint64_t done = job->count;

	for (unsigned int w = 0; w < job->workers; w++) {
		done = MIN(done, MAX(shares[w].next, job->from));
		if (shares[w].result.found)
			done = MIN(done, shares[w].findings[0].number);
	}
	return done;
}

static void watch(const struct compare_job *job, struct share *shares,
	pid_t *pids, struct compare_result *result)
{
	struct progress progress;
	double next_note = now() + NOTE_SECONDS;
	unsigned int left = 0;

	for (unsigned int w = 0; w < job->workers; w++)
		left += pids[w] != 0;
	progress_start(&progress, job->count - job->from, job->seconds,
		job->quiet);
	while (left) {
		struct tally sum = { 0 };

		for (unsigned int w = 0; w < job->workers; w++) {
			int status = 0;
			pid_t ended;

			tally_add(&sum, &shares[w].result.tally);
			if (!pids[w])
				continue;
			ended = waitpid(pids[w], &status, WNOHANG);
			if (!ended || (ended < 0 && errno == EINTR))
				continue;
			pids[w] = 0;
			left--;
			/* Without waitpid() nobody knows how it ended. */
			if (ended < 0 || !WIFEXITED(status) ||
				WEXITSTATUS(status)) {
				shares[w].result.error = -ECHILD;
				snprintf(shares[w].why, sizeof(shares[w].why),
					"a worker ended with wait status %d",
					status);
			}
		}
		progress_say(&progress, sum.programs,
			"%llu divergent, %llu unknown",
			(unsigned long long)sum.divergent,
			(unsigned long long)sum.unknown);
		if (job->note && (!left || now() >= next_note)) {
			job->note(all_before(job, shares), job->note_arg);
			next_note = now() + NOTE_SECONDS;
		}
		if (left)
			usleep(5000);
	}
	progress_end(&progress);
	result->seconds = progress_seconds(&progress);
}

int compare(const struct compare_job *job, struct compare_result *result)
{
	size_t size = sizeof(struct share) * job->workers;
	struct share *shares = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[COMPARE_WORKERS_MAX] = { 0 };
	int rc;

	memset(result, 0, sizeof(*result));
	if (shares == MAP_FAILED)
		return -errno;
	/* The models are pure, so each worker gets a copy of them. */
	rc = !job->classes ? 0 :
			     class_finder_open(&result->finder, job->classes,
				     NAMES_OF(job->subjects));
	if (rc) {
		munmap(shares, size);
		return rc;
	}
	fflush(NULL);
	for (unsigned int w = 0; w < job->workers; w++) {
		pids[w] = process_fork();
		if (!pids[w]) {
			work(job, &shares[w], w, &result->finder);
			_exit(0);
		}
		if (pids[w] < 0) {
			pids[w] = 0;
			shares[w].result.error = -errno;
			strcpy(shares[w].why, "cannot fork a worker");
		}
	}
	watch(job, shares, pids, result);
	rc = gather(job, shares, result);
	munmap(shares, size);
	return rc;
}

void compare_free(struct compare_result *result)
{
	class_finder_close(&result->finder);
	free(result->findings);
	result->findings = NULL;
}
