// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_files.c - minimize, pack and unpack: one program to another form
 */
#include <errno.h>
#include <string.h>

#include "answer.h"
#include "cmd.h"
#include "quote.h"
#include "util.h"
#include "compare/divergence.h"
#include "compare/judge.h"
#include "program/emit.h"
#include "program/bytes.h"

static void need_one_file(struct options *o)
{
	/* "-" is stdout, if it is not taken. */
	if (o->output && !strcmp(o->output, "-")) {
		if (o->json)
			die(EXIT_USAGE, "--output: stdout is for JSON");
		o->output = NULL;
	}
	if (o->arg_count != 1)
		die(EXIT_USAGE, "%s takes one file, found %u", o->verb,
			o->arg_count);
}

/* Where it goes: to a file that is there when it is whole, or to stdout */
static void need_output(const struct options *o, struct whole *out)
{
	if (o->output)
		need_whole(out, o->output);
	else
		*out = (struct whole){ .file = o->out };
}

/* Close it, and only then say that all is written */
static int finish(const struct options *o, struct whole *out,
	const struct program *program)
{
	struct json_object *answer;

	if (o->output)
		need_whole_written(out);
	else if (fflush(out->file) || ferror(out->file))
		die(EXIT_CANNOT, "%s: cannot write it", o->verb);
	answer = answer_new(o->verb);
	answer_number(answer, "ops", program->count);
	answer_end(answer, o->json);
	return EXIT_AGREED;
}

static int run_pack(struct options *o)
{
	static struct case_file file;
	static uint8_t bytes[BYTES_SIZE_MAX];
	struct whole out;
	size_t size;

	need_one_file(o);
	need_case(o->args[0], &file);
	size = bytes_pack(&file.text.program, bytes);
	need_output(o, &out);
	fwrite(bytes, 1, size, out.file);
	return finish(o, &out, &file.text.program);
}

static int run_unpack(struct options *o)
{
	struct program program;
	struct whole out;

	need_one_file(o);
	need_bytes(o->args[0], &program);
	need_output(o, &out);
	text_print(&program, NULL, NULL, out.file);
	return finish(o, &out, &program);
}

/* Shared with the child that does it */
struct minimizing {
	const struct options *options;
	struct program program;
	struct finding found;
	struct class_list classes;
};

/* A subject that could not go on has said why. */
static void say_why(const struct subject subjects[2], int rc)
{
	for (int i = 0; i < 2; i++) {
		if (!*subjects[i].why)
			continue;
		quote_printf(stderr, "portclash: %s: %s\n", subjects[i].name,
			subjects[i].why);
		return;
	}
	fprintf(stderr, "portclash: %s\n", strerror(-rc));
}

static int minimize_in_child(void *arg)
{
	struct minimizing *m = arg;
	const struct options *o = m->options;
	struct subject subjects[2];
	struct pair pair;
	struct tally tally = { 0 };
	struct class_finder finder;
	struct judge judge = {
		.pair = &pair, .finder = &finder, .tally = &tally
	};
	int failed, rc = named_open_two(subjects, o->subjects, &failed);

	if (rc) {
		quote_printf(stderr, "portclash: %s: %s\n",
			subjects[failed].name, subjects[failed].why);
		return EXIT_CANNOT;
	}
	rc = class_finder_open(&finder, &m->classes, NAMES_OF(o->subjects));
	if (rc) {
		quote_printf(stderr, "portclash: %s\n",
			*finder.why ? finder.why : strerror(-rc));
		return cmd_code(rc);
	}
	if (diff_pair(&pair, &subjects[0], &subjects[1])) {
		quote_printf(stderr,
			"portclash: %s and %s have no ops in common\n",
			subjects[0].name, subjects[1].name);
		return EXIT_USAGE;
	}
	rc = judge_program(&judge, &m->program, &m->found);
	if (rc == DIVERGE) {
		rc = judge_minimize(&judge, &m->found);
		rc = rc == -EAGAIN || !rc ? DIVERGE : rc;
	}
	if (rc == AGREE || rc == INCOMPARABLE) {
		quote_printf(stderr,
			"portclash: %s and %s do not diverge on "
			"it\n",
			o->subjects[0].name, o->subjects[1].name);
		return EXIT_NOTHING;
	}
	if (rc < 0)
		say_why(subjects, rc);
	for (int i = 0; i < 2; i++)
		subject_close(&subjects[i]);
	return rc < 0 ? EXIT_CANNOT : EXIT_AGREED;
}

static int run_minimize(struct options *o)
{
	struct minimizing *m = cmd_shared_memory(sizeof(*m));
	struct whole out;
	int code;

	need_one_file(o);
	need_subjects(o, 2);
	m->options = o;
	need_program(o->args[0], &m->program);
	need_names(o, o->output ? "--output" : NULL);
	if (*o->corpus)
		need_classes(o, &m->classes);
	code = cmd_in_child(minimize_in_child, m);
	class_free(&m->classes);
	if (code)
		return code;
	need_output(o, &out);
	divergence_write(&m->found.program, NAMES_OF(o->subjects),
		&m->found.divergence, out.file);
	return finish(o, &out, &m->found.program);
}

static int run_emit(struct options *o)
{
	static struct case_file file;
	struct whole out;
	int rc;

	need_one_file(o);
	need_case(o->args[0], &file);
	need_output(o, &out);
	rc = emit_c(&file.text, out.file);
	if (rc == -EINVAL)
		die(EXIT_USAGE, "%s: no program of C for ops on reservations",
			o->args[0]);
	if (rc)
		die(EXIT_CANNOT, "%s", strerror(-rc));
	return finish(o, &out, &file.text.program);
}

const struct verb verb_emit = {
	.name = "emit",
	.options = "EoJ",
	.usage = "[--c] [--output FILE] FILE",
	.help = "a case as a C program, with a world of its own, that exits\n"
		"           with 1 where what it sees is not what Linux does",
	.run = run_emit,
};

const struct verb verb_pack = {
	.name = "pack",
	.options = "oJ",
	.usage = "[--output FILE] FILE",
	.help = "text to the bytes that fuzzers mutate",
	.run = run_pack,
};

const struct verb verb_unpack = {
	.name = "unpack",
	.options = "oJ",
	.usage = "[--output FILE] FILE",
	.help = "any bytes to the text of a program",
	.run = run_unpack,
};

const struct verb verb_minimize = {
	.name = "minimize",
	.options = "soJ",
	.usage = "-s A -s B [--output FILE] FILE",
	.help = "the smallest program on which two subjects still diverge so",
	.run = run_minimize,
};
