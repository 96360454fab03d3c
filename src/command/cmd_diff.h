/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_diff.h - what the verbs that compare two subjects share
 */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include "cmd.h"

/**
 * cmd_diff_report() - Compare, say what was found, and give the exit code
 * @options:	Of the verb: subjects, corpus, --keep and so on
 * @job:	What to compare; the rest is filled in from @options
 * @files:	Where its programs come from, or NULL
 */
int cmd_diff_report(const struct options *options, struct compare_job *job,
	const struct case_list *files);

#endif /* CMD_DIFF_H */
