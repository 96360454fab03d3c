// SPDX-License-Identifier: Apache-2.0
/*
 * divergence.c - a divergence as text: a case that waits for its sentence
 */
#include "divergence.h"

#include <string.h>

#include "quote.h"
#include "program/text.h"

static bool is_written(const struct program *program, unsigned int port)
{
	for (unsigned int i = 0; i < program->count; i++)
		if ((program->ops[i].kind == OP_BIND ||
			    program->ops[i].kind == OP_CONNECT) &&
			program->ops[i].bind.place.port == port)
			return true;
	return false;
}

/* As it will be the next time: what a kernel has chosen is anything */
static void write_outcome(const struct program *program, const struct op *op,
	const char *before, const struct outcome *outcome, FILE *file)
{
	struct outcome sure = *outcome;
	char text[128];

	if (op_level(op->kind) == LEVEL_SOCKET && op->kind != OP_GET)
		sure.value = VALUE_NONE;
	if (sure.value == VALUE_PLACE && sure.a && !is_written(program, sure.a))
		sure.a = PORT_ANY;
	text_outcome(&sure, text, sizeof(text));
	fprintf(file, "%s%s", before, text);
}

/* An op that the first subject answered so; the second may not have. */
static void write_op(const struct program *program, unsigned int i,
	const struct outcome *outcome, FILE *file)
{
	const struct op *op = &program->ops[i];
	char text[256];

	text_op(program, op, text, sizeof(text));
	fputs(text, file);
	if (outcome->kind != OUTCOME_OK)
		write_outcome(program, op, "   = ", outcome, file);
	fputc('\n', file);
}

void divergence_write(const struct program *program,
	const char *const subjects[2], const struct divergence *divergence,
	FILE *file)
{
	const struct outcome *first = divergence->before.outcomes;
	const struct op *op = &program->ops[divergence->index];
	char text[256];
	int judge = !strcmp(subjects[0], "linux") ? 0 :
		    !strcmp(subjects[1], "linux") ? 1 :
						    -1;

	for (unsigned int i = 0; i < divergence->index; i++)
		write_op(program, i, &first[i], file);
	text_op(program, op, text, sizeof(text));
	fprintf(file, "%s   = ", text);
	if (judge < 0)
		fputs("ok", file);
	else
		write_outcome(program, op, "", &divergence->outcomes[judge],
			file);
	for (int i = 0; i < 2; i++) {
		if (i == judge)
			continue;
		quote_printf(file, " %s=", subjects[i]);
		write_outcome(program, op, "", &divergence->outcomes[i], file);
	}
	fputc('\n', file);
	/* Only a law needs what comes later, and minimising leaves it. */
	for (unsigned int i = divergence->index + 1; i < program->count; i++)
		write_op(program, i, &first[i], file);
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
