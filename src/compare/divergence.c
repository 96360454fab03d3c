// SPDX-License-Identifier: Apache-2.0
/*
 * divergence.c - a divergence as text: a case that waits for its sentence
 */
#include "divergence.h"

#include <errno.h>
#include <string.h>

#include "quote.h"
#include "program/text.h"
#include "subjects/model.h"

enum { OUTCOME_SIZE = 128 };

static bool is_written(const struct program *program, unsigned int port)
{
	for (unsigned int i = 0; i < program->count; i++)
		if ((program->ops[i].kind == OP_BIND ||
			    program->ops[i].kind == OP_CONNECT) &&
			program->ops[i].bind.place.port == port)
			return true;
	return false;
}

/* As it will be the next time: what a kernel has chosen is anything, and who
 * objected to that is not asked then */
static void outcome_text(const struct program *program, const struct op *op,
	const struct outcome *outcome, char text[OUTCOME_SIZE])
{
	struct outcome sure = *outcome;

	if (op_level(op->kind) == LEVEL_SOCKET && op->kind != OP_GET)
		sure.value = VALUE_NONE;
	if (model_objects(outcome))
		sure = outcome_na();
	if (sure.value == VALUE_PLACE && sure.a && !is_written(program, sure.a))
		sure.a = PORT_ANY;
	text_outcome(&sure, text, OUTCOME_SIZE);
}

/* An op, what is right, and who of the two is to be named with its answer */
static void write_op(const struct program *program, unsigned int i,
	const struct outcome *right, const char *const subjects[2],
	const struct outcome *const answers[2], bool name_both, FILE *file)
{
	const struct op *op = &program->ops[i];
	char text[256], want[OUTCOME_SIZE], got[2][OUTCOME_SIZE];
	bool named[2];

	text_op(program, op, text, sizeof(text));
	outcome_text(program, op, right, want);
	for (int k = 0; k < 2; k++) {
		outcome_text(program, op, answers[k], got[k]);
		named[k] = strcmp(got[k], want) != 0 ||
			   (name_both && strcmp(subjects[k], "linux") != 0);
	}
	fputs(text, file);
	if (named[0] || named[1] || strcmp(want, "ok") != 0)
		fprintf(file, "   = %s", want);
	for (int k = 0; k < 2; k++)
		if (named[k])
			quote_printf(file, " %s=%s", subjects[k], got[k]);
	fputc('\n', file);
}

/*
 * What a model says, given the ports that were chosen; n/a if it has no rule
 * for them, if chance decides at the op that diverges, or without memory
 */
static void model_says(const char *name, const struct program *program,
	const struct divergence *divergence, struct trace *said)
{
	struct trace leader = divergence->before;
	struct subject model;
	bool ran;

	leader.outcomes[divergence->index] = outcome_na();
	ran = !model_open(&model, name) &&
	      !subject_run(&model, program, 1, &leader, said);
	for (unsigned int i = 0; i < program->count; i++)
		if (!ran || model_objects(&said->outcomes[i]))
			said->outcomes[i] = outcome_na();
	subject_close(&model);
}

/*
 * What is right: what Linux did, if it was asked. Else what the model of Linux
 * says, or of reservations the port manager.
 */
static void right_of(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	struct trace *right)
{
	unsigned int index = divergence->index;

	for (int i = 0; i < 2; i++) {
		if (strcmp(subjects[i], "linux") != 0)
			continue;
		*right = divergence->before;
		right->outcomes[index] = divergence->outcomes[i];
		return;
	}
	model_says(program->level == LEVEL_SOCKET ? "spec" : "portman", program,
		divergence, right);
}

void divergence_write(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	FILE *file)
{
	struct trace right;

	right_of(program, subjects, divergence, &right);
	for (unsigned int i = 0; i < program->count; i++) {
		bool here = i == divergence->index;
		const struct outcome *before = &divergence->before.outcomes[i];
		/* Only a law needs what comes later, and minimising leaves it;
		 * of the second it is not known. */
		const struct outcome *answers[] = { before,
			i < divergence->index ? before : &right.outcomes[i] };

		for (int k = 0; here && k < 2; k++)
			answers[k] = &divergence->outcomes[k];
		write_op(program, i, &right.outcomes[i], subjects, answers,
			here, file);
	}
}

void divergence_keep(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	FILE *file)
{
	quote_printf(file, "# %s and %s disagree; nobody has said why yet.\n",
		subjects[0], subjects[1]);
	fputc('\n', file);
	divergence_write(program, subjects, divergence, file);
}

bool divergence_path(const char *folder, const struct program *program,
	char *path, size_t size)
{
	uint64_t hash = program_hash(program->ops,
		program->count * sizeof(*program->ops));

	return snprintf(path, size, "%s/unknown-%016llx.case", folder,
		       (unsigned long long)hash) < (int)size;
}
