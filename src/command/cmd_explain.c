// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_explain.c - explain: the rules in which one subject is not the other
 */
#include "cmd_explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "util.h"
#include "subjects/model.h"
#include "subjects/subjects.h"

/* Each worker has memory for findings; so many are fast enough. */
enum { WORKERS_MAX = 8, COUNT_DEFAULT = 20000 };

void cmd_explain_compare(struct compare_job *job, struct compare_result *result)
{
	int rc = compare(job, result);

	need_compared(rc, result->finder.why);
}

/* Both have a model: the examples of the classes, and what is of none */
static void classes(struct cmd_explained *e, const struct compare_result *r)
{
	struct explain_counts *counts = &e->counts;

	counts->explained = r->tally.known;
	counts->unexplained = r->tally.unknown;
	counts->unmodelled = r->tally.unmodelled;
	for (size_t i = 0; i < r->found; i++) {
		const struct finding *f = &r->findings[i];
		const struct class_answer *answer = &f->answer;

		for (unsigned int k = 0; k < answer->count; k++) {
			const struct finding **example =
				&e->cases[answer->set[k]];

			if (!*example || (answer->count == 1 &&
						 (*example)->answer.count > 1))
				*example = f;
		}
		if (answer->verdict == CLASS_UNKNOWN)
			explain_leave(counts, f, answer->rules[1], i);
	}
	for (unsigned int i = 0; i < counts->rest_count; i++)
		e->rest_cases[i] = &r->findings[counts->rest[i].example];
}

static int exit_code(const struct options *o, const struct cmd_explained *e)
{
	return e->counts.unexplained ? EXIT_FOUND :
				       report_code(o, e->summary->result);
}

static int say(const struct options *o, struct cmd_explained *e)
{
	const struct compare_result *r = e->summary->result;

	cmd_explain_text(e, o->out);
	if (r->error)
		quote_printf(stderr, "portclash: stopped early: %s\n",
			*r->why ? r->why : strerror(-r->error));
	if (o->json)
		cmd_explain_json(e);
	return exit_code(o, e);
}

static int explain_pair(struct options *o, struct compare_job *job)
{
	char models[2][SUBJECT_NAME_MAX];
	bool has[2] = { model_of(o->subjects[0].name, models[0]),
		model_of(o->subjects[1].name, models[1]) };
	struct compare_result result;
	struct summary summary = { .options = o,
		.result = &result,
		.sweep = job->sweep ? job->sweep->name : NULL };
	struct skip skip = { 0 };
	struct cmd_explained e = { 0 };
	static struct explain explain;
	struct class_list list = { 0 };
	int second = has[1], code, rc;

	if (!has[0] && !has[1])
		die(EXIT_USAGE,
			"explain: neither %s nor %s has rules; put one "
			"beside linux or spec",
			o->subjects[0].name, o->subjects[1].name);
	e.summary = &summary;
	job->subjects[0] = o->subjects[!second];
	job->subjects[1] = o->subjects[second];
	e.named = job->subjects;
	e.subjects[0] = job->subjects[0].name;
	e.subjects[1] = job->subjects[1].name;
	rc = explain_open(&explain, models[second]);
	if (rc)
		die(EXIT_CANNOT, "%s: %s", models[second],
			*explain.model.why ? explain.model.why : strerror(-rc));
	if (!has[!second] && !explain.model.type->follows)
		die(EXIT_USAGE, "explain: %s is under a law", e.subjects[1]);
	e.book = explain.book;
	if (has[0] && has[1]) {
		need_classes(o, &list);
		job->classes = &list;
		job->examples = true;
		cmd_explain_compare(job, &result);
		classes(&e, &result);
	} else {
		cmd_explain_search(&e, job, &result, &explain);
	}
	if (result.skipped) {
		strcpy(skip.subject, result.skipped);
		strcpy(skip.reason, result.why);
		summary.skips = &skip;
		summary.skip_count = 1;
	}
	code = say(o, &e);
	class_free(&list);
	compare_free(&result);
	explain_close(&explain);
	return code;
}

static void take_files(struct options *o, struct compare_job *job)
{
	struct case_list files;

	need_files(o, &files);
	job->programs = need_programs(&files);
	job->count = files.count;
	case_free(&files);
}

static int run_explain(struct options *o)
{
	struct compare_job job = { .seed = o->seed,
		.level = o->level,
		.sockets = true, /* of them most rules are */
		.quiet = o->quiet,
		.count = o->count ? o->count : COUNT_DEFAULT };

	if (o->subject_count == 1)
		o->subjects[o->subject_count++] = named_of("linux");
	need_subjects(o, 2);
	if (o->sweep && o->arg_count)
		die(EXIT_USAGE, "explain: a sweep, or files, found '%s'",
			o->args[0]);
	if (o->sweep) {
		job.sweep = need_sweep(o->sweep);
		job.count = sweep_size(job.sweep);
	}
	if (o->arg_count)
		take_files(o, &job);
	need_names(o, NULL);
	job.workers = MIN(o->jobs ? o->jobs : compare_workers(), WORKERS_MAX);
	if (job.programs)
		job.workers = MIN(job.workers, (job.count + 63) / 64);
	return explain_pair(o, &job);
}

const struct verb verb_explain = {
	.name = "explain",
	.options = "sWSnjlcaqJ",
	.usage = "-s A [-s B] [FILE|DIR... | --sweep NAME]",
	.help = "the rules in which A is not B: classes, or if A has no model "
		"a search\n"
		"           (B is linux; without files, 20000 random programs)",
	.run = run_explain,
};
