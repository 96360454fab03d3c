// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_rules.c - rules: the specification, rule by rule, with its case
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quote.h"
#include "report.h"
#include "spec.h"
#include "util.h"

static void print_versions(FILE *out, const struct spec_rule_info *info)
{
	fputs(info->since || info->before ? "" : "all", out);
	if (info->since)
		fprintf(out, "since %u.%u", info->since >> 16,
			info->since >> 8 & 255);
	if (info->before)
		fprintf(out, "%sbefore %u.%u", info->since ? " " : "",
			info->before >> 16, info->before >> 8 & 255);
}

static void case_path(const struct options *o, enum spec_rule rule, char *path,
	size_t size)
{
	snprintf(path, size, "%s/rules/%s.case", o->corpus,
		spec_rules[rule].name);
	if (!*o->corpus || access(path, R_OK))
		*path = '\0';
}

static void print_json(const struct options *o, enum spec_rule rule)
{
	const struct spec_rule_info *info = &spec_rules[rule];
	char path[CASE_PATH_MAX + 64];

	case_path(o, rule, path, sizeof(path));
	printf("{\"name\":\"%s\",\"sort\":\"%s\",\"errno\":\"%s\","
	       "\"kernel_function\":\"%s\",\"text\":", info->name,
		spec_rule_decides(rule) ? "decision" : "effect",
		info->error ? text_errno(info->error) : "ok", info->function);
	json_string(stdout, info->text);
	fputs(",\"versions\":\"", stdout);
	print_versions(stdout, info);
	fputs("\",\"case\":", stdout);
	if (*path)
		json_string(stdout, path);
	else
		fputs("null", stdout);
	puts("}");
}

static void print_line(const struct options *o, enum spec_rule rule)
{
	const struct spec_rule_info *info = &spec_rules[rule];

	fprintf(o->out, "%-32s %-13s %s\n", info->name,
		!spec_rule_decides(rule) ? "effect" :
		info->error		 ? text_errno(info->error) :
					   "ok",
		info->function);
}

static void print_whole(const struct options *o, enum spec_rule rule)
{
	const struct spec_rule_info *info = &spec_rules[rule];
	char path[CASE_PATH_MAX + 64], *data;
	size_t size;

	print_line(o, rule);
	fprintf(o->out, "\n%s\nLinux: ", info->text);
	print_versions(o->out, info);
	case_path(o, rule, path, sizeof(path));
	if (!*path || case_read(path, TEXT_SIZE_MAX, &data, &size)) {
		fputs(*o->corpus ? "\nNo case of it is in the corpus.\n" :
				   "\nIts case is in the corpus, which is "
				   "not here.\n", o->out);
		return;
	}
	fputs("\n\n", o->out);
	quote_printf(o->out, "%s:\n", path);
	fputc('\n', o->out);
	quote_lines(o->out, data, size);
	free(data);
}

static int run_rules(struct options *o)
{
	enum spec_rule one = SPEC_NO_RULE;

	if (o->arg_count > 1)
		die(EXIT_USAGE, "rules: unexpected '%s'", o->args[1]);
	if (o->arg_count) {
		one = spec_rule_find(o->args[0], strlen(o->args[0]));
		if (!one)
			die(EXIT_USAGE, "no rule '%s'; 'portclash rules' "
				"lists them", o->args[0]);
	}
	for (int rule = 1; rule < SPEC_RULES; rule++) {
		if (rule == SPEC_LAST_DECISION || (one && rule != (int)one))
			continue;
		if (o->json)
			print_json(o, rule);
		else if (one)
			print_whole(o, rule);
		else
			print_line(o, rule);
	}
	return EXIT_AGREED;
}

const struct verb verb_rules = {
	.name = "rules",
	.options = "cJ",
	.usage = "[NAME]",
	.help = "the specification of Linux, rule by rule, with its case",
	.run = run_rules,
};
