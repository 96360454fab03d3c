/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - many programs on two subjects, on all CPUs, with progress
 *
 * DOC: Theory of Operation
 *
 * Each worker is a process forked for it, since a kernel subject moves its
 * process to a new namespace. Leader, follower, comparison, minimisation and
 * the look-up of the class all happen in the worker. It writes its findings to
 * memory that it shares with the parent. The parent only counts them, and says
 * how far the work is. If somebody asks it to stop, it ends the workers, and
 * what there is until then is the result.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "judge.h"
#include "sweep.h"
#include "subjects/named.h"

enum { COMPARE_WORKERS_MAX = 64 };

/**
 * compare_told - Called in a worker, of each program that was compared
 * @finding:	Not minimised; of a divergence only if it happened again. If
 *		both subjects agree, they part behind the last op
 * @worker:	Its number
 * @arg:	What is not in memory that processes share, is lost
 *
 * Return: 0, or a negative errno, which ends the worker
 */
typedef int compare_told(const struct finding *finding, unsigned int worker,
	void *arg);

/**
 * struct compare_job - What to compare
 * @subjects:	The two
 * @classes:	All classes, or NULL: whatever diverges is of no class
 * @told:	Gets all of them, instead of the findings; or NULL
 * @examples:	The findings have an example of each class, too
 * @programs:	A list of programs, or NULL: random ones
 * @count:	How many; of random ones 0 means until @seconds are over
 * @seconds:	Time limit, however slow a subject is; 0 for none
 * @sweep:	Those of a set instead, from number @from on; @count is its size
 * @spread:	Only some of the set: @count programs from all over it
 * @note:	Called every few seconds: all before @done are compared, and
 *		none of them diverged without a class; or NULL
 * @keep:	Called at once with each finding, as it was found and again when
 *		it is minimised; or NULL
 * @seed:	Of random programs
 * @level:	-1, or the level that they must be of
 * @sockets:	If it is -1: that of sockets, if both subjects have it
 * @workers:	How many processes
 * @quiet:	No progress
 */
struct compare_job {
	struct named subjects[2];
	const struct class_list *classes;
	compare_told *told;
	void *told_arg;
	bool examples;
	const struct program *programs;
	uint64_t count;
	unsigned int seconds;
	const struct sweep *sweep;
	uint64_t from;
	bool spread;
	void (*note)(uint64_t done, void *arg);
	void *note_arg;
	void (*keep)(const struct finding *finding, void *arg);
	void *keep_arg;
	uint64_t seed;
	int level;
	bool sockets;
	unsigned int workers;
	bool quiet;
};

/**
 * struct compare_result - What came of it
 * @tally:	The numbers
 * @classes_met: How often each class was met
 * @finder:	What the classes are called; its models are closed
 * @findings:	What is unknown, minimised, and what is unmodelled: of those
 *		that diverge at the same op, with the same outcomes, by the same
 *		rules, the first one. For a list of programs everything that
 *		diverged, by number. If there are @examples, the first one of
 *		each class, and the first that is of no other, too
 * @found:	How many @findings
 * @dropped:	How often there was no room for another
 * @skipped:	The name of a subject that could not be had, or NULL
 * @why:	The reason for that; or why a worker stopped early
 * @error:	0, or the negative errno of a worker that stopped early
 */
struct compare_result {
	struct tally tally;
	uint64_t classes_met[CLASSES_MAX];
	struct class_finder finder;
	struct finding *findings;
	size_t found;
	uint64_t dropped;
	const char *skipped;
	char why[SUBJECT_WHY_MAX];
	int error;
	double seconds;
};

/**
 * compare() - Compare programs on two subjects
 * @job:	What to compare
 * @result:	Filled in; free with compare_free()
 *
 * Return: 0 if it ran, even if a subject was skipped (see @skipped), or a
 *	   negative errno
 */
int compare(const struct compare_job *job, struct compare_result *result);

/** compare_free() - Free what compare() made */
void compare_free(struct compare_result *result);

/**
 * compare_enough() - Were enough of the programs tested to say anything?
 * @percent:	So many of a hundred are enough; one in all is needed
 */
bool compare_enough(uint64_t tested, uint64_t programs, unsigned int percent);

/** compare_workers() - How many CPUs we may use */
unsigned int compare_workers(void);

#endif /* COMPARE_H */
