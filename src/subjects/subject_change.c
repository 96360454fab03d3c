// SPDX-License-Identifier: Apache-2.0
/*
 * subject_change.c - models whose rules are changed
 *
 * DOC: Theory of Operation
 *
 * A rule that is taken away, or added, is a flag that the model itself looks
 * at. What a rule answers instead is written into the outcome when the model
 * has given it, so what the op does stays as it was.
 *
 * That a rule is asked before another is not known to the model, which asks in
 * the one order of its code. So where the other rule has decided, the program
 * is run again up to that op, which is then answered without the other rule. If
 * now the first one decides, that is its outcome; otherwise nothing is changed.
 * That costs a run for each such op, which is rare.
 */
#include "subject_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Rules of a book, all models; rules that one op may be answered without */
enum { RULES_MAX = 512, WITHOUT_MAX = 4 };

/**
 * struct subject_changes - What is changed
 * @base:	The rules in force without any change
 * @list:	The changes, those that it was opened with first
 * @opened:	How many these are
 * @orders:	Some of the changes are a CHANGE_BEFORE
 * @outcomes:	Some of them are a CHANGE_OUTCOME
 */
struct subject_changes {
	bool base[RULES_MAX];
	struct change list[CHANGES_MAX];
	unsigned int opened, count;
	bool orders, outcomes;
};

static struct subject *innermost(struct subject *subject)
{
	while (subject->type->inner)
		subject = subject->type->inner(subject);
	return subject;
}

const struct rule_book *subject_book(struct subject *subject)
{
	return innermost(subject)->type->book;
}

const bool *subject_in_force(struct subject *subject)
{
	subject = innermost(subject);
	return subject->changes ? subject->changes->base :
				  subject->type->force(subject);
}

static void apply(struct subject *subject)
{
	struct subject_changes *changes = subject->changes;
	bool *force = subject->type->force(subject);

	memcpy(force, changes->base, subject->type->book->count);
	changes->orders = changes->outcomes = false;
	for (unsigned int i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];

		switch (change->kind) {
		case CHANGE_OFF: force[change->rule] = false; break;
		case CHANGE_ON: force[change->rule] = true; break;
		case CHANGE_OUTCOME: changes->outcomes = true; break;
		case CHANGE_BEFORE: changes->orders = true; break;
		}
	}
	if (subject->type->changed)
		subject->type->changed(subject);
}

static int make_changes(struct subject *subject)
{
	const struct rule_book *book = subject->type->book;

	if (subject->changes)
		return 0;
	ASSERT(book->count <= RULES_MAX);
	subject->changes = calloc(1, sizeof(*subject->changes));
	if (!subject->changes)
		return -ENOMEM;
	memcpy(subject->changes->base, subject->type->force(subject),
		book->count);
	return 0;
}

int subject_change(struct subject *subject, const struct change *changes,
	unsigned int count)
{
	struct subject_changes *own;
	int rc;

	subject = innermost(subject);
	if (!subject->type->book)
		return -EINVAL;
	rc = make_changes(subject);
	if (rc)
		return rc;
	own = subject->changes;
	own->count = own->opened;
	for (unsigned int i = 0; i < count; i++) {
		if (changes[i].model != subject->type->book->id)
			continue;
		if (own->count == CHANGES_MAX)
			return -E2BIG;
		own->list[own->count++] = changes[i];
	}
	apply(subject);
	return 0;
}

int subject_open_changed(struct subject *subject, const char *argument)
{
	size_t length = strcspn(argument, "~+:");
	struct change changes[CHANGES_MAX];
	char version[SUBJECT_NAME_MAX];
	const struct change *wrong;
	char text[CHANGE_TEXT_MAX];
	int count, rc;

	count = change_parse(subject->type->book, argument + length, changes,
		CHANGES_MAX, subject->why, sizeof(subject->why));
	if (count < 0)
		return count;
	wrong = change_contradiction(changes, count);
	if (wrong) {
		change_print(subject->type->book, wrong, text);
		snprintf(subject->why, sizeof(subject->why),
			"%.*s contradicts itself, or a change before it",
			CHANGE_TEXT_MAX, text);
		return -EINVAL;
	}
	snprintf(version, sizeof(version), "%.*s", (int)length, argument);
	rc = subject->type->open(subject, version);
	if (rc || !count)
		return rc;
	rc = subject_change(subject, changes, count);
	if (rc) {
		snprintf(subject->why, sizeof(subject->why), "no memory");
		subject->type->close(subject);
		return rc;
	}
	subject->changes->opened = subject->changes->count;
	return 0;
}

