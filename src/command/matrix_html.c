// SPDX-License-Identifier: Apache-2.0
/*
 * matrix_html.c - the matrix as one page: from each cell to its classes, and
 * from each class to its cases
 */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "report.h"
#include "compare/divergence.h"

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
	put_with("", column->subjects[0], file);
	put_with(" beside ", column->subjects[1], file);
	put_with(": ", m->rows[k], file);
	fputs("</h3>\n<ul>\n", file);
	report_classes(m->classes, cell->cases_met, put_class, file);
	fputs("</ul>\n", file);
	for (unsigned int n = 0; n < cell->kept_count; n++) {
		size_t size;
		char *text;
		FILE *memory = open_memstream(&text, &size);

		if (!memory)
			continue;
		divergence_write(&cell->kept[n].program, column->subjects,
			&cell->kept[n].divergence, memory);
		fclose(memory);
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

	if (case_read(file->path, TEXT_SIZE_MAX, &data, &size))
		return;
	fputs("<pre>", out);
	quote_html_lines(out, data, size);
	fputs("</pre>\n", out);
	free(data);
}

/* The index of the next case of a class, from @i on; or how many cases there
 * are in all */
static size_t next_of(const struct class_list *list, size_t i, const char *name)
{
	char other[CLASS_NAME_MAX];

	for (; i < list->count; i++) {
		class_name(&list->cases[i], other);
		if (!strcmp(name, other))
			break;
	}
	return i;
}

/* The cases of one name need not follow each other: a-1, a-1b, a-2. */
static void put_cases(const struct matrix *m, FILE *file)
{
	const struct class_list *list = m->classes;
	char name[CLASS_NAME_MAX];

	fputs("<h2>Classes</h2>\n", file);
	for (size_t i = 0; i < list->count; i++) {
		class_name(&list->cases[i], name);
		if (next_of(list, 0, name) < i)
			continue;
		put_with("<details id=\"class-", name, file);
		put_with("\" open><summary>", name, file);
		put_with(": ", list->cases[i].text.why, file);
		fputs("</summary>\n", file);
		for (size_t k = i; k < list->count;
			k = next_of(list, k + 1, name))
			put_case(&list->cases[k], file);
		fputs("</details>\n", file);
	}
}

void matrix_html(const struct matrix *m, FILE *file)
{
	fputs(style, file);
	fputs("<table>\n<tr><th>", file);
	for (unsigned int k = 0; k < m->row_count; k++)
		put_with("<th>", m->rows[k], file);
	for (unsigned int i = 0; i < m->column_count; i++) {
		put_with("\n<tr><th>", m->columns[i].subjects[0], file);
		put_with("<br><small>beside ", m->columns[i].subjects[1], file);
		fputs("</small>", file);
		for (unsigned int k = 0; k < m->row_count; k++)
			put_cell(m, i, k, file);
	}
	fputs("\n</table>\n", file);
	for (unsigned int i = 0; i < m->column_count; i++) {
		if (*m->columns[i].why) {
			put_with("<p>", m->columns[i].subjects[0], file);
			put_with(": ", m->columns[i].why, file);
			fputs("\n", file);
		}
	}
	fputs("<h2>Cells</h2>\n", file);
	for (unsigned int i = 0; i < m->column_count; i++)
		for (unsigned int k = 0; k < m->row_count; k++)
			put_behind(m, i, k, file);
	put_cases(m, file);
	fputs("</html>\n", file);
}
