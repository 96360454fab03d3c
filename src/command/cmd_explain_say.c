// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_explain_say.c - what explain has found, for people and as JSON
 */
#include "cmd_explain.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "compare/divergence.h"
#include "subjects/books.h"

enum { SENTENCE_MAX = 512 };

/* A finding as text, to be freed */
static char *case_of(const struct cmd_explained *e, const struct finding *f)
{
	size_t size;
	char *text = NULL;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		die(EXIT_CANNOT, "out of memory");
	divergence_write(&f->program, e->subjects, &f->divergence, memory);
	if (quote_end(memory, &text))
		die(EXIT_CANNOT, "out of memory");
	return text;
}

static void say_case(const struct cmd_explained *e, const struct finding *f,
	FILE *file)
{
	char *text, *rest, *line;

	if (!f)
		return;
	text = rest = case_of(e, f);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			quote_printf(file, "      %s\n", line);
	free(text);
	fputc('\n', file);
}

static void json_case(const struct cmd_explained *e, const struct finding *f,
	struct json_object *to)
{
	char *text = f ? case_of(e, f) : NULL;

	answer_text(to, "case", text);
	free(text);
}

static const char *word_of(const struct rule_info *rule)
{
	return rule->error ? text_errno(rule->error) : "ok";
}

/* What is otherwise, as a part of a sentence without its full stop */
static void say_change(const struct cmd_explained *e, const struct change *c,
	char text[SENTENCE_MAX])
{
	const struct rule_info *rule = &e->book->rules[c->rule];
	const struct rule_info *other = &e->book->rules[c->other];
	char outcome[128];

	switch (c->kind) {
	case CHANGE_OFF:
		snprintf(text, SENTENCE_MAX, "it has no rule %s (%s): \"%s\"",
			rule->name, rule->function, rule->text);
		break;
	case CHANGE_ON:
		snprintf(text, SENTENCE_MAX,
			"it has a rule that %s %s has: \"%s\"",
			rule->foreign ? "no" : "another", e->book->system,
			rule->text);
		break;
	case CHANGE_OUTCOME:
		text_outcome(&c->outcome, outcome, sizeof(outcome));
		snprintf(text, SENTENCE_MAX,
			"it answers %s where %s answers %s by %s (%s): \"%s\"",
			outcome, e->book->system, word_of(rule), rule->name,
			rule->function, rule->text);
		break;
	default:
		snprintf(text, SENTENCE_MAX,
			"it asks %s (%s) before %s (%s), where %s: \"%s\"",
			rule->name, word_of(rule), other->name, word_of(other),
			"both would answer", rule->text);
	}
}

static void say_line(const struct cmd_explained *e, unsigned int i, FILE *file)
{
	const struct explain_line *line = &e->explain->lines[i];
	const struct change *change = &line->set.changes[0];
	char name[CHANGE_TEXT_MAX], beside[CHANGE_TEXT_MAX] = "";
	char sentence[SENTENCE_MAX];

	change_print(e->book, change, name);
	say_change(e, change, sentence);
	if (line->set.count > 1)
		change_print(e->book, &line->set.changes[1], beside);
	quote_printf(file, "%5llu of %llu  %s  %s%s%s",
		(unsigned long long)e->counts.lines[i],
		(unsigned long long)e->summary->result->tally.divergent, name,
		sentence, *beside ? "; here beside " : "", beside);
	if (line->doubtful)
		fprintf(file,
			"; doubtful: about %llu programs that agree would not",
			(unsigned long long)line->wrong);
	if (line->generic)
		fputs("; so much depends on it that this says little", file);
	fputc('\n', file);
	say_case(e, e->cases[i], file);
}

static const char *why_of(const struct cmd_explained *e,
	const struct class *class)
{
	return class->file ? class->file->text.why :
			     e->book->rules[class->changes[0].rule].text;
}

/* The classes that were met, most often met first; how many */
static size_t by_count(const struct compare_result *r,
	size_t order[CLASSES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < r->finder.count; i++) {
		size_t k = count;

		if (!r->classes_met[i])
			continue;
		for (; k && r->classes_met[order[k - 1]] < r->classes_met[i];
			k--)
			order[k] = order[k - 1];
		order[k] = i;
		count++;
	}
	return count;
}

static void say_classes(const struct cmd_explained *e, FILE *file)
{
	const struct compare_result *r = e->summary->result;
	size_t order[CLASSES_MAX], count = by_count(r, order);

	for (size_t i = 0; i < count; i++) {
		const struct class *class = &r->finder.candidates[order[i]];

		quote_printf(file, "%5llu of %llu  %s  %s\n",
			(unsigned long long)r->classes_met[order[i]],
			(unsigned long long)r->tally.divergent, class->name,
			why_of(e, class));
		say_case(e, e->cases[order[i]], file);
	}
}

