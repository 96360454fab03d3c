// SPDX-License-Identifier: Apache-2.0
/*
 * report.c - the summary of a verb, for people and as one line of JSON
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "util.h"

void report_string(FILE *file, const char *text)
{
	quote_json(file, text);
}

void report_classes(const struct class_list *classes, const uint64_t *counts,
	report_class *say, void *arg)
{
	bool first = true;

	for (size_t i = 0; classes && i < classes->count; i++) {
		char name[CLASS_NAME_MAX], other[CLASS_NAME_MAX];
		uint64_t sum = 0;
		bool before = false;

		class_name(&classes->cases[i], name);
		for (size_t k = 0; k < classes->count; k++) {
			class_name(&classes->cases[k], other);
			if (strcmp(name, other))
				continue;
			before |= k < i;
			sum += counts[k];
		}
		if (before || !sum)
			continue;
		say(name, sum, first, arg);
		first = false;
	}
}

void report_class_json(const char *name, uint64_t count, bool first, void *arg)
{
	fputs(first ? "" : ",", arg);
	report_string(arg, name);
	fprintf(arg, ":%llu", (unsigned long long)count);
}

static void say_text(const char *name, uint64_t count, bool first, void *arg)
{
	fputs(first ? "classes met:\n" : "", arg);
	quote_printf(arg, "  %-40s %llu\n", name, (unsigned long long)count);
}

static void json_check(const struct summary *s)
{
	char text[128];

	printf(",\"cases\":%u,\"held\":%u,\"failed\":[", s->cases, s->held);
	for (unsigned int i = 0; i < s->failure_count; i++) {
		const struct failure *f = &s->failures[i];

		fputs(i ? ",{\"file\":" : "{\"file\":", stdout);
		report_string(stdout, f->file);
		printf(",\"line\":%u,\"subject\":", f->line);
		report_string(stdout, f->subject);
		text_outcome(&f->want, text, sizeof(text));
		fputs(",\"want\":", stdout);
		report_string(stdout, text);
		text_outcome(&f->got, text, sizeof(text));
		fputs(",\"got\":", stdout);
		report_string(stdout, text);
		putchar('}');
	}
	putchar(']');
}

/* The command that does the same again, as a shell takes it */
static void json_repeat(const struct options *options)
{
	size_t size;
	char *text = NULL;
	FILE *memory = open_memstream(&text, &size);

	ASSERT(memory);
	fputs("portclash", memory);
	for (int i = 1; i < options->argc; i++) {
		fputc(' ', memory);
		quote_shell(memory, options->argv[i]);
		/* Behind the verb, since after a "--" it is no option */
		if (i == 1 && !strcmp(options->verb, "random") &&
			!options->seeded)
			fprintf(memory, " --seed %llu",
				(unsigned long long)options->seed);
	}
	fclose(memory);
	report_string(stdout, text);
	free(text);
}

void report_json(const struct summary *s)
{
	const struct compare_result *r = s->result;
	const struct options *o = s->options;

	fputs("{\"verb\":", stdout);
	report_string(stdout, o->verb);
	if (s->sweep) {
		fputs(",\"sweep\":", stdout);
		report_string(stdout, s->sweep);
	}
	fputs(",\"subjects\":[", stdout);
	for (unsigned int i = 0; i < o->subject_count; i++) {
		fputs(i ? "," : "", stdout);
		report_string(stdout, o->subjects[i]);
	}
	printf("],\"seed\":%llu,", (unsigned long long)o->seed);
	tally_json(stdout, &r->tally);
	fputs(",\"classes\":{", stdout);
	report_classes(s->classes, r->cases_met, report_class_json, stdout);
	fputs("},\"skipped\":[", stdout);
	for (unsigned int i = 0; i < s->skip_count; i++) {
		fputs(i ? ",{\"subject\":" : "{\"subject\":", stdout);
		report_string(stdout, s->skips[i].subject);
		fputs(",\"reason\":", stdout);
		report_string(stdout, s->skips[i].reason);
		putchar('}');
	}
	printf("],\"seconds\":%.3f,\"programs_per_s\":%.0f,\"repeat\":",
		r->seconds,
		r->seconds > 0 ? r->tally.programs / r->seconds : 0);
	json_repeat(o);
	if (s->is_check)
		json_check(s);
	puts("}");
}

void report_text(FILE *file, const struct summary *s)
{
	const struct compare_result *r = s->result;
	const struct tally *t = &r->tally;

	fprintf(file,
		"%llu programs, %llu ops compared of %llu, "
		"%llu incomparable, %.1f s (%.0f programs/s)\n",
		(unsigned long long)t->programs,
		(unsigned long long)t->compared_ops, (unsigned long long)t->ops,
		(unsigned long long)t->incomparable, r->seconds,
		r->seconds > 0 ? t->programs / r->seconds : 0);
	if (!s->is_check)
		fprintf(file, "%llu divergent: %llu known, %llu unknown\n",
			(unsigned long long)t->divergent,
			(unsigned long long)t->known,
			(unsigned long long)t->unknown);
	else
		fprintf(file,
			"%u cases, %u held, %u failures, %u not compared "
			"to the end\n",
			s->cases, s->held, s->failure_count, s->uncompared);
	report_classes(s->classes, r->cases_met, say_text, file);
	for (unsigned int i = 0; i < s->skip_count; i++)
		quote_printf(file, "skipped %s: %s\n", s->skips[i].subject,
			s->skips[i].reason);
}
