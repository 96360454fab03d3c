/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject.h - a subject is a function from a program to a trace
 *
 * DOC: Theory of Operation
 *
 * The port manager, the flat list, this kernel and an agent behind a pipe
 * differ only in how they compute a trace. A type either steps through a
 * program op by op, or hands whole programs elsewhere. Some work is the same
 * for all types that step, and subject_run() does it once: an op on a closed
 * name is EBADF without a call, ":@b" becomes a number, repeat repeats, and
 * from the first op that a subject lacks all outcomes are n/a.
 *
 * Where a subject chooses a port itself, it says which as the value of its
 * outcome. A subject that *follows* is told what the leader's outcome was and
 * must choose the same port, or refuse. Numbers so chosen are never compared.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "program/change.h"
#include "program/program.h"

enum { SUBJECT_NAME_MAX = 512, SUBJECT_WHY_MAX = 200, SUBJECT_KEPT_MAX = 16 };

/**
 * struct capabilities - What a subject can be asked
 * @ops:	A bit for each op_kind
 * @options:	A bit for each option of set
 * @sysctls:	A bit for each sysctl_key
 * @types:	A bit for each socket_type
 * @devices:	Does it have the world's devices besides lo?
 * @uids:	Can it change the owner of a socket, and the caller?
 * @window:	How many bytes of programs it can be sent ahead, 0 for any; of
 *		an agent only
 */
struct capabilities {
	uint32_t ops;
	uint16_t options;
	uint16_t sysctls;
	uint8_t types;
	bool devices;
	bool uids;
	uint16_t window;
};

struct subject;

/**
 * struct subject_type - How a sort of subject works
 * @name:	What it is called on the command line
 * @prefix:	@name is only the beginning; the rest is the argument
 * @follows:	Takes the leader's choice of ports
 * @kernel:	Moves its process to a new world: open it only in a process
 *		forked for it (see subjects_open())
 * @open:	Make it ready; fills in can and state. 0, or a negative errno,
 *		with the reason, and what to do about it, in subject->why
 * @close:	Free state
 * @begin:	Go back to a clean state; 0, or a negative errno
 * @step:	Do one op: its places are resolved, its socket is open, the
 *		op is one that the subject can. @leader is NULL if there is
 *		none, and n/a if it does not tell. 0 with the outcome, or a
 *		negative errno if it could not be run
 * @end:	After the last op; 0, or a negative errno
 * @keep, @back: Only if its state is a value that is cheap to copy. @keep takes
 *		a copy as number @n, below SUBJECT_KEPT_MAX; @back restores it.
 *		A program that begins as the one before goes on from there
 * @run:	Instead of begin, step and end: do @count whole programs
 * @confine:	Only if its process can be kept from leaving the world; 0, or a
 *		negative errno if this kernel has no means for it
 * @book:	Of a model only: its rules; open then gets no changes
 * @force:	Of a model only: which rules are in force, by number
 * @changed:	These flags are others now; or NULL
 * @inner:	It asks another subject, whose changes are its own; or NULL
 *
 * A negative errno is never an outcome: it says that the subject did not work.
 */
struct subject_type {
	const char *name;
	bool prefix;
	bool follows;
	bool kernel;
	int (*open)(struct subject *subject, const char *argument);
	void (*close)(struct subject *subject);
	int (*begin)(struct subject *subject);
	int (*step)(struct subject *subject, const struct op *op,
		const struct outcome *leader, struct outcome *out);
	int (*end)(struct subject *subject);
	void (*keep)(struct subject *subject, unsigned int n);
	void (*back)(struct subject *subject, unsigned int n);
	int (*run)(struct subject *subject, const struct program *programs,
		size_t count, struct trace *traces);
	int (*confine)(struct subject *subject);
	const struct rule_book *book;
	bool *(*force)(struct subject *subject);
	void (*changed)(struct subject *subject);
	struct subject *(*inner)(struct subject *subject);
};

/**
 * struct subject - One subject, open
 * @name:	As given; a pipe: is called as its agent says in its greeting
 * @can:	What it can be asked
 * @spent:	Its world cannot be cleaned any more: what it has answered is
 *		right, but only another process can be asked more
 * @restarts:	How often its agent was spent, and another one was started
 * @why:	After a failure: the reason, and how to mend it
 * @state:	The type's own
 * @changes:	What is otherwise than in its model; NULL if nothing ever was
 */
struct subject {
	const struct subject_type *type;
	char name[SUBJECT_NAME_MAX];
	struct capabilities can;
	bool spent;
	unsigned int restarts;
	char why[SUBJECT_WHY_MAX];
	void *state;
	struct subject_changes *changes;
};

/* Each is in the file of its name; subjects.h has those that can be named. */
extern const struct subject_type subject_portman, subject_portlist,
	subject_spec, subject_kernel, subject_pipe, subject_goports,
	subject_lwip, subject_law, subject_machine;

/**
 * subject_open() - Make a subject of a type ready
 * @subject:	Filled in; its name and why also on failure
 * @name:	Begins as the type is called; subjects_open() finds that
 *
 * Return: 0, or a negative errno if this machine cannot have it
 */
int subject_open(struct subject *subject, const struct subject_type *type,
	const char *name);

/**
 * subject_confine() - Nothing but these is opened in this process any more
 *
 * So it is kept from what none of them needs, see fence.h; unless one of them
 * has its programs run elsewhere: it may have to start an agent again.
 *
 * Return: 0, or a negative errno: this kernel has no means for it, and all is
 *	   as it was
 */
int subject_confine(struct subject *subjects, size_t count);

/** subject_close() - Free all it holds; NULL is allowed */
void subject_close(struct subject *subject);

/**
 * subject_run() - Programs to traces
 * @subject:	An open subject; not thread-safe
 * @programs:	What to run, each from a clean state
 * @count:	How many programs
 * @leaders:	@count traces whose choices to follow, or NULL
 * @traces:	@count traces, filled in
 *
 * Return: 0, or a negative errno with subject->why set: it does not work
 *	   (any more), and the traces mean nothing
 */
int subject_run(struct subject *subject, const struct program *programs,
	size_t count, const struct trace *leaders, struct trace *traces);

/**
 * subject_change() - Change the rules of a model, until this is called again
 * @subject:	Open; it has a model, or is a law of one that has
 * @changes:	Besides those that it was opened with; those of other models do
 *		not count
 * @count:	How many; 0 makes it as it was opened
 *
 * Return: 0, -EINVAL (it has no model), -E2BIG (more than CHANGES_MAX) or
 *	   -ENOMEM
 */
int subject_change(struct subject *subject, const struct change *changes,
	unsigned int count);

/** subject_book() - The rules of a subject, or NULL: it is no model */
const struct rule_book *subject_book(struct subject *subject);

/** subject_in_force() - Which of them its version has, by number; no changes */
const bool *subject_in_force(struct subject *subject);

/** subject_can() - Can a subject with these capabilities do this op? */
bool subject_can(const struct capabilities *can, const struct op *op);

/** subject_common() - The capabilities that both have */
struct capabilities subject_common(const struct capabilities *a,
	const struct capabilities *b);

#endif /* SUBJECT_H */
