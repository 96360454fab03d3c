// SPDX-License-Identifier: Apache-2.0
/*
 * matrix_html.c - the matrix as one page: from each cell to its classes, and
 * from each class to its cases
 */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "quote.h"
#include "report.h"
#include "compare/divergence.h"
#include "subjects/books.h"

static const char style[] =
	"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	"<title>portclash matrix</title>\n<style>\n"
	"body { font: 15px/1.4 sans-serif; margin: 2em; max-width: 75em }\n"
	"table { border-collapse: collapse }\n"
	"th, td { border: 1px solid #bbb; padding: .3em .6em }\n"
	"td { text-align: right }\n"
	"th { background: #eee; text-align: left; font-weight: 600 }\n"
	"td a { color: inherit; text-decoration: none; display: block }\n"
	".same { background: #d9f2d9 } .known { background: #fff3cd }\n"
	".unknown { background: #f8c9c9 } .none { color: #888 }\n"
	"pre { background: #f6f6f6; padding: .7em }\n"
	"</style>\n<h1>Who binds like Linux?</h1>\n"
	"<p>Programs that end alike, that diverge in a known way, and in an "
	"unknown one. Grey: not comparable to the end.</p>\n";

/* Markup of ours, and text of anybody's behind it */
static void put_with(const char *markup, const char *text, FILE *file)
{
	fputs(markup, file);
	quote_html(file, text);
}

static void put_cell(const struct matrix *m, unsigned int i, unsigned int k,
	FILE *file)
{
	const struct matrix_cell *cell = &m->columns[i].cells[k];
	const struct tally *tally = &cell->tally;

	if (!cell->asked) {
		fputs("<td class=\"none\">not here", file);
		return;
	}
	fprintf(file, "<td class=\"%s\"><a href=\"#c%u-%u\">%llu",
		tally->unknown ? "unknown" :
		tally->known   ? "known" :
		tally->tested  ? "same" :
				 "none",
		i, k, (unsigned long long)tally_agreed(tally));
	if (tally->known)
		fprintf(file, "<br>known %llu",
			(unsigned long long)tally->known);
	if (tally->unknown)
		fprintf(file, "<br>unknown %llu",
			(unsigned long long)tally->unknown);
	fprintf(file, "<br><span class=\"none\">%llu</span></a>",
		(unsigned long long)tally->incomparable);
}

static void put_class(const char *name, uint64_t count, bool first, void *arg)
{
	(void)first;
	put_with("<li><a href=\"#class-", name, arg);
	put_with("\">", name, arg);
	fprintf(arg, "</a> %llu\n", (unsigned long long)count);
}

static void put_behind(const struct matrix *m, unsigned int i, unsigned int k,
	FILE *file)
{
	const struct matrix_column *column = &m->columns[i];
	const struct matrix_cell *cell = &column->cells[k];

	if (!cell->asked)
		return;
	fprintf(file, "<h3 id=\"c%u-%u\">", i, k);
	put_with("", column->subjects[0].name, file);
	put_with(" beside ", column->subjects[1].name, file);
	put_with(": ", m->rows[k], file);
	fputs("</h3>\n<ul>\n", file);
	report_classes(&column->finder, cell->classes_met, put_class, file);
	fputs("</ul>\n", file);
	for (unsigned int n = 0; n < cell->kept_count; n++) {
		size_t size;
		char *text = NULL;
		FILE *memory = open_memstream(&text, &size);

		if (!memory)
			die(EXIT_CANNOT, "out of memory");
		divergence_write(&cell->kept[n].program,
			NAMES_OF(column->subjects), &cell->kept[n].divergence,
			memory);
		if (quote_end(memory, &text))
			die(EXIT_CANNOT, "out of memory");
		fputs("<p>Unknown:<pre>", file);
		quote_html_lines(file, text, size);
		fputs("</pre>\n", file);
		free(text);
	}
}

static void put_case(const struct case_file *file, FILE *out)
{
	char *data;
	size_t size;

	need_data(file->path, &data, &size);
	fputs("<pre>", out);
	quote_html_lines(out, data, size);
	fputs("</pre>\n", out);
	free(data);
}

static void put_class_of(const struct class *class, const char *text,
	FILE *file)
{
	put_with("<details id=\"class-", class->name, file);
	put_with("\" open><summary>", class->name, file);
	put_with(": ", text, file);
	fputs("</summary>\n", file);
	if (class->file)
		put_case(class->file, file);
	fputs("</details>\n", file);
}

/* Between two versions the classes are rules. */
static void put_rules(const struct matrix_column *column, FILE *file)
{
	for (size_t i = 0; i < column->finder.count; i++) {
		const struct class *class = &column->finder.candidates[i];
		const struct change *change = &class->changes[0];

		if (!class->file)
			put_class_of(class,
				books[change->model]->rules[change->rule].text,
				file);
	}
}

static void put_classes(const struct matrix *m, FILE *file)
{
	fputs("<h2>Classes</h2>\n", file);
	for (size_t i = 0; i < m->classes->count; i++)
		put_class_of(&m->classes->classes[i],
			m->classes->classes[i].file->text.why, file);
	for (unsigned int i = 0; i < m->column_count; i++)
		put_rules(&m->columns[i], file);
}

void matrix_html(const struct matrix *m, FILE *file)
{
	fputs(style, file);
	fputs("<table>\n<tr><th>", file);
	for (unsigned int k = 0; k < m->row_count; k++)
		put_with("<th>", m->rows[k], file);
	for (unsigned int i = 0; i < m->column_count; i++) {
		put_with("\n<tr><th>", m->columns[i].subjects[0].name, file);
		put_with("<br><small>beside ", m->columns[i].subjects[1].name,
			file);
		fputs("</small>", file);
		for (unsigned int k = 0; k < m->row_count; k++)
			put_cell(m, i, k, file);
	}
	fputs("\n</table>\n", file);
	for (unsigned int i = 0; i < m->column_count; i++) {
		if (*m->columns[i].why) {
			put_with("<p>", m->columns[i].subjects[0].name, file);
			put_with(": ", m->columns[i].why, file);
			fputs("\n", file);
		}
	}
	fputs("<h2>Cells</h2>\n", file);
	for (unsigned int i = 0; i < m->column_count; i++)
		for (unsigned int k = 0; k < m->row_count; k++)
			put_behind(m, i, k, file);
	put_classes(m, file);
	fputs("</html>\n", file);
}
