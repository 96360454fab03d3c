// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_matrix.c - matrix: subjects by groups of cases, sweeps, random programs
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "matrix.h"
#include "quote.h"
#include "report.h"
#include "stop.h"
#include "util.h"
#include "compare/progress.h"
#include "subjects/subject_machine.h"

/* So many programs of a set are enough for a first look */
enum { MATRIX_COUNT = 2000 };

/* Folders of the corpus, then sweeps, then random programs */
static const char *const rows[] = { "rules", "cases", "kernel-bugs",
	"divergences", "pairs", "pairs-listen", "late", "errors", "random" };

_Static_assert(ARRAY_SIZE(rows) <= MATRIX_ROWS_MAX, "they fit");

/* Subjects beside Linux; choose_machines() adds the other kernels */
static const char *const columns[][2] = { { "spec", "linux" },
	{ "portman", "linux" }, { "portman@head", "linux" },
	{ "lwip", "linux" } };

_Static_assert(ARRAY_SIZE(columns) + 2 * MACHINES_MAX + 2 <= MATRIX_COLUMNS_MAX,
	"they fit");

/* The programs on sockets of a folder */
static uint64_t load(const struct options *o, const char *folder,
	struct program **programs)
{
	char path[2 * CASE_PATH_MAX], *paths[] = { path };
	struct text_error error;
	struct case_list list;
	uint64_t count = 0;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", o->corpus, folder);
	*programs = NULL;
	/* A corpus of somebody's own may be without it. */
	if (o->own_corpus && access(path, F_OK) && errno == ENOENT)
		return 0;
	rc = case_find(paths, 1, &list, &error);
	if (rc == -ENODATA && o->own_corpus)
		return 0;
	if (rc && (o->own_corpus || cmd_code(rc) == EXIT_CANNOT))
		die(cmd_code(rc), "%s", error.message);
	if (rc)
		die_without_corpus(error.message);
	*programs = calloc(list.count + 1, sizeof(**programs));
	if (!*programs)
		die(EXIT_CANNOT, "out of memory");
	for (size_t i = 0; i < list.count; i++) {
		need_program(list.paths[i], &(*programs)[count]);
		count += (*programs)[count].level == LEVEL_SOCKET;
	}
	case_free(&list);
	return count;
}

static void keep(struct matrix_column *column, struct matrix_cell *cell,
	const struct compare_result *result)
{
	cell->asked = !result->skipped;
	cell->tally = result->tally;
	memcpy(cell->classes_met, result->classes_met,
		sizeof(cell->classes_met));
	for (size_t i = 0; i < result->found; i++)
		if (result->findings[i].answer.verdict == CLASS_UNKNOWN &&
			cell->kept_count < MATRIX_KEPT)
			cell->kept[cell->kept_count++] = result->findings[i];
	if (result->skipped || result->error)
		snprintf(column->why, sizeof(column->why), "%.*s",
			(int)sizeof(column->why) - 1,
			*result->why ? result->why : strerror(-result->error));
}

static void fill(struct matrix *matrix, struct matrix_column *column,
	unsigned int row)
{
	const struct options *o = matrix->options;
	const char *name = rows[row];
	struct compare_job job = { .classes = matrix->classes,
		.seed = o->seed,
		.level = LEVEL_SOCKET,
		.quiet = true,
		.count = o->count ? o->count : MATRIX_COUNT,
		.workers = o->jobs ? o->jobs : compare_workers(),
		.sweep = sweep_find(name) };
	struct compare_result result;
	struct program *programs = NULL;
	int rc;

	memcpy(job.subjects, column->subjects, sizeof(job.subjects));
	if (job.sweep) {
		job.spread = job.count < sweep_size(job.sweep);
		job.count = MIN(job.count, sweep_size(job.sweep));
	} else if (strcmp(name, "random")) {
		job.count = load(o, name, &programs);
		job.programs = programs;
	}
	if (!job.count) {
		free(programs);
		return;
	}
	job.workers = MIN(job.workers, (job.count + 63) / 64);
	rc = compare(&job, &result);
	need_compared(rc, result.finder.why);
	keep(column, &column->cells[row], &result);
	if (!column->finder.candidates) {
		column->finder = result.finder;
		memset(&result.finder, 0, sizeof(result.finder));
	}
	compare_free(&result);
	free(programs);
}

static void add_named(struct matrix *matrix, const struct named *a,
	const char *b)
{
	struct matrix_column *column = &matrix->columns[matrix->column_count++];

	column->subjects[0] = *a;
	column->subjects[1] = named_of(b);
}

static void add_column(struct matrix *matrix, const char *a, const char *b)
{
	const struct named named = named_of(a);

	add_named(matrix, &named, b);
}

/*
 * Each machine that is here gets two columns: beside Linux, and beside the
 * model that should agree with it, which is the port manager or the
 * specification of its version. If there is no gvisor or no uml here, its
 * column says why.
 */
