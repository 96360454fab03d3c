/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject_private.h - what the files of subject.h share
 */
#ifndef SUBJECT_PRIVATE_H
#define SUBJECT_PRIVATE_H

#include "subject.h"

/**
 * struct run - What is remembered while stepping through a program
 * @open:	Bits of the slots whose socket is open
 * @ports:	The port that each slot last got
 */
struct run {
	uint16_t open;
	uint16_t ports[PROGRAM_SOCKETS_MAX];
};

/** subject_run_op() - Do one op, or the op before it again; 0, or an error */
int subject_run_op(struct subject *subject, struct run *run,
	const struct op *op, const struct outcome *leader, struct outcome *out);

/** subject_open_changed() - Open a model whose name may end in changes */
int subject_open_changed(struct subject *subject, const char *argument);

/** subject_answer_changed() - Answer as the changed rule does */
void subject_answer_changed(const struct subject *subject, struct outcome *out);

/** subject_asks_in_other_order() - Is a rule asked before another one? */
bool subject_asks_in_other_order(const struct subject *subject);

/** subject_run_reordered() - As subject_run(), of such a model */
int subject_run_reordered(struct subject *subject,
	const struct program *programs, size_t count,
	const struct trace *leaders, struct trace *traces);

#endif /* SUBJECT_PRIVATE_H */
