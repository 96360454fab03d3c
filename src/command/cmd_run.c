// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_run.c - run: programs to traces, printed
 */
#include <errno.h>
#include <string.h>

#include "quote.h"
#include "report.h"
#include "subjects/books.h"

struct run {
	struct options *options;
	struct case_list files;
	const struct named *subject;
	struct program program;
	struct trace *trace;	  /* shared with the parent */
	struct json_object *list; /* of those that are answered */
};

static int run_one(void *arg)
{
	struct run *run = arg;
	struct subject subject;
	int rc = named_open(&subject, run->subject);

	if (!rc)
		rc = subject_run(&subject, &run->program, 1, NULL, run->trace);
	if (rc) {
		quote_printf(stderr, "portclash: %s: %s\n", subject.name,
			*subject.why ? subject.why : strerror(-rc));
		return EXIT_CANNOT;
	}
	subject_close(&subject);
	return EXIT_AGREED;
}

static void print_table(FILE *file, const struct run *run,
	const struct trace *traces)
{
	const struct options *o = run->options;
	char text[256];

	fprintf(file, "%-44s", "");
	for (unsigned int s = 0; s < o->subject_count; s++)
		quote_printf(file, " %-16s", o->subjects[s].name);
	fputc('\n', file);
	for (int i = 0; i < run->program.count; i++) {
		text_op(&run->program, &run->program.ops[i], text,
			sizeof(text));
		fprintf(file, "%-44s", text);
		for (unsigned int s = 0; s < o->subject_count; s++) {
			text_outcome(&traces[s].outcomes[i], text,
				sizeof(text));
			fprintf(file, " %-16s", text);
		}
		for (unsigned int s = 0; s < o->subject_count; s++) {
			books_cite(&traces[s].outcomes[i], text, sizeof(text));
			if (*text)
				fprintf(file, " # %s", text);
		}
		fputc('\n', file);
	}
}

static void add_traces(const struct run *run, size_t file,
	const struct trace *traces)
{
	const struct options *o = run->options;
	struct json_object *one = answer_object(run->list, NULL), *outcomes;

	answer_text(one, "file", run->files.paths[file]);
	outcomes = answer_object(one, "outcomes");
	for (unsigned int s = 0; s < o->subject_count; s++) {
		struct json_object *trace = answer_list(outcomes,
			o->subjects[s].name);

		for (int i = 0; i < traces[s].count; i++)
			report_outcome(trace, NULL, &traces[s].outcomes[i]);
	}
}

static int run_file(struct run *run, size_t file, struct trace *shared)
{
	struct options *o = run->options;
	struct trace traces[SUBJECTS_MAX];
	int code;

	need_program(run->files.paths[file], &run->program);
	for (unsigned int s = 0; s < o->subject_count; s++) {
		run->subject = &o->subjects[s];
		run->trace = shared;
		code = cmd_in_child(run_one, run);
		if (code)
			return code;
		traces[s] = *shared;
	}
	if (o->json)
		add_traces(run, file, traces);
	if (run->files.count > 1)
		quote_printf(o->out, "# %s\n", run->files.paths[file]);
	if (o->table) {
		print_table(o->out, run, traces);
		return EXIT_AGREED;
	}
	for (unsigned int s = 0; s < o->subject_count; s++) {
		if (o->subject_count > 1)
			quote_printf(o->out, "# %s\n", o->subjects[s].name);
		text_print(&run->program, &traces[s], books_cite, o->out);
	}
	return EXIT_AGREED;
}

static int run_run(struct options *o)
{
	struct run run = { .options = o };
	struct trace *shared = cmd_shared_memory(sizeof(*shared));
	struct json_object *answer;
	int code = EXIT_AGREED;

	if (!o->subject_count)
		die(EXIT_USAGE, "run: which subject? (-s)");
	need_files(o, &run.files);
	need_names(o, NULL);
	answer = answer_new("run");
	run.list = answer_list(answer, "traces");
	for (size_t i = 0; i < run.files.count && !code; i++)
		code = run_file(&run, i, shared);
	answer_end(answer, o->json && !code); /* all of it, or nothing */
	case_free(&run.files);
	return code;
}

const struct verb verb_run = {
	.name = "run",
	.options = "stJ",
	.usage = "-s SUBJECT... FILE|DIR...",
	.help = "print the trace of each program",
	.run = run_run,
};
