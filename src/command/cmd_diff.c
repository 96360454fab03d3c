// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_diff.c - diff and random: two subjects, and where they part
 */
#include <stdlib.h>
#include <string.h>

#include "cmd_diff.h"
#include "keep.h"
#include "quote.h"
#include "report.h"
#include "util.h"
#include "compare/divergence.h"

static void say_findings(const struct options *o,
	const struct compare_result *r, const struct case_list *files)
{
	for (size_t i = 0; i < r->found; i++) {
		const struct finding *f = &r->findings[i];
		char name[CLASS_SET_MAX * (CLASS_NAME_MAX + 4)];

		class_print(&r->finder, &f->answer, name, sizeof(name));
		if (files)
			quote_printf(o->out, "# %s: %s\n",
				files->paths[f->number], name);
		else
			quote_printf(o->out,
				"# %s: program %llu, met %llu "
				"times\n",
				name, (unsigned long long)f->number,
				(unsigned long long)f->count);
		if (*f->answer.why)
			quote_printf(o->out, "# %s\n", f->answer.why);
		divergence_write(&f->program, NAMES_OF(o->subjects),
			&f->divergence, o->out);
		fputc('\n', o->out);
	}
	if (r->dropped)
		fprintf(o->out,
			"%llu more divergences were found when there was no "
			"room for others\n\n",
			(unsigned long long)r->dropped);
}

/* What was lost is missing, whatever was found. */
static int exit_code(const struct options *o, const struct compare_result *r,
	bool lost)
{
	if (lost)
		return EXIT_CANNOT;
	return r->tally.unknown ? EXIT_FOUND : report_code(o, r);
}

int cmd_diff_report(const struct options *o, struct compare_job *job,
	const struct case_list *files)
{
	struct class_list classes;
	struct compare_result result;
	struct summary summary = { .options = o,
		.result = &result,
		.sweep = job->sweep ? job->sweep->name : NULL };
	struct keep keep = { .options = o };
	struct skip skip = { 0 };
	bool lost;
	int rc, code;

	need_classes(o, &classes);
	if (o->keep)
		keep_begin(&keep);
	job->subjects[0] = o->subjects[0];
	job->subjects[1] = o->subjects[1];
	job->classes = &classes;
	job->seed = o->seed;
	job->level = o->level;
	job->workers = o->jobs ? o->jobs : compare_workers();
	if (job->programs)
		job->workers = MIN(job->workers, (job->count + 63) / 64);
	job->quiet = o->quiet;
	job->keep = o->keep ? keep_found : NULL;
	job->keep_arg = &keep;
	rc = compare(job, &result);
	need_compared(rc, result.finder.why);
	lost = o->keep && !keep_end(&keep, &result);
	say_findings(o, &result, files);
	if (result.skipped) {
		strcpy(skip.subject, result.skipped);
		strcpy(skip.reason, result.why);
		summary.skips = &skip;
		summary.skip_count = 1;
	}
	report_text(o->out, &summary);
	if (result.error)
		quote_printf(stderr, "portclash: stopped early: %s\n",
			*result.why ? result.why : strerror(-result.error));
	code = exit_code(o, &result, lost);
	if (o->json)
		report_json(&summary);
	class_free(&classes);
	compare_free(&result);
	return code;
}

static int run_random(struct options *o)
{
	struct compare_job job = { .count = o->count, .seconds = o->seconds };

	need_subjects(o, 2);
	if (o->arg_count)
		die(EXIT_USAGE, "random: unexpected '%s'", o->args[0]);
	if (!job.count && !job.seconds)
		job.count = 10000;
	need_names(o, o->keep ? "--keep" : NULL);
	return cmd_diff_report(o, &job, NULL);
}

static int run_diff(struct options *o)
{
	struct compare_job job = { 0 };
	struct case_list files;
	struct program *programs;
	int code;

	need_subjects(o, 2);
	need_files(o, &files);
	programs = need_programs(&files);
	job.programs = programs;
	job.count = files.count;
	need_names(o, o->keep ? "--keep" : NULL);
	code = cmd_diff_report(o, &job, &files);
	free(programs);
	case_free(&files);
	return code;
}

const struct verb verb_diff = {
	.name = "diff",
	.options = "sjckaqJ",
	.usage = "-s A -s B FILE|DIR...",
	.help = "first divergence of each program, minimised, and its class\n"
		"           (files of text or of bytes; - is stdin)",
	.run = run_diff,
};

const struct verb verb_random = {
	.name = "random",
	.options = "sSnTjlckaqJ",
	.usage = "-s A -s B [--seed N] [--count N | --time SECONDS]",
	.help = "the same, of random programs that both subjects can be asked",
	.run = run_random,
};
