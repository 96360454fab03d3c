// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_rules.c - rules: the models, rule by rule, each with its case
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quote.h"
#include "report.h"
#include "util.h"
#include "subjects/books.h"

static void print_versions(FILE *out, const struct rule_info *info)
{
	fputs(info->since || info->before ? "" : "all", out);
	if (info->since)
		fprintf(out, "since %u.%u", info->since >> 16,
			info->since >> 8 & 255);
	if (info->before)
		fprintf(out, "%sbefore %u.%u", info->since ? " " : "",
			info->before >> 16, info->before >> 8 & 255);
}

static void case_path(const struct options *o, const struct rule_info *info,
	char *path, size_t size)
{
	snprintf(path, size, "%s/rules/%s.case", o->corpus, info->name);
	if (!*o->corpus || access(path, R_OK))
		*path = '\0';
}

static void print_json(const struct options *o, const struct rule_book *book,
	unsigned int rule)
{
	const struct rule_info *info = &book->rules[rule];
	char path[CASE_PATH_MAX + 64];

	case_path(o, info, path, sizeof(path));
	printf("{\"model\":\"%s\",\"name\":\"%s\",\"sort\":\"%s\","
	       "\"errno\":\"%s\",\"kernel_function\":\"%s\",\"text\":",
		book->model, info->name,
		rule < book->mark ? "decision" : "effect",
		info->error ? text_errno(info->error) : "ok", info->function);
	report_string(stdout, info->text);
	fputs(",\"versions\":\"", stdout);
	print_versions(stdout, info);
	fputs("\",\"newest\":", stdout);
	if (info->newest)
		report_string(stdout, info->newest);
	else
		fputs("null", stdout);
	fputs(",\"case\":", stdout);
	if (*path)
		report_string(stdout, path);
	else
		fputs("null", stdout);
	puts("}");
}

static void print_line(const struct options *o, const struct rule_book *book,
	unsigned int rule)
{
	const struct rule_info *info = &book->rules[rule];

	fprintf(o->out, "%-32s %-13s %s\n", info->name,
		rule >= book->mark ? "effect" :
		info->error	   ? text_errno(info->error) :
				     "ok",
		info->function);
}

static void print_whole(const struct options *o, const struct rule_book *book,
	unsigned int rule)
{
	const struct rule_info *info = &book->rules[rule];
	char path[CASE_PATH_MAX + 64], *data;
	size_t size;

	print_line(o, book, rule);
	fprintf(o->out, "\n%s\n%s: ", info->text, book->system);
	print_versions(o->out, info);
	if (info->newest)
		fprintf(o->out, "\nThe newest, as read: %s", info->newest);
	case_path(o, info, path, sizeof(path));
	if (!*path || case_read(path, TEXT_SIZE_MAX, &data, &size)) {
		fputs(*o->corpus ? "\nNo case of it is in the corpus.\n" :
				   "\nIts case is in the corpus, which is "
				   "not here.\n",
			o->out);
		return;
	}
	fputs("\n\n", o->out);
	quote_printf(o->out, "%s:\n", path);
	fputc('\n', o->out);
	quote_lines(o->out, data, size);
	free(data);
}

/* All rules of a book, or the one of a name; how many there are */
static unsigned int print_book(const struct options *o,
	const struct rule_book *book, const char *name)
{
	unsigned int one = name ? rule_find(book, name, strlen(name)) : 0;
	unsigned int printed = 0;

	for (unsigned int rule = 1; rule < book->count; rule++) {
		if (!rule_exists(book, rule) || (name && rule != one))
			continue;
		printed++;
		if (o->json)
			print_json(o, book, rule);
		else if (name)
			print_whole(o, book, rule);
		else
			print_line(o, book, rule);
	}
	return printed;
}

static int run_rules(struct options *o)
{
	const char *name = o->arg_count ? o->args[0] : NULL;
	unsigned int printed = 0;
	bool known = !o->model;

	if (o->arg_count > 1)
		die(EXIT_USAGE, "rules: unexpected '%s'", o->args[1]);
	for (int model = 0; model < MODELS; model++) {
		if (o->model && strcmp(o->model, books[model]->model))
			continue;
		known = true;
		printed += print_book(o, books[model], name);
	}
	if (!known)
		die(EXIT_USAGE,
			"rules: no model '%s'; there are spec and "
			"portman",
			o->model);
	if (!printed)
		die(EXIT_USAGE, "no rule '%s'; 'portclash rules' lists them",
			name);
	return EXIT_AGREED;
}

const struct verb verb_rules = {
	.name = "rules",
	.options = "cmJ",
	.usage = "[--model spec|portman] [NAME]",
	.help = "the rules of Linux and of gVisor, each with its case",
	.run = run_rules,
};
