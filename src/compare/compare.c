// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - many programs on two subjects, on all CPUs, with progress
 */
#include "compare_private.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "progress.h"
#include "stop.h"
#include "util.h"

enum { NOTE_SECONDS = 2, LATE_SECONDS = 1 };

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
		result->dropped += share->dropped;
		for (size_t i = 0; i < atomic_load(&share->raw); i++) {
			struct finding *f = &share->findings[i];
			size_t k = 0;

			while (k < n &&
				(job->programs || !compare_same(&all[k], f)))
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
		if (atomic_load(&shares[w].raw))
			done = MIN(done, shares[w].findings[0].number);
	}
	return done;
}

/* Hand on what the workers have found since, and what they made small */
static void hand_on(const struct compare_job *job, struct share *shares,
	size_t *small)
{
	for (unsigned int w = 0; w < job->workers && job->keep; w++) {
		struct share *share = &shares[w];
		size_t kept = atomic_load(&share->kept);

		for (; kept < atomic_load(&share->raw); kept++) {
			job->keep(&share->findings[kept], job->keep_arg);
			atomic_store(&share->kept, kept + 1);
		}
		for (; small[w] < atomic_load(&share->small); small[w]++)
			job->keep(&share->findings[small[w]], job->keep_arg);
	}
}

/* How a worker has ended, if not as it should */
static void say_end(struct share *share, int status)
{
	share->result.error = -ECHILD;
	if (WIFEXITED(status))
		snprintf(share->why, sizeof(share->why),
			"a worker gave up, exit code %d", WEXITSTATUS(status));
	else
		snprintf(share->why, sizeof(share->why),
			"a worker ended with wait status %d%s", status,
			process_meant(status));
}

/* Has a worker ended? Unless we have ended it, its status says how. */
static bool has_ended(struct share *share, pid_t pid, bool over)
{
	int status = 0;
	pid_t ended = waitpid(pid, &status, WNOHANG);

	if (!ended || (ended < 0 && errno == EINTR))
		return false;
	if (ended > 0 && !over && status)
		say_end(share, status);
	/* Without waitpid() nobody knows how it ended, and whether it has. */
	if (ended < 0) {
		share->result.error = -errno;
		snprintf(share->why, sizeof(share->why),
			"no word of a worker: %s", strerror(errno));
		if (share->result.error != -ECHILD)
			kill(pid, SIGKILL);
	}
	return true;
}

/* Time is over, or somebody asks us to stop: then what is found is enough. A
 * worker may be waiting for a subject, so it is not asked. */
static bool end_workers(const struct compare_job *job,
	const struct share *shares, const pid_t *pids, double late, bool over)
{
	if (over)
		return true;
	if (!stop_asked() && (!job->seconds || compare_now() < late))
		return false;
	for (unsigned int w = 0; w < job->workers; w++)
		if (pids[w] && !atomic_load(&shares[w].done))
			kill(pids[w], SIGKILL);
	return true;
}

static void watch(const struct compare_job *job, struct share *shares,
	pid_t *pids, struct compare_result *result)
{
	size_t small[COMPARE_WORKERS_MAX] = { 0 };
	double late = compare_now() + job->seconds + LATE_SECONDS;
	bool over = false;
	struct progress progress;
	double next_note = compare_now() + NOTE_SECONDS;
	unsigned int left = 0;

	for (unsigned int w = 0; w < job->workers; w++)
		left += pids[w] != 0;
	progress_start(&progress, job->count - job->from, job->seconds,
		job->quiet);
	while (left) {
		struct tally sum = { 0 };

		for (unsigned int w = 0; w < job->workers; w++) {
			tally_add(&sum, &shares[w].result.tally);
			if (!pids[w] || !has_ended(&shares[w], pids[w], over))
				continue;
			pids[w] = 0;
			left--;
		}
		over = end_workers(job, shares, pids, late, over);
		hand_on(job, shares, small);
		progress_say(&progress, sum.programs,
			"%llu divergent, %llu unknown",
			(unsigned long long)sum.divergent,
			(unsigned long long)sum.unknown);
		if (job->note && (!left || compare_now() >= next_note)) {
			job->note(all_before(job, shares), job->note_arg);
			next_note = compare_now() + NOTE_SECONDS;
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
		/* That a subject has no model is no reason. */
		if (rc == -ENOMEM)
			*result->finder.why = '\0';
		munmap(shares, size);
		return rc;
	}
	fflush(NULL);
	stop_begin();
	for (unsigned int w = 0; w < job->workers; w++) {
		pids[w] = process_fork();
		if (!pids[w]) {
			stop_child();
			compare_work(job, &shares[w], w, &result->finder);
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
