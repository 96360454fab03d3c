// SPDX-License-Identifier: Apache-2.0
/*
 * cmd.c - what the verbs share: their errors, their files, their children
 */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "process.h"
#include "quote.h"
#include "stop.h"
#include "util.h"
#include "program/bytes.h"

/* What is being written, and is dropped if that does not come to an end */
static struct whole *begun;

void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	fputs("portclash: ", stderr);
	va_start(args, format);
	quote_vprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (begun)
		whole_drop(begun);
	exit(code);
}

enum exit_code cmd_code(int rc)
{
	return process_lacks(-rc) ? EXIT_CANNOT : EXIT_USAGE;
}

void need_compared(int rc, const char *why)
{
	if (rc)
		die(cmd_code(rc), "%s", *why ? why : strerror(-rc));
}

void need_subjects(const struct options *options, unsigned int count)
{
	if (options->subject_count != count)
		die(EXIT_USAGE, "%s takes %u subject%s (-s), found %u",
			options->verb, count, count == 1 ? "" : "s",
			options->subject_count);
}

/* A set of changes is no name: a case would take it for its model. */
static void need_case_name(const struct named *named, const char *writes)
{
	if (writes && named_is_changes(named))
		die(EXIT_USAGE,
			"%s: '%s' is a set of changes, which no case can name: "
			"give it a name (-s NAME=%s)",
			writes, named->name, named->name);
}

static void need_other_names(const struct named *a, const struct named *b)
{
	if (!a->error && !b->error && !strcmp(a->name, b->name) &&
		strcmp(named_subject(a), named_subject(b)))
		die(EXIT_USAGE,
			"'%s' and '%s' are both called %s: give one of them "
			"another name (-s NAME=SUBJECT)",
			named_subject(a), named_subject(b), a->name);
}

void need_names(struct options *options, const char *writes)
{
	struct named *subjects = options->subjects;

	for (unsigned int i = 0; i < options->subject_count; i++)
		need_case_name(&subjects[i], writes);
	for (unsigned int i = 0; i < options->subject_count; i++) {
		named_ask(&subjects[i]);
		for (unsigned int k = 0; k < i; k++)
			need_other_names(&subjects[k], &subjects[i]);
	}
}

void need_files(const struct options *options, struct case_list *list)
{
	struct text_error error;
	int rc;

	if (!options->arg_count)
		die(EXIT_USAGE, "%s: no file; see 'portclash %s --help'",
			options->verb, options->verb);
	rc = case_find(options->args, options->arg_count, list, &error);
	if (rc)
		die(cmd_code(rc), "%s", error.message);
}

void need_data(const char *path, char **data, size_t *size)
{
	int rc = case_read(path, TEXT_SIZE_MAX, data, size);

	if (rc)
		die(cmd_code(rc), "%s: %s", path,
			rc == -EFBIG ?
				"too large for a program; at most 64 KiB" :
			rc == -EPIPE ? "nobody writes to this pipe" :
				       strerror(-rc));
	if (!*size)
		die(EXIT_USAGE, "%s: empty", path);
}

static void need_parsed(const char *path, const char *data, size_t size,
	struct case_file *file)
{
	struct text_error error;

	if (case_parse(path, data, size, file, &error))
		die(EXIT_USAGE, "%s:%u: %s", path, error.line, error.message);
	if (!file->text.program.count)
		die(EXIT_USAGE, "%s: no ops in it", path);
}

void need_case(const char *path, struct case_file *file)
{
	size_t size;
	char *data;

	need_data(path, &data, &size);
	need_parsed(path, data, size, file);
	free(data);
}

/* Text has a name that says so, or begins so. */
static bool is_text(const char *path, const char *data, size_t size)
{
	size_t length = strlen(path);

	return (length > 5 && !strcmp(path + length - 5, ".case")) ||
	       case_is_text(data, size);
}

void need_program(const char *path, struct program *program)
{
	static struct case_file file;
	size_t size;
	char *data;

	need_data(path, &data, &size);
	if (is_text(path, data, size)) {
		need_parsed(path, data, size, &file);
		*program = file.text.program;
	} else {
		bytes_unpack((uint8_t *)data, size, program);
	}
	free(data);
}

void need_bytes(const char *path, struct program *program)
{
	size_t size;
	char *data;

	need_data(path, &data, &size);
	if (is_text(path, data, size))
		die(EXIT_USAGE, "%s: it is text already", path);
	bytes_unpack((uint8_t *)data, size, program);
	free(data);
}

struct program *need_programs(const struct case_list *files)
{
	struct program *programs = calloc(files->count, sizeof(*programs));

	if (!programs)
		die(EXIT_CANNOT, "out of memory");
	for (size_t i = 0; i < files->count; i++)
		need_program(files->paths[i], &programs[i]);
	return programs;
}

const struct sweep *need_sweep(const char *name)
{
	const struct sweep *sweep = sweep_find(name);

	if (!sweep)
		die(EXIT_USAGE,
			"no sweep '%s'; 'portclash sweep --list' lists them",
			name);
	return sweep;
}

void die_without_corpus(const char *found)
{
	die(EXIT_CANNOT,
		"%s; 'make install' brings it there, or --corpus names another",
		found);
}

void need_classes(const struct options *options, struct class_list *classes)
{
	char path[CASE_PATH_MAX + 16], none[CASE_PATH_MAX];
	char looked[2 * CASE_PATH_MAX], found[3 * CASE_PATH_MAX];
	struct text_error error;
	int rc;

	if (!*options->corpus) {
		folder_find(&folder_corpus, none, sizeof(none), looked,
			sizeof(looked));
		snprintf(found, sizeof(found),
			"no corpus, which has the known classes: looked for %s",
			looked);
		die_without_corpus(found);
	}
	snprintf(path, sizeof(path), "%s/divergences", options->corpus);
	rc = class_load(path, classes, &error);
	if (rc)
		die(cmd_code(rc), "%s", error.message);
	if (!classes->count && !options->own_corpus) {
		snprintf(found, sizeof(found), "%s: no known class in it",
			path);
		die_without_corpus(found);
	}
}

int cmd_in_child(int (*what)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = process_fork();
	if (pid < 0)
		die(EXIT_CANNOT, "fork: %s", strerror(errno));
	if (!pid) {
		int code;

		stop_child();
		code = what(arg);

		/* If output was lost before the fork, the parent says so. */
		_exit(ferror(stdout) ? code : process_end("portclash", code));
	}
	stop_kill(pid);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die(EXIT_CANNOT, "no word of a worker: %s",
				strerror(errno));
	stop_kill(0);
	if (stop_asked())
		return EXIT_CANNOT;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "portclash: a worker died of signal %d%s\n",
		WTERMSIG(status), process_meant(status));
	return EXIT_FOUND;
}

void *cmd_shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die(EXIT_CANNOT, "out of memory");
	return memory;
}

void need_whole(struct whole *whole, const char *path)
{
	int rc = whole_open(whole, path);

	if (rc)
		die(EXIT_CANNOT, "%s: %s", path, strerror(-rc));
	begun = whole;
}

void need_whole_written(struct whole *whole)
{
	int rc = whole_close(whole);

	begun = NULL;
	if (rc)
		die(EXIT_CANNOT, "%s: cannot write: %s", whole->path,
			strerror(-rc));
}
