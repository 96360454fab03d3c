// SPDX-License-Identifier: Apache-2.0
/*
 * change.c - what is otherwise in a system than in its model
 */
#include "change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "util.h"

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789_"

/* Shown of what a stranger wrote */
enum { SHOWN_MAX = 60 };

/**
 * struct reader - Where in the text we are, and what is wrong with it
 * @text:	What is left
 */
struct reader {
	const struct rule_book *book;
	const char *text;
	char *why;
	size_t size;
};

static int read_rule(struct reader *r, uint16_t *rule)
{
	size_t length = strspn(r->text, NAME_BYTES);

	*rule = rule_find(r->book, r->text, length);
	if (!*rule) {
		snprintf(r->why, r->size,
			"no rule is called '%.*s': see portclash rules",
			length ? (int)MIN(length, SHOWN_MAX) : SHOWN_MAX,
			r->text);
		return -EINVAL;
	}
	r->text += length;
	return 0;
}

/* Only a decision answers, and can be asked before another. */
static int read_decision(struct reader *r, uint16_t *rule)
{
	int rc = read_rule(r, rule);

	if (rc || *rule < r->book->mark)
		return rc;
	snprintf(r->why, r->size, "%s is an effect: only decisions answer",
		r->book->rules[*rule].name);
	return -EINVAL;
}

/* "ok", "ok:1", an errno, "crash" or "hang", up to the next change */
static int read_outcome(struct reader *r, struct outcome *outcome)
{
	char word[32];
	size_t length = strcspn(r->text, "~+:");

	if (!strncmp(r->text, "ok:", 3))
		length = 3 + strspn(r->text + 3, "0123456789");
	snprintf(word, sizeof(word), "%.*s", (int)MIN(length, sizeof(word)),
		r->text);
	if (text_parse_outcome(word, outcome) || outcome->kind == OUTCOME_NA) {
		snprintf(r->why, r->size,
			"expected ok, ok:NUMBER, an errno, crash or hang, "
			"found '%.*s'",
			(int)MIN(length, SHOWN_MAX), r->text);
		return -EINVAL;
	}
	r->text += length;
	return 0;
}

static int read_change(struct reader *r, struct change *change)
{
	char sort = *r->text++;
	int rc;

	*change = (struct change){ .model = r->book->id };
	if (sort != ':') {
		change->kind = sort == '~' ? CHANGE_OFF : CHANGE_ON;
		return read_rule(r, &change->rule);
	}
	rc = read_decision(r, &change->rule);
	if (rc)
		return rc;
	sort = *r->text;
	if (sort == '=' || sort == '<')
		r->text++;
	if (sort == '=') {
		change->kind = CHANGE_OUTCOME;
		return read_outcome(r, &change->outcome);
	}
	if (sort == '<') {
		change->kind = CHANGE_BEFORE;
		return read_decision(r, &change->other);
	}
	snprintf(r->why, r->size,
		"expected %s=OUTCOME or %s<RULE, found '%.*s' behind the rule",
		r->book->rules[change->rule].name,
		r->book->rules[change->rule].name, SHOWN_MAX, r->text);
	return -EINVAL;
}

/* Is the other rule of @last asked before its first one, maybe by way of rules
 * in between? */
static bool is_asked_before(const struct change *changes, unsigned int count,
	const struct change *last)
{
	bool reached[CHANGES_MAX] = { false }, more = true;

	while (more) {
		more = false;
		for (unsigned int i = 0; i < count; i++) {
			const struct change *change = &changes[i];
			bool from = change->rule == last->other;

			if (reached[i] || change->kind != CHANGE_BEFORE ||
				change->model != last->model)
				continue;
			for (unsigned int k = 0; k < count && !from; k++)
				from = reached[k] &&
				       changes[k].other == change->rule;
			if (from && change->other == last->rule)
				return true;
			more |= from;
			reached[i] = from;
		}
	}
	return false;
}

static bool contradicts(const struct change *a, const struct change *b)
{
	if (a->model != b->model || a->rule != b->rule)
		return false;
	if (a->kind == CHANGE_OUTCOME && b->kind == CHANGE_OUTCOME)
		return !outcome_equal(&a->outcome, &b->outcome);
	return (a->kind == CHANGE_OFF && b->kind == CHANGE_ON) ||
	       (a->kind == CHANGE_ON && b->kind == CHANGE_OFF);
}

const struct change *change_contradiction(const struct change *changes,
	unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct change *change = &changes[i];

		if (change->kind == CHANGE_BEFORE &&
			(change->rule == change->other ||
				is_asked_before(changes, i, change)))
			return change;
		for (unsigned int k = 0; k < i; k++)
			if (contradicts(&changes[k], change))
				return change;
	}
	return NULL;
}

int change_parse(const struct rule_book *book, const char *text,
	struct change *changes, unsigned int max, char *why, size_t size)
{
	struct reader r = { book, text, why, size };
	unsigned int count = 0;

	while (*r.text) {
		if (!strchr("~+:", *r.text)) {
			snprintf(why, size,
				"expected ~RULE, +RULE, :RULE=OUTCOME or "
				":RULE<RULE, found '%.*s'",
				SHOWN_MAX, r.text);
			return -EINVAL;
		}
		if (count == max) {
			snprintf(why, size, "more than %u changes", max);
			return -EINVAL;
		}
		if (read_change(&r, &changes[count++]))
			return -EINVAL;
	}
	return count;
}

void change_print(const struct rule_book *book, const struct change *change,
	char text[CHANGE_TEXT_MAX])
{
	const char *rule = book->rules[change->rule].name;
	char outcome[48];

	switch (change->kind) {
	case CHANGE_OFF:
	case CHANGE_ON:
		snprintf(text, CHANGE_TEXT_MAX, "%s%c%s", book->model,
			change->kind == CHANGE_OFF ? '~' : '+', rule);
		break;
	case CHANGE_OUTCOME:
		text_outcome(&change->outcome, outcome, sizeof(outcome));
		snprintf(text, CHANGE_TEXT_MAX, "%s:%s=%s", book->model, rule,
			outcome);
		break;
	default:
		snprintf(text, CHANGE_TEXT_MAX, "%s:%s<%s", book->model, rule,
			book->rules[change->other].name);
	}
}