static void say_rest(const struct cmd_explained *e, unsigned int i, FILE *file)
{
	const struct explain_rest *rest = &e->counts.rest[i];
	const struct rule_info *rule = &e->book->rules[rest->rule];
	char outcome[128];

	text_outcome(&rest->outcome, outcome, sizeof(outcome));
	quote_printf(file, "%5llu of %llu  unexplained: %s answers %s, ",
		(unsigned long long)rest->count,
		(unsigned long long)e->summary->result->tally.divergent,
		text_kind(rest->op), outcome);
	if (rest->rule)
		quote_printf(file, "and %s %s by %s\n", e->book->system,
			word_of(rule), rule->name);
	else
		quote_printf(file, "which %s would not choose\n",
			e->book->system);
	say_case(e, e->rest_cases[i], file);
}

void cmd_explain_text(const struct cmd_explained *e, FILE *file)
{
	const struct explain_counts *counts = &e->counts;

	for (unsigned int i = 0; e->explain && i < e->explain->line_count; i++)
		say_line(e, i, file);
	if (!e->explain)
		say_classes(e, file);
	for (unsigned int i = 0; i < counts->rest_count; i++)
		say_rest(e, i, file);
	report_programs(file, e->summary);
	fprintf(file,
		"%llu divergent: %llu explained, %llu unexplained, "
		"%llu unmodelled\n",
		(unsigned long long)e->summary->result->tally.divergent,
		(unsigned long long)counts->explained,
		(unsigned long long)counts->unexplained,
		(unsigned long long)counts->unmodelled);
	report_skips(file, e->summary);
}

static void json_rule(const struct rule_info *rule, struct json_object *to)
{
	answer_text(to, "rule", rule->name);
	answer_text(to, "kernel_function", rule->function);
	answer_text(to, "text", rule->text);
}

static void json_line(const struct cmd_explained *e, unsigned int i,
	struct json_object *list)
{
	const struct explain_line *line = &e->explain->lines[i];
	const struct change *change = &line->set.changes[0];
	struct json_object *to = answer_object(list, NULL);
	char name[CHANGE_TEXT_MAX], sentence[SENTENCE_MAX];

	change_print(e->book, change, name);
	answer_text(to, "change", name);
	json_rule(&e->book->rules[change->rule], to);
	answer_text(to, "other",
		change->kind == CHANGE_BEFORE ?
			e->book->rules[change->other].name :
			NULL);
	if (line->set.count > 1)
		change_print(e->book, &line->set.changes[1], name);
	answer_text(to, "beside", line->set.count > 1 ? name : NULL);
	answer_flag(to, "generic", line->generic);
	answer_flag(to, "doubtful", line->doubtful);
	answer_number(to, "wrong", line->wrong);
	say_change(e, change, sentence);
	answer_text(to, "says", sentence);
	answer_number(to, "count", e->counts.lines[i]);
	json_case(e, e->cases[i], to);
}

static void json_rest(const struct cmd_explained *e, unsigned int i,
	struct json_object *list)
{
	const struct explain_rest *rest = &e->counts.rest[i];
	struct json_object *to = answer_object(list, NULL);

	answer_text(to, "op", text_kind(rest->op));
	answer_text(to, "rule",
		rest->rule ? e->book->rules[rest->rule].name : NULL);
	report_outcome(to, "outcome", &rest->outcome);
	answer_number(to, "count", rest->count);
	json_case(e, e->rest_cases[i], to);
}

static void json_classes(const struct cmd_explained *e,
	struct json_object *list)
{
	const struct compare_result *r = e->summary->result;
	size_t order[CLASSES_MAX], count = by_count(r, order);

	for (size_t i = 0; i < count; i++) {
		const struct class *class = &r->finder.candidates[order[i]];
		struct json_object *to = answer_object(list, NULL);

		answer_text(to, "class", class->name);
		answer_text(to, "text", why_of(e, class));
		answer_number(to, "count", r->classes_met[order[i]]);
		json_case(e, e->cases[order[i]], to);
	}
}

void cmd_explain_json(const struct cmd_explained *e)
{
	const struct compare_result *r = e->summary->result;
	struct json_object *answer = answer_new("explain"), *list;

	report_numbers(e->summary, answer);
	answer_number(answer, "explained", e->counts.explained);
	answer_number(answer, "unexplained", e->counts.unexplained);
	answer_number(answer, "unmodelled", e->counts.unmodelled);
	list = answer_list(answer, "changes");
	for (unsigned int i = 0; e->explain && i < e->explain->line_count; i++)
		json_line(e, i, list);
	list = answer_list(answer, "rest");
	for (unsigned int i = 0; i < e->counts.rest_count; i++)
		json_rest(e, i, list);
	report_classes(&r->finder, r->classes_met, report_class_json,
		answer_object(answer, "classes"));
	json_classes(e, answer_list(answer, "cases"));
	report_end(e->summary, answer);
	answer_end(answer, true);
}