static void choose_machines(struct matrix *matrix)
{
	static const char *const kinds[] = { "gvisor", "uml" };
	static struct machine_list here;

	subject_machine_list(&here);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool any = false;

		for (unsigned int i = 0; i < here.count; i++)
			any |= !strncmp(here.names[i], kinds[k],
				strlen(kinds[k]));
		if (!any)
			add_column(matrix, kinds[k], "linux");
	}
	for (unsigned int i = 0; i < here.count; i++) {
		const char *name = here.names[i], *version = strchr(name, '-');
		char spec[SUBJECT_NAME_MAX + 8];

		add_column(matrix, name, "linux");
		if (*name == 'g') {
			add_column(matrix, "portman", name);
			continue;
		}
		snprintf(spec, sizeof(spec), "spec@%s", version + 1);
		add_column(matrix, name, spec);
	}
}

/* Each subject that was asked for, beside linux; if none was, all there are */
static void choose_columns(struct matrix *matrix)
{
	const struct options *o = matrix->options;

	if (!o->subject_count) {
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
			add_column(matrix, columns[i][0], columns[i][1]);
		choose_machines(matrix);
		return;
	}
	for (unsigned int i = 0; i < o->subject_count; i++) {
		const struct named *named = &o->subjects[i];

		if (!strcmp(named->name, "linux") &&
			strcmp(named_subject(named), "linux"))
			die(EXIT_USAGE,
				"matrix: all are compared with linux, so "
				"'%s' needs another name (-s NAME=SUBJECT)",
				named_subject(named));
		add_named(matrix, named, "linux");
	}
}

static void write_page(const struct matrix *matrix, const char *path)
{
	struct whole page;

	need_whole(&page, path);
	matrix_html(matrix, page.file);
	need_whole_written(&page);
}

/* Did a subject that was asked for test nothing? Then its column says so. */
static bool is_idle(const struct matrix *matrix,
	const struct matrix_column *column, const struct tally *sum)
{
	const struct options *o = matrix->options;

	if (!o->subject_count)
		return false;
	if (!sum->programs)
		return *column->why;
	if (compare_enough(sum->tested, sum->programs, o->min_compared))
		return false;
	quote_printf(o->out,
		"%s beside %s: %llu of %llu programs count as a "
		"test: nothing was really tested\n",
		column->subjects[0].name, column->subjects[1].name,
		(unsigned long long)sum->tested,
		(unsigned long long)sum->programs);
	return true;
}

static int exit_code(const struct matrix *matrix)
{
	bool tested = false, idle = false, stopped = false;
	uint64_t unknown = 0;

	for (unsigned int i = 0; i < matrix->column_count; i++) {
		const struct matrix_column *column = &matrix->columns[i];
		struct tally sum = { 0 };

		for (unsigned int k = 0; k < matrix->row_count; k++)
			tally_add(&sum, &column->cells[k].tally);
		unknown += sum.unknown;
		tested |= compare_enough(sum.tested, sum.programs,
			matrix->options->min_compared);
		idle |= is_idle(matrix, column, &sum);
		stopped |= sum.programs && *column->why;
	}
	if (unknown)
		return EXIT_FOUND;
	if (stopped)
		return EXIT_CANNOT;
	return tested && !idle ? EXIT_AGREED : EXIT_NOTHING;
}

static int run_matrix(struct options *o)
{
	struct class_list classes;
	struct matrix *matrix;
	struct progress progress;
	int code;

	if (o->arg_count)
		die(EXIT_USAGE, "matrix: unexpected '%s'", o->args[0]);
	matrix = calloc(1, sizeof(*matrix));
	if (!matrix)
		die(EXIT_CANNOT, "out of memory");
	need_classes(o, &classes);
	need_names(o, NULL);
	progress_start(&progress, 0, 0, o->quiet);
	matrix->options = o;
	matrix->classes = &classes;
	matrix->rows = rows;
	matrix->row_count = ARRAY_SIZE(rows);
	choose_columns(matrix);
	for (unsigned int i = 0; i < matrix->column_count; i++) {
		struct matrix_column *column = &matrix->columns[i];

		for (unsigned int k = 0; k < ARRAY_SIZE(rows); k++) {
			if (*column->why || stop_asked())
				break;
			if (!o->quiet)
				quote_printf(stderr,
					"portclash: %s beside %s, "
					"%s (%.0f s)\n",
					column->subjects[0].name,
					column->subjects[1].name, rows[k],
					progress_seconds(&progress));
			fill(matrix, column, k);
		}
	}
	matrix->seconds = progress_seconds(&progress);
	matrix_text(matrix, o->out);
	if (o->json)
		matrix_json(matrix);
	if (o->output)
		write_page(matrix, o->output);
	code = exit_code(matrix);
	for (unsigned int i = 0; i < matrix->column_count; i++)
		class_finder_close(&matrix->columns[i].finder);
	class_free(&classes);
	free(matrix);
	return code;
}

const struct verb verb_matrix = {
	.name = "matrix",
	.options = "sSnjcoaqJ",
	.usage = "[-s SUBJECT]... [--count N] [--output PAGE.html]",
	.help = "subjects by groups of cases, sweeps and random programs, all\n"
		"           beside Linux; --count: of each set (default 2000)",
	.run = run_matrix,
};