void subject_answer_changed(const struct subject *subject, struct outcome *out)
{
	const struct subject_changes *changes = subject->changes;

	if (!changes->outcomes || out->kind == OUTCOME_NA)
		return;
	for (unsigned int i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		struct outcome now = change->outcome;

		if (change->kind != CHANGE_OUTCOME || change->rule != out->rule)
			continue;
		now.model = out->model;
		now.rule = out->rule;
		memcpy(now.effects, out->effects, sizeof(now.effects));
		*out = now;
		return;
	}
}

bool subject_asks_in_other_order(const struct subject *subject)
{
	return subject->changes && subject->changes->orders;
}

/**
 * struct reordered - A program that is run several times
 * @without:	For each op: the rules that it is answered without; 0 is none
 */
struct reordered {
	struct subject *subject;
	const struct program *program;
	const struct trace *leader;
	struct trace *trace;
	uint16_t without[PROGRAM_OPS_MAX][WITHOUT_MAX];
};

static int run_again(struct reordered *r, unsigned int count)
{
	struct subject *subject = r->subject;
	bool *force = subject->type->force(subject), lost = false;
	struct run run = { 0 };
	int rc = subject->type->begin(subject), end;

	if (rc)
		return rc;
	for (unsigned int i = 0; i < count && !rc; i++) {
		struct outcome *out = &r->trace->outcomes[i];
		bool was[WITHOUT_MAX];

		for (int k = 0; k < WITHOUT_MAX; k++) {
			was[k] = force[r->without[i][k]];
			force[r->without[i][k]] = false;
		}
		if (lost)
			*out = outcome_na();
		else
			rc = subject_run_op(subject, &run, &r->program->ops[i],
				r->leader ? &r->leader->outcomes[i] : NULL,
				out);
		for (int k = WITHOUT_MAX; k--;)
			force[r->without[i][k]] = was[k];
		lost |= out->kind == OUTCOME_NA;
	}
	end = subject->type->end(subject);
	return rc ? rc : end;
}

/* Is @rule asked before @other; any rule for 0? */
static bool is_before(const struct reordered *r, uint16_t rule, uint16_t other)
{
	const struct subject_changes *changes = r->subject->changes;

	for (unsigned int c = 0; c < changes->count; c++) {
		const struct change *change = &changes->list[c];

		if (change->kind == CHANGE_BEFORE && change->other == other &&
			(!rule || rule == change->rule))
			return true;
	}
	return false;
}

/*
 * Answer op @i without the rule that has decided, if one is asked before it. If
 * what decides then is no such rule, but others are asked before that, too, go
 * on without both.
 */
static int reorder(struct reordered *r, unsigned int i)
{
	bool repeat = r->program->ops[i].kind == OP_REPEAT;
	const uint16_t *now = &r->trace->outcomes[i].rule;
	uint16_t decided = *now;
	int rc = 0;

	/* A repeat is answered as the op before it. */
	if (!is_before(r, 0, decided) || (repeat && !r->without[i - 1][0]))
		return 0;
	for (int k = 0; k < WITHOUT_MAX && !rc && is_before(r, 0, *now) &&
			!(k && is_before(r, *now, decided));
		k++) {
		r->without[i][k] = *now;
		rc = run_again(r, i + 1);
	}
	if (rc || (*now && is_before(r, *now, decided)))
		return rc ? rc : run_again(r, r->program->count);
	memset(r->without[i], 0, sizeof(r->without[i]));
	return run_again(r, i + 1);
}

static int run_one(struct reordered *r)
{
	int rc = run_again(r, r->program->count);

	r->trace->count = r->program->count;
	for (unsigned int i = 0; i < r->program->count && !rc; i++)
		rc = reorder(r, i);
	return rc;
}

int subject_run_reordered(struct subject *subject,
	const struct program *programs, size_t count,
	const struct trace *leaders, struct trace *traces)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++) {
		struct reordered r = {
			.subject = subject,
			.program = &programs[i],
			.leader = leaders ? &leaders[i] : NULL,
			.trace = &traces[i],
		};

		rc = run_one(&r);
	}
	return rc;
}
