// SPDX-License-Identifier: Apache-2.0
/*
 * matrix.c - subjects by groups of programs, as text, JSON and a page
 */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "report.h"
#include "util.h"
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
	quote_printf(file, "%s beside %s\n", column->subjects[0],
		column->subjects[1]);
	if (*column->why)
		quote_printf(file, "  %s: %s\n",
			ran(m, column) ? "stopped early" : "not here",
			column->why);
	for (unsigned int k = 0; k < m->row_count; k++) {
		const struct matrix_cell *cell = &column->cells[k];

		if (!cell->asked)
			continue;
		fprintf(file, "  %-13s %8llu %8llu %8llu %8llu   ", m->rows[k],
			(unsigned long long)tally_agreed(&cell->tally),
			(unsigned long long)cell->tally.known,
			(unsigned long long)cell->tally.unknown,
			(unsigned long long)cell->tally.incomparable);
		report_classes(m->classes, cell->cases_met, print_classes,
			file);
		fputc('\n', file);
		for (unsigned int i = 0; i < cell->kept_count; i++) {
			fputs("\n# unknown:\n", file);
			divergence_write(&cell->kept[i].program,
				column->subjects, &cell->kept[i].divergence,
				file);
		}
	}
}

void matrix_text(const struct matrix *m, FILE *file)
{
	fprintf(file, "%-15s %8s %8s %8s %8s   classes\n", "", "agree", "known",
		"unknown", "n/a");
	for (unsigned int i = 0; i < m->column_count; i++)
		print_column(m, &m->columns[i], file);
	fprintf(file, "\n%.0f s\n", m->seconds);
}

static void json_cell(const struct matrix *m,
	const struct matrix_column *column, unsigned int row)
{
	const struct matrix_cell *cell = &column->cells[row];

	fputs("{\"subject\":", stdout);
	report_string(stdout, column->subjects[0]);
	fputs(",\"beside\":", stdout);
	report_string(stdout, column->subjects[1]);
	printf(",\"group\":\"%s\",\"programs\":%llu,\"agree\":%llu,"
	       "\"known\":%llu,\"unknown\":%llu,\"incomparable\":%llu,"
	       "\"classes\":{",
		m->rows[row], (unsigned long long)cell->tally.programs,
		(unsigned long long)tally_agreed(&cell->tally),
		(unsigned long long)cell->tally.known,
		(unsigned long long)cell->tally.unknown,
		(unsigned long long)cell->tally.incomparable);
	report_classes(m->classes, cell->cases_met, report_class_json, stdout);
	fputs("}}", stdout);
}

void matrix_json(const struct matrix *m)
{
	unsigned long long unknown = 0;
	const char *comma = "";

	fputs("{\"verb\":\"matrix\",\"cells\":[", stdout);
	for (unsigned int i = 0; i < m->column_count; i++) {
		for (unsigned int k = 0; k < m->row_count; k++) {
			if (!m->columns[i].cells[k].asked)
				continue;
			fputs(comma, stdout);
			json_cell(m, &m->columns[i], k);
			unknown += m->columns[i].cells[k].tally.unknown;
			comma = ",";
		}
	}
	fputs("],\"skipped\":[", stdout);
	comma = "";
	for (unsigned int i = 0; i < m->column_count; i++) {
		if (!*m->columns[i].why)
			continue;
		printf("%s{\"subject\":", comma);
		report_string(stdout, m->columns[i].subjects[0]);
		fputs(",\"reason\":", stdout);
		report_string(stdout, m->columns[i].why);
		putchar('}');
		comma = ",";
	}
	printf("],\"unknown\":%llu,\"seconds\":%.3f}\n", unknown, m->seconds);
}
