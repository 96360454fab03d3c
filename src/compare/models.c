// SPDX-License-Identifier: Apache-2.0
/*
 * models.c - what the models of two subjects say of a program, and if changed
 */
#include "models.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "subjects/model.h"

int models_open(struct models *models, const char *const names[2],
	char why[SUBJECT_WHY_MAX])
{
	memset(models, 0, sizeof(*models));
	for (int i = 0; i < 2; i++) {
		int rc = model_open(&models->models[i], names[i]);

		if (!rc) {
			models->law |= !models->models[i].type->follows;
			continue;
		}
		memcpy(why, models->models[i].why, SUBJECT_WHY_MAX);
		if (i)
			subject_close(&models->models[0]);
		return rc;
	}
	return 0;
}

void models_close(struct models *models)
{
	for (int i = 0; i < 2; i++)
		subject_close(&models->models[i]);
}

/* Whose choices the model of a subject follows */
static const struct trace *leader_of(const struct question *question, int i)
{
	return question->traces[question->follower == i ? !i : i];
}

/* Run the first @count ops on a model, with these changes */
static int run(struct models *models, int i, const struct change *changes,
	unsigned int change_count, unsigned int count,
	const struct trace *leader, struct trace *said)
{
	struct subject *model = &models->models[i];
	struct change all[CHANGES_MAX];
	unsigned int own = models->dialect_count[i];
	int rc;

	if (own + change_count > CHANGES_MAX)
		return -E2BIG;
	memcpy(all, models->dialect[i], own * sizeof(*all));
	if (change_count)
		memcpy(all + own, changes, change_count * sizeof(*all));
	rc = subject_change(model, all, own + change_count);
	models->program.count = count;
	return rc ? rc : subject_run(model, &models->program, 1, leader, said);
}

/* That, or n/a: that is no answer, and agrees with none */
static bool says_nothing(const struct trace *trace, unsigned int i)
{
	return trace->outcomes[i].kind == OUTCOME_NA ||
	       model_objects(&trace->outcomes[i]);
}

/* Can nothing be compared from here on? At the op that diverges, that a choice
 * of the leader may not be chosen is just what is asked about. */
static bool ends(const struct trace *trace, unsigned int i, unsigned int index)
{
	return i == index ? trace->outcomes[i].kind == OUTCOME_NA :
			    says_nothing(trace, i);
}

int models_check(struct models *models, const struct question *question,
	struct trace said[2], unsigned int *same, int *wrong)
{
	const struct program *program = question->program;
	unsigned int count = program->count, i;
	int rc = 0;

	models->program = *program;
	for (i = 0; i < 2 && !rc; i++) {
		rc = run(models, i, NULL, 0, count, leader_of(question, i),
			&said[i]);
		models->said[i] = said[i];
	}
	if (rc)
		return rc;
	if (models->dialect_count[0] || models->dialect_count[1])
		count = question->index + 1;
	for (i = 0; i < count; i++) {
		*same = i;
		for (int k = 0; k < 2; k++)
			if (ends(&said[k], i, question->index) ||
				ends(question->traces[k], i, question->index))
				return i <= question->index ?
					       MODELS_UNMODELLED :
					       MODELS_AGREE;
		for (*wrong = 0; *wrong < 2; ++*wrong)
			if (!outcome_same(&program->ops[i],
				    &said[*wrong].outcomes[i],
				    &question->traces[*wrong]->outcomes[i]))
				return MODELS_WRONG;
	}
	*same = count;
	return MODELS_AGREE;
}

/* The same answer? Two models that choose a port by themselves, since nobody
 * told one, choose different ones: then its number says nothing. */
static bool answer_same(const struct op *op, const struct outcome *a,
	const struct outcome *b)
{
	struct outcome other = *b;

	if (op->kind == OP_GET && a->value == VALUE_PLACE &&
		b->value == VALUE_PLACE && a->a && b->a)
		other.a = a->a;
	return outcome_same(op, a, &other);
}

/*
 * Do the models say that a port may not be chosen that a subject chose? One is
 * told to choose it, and objects; the other refuses it.
 */
static bool both_object(const struct question *question,
	const struct trace said[2], unsigned int i)
{
	const struct op *op = &question->program->ops[i];

	for (int k = 0; k < 2; k++) {
		const struct trace *other = question->traces[!k];

		if (question->traces[k]->outcomes[i].value == VALUE_NUMBER &&
			model_objects(&said[k].outcomes[i]) &&
			other->outcomes[i].kind == OUTCOME_ERRNO &&
			outcome_same(op, &said[!k].outcomes[i],
				&other->outcomes[i]))
			return true;
	}
	return false;
}

/* Is one of the changes made to this model? */
static bool concerns(struct models *models, int i, const struct change *changes,
	unsigned int count)
{
	const struct rule_book *book = subject_book(&models->models[i]);

	for (unsigned int k = 0; k < count; k++)
		if (changes[k].model == book->id)
			return true;
	return false;
}

/*
 * Run a changed model. A port that its subject chose may be taken for it: the
 * changed system had chosen another one, so here the model chooses by itself.
 * At the op that diverges that is what is asked about. And no model can say
 * whether a system crashes that may: the changes let both, so both are told.
 */
static int run_changed(struct models *models, int i,
	const struct question *question, const struct change *changes,
	unsigned int change_count, unsigned int count, struct trace *said)
{
	unsigned int index = question->index, at = 0;
	const struct outcome *other = &question->traces[!i]->outcomes[index];
	struct trace told;

	told.count = count;
	memcpy(told.outcomes, leader_of(question, i)->outcomes,
		count * sizeof(*told.outcomes));
	if (other->kind == OUTCOME_CRASH)
		told.outcomes[index] = *other;
	for (;; told.outcomes[at].value = VALUE_NONE) {
		int rc = run(models, i, changes, change_count, count, &told,
			said);

		if (rc)
			return rc;
		while (at < index &&
			!(model_objects(&said->outcomes[at]) &&
				told.outcomes[at].value == VALUE_NUMBER))
			at++;
		if (at == index)
			return 0;
	}
}

int models_meet(struct models *models, const struct question *question,
	const struct change *const changes[2], const unsigned int counts[2],
	struct trace said[2], unsigned int *failed)
{
	const struct program *program = question->program;
	unsigned int last = question->index;
	unsigned int count = models->law ? program->count : last + 1;

	for (int k = 0; k < 2; k++) {
		int rc;

		if (!concerns(models, k, changes[k], counts[k])) {
			memcpy(said[k].outcomes, models->said[k].outcomes,
				count * sizeof(*said[k].outcomes));
			continue;
		}
		rc = run_changed(models, k, question, changes[k], counts[k],
			count, &said[k]);
		if (rc)
			return rc;
	}
	for (unsigned int i = 0; i <= last; i++) {
		const struct op *op = &program->ops[i];
		const struct outcome *a = &said[0].outcomes[i];

		*failed = i;
		if (i == last && both_object(question, said, i))
			return 1;
		if (says_nothing(&said[0], i) ||
			!answer_same(op, a, &said[1].outcomes[i]))
			return 0;
		if (models->law)
			continue;
		if (!outcome_same(op, a, &question->traces[0]->outcomes[i]) &&
			(i < last ||
				!outcome_same(op, &said[1].outcomes[i],
					&question->traces[1]->outcomes[i])))
			return 0;
	}
	return 1;
}
