// SPDX-License-Identifier: Apache-2.0
/*
 * report.c - the summary of a verb, for people and as one line of JSON
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"

void report_classes(const struct class_finder *finder, const uint64_t *counts,
	report_class *say, void *arg)
{
	bool first = true;

	for (size_t i = 0; i < finder->count; i++) {
		if (!counts[i])
			continue;
		say(finder->candidates[i].name, counts[i], first, arg);
		first = false;
	}
}

void report_class_json(const char *name, uint64_t count, bool first, void *arg)
{
	(void)first;
	answer_number(arg, name, count);
}

static void say_text(const char *name, uint64_t count, bool first, void *arg)
{
	fputs(first ? "classes met:\n" : "", arg);
	quote_printf(arg, "  %-40s %llu\n", name, (unsigned long long)count);
}

void report_outcome(struct json_object *to, const char *key,
	const struct outcome *outcome)
{
	char text[128];

	text_outcome(outcome, text, sizeof(text));
	answer_text(to, key, text);
}

void report_skip(struct json_object *skipped, const char *subject,
	const char *reason)
{
	struct json_object *skip = answer_object(skipped, NULL);

	answer_text(skip, "subject", subject);
	answer_text(skip, "reason", reason);
}

static void json_check(const struct summary *s, struct json_object *answer)
{
	struct json_object *failed;

	answer_number(answer, "cases", s->cases);
	answer_number(answer, "held", s->held);
	failed = answer_list(answer, "failed");
	for (unsigned int i = 0; i < s->failure_count; i++) {
		const struct failure *f = &s->failures[i];
		struct json_object *failure = answer_object(failed, NULL);

		answer_text(failure, "file", f->file);
		answer_number(failure, "line", f->line);
		answer_text(failure, "subject", f->subject);
		report_outcome(failure, "want", &f->want);
		report_outcome(failure, "got", &f->got);
	}
}

/* The command that does the same again, as a shell takes it */
static void json_repeat(const struct options *options,
	struct json_object *answer)
{
	size_t size;
	char *text = NULL;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		die(EXIT_CANNOT, "out of memory");
	fputs("portclash", memory);
	for (int i = 1; i < options->argc; i++) {
		fputc(' ', memory);
		quote_shell(memory, options->argv[i]);
		/* Behind the verb, since after a "--" it is no option */
		if (i == 1 && !options->seeded &&
			(!strcmp(options->verb, "random") ||
				!strcmp(options->verb, "explain")))
			fprintf(memory, " --seed %llu",
				(unsigned long long)options->seed);
	}
	if (quote_end(memory, &text))
		die(EXIT_CANNOT, "out of memory");
	answer_text(answer, "repeat", text);
	free(text);
}

void report_numbers(const struct summary *s, struct json_object *answer)
{
	const struct tally *t = &s->result->tally;
	const struct options *o = s->options;
	struct json_object *list;

	if (s->sweep)
		answer_text(answer, "sweep", s->sweep);
	list = answer_list(answer, "subjects");
	for (unsigned int i = 0; i < o->subject_count; i++)
		answer_text(list, NULL, o->subjects[i].name);
	answer_number(answer, "seed", o->seed);
	answer_number(answer, "programs", t->programs);
	answer_number(answer, "ops", t->ops);
	answer_number(answer, "compared_ops", t->compared_ops);
	answer_number(answer, "incomparable", t->incomparable);
	answer_number(answer, "divergent", t->divergent);
}

void report_end(const struct summary *s, struct json_object *answer)
{
	const struct compare_result *r = s->result;
	struct json_object *list = answer_list(answer, "skipped");

	for (unsigned int i = 0; i < s->skip_count; i++)
		report_skip(list, s->skips[i].subject, s->skips[i].reason);
	answer_decimal(answer, "seconds", r->seconds, 3);
	answer_decimal(answer, "programs_per_s",
		r->seconds > 0 ? r->tally.programs / r->seconds : 0, 0);
	json_repeat(s->options, answer);
}

void report_json(const struct summary *s)
{
	const struct compare_result *r = s->result;
	struct json_object *answer = answer_new(s->options->verb);

	report_numbers(s, answer);
	answer_number(answer, "known", r->tally.known);
	answer_number(answer, "unknown", r->tally.unknown);
	answer_number(answer, "unmodelled", r->tally.unmodelled);
	report_classes(&r->finder, r->classes_met, report_class_json,
		answer_object(answer, "classes"));
	report_end(s, answer);
	if (s->is_check)
		json_check(s, answer);
	answer_end(answer, true);
}

/* What both can do of each program may be so little that it tests nothing:
 * say so. */
static bool nothing(const struct options *o, const struct tally *tally)
{
	if (compare_enough(tally->tested, tally->programs, o->min_compared))
		return false;
	if (tally->programs)
		quote_printf(o->out,
			"%llu of %llu programs count as a "
			"test: nothing was really tested\n",
			(unsigned long long)tally->tested,
			(unsigned long long)tally->programs);
	return true;
}

int report_code(const struct options *o, const struct compare_result *r)
{
	if (r->error == -EINVAL && !r->tally.programs)
		return EXIT_USAGE;
	if (r->error)
		return EXIT_CANNOT;
	return nothing(o, &r->tally) ? EXIT_NOTHING : EXIT_AGREED;
}

void report_programs(FILE *file, const struct summary *s)
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
}

void report_skips(FILE *file, const struct summary *s)
{
	for (unsigned int i = 0; i < s->skip_count; i++)
		quote_printf(file, "skipped %s: %s\n", s->skips[i].subject,
			s->skips[i].reason);
}

void report_text(FILE *file, const struct summary *s)
{
	const struct compare_result *r = s->result;
	const struct tally *t = &r->tally;

	report_programs(file, s);
	if (!s->is_check)
		fprintf(file,
			"%llu divergent: %llu known, %llu unknown, "
			"%llu unmodelled\n",
			(unsigned long long)t->divergent,
			(unsigned long long)t->known,
			(unsigned long long)t->unknown,
			(unsigned long long)t->unmodelled);
	else
		fprintf(file,
			"%u cases, %u held, %u failures, %u not compared "
			"to the end\n",
			s->cases, s->held, s->failure_count, s->uncompared);
	report_classes(&r->finder, r->classes_met, say_text, file);
	report_skips(file, s);
}
