/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - the summary of a verb, for people and as one line of JSON
 */
#ifndef REPORT_H
#define REPORT_H

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
 * @classes:	Names for @result->classes, or NULL
 * @sweep:	Name of the set, or NULL
 * @failures:	Of check; @cases and @held too
 */
struct summary {
	const struct options *options;
	const struct compare_result *result;
	const struct class_list *classes;
	const struct skip *skips;
	unsigned int skip_count;
	const char *sweep;
	bool is_check;
	unsigned int cases, held;
	const struct failure *failures;
	unsigned int failure_count;
};

/** json_string() - Write a JSON string, quoted and escaped */
void json_string(FILE *file, const char *text);

/** report_json() - One line of JSON on stdout */
void report_json(const struct summary *summary);

/** report_text() - The same for people */
void report_text(FILE *file, const struct summary *summary);

#endif /* REPORT_H */
