/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_private.h - what a worker and its parent share
 */
#ifndef COMPARE_PRIVATE_H
#define COMPARE_PRIVATE_H

#include "compare.h"

#include <stdatomic.h>

enum { FINDINGS_MAX = 512 };

/**
 * struct share - What a worker writes and its parent reads while it runs
 * @next:	All its own before are done
 * @skipped:	1 + which subject
 * @raw:	So many of @findings are there, as they were found
 * @kept:	So many of these the parent has kept: only then they change
 * @small:	So many are minimised, and change no more
 * @done:	All is compared, and only the subjects have to be closed
 * @dropped:	So often there was no room for a finding
 */
struct share {
	struct compare_result result;
	struct finding findings[FINDINGS_MAX];
	uint64_t next;
	int skipped;
	char why[SUBJECT_WHY_MAX];
	_Atomic size_t raw, kept, small;
	_Atomic bool done;
	uint64_t dropped;
};

/** compare_now() - Seconds on a clock that nobody sets */
double compare_now(void);

/** compare_same() - Are two findings of one sort, of which one is shown? */
bool compare_same(const struct finding *a, const struct finding *b);

/** compare_work() - Compare every so-many-th batch; in a process of its own */
void compare_work(const struct compare_job *job, struct share *share,
	unsigned int worker, struct class_finder *finder);

#endif /* COMPARE_PRIVATE_H */
