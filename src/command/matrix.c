// SPDX-License-Identifier: Apache-2.0
/*
 * matrix.c - subjects by groups of programs, as text, JSON and a page
 */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "report.h"
#include "compare/divergence.h"

static void print_classes(const char *name, uint64_t count, bool first,
	void *arg)
{
	quote_printf(arg, "%s%s %llu", first ? "" : ", ", name,
		(unsigned long long)count);
}

static bool ran(const struct matrix *m, const struct matrix_column *column)
{
	for (unsigned int k = 0; k < m->row_count; k++)
		if (column->cells[k].tally.programs)
			return true;
	return false;
}

static void print_column(const struct matrix *m,
	const struct matrix_column *column, FILE *file)
{
	fputc('\n', file);
	quote_printf(file, "%s beside %s\n", column->subjects[0].name,
		column->subjects[1].name);
	if (*column->why)
		quote_printf(file, "  %s: %s\n",
			ran(m, column) ? "stopped early" : "not here",
			column->why);
	for (unsigned int k = 0; k < m->row_count; k++) {
		const struct matrix_cell *cell = &column->cells[k];

		if (!cell->asked)
			continue;
		fprintf(file, "  %-13s %8llu %8llu %8llu %10llu %8llu   ",
			m->rows[k],
			(unsigned long long)tally_agreed(&cell->tally),
			(unsigned long long)cell->tally.known,
			(unsigned long long)cell->tally.unknown,
			(unsigned long long)cell->tally.unmodelled,
			(unsigned long long)cell->tally.incomparable);
		report_classes(&column->finder, cell->classes_met,
			print_classes, file);
		fputc('\n', file);
		for (unsigned int i = 0; i < cell->kept_count; i++) {
			fputs("\n# unknown:\n", file);
			divergence_write(&cell->kept[i].program,
				NAMES_OF(column->subjects),
				&cell->kept[i].divergence, file);
		}
	}
}

void matrix_text(const struct matrix *m, FILE *file)
{
	fprintf(file, "%-15s %8s %8s %8s %10s %8s   classes\n", "", "agree",
		"known", "unknown", "unmodelled", "n/a");
	for (unsigned int i = 0; i < m->column_count; i++)
		print_column(m, &m->columns[i], file);
	fprintf(file, "\n%.0f s\n", m->seconds);
}

static void json_cell(const struct matrix *m,
	const struct matrix_column *column, unsigned int row,
	struct json_object *cells)
{
	const struct matrix_cell *cell = &column->cells[row];
	struct json_object *one = answer_object(cells, NULL);

	answer_text(one, "subject", column->subjects[0].name);
	answer_text(one, "beside", column->subjects[1].name);
	answer_text(one, "group", m->rows[row]);
	answer_number(one, "programs", cell->tally.programs);
	answer_number(one, "agree", tally_agreed(&cell->tally));
	answer_number(one, "known", cell->tally.known);
	answer_number(one, "unknown", cell->tally.unknown);
	answer_number(one, "unmodelled", cell->tally.unmodelled);
	answer_number(one, "incomparable", cell->tally.incomparable);
	report_classes(&column->finder, cell->classes_met, report_class_json,
		answer_object(one, "classes"));
}

void matrix_json(const struct matrix *m)
{
	struct json_object *answer = answer_new("matrix"), *list;
	uint64_t unknown = 0;

	list = answer_list(answer, "cells");
	for (unsigned int i = 0; i < m->column_count; i++) {
		for (unsigned int k = 0; k < m->row_count; k++) {
			if (!m->columns[i].cells[k].asked)
				continue;
			json_cell(m, &m->columns[i], k, list);
			unknown += m->columns[i].cells[k].tally.unknown;
		}
	}
	list = answer_list(answer, "skipped");
	for (unsigned int i = 0; i < m->column_count; i++)
		if (*m->columns[i].why)
			report_skip(list, m->columns[i].subjects[0].name,
				m->columns[i].why);
	answer_number(answer, "unknown", unknown);
	answer_decimal(answer, "seconds", m->seconds, 3);
	answer_end(answer, true);
}
