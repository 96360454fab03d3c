// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_rules.c - rules: the models, rule by rule, each with its case
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "cmd.h"
#include "quote.h"
#include "subjects/books.h"

enum { VERSIONS_MAX = 64 };

/* "all", "none", "since 5.7", "before 6.8", "since 5.7 before 6.8" */
static const char *versions_of(const struct rule_info *info,
	char text[VERSIONS_MAX])
{
	int length = 0;

	strcpy(text, info->foreign ? "none" : info->before ? "" : "all");
	if (info->since)
		length = snprintf(text, VERSIONS_MAX, "since %u.%u",
			info->since >> 16, info->since >> 8 & 255);
	if (info->before)
		snprintf(text + length, VERSIONS_MAX - length, "%sbefore %u.%u",
			length ? " " : "", info->before >> 16,
			info->before >> 8 & 255);
	return text;
}

static void case_path(const struct options *o, const struct rule_info *info,
	char *path, size_t size)
{
	snprintf(path, size, "%s/rules/%s.case", o->corpus, info->name);
	if (*o->corpus && !access(path, R_OK))
		return;
	if (*o->corpus && errno != ENOENT)
		die(EXIT_CANNOT, "%s: %s", path, strerror(errno));
	*path = '\0';
}

static void print_json(const struct options *o, const struct rule_book *book,
	unsigned int rule)
{
	const struct rule_info *info = &book->rules[rule];
	struct json_object *answer = answer_new(NULL);
	char path[CASE_PATH_MAX + 64], versions[VERSIONS_MAX];

	case_path(o, info, path, sizeof(path));
	answer_text(answer, "model", book->model);
	answer_text(answer, "name", info->name);
	answer_text(answer, "sort", rule < book->mark ? "decision" : "effect");
	answer_text(answer, "errno",
		info->error ? text_errno(info->error) : "ok");
	answer_text(answer, "kernel_function", info->function);
	answer_text(answer, "text", info->text);
	answer_text(answer, "versions", versions_of(info, versions));
	answer_text(answer, "newest", info->newest);
	answer_flag(answer, "generic", info->generic);
	answer_text(answer, "case", *path ? path : NULL);
	answer_end(answer, true);
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
	char path[CASE_PATH_MAX + 64], versions[VERSIONS_MAX], *data;
	size_t size;

	print_line(o, book, rule);
	fprintf(o->out, "\n%s\n%s: %s", info->text, book->system,
		versions_of(info, versions));
	if (info->generic)
		fputs("\nSo much depends on it that its change explains "
		      "nothing.",
			o->out);
	if (info->newest)
		fprintf(o->out, "\nThe newest, as read: %s", info->newest);
	case_path(o, info, path, sizeof(path));
	if (!*path) {
		fputs(*o->corpus ? "\nNo case of it is in the corpus.\n" :
				   "\nIts case is in the corpus, which is "
				   "not here.\n",
			o->out);
		return;
	}
	need_data(path, &data, &size);
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
