/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - the summary of a verb, for people and as one line of JSON
 */
#ifndef REPORT_H
#define REPORT_H

#include "answer.h"
#include "cmd.h"

/** struct failure - An outcome that a case does not have */
struct failure {
	char file[CASE_PATH_MAX];
	unsigned int line;
	char subject[SUBJECT_NAME_MAX];
	struct outcome want, got;
};

/** struct skip - A subject that could not be had */
struct skip {
	char subject[SUBJECT_NAME_MAX];
	char reason[SUBJECT_WHY_MAX];
};

/**
 * struct summary - What every verb that compares reports
 * @result:	The numbers
 * @sweep:	Name of the set, or NULL
 * @cases...@uncompared: Of check: a case is held if some subject held it and
 *		none failed it, and not compared (to its end) if neither
 * @failures:	Of check
 */
struct summary {
	const struct options *options;
	const struct compare_result *result;
	const struct skip *skips;
	unsigned int skip_count;
	const char *sweep;
	bool is_check;
	unsigned int cases, held, uncompared;
	const struct failure *failures;
	unsigned int failure_count;
};

/** report_class - What to do with a class that was met @count times */
typedef void report_class(const char *name, uint64_t count, bool first,
	void *arg);

/**
 * report_classes() - Each class that was met
 * @finder:	What they are called
 * @counts:	How often each was met
 * @say:	Called for each name, with @arg
 */
void report_classes(const struct class_finder *finder, const uint64_t *counts,
	report_class *say, void *arg);

/** report_class_json() - As "name":count, to the object that @arg is */
report_class report_class_json;

/** report_outcome() - Add an outcome to an object, or to a list by no @key */
void report_outcome(struct json_object *to, const char *key,
	const struct outcome *outcome);

/** report_skip() - Add a subject that could not be had to a list of them */
void report_skip(struct json_object *skipped, const char *subject,
	const char *reason);

/** report_numbers() - What it says first, up to how many programs diverged */
void report_numbers(const struct summary *summary, struct json_object *answer);

/** report_end() - What it says last: what was skipped, how long it took */
void report_end(const struct summary *summary, struct json_object *answer);

/** report_code() - The exit code of a comparison that has found nothing */
int report_code(const struct options *options,
	const struct compare_result *result);

/** report_json() - One line of JSON on stdout */
void report_json(const struct summary *summary);

/** report_programs() - How many programs, ops and seconds; for people */
void report_programs(FILE *file, const struct summary *summary);

/** report_skips() - The subjects that could not be had */
void report_skips(FILE *file, const struct summary *summary);

/** report_text() - The same for people */
void report_text(FILE *file, const struct summary *summary);

#endif /* REPORT_H */
