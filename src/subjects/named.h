/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named.h - a subject, and what it is called
 *
 * DOC: Theory of Operation
 *
 * What is opened is one thing, and what it is called is another. Reports and
 * kept cases have the name, and by the name alone it is decided what a case
 * expects (case.h), which model says what it must answer (model.h), and which
 * classes it has (class.h). So "gvisor=pipe:COMMAND" counts as gvisor, and
 * "mine=spec~tcp_apart" is a stranger like any other, called mine.
 *
 * The name is what the user gives, as NAME=SUBJECT; else the name of the type,
 * in full; else what an agent says in its greeting. The models and the classes
 * are chosen before any subject is opened to be compared, so an agent without a
 * given name is started once more, only to hear its greeting. If it does not
 * greet, it is never started again: all who open it are told the same reason.
 */
#ifndef NAMED_H
#define NAMED_H

#include "subject.h"

enum { NAMED_WHY_MAX = 512 };

/**
 * struct named - A subject, and what it is called
 * @name:	Its name; or what was written, for a set of changes, and for an
 *		agent that has not greeted
 * @subject:	What is opened, such as "pipe:ssh host portclash serve"; NULL if
 *		the name says it
 * @error:	It did not greet: a negative errno
 * @why:	Then: the reason
 */
struct named {
	char name[SUBJECT_NAME_MAX];
	const char *subject;
	int error;
	char why[SUBJECT_WHY_MAX];
};

/* The names of two, where nothing else is needed */
#define NAMES_OF(two) ((const char *const[2]){ (two)[0].name, (two)[1].name })

/** named_of() - A subject that is called as it is written, such as "linux" */
struct named named_of(const char *subject);

/**
 * named_parse() - Read what a user writes
 * @named:	Filled in
 * @text:	"SUBJECT" or "NAME=SUBJECT"; must outlive @named. It is a name
 *		only if all before the first "=" is letters, digits and .-_@
 * @why:	On failure: what was found, and what was expected
 *
 * An agent is not started.
 *
 * Return: 0, -EINVAL, or -ENOMEM
 */
int named_parse(struct named *named, const char *text, char why[NAMED_WHY_MAX]);

/** named_ask() - If nobody has named an agent, start it to hear its greeting */
void named_ask(struct named *named);

/** named_subject() - What is opened */
const char *named_subject(const struct named *named);

/** named_is_changes() - Is it a set of changes that nobody has named? */
bool named_is_changes(const struct named *named);

/**
 * named_open() - Make it ready
 * @subject:	Filled in; its name and why also on failure. It is called as
 *		@named is, or as an agent greets that was not asked before
 *
 * As subjects_open(), to be called in a process forked for it, in which nothing
 * else is opened: see subject_confine().
 *
 * Return: 0, or a negative errno if this machine cannot have it
 */
int named_open(struct subject *subject, const struct named *named);

/**
 * named_open_two() - Make two ready, in one process forked for it
 * @subjects:	Both are filled in
 * @failed:	On failure: which of them; the other one is closed
 *
 * A kernel moves the process to another network, where an agent's command, such
 * as ssh, would find nobody. So it is the last one to be opened.
 *
 * Return: 0, or a negative errno if this machine cannot have it
 */
int named_open_two(struct subject *subjects, const struct named *two,
	int *failed);

#endif /* NAMED_H */
