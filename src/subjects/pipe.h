/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h - programs to an agent, and its traces back
 *
 * DOC: Theory of Operation
 *
 * Programs are sent as fast as the agent takes them, and traces are read
 * meanwhile, so a batch costs no round trips. An agent that is silent for too
 * long is taken for dead. An empty line is a sign of life, and a batch as a
 * whole may take any time; but the answer to one program has an end.
 *
 * The agent is asked only ops that it said it can do. A program is cut before
 * any other op, and the rest of its trace is n/a.
 */
#ifndef PIPE_H
#define PIPE_H

#include "child.h"
#include "subject.h"

enum {
	PIPE_QUOTE_MAX = 64,
	PIPE_SAID_MAX = 120,
	PIPE_ARGS_MAX = 4,
	PIPE_WHOLE_TIMES = 6, /* as long as silence, a whole answer may take */
};

/**
 * struct pipe - An agent
 * @command:	What it is called in messages
 * @greeted:	What it called itself in its greeting; "pipe" if that is no name
 * @argv:	How it is started, and if need be again; each is freed
 * @err:	A file with its stderr, to find a reason in; -1: it goes to our
 *		stderr
 * @wait_ms:	How long it may be silent
 * @hello_ms:	The same, before its first word: a machine may have to boot
 * @until:	When the answer that is waited for must be whole: child_now()
 * @failed:	Why it does not work any more: a negative errno
 * @works:	It has answered since it was started
 * @child:	Its process, and what is on its way
 */
struct pipe {
	char command[PIPE_QUOTE_MAX];
	char greeted[SUBJECT_NAME_MAX];
	char *argv[PIPE_ARGS_MAX + 1];
	int err;
	int wait_ms, hello_ms;
	long until;
	int failed;
	bool works;
	struct child child;
};

/**
 * struct pipe_count - How far a batch came
 * @answered:	So many traces are complete
 * @sent:	So many programs the agent may have seen
 */
struct pipe_count {
	size_t answered, sent;
};

/** pipe_greeted() - What an open agent called itself in its greeting */
const char *pipe_greeted(const struct subject *subject);

/** pipe_quoted() - A line of an agent in @text, fit for a message */
const char *pipe_quoted(const char *line, char text[PIPE_QUOTE_MAX]);

/**
 * pipe_fail() - Say why this agent does not work, and end it
 * @subject:	Whose state is a struct pipe; its why is set
 * @error:	A negative errno
 *
 * Return: @error
 */
__attribute__((format(printf, 3, 4))) int pipe_fail(struct subject *subject,
	int error, const char *format, ...);

/**
 * pipe_open() - Start an agent, and hear what it can
 * @subject:	Its can, its state and, on failure, its why are set
 * @argv:	The path of a program, and its arguments: PIPE_ARGS_MAX at most
 * @called:	What it is called in messages
 * @hello_ms:	How long it may be silent before its first word
 * @quiet:	Keep its stderr to ourselves: if it ends too early, the reason
 *		is there
 *
 * Return: 0, or a negative errno
 */
int pipe_open(struct subject *subject, const char *const argv[],
	const char *called, int hello_ms, bool quiet);

/**
 * pipe_line() - Take a line, before @until of the agent
 *
 * Return: 0, or a negative errno after pipe_fail()
 */
int pipe_line(struct subject *subject, int wait_ms, char **line);

/**
 * pipe_ask() - Have programs run
 * @subject:	Whose state is a struct pipe that shook hands
 * @programs:	@count programs
 * @traces:	@count traces, filled in as far as they are answered
 * @done:	How many that is, also on failure
 *
 * Return: 0, -ERESTART (it ended by itself between two programs, after an
 *	   answer, and has to be started again), -EPIPE (it died), -ETIMEDOUT
 *	   (it was silent), or another negative errno; on failure after
 *	   pipe_fail()
 */
int pipe_ask(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces, struct pipe_count *done);

#endif /* PIPE_H */
