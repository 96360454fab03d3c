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
	unsigned int subject;	  /* which of them is asked */
	struct program *programs; /* one of each file */
	struct trace *traces;	  /* of each subject those of all files */
	struct json_object *list; /* of those that are answered */
};

static struct trace *trace_of(const struct run *run, unsigned int subject,
	size_t file)
{
	return &run->traces[subject * run->files.count + file];
}

/* A subject is opened once: some are machines, that have to boot. */
static int ask(void *arg)
{
	struct run *run = arg;
	struct subject subject;
	int rc = named_open(&subject, &run->options->subjects[run->subject]);

	for (size_t i = 0; i < run->files.count && !rc; i++)
		rc = subject_run(&subject, &run->programs[i], 1, NULL,
			trace_of(run, run->subject, i));
	if (rc) {
		quote_printf(stderr, "portclash: %s: %s\n", subject.name,
			*subject.why ? subject.why : strerror(-rc));
		return EXIT_CANNOT;
	}
	subject_close(&subject);
	return EXIT_AGREED;
}

static void print_table(FILE *out, const struct run *run, size_t file)
{
	const struct program *program = &run->programs[file];
	const struct options *o = run->options;
	char text[256];

	fprintf(out, "%-44s", "");
	for (unsigned int s = 0; s < o->subject_count; s++)
		quote_printf(out, " %-16s", o->subjects[s].name);
	fputc('\n', out);
	for (int i = 0; i < program->count; i++) {
		text_op(program, &program->ops[i], text, sizeof(text));
		fprintf(out, "%-44s", text);
		for (unsigned int s = 0; s < o->subject_count; s++) {
			text_outcome(&trace_of(run, s, file)->outcomes[i], text,
				sizeof(text));
			fprintf(out, " %-16s", text);
		}
		for (unsigned int s = 0; s < o->subject_count; s++) {
			books_cite(&trace_of(run, s, file)->outcomes[i], text,
				sizeof(text));
			if (*text)
				fprintf(out, " # %s", text);
		}
		fputc('\n', out);
	}
}

static void add_traces(const struct run *run, size_t file)
{
	const struct options *o = run->options;
	struct json_object *one = answer_object(run->list, NULL), *outcomes;

	answer_text(one, "file", run->files.paths[file]);
	outcomes = answer_object(one, "outcomes");
	for (unsigned int s = 0; s < o->subject_count; s++) {
		const struct trace *trace = trace_of(run, s, file);
		struct json_object *list = answer_list(outcomes,
			o->subjects[s].name);

		for (int i = 0; i < trace->count; i++)
			report_outcome(list, NULL, &trace->outcomes[i]);
	}
}

static void print_file(const struct run *run, size_t file)
{
	const struct options *o = run->options;

	if (o->json)
		add_traces(run, file);
	if (run->files.count > 1)
		quote_printf(o->out, "# %s\n", run->files.paths[file]);
	if (o->table) {
		print_table(o->out, run, file);
		return;
	}
	for (unsigned int s = 0; s < o->subject_count; s++) {
		if (o->subject_count > 1)
			quote_printf(o->out, "# %s\n", o->subjects[s].name);
		text_print(&run->programs[file], trace_of(run, s, file),
			books_cite, o->out);
	}
}

static int run_run(struct options *o)
{
	struct run run = { .options = o };
	struct json_object *answer;
	int code = EXIT_AGREED;

	if (!o->subject_count)
		die(EXIT_USAGE, "run: which subject? (-s)");
	need_files(o, &run.files);
	need_names(o, NULL);
	run.programs =
		cmd_shared_memory(run.files.count * sizeof(*run.programs));
	run.traces = cmd_shared_memory(o->subject_count * run.files.count *
				       sizeof(*run.traces));
	for (size_t i = 0; i < run.files.count; i++)
		need_program(run.files.paths[i], &run.programs[i]);
	for (; run.subject < o->subject_count && !code; run.subject++)
		code = cmd_in_child(ask, &run);
	answer = answer_new("run");
	run.list = answer_list(answer, "traces");
	for (size_t i = 0; i < run.files.count && !code; i++)
		print_file(&run, i);
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
