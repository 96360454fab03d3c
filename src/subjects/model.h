/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h - the model that says what a subject must answer
 *
 * A model is pure: it needs no kernel, no agent and no file. So who links only
 * this links nothing that touches the system.
 */
#ifndef MODEL_H
#define MODEL_H

#include <errno.h>

#include "subject.h"

/**
 * model_of() - The model of a subject
 * @name:	Of the subject, in full: "gvisor-20240729", not "gvisor"; only
 *		its name counts
 * @model:	Filled in: "spec@6.12" of "uml-6.12", "portman@20240729" of
 *		"gvisor-20240729", with a law if @name has one
 *
 * Return: false if it has none: goports, portlist, a stack that nobody knows
 */
bool model_of(const char *name, char model[SUBJECT_NAME_MAX]);

/**
 * model_open() - Open a model
 * @subject:	Filled in; its name and why also on failure
 * @name:	As model_of() gives it
 *
 * Return: 0, -ENOENT (no model is called that), or another negative errno
 */
int model_open(struct subject *subject, const char *name);

/** model_objects() - Has it no rule for this: the leader chose what may not be
 * chosen, or the rule that decides was taken away? */
static inline bool model_objects(const struct outcome *outcome)
{
	return outcome->kind == OUTCOME_ERRNO &&
	       outcome->error == ENOTRECOVERABLE;
}

#endif /* MODEL_H */
