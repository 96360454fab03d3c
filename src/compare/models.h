/* SPDX-License-Identifier: Apache-2.0 */
/*
 * models.h - what the models of two subjects say of a program, and if changed
 *
 * DOC: Theory of Operation
 *
 * Two subjects diverge on a program. If each of them has a model, the models
 * say why: each is asked the same program, and is steered as its own subject
 * was: who led by its own trace, who followed by that of the leader. If both
 * give these traces, the divergence lies in the rules. And if under some
 * changes of the rules both models give the same answers as far as the op that
 * diverged, and one of the two answers there, these changes are what the two
 * subjects differ in.
 *
 * Who has no model of its own has the specification's, under the changes that
 * are known of it: its dialect.
 */
#ifndef MODELS_H
#define MODELS_H

#include "diff.h"

/**
 * struct models - The models of two subjects
 * @models:	The open models
 * @dialect:	The changes that are made to each in any case
 * @dialect_count: How many
 * @program:	That of the question, or its beginning: what they are run on
 * @said:	What they said without changes when models_check() was asked
 * @law:	One is under a law, which has the ops in another order: programs
 *		are run to their end
 */
struct models {
	struct subject models[2];
	struct change dialect[2][CHANGES_MAX];
	unsigned int dialect_count[2];
	struct program program;
	struct trace said[2];
	bool law;
};

/**
 * struct question - A divergence, to be explained
 * @program:	The whole program
 * @traces:	Those of the two subjects
 * @follower:	Which of them followed the other, or -1
 * @index:	The op at which they part
 */
struct question {
	const struct program *program;
	const struct trace *traces[2];
	int follower;
	unsigned int index;
};

/** enum models_verdict - What the models say of a divergence */
enum models_verdict {
	MODELS_AGREE,	  /* they give the traces of their subjects */
	MODELS_WRONG,	  /* one gives another answer than its subject */
	MODELS_UNMODELLED /* one does not say at, or before, the op */
};

/**
 * models_open() - Open the models of two subjects
 * @models:	Filled in
 * @names:	Those of the models, as model_of() gives them
 *
 * Return: 0, or a negative errno with the reason in @why
 */
int models_open(struct models *models, const char *const names[2],
	char why[SUBJECT_WHY_MAX]);

/** models_close() - Close both */
void models_close(struct models *models);

/**
 * models_check() - Do the models give the traces of their own subjects?
 * @question:	Compared to the first n/a in any of the four traces; under a
 *		dialect, to the op that diverges
 * @said:	The traces of the models, filled in
 * @same:	How many ops at the beginning both models have right
 * @wrong:	For MODELS_WRONG: which of the two, 0 or 1; at op @same
 *
 * Return: An enum models_verdict, or a negative errno
 */
int models_check(struct models *models, const struct question *question,
	struct trace said[2], unsigned int *same, int *wrong);

/**
 * models_meet() - Do changes make the models agree?
 * @question:	The one that models_check() was asked last
 * @changes:	Made to each of the two, besides its dialect
 * @counts:	How many
 * @said:	The traces of the models under them, filled in
 * @failed:	If they do not: the first op at which they are not as needed
 *
 * They agree if they give the common answer at each op before the one that
 * diverges, and the same answer at that op, which one of the subjects gave. A
 * law is about one system, which is another one with the changes, all along its
 * program: there it is enough that both give the same answers.
 *
 * Two answers count as the same that differ in words only. Of a `get`, a port
 * is not compared that each model has chosen by itself. A changed model that
 * objects to a port which its subject chose chooses by itself there. At the op
 * that diverges, it agrees with the other one, if that refuses the port as its
 * subject did.
 *
 * Return: 1 if so, 0 if not, or a negative errno
 */
int models_meet(struct models *models, const struct question *question,
	const struct change *const changes[2], const unsigned int counts[2],
	struct trace said[2], unsigned int *failed);

#endif /* MODELS_H */
