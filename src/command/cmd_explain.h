/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_explain.h - what explain has found, and how it is said
 */
#ifndef CMD_EXPLAIN_H
#define CMD_EXPLAIN_H

#include "report.h"
#include "compare/explain.h"

/**
 * struct cmd_explained - In which rules the first of two subjects differs
 * @summary:	Of the comparison
 * @subjects:	Their names: the first one is explained, the second has the
 *		model
 * @named:	And the subjects
 * @book:	The rules of that model
 * @explain:	The first has no model: what was found by a search. Else NULL:
 *		what was found are classes
 * @cases:	One case of each line, or of each class; NULL if there is none
 * @counts:	How many divergences are what; and what is left
 * @rest_cases:	One case of each of these, or NULL
 */
struct cmd_explained {
	const struct summary *summary;
	const char *subjects[2];
	const struct named *named;
	const struct rule_book *book;
	const struct explain *explain;
	const struct finding *cases[CLASSES_MAX];
	struct explain_counts counts;
	const struct finding *rest_cases[EXPLAIN_REST_MAX];
};

/** cmd_explain_compare() - Compare, or exit with 3 */
void cmd_explain_compare(struct compare_job *job,
	struct compare_result *result);

/**
 * cmd_explain_search() - Explain one without a model, with a case of each line
 * @explained:	Its @explain, counts and cases are filled in
 * @job:	What to compare
 * @result:	Filled in
 * @explain:	Open; has the model of the second subject
 */
void cmd_explain_search(struct cmd_explained *explained,
	struct compare_job *job, struct compare_result *result,
	struct explain *explain);

/** cmd_explain_text() - For people */
void cmd_explain_text(const struct cmd_explained *explained, FILE *file);

/** cmd_explain_json() - One line on stdout */
void cmd_explain_json(const struct cmd_explained *explained);

#endif /* CMD_EXPLAIN_H */
