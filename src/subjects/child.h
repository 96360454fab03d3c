/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - a command of our own, and lines of text to and from it
 *
 * DOC: Theory of Operation
 *
 * Bytes go to the command's stdin and come from its stdout at the same time,
 * with poll and without ever blocking on either, so it does not matter how much
 * the two pipes hold: neither side can wait for the other for ever. Time is
 * measured as silence: how long no byte was taken or given; and by an absolute
 * end, since a byte now and then is no answer.
 *
 * The command is under guard (guard.h): what it has started goes with it.
 * Its stderr is ours unless it is given another. SIGPIPE is kept from us: a
 * command that stops reading is only one that will not answer.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "guard.h"

enum {
	CHILD_BUFFER = 64 * 1024,
	CHILD_LINE_MAX = 4096, /* of a line from it, with its "\n" */
};

/**
 * struct child - A command that runs, and what is on its way
 * @guard:	The command itself; its pid is 0 if there is none (any more)
 * @to:		Pipe to its stdin, -1 once closed
 * @from:	Pipe from its stdout, -1 once closed
 * @out:	To be written, from @out_next to @out_used
 * @in:		Was read but not yet taken, from @in_next to @in_used
 */
struct child {
	struct guard guard;
	int to, from;
	size_t out_next, out_used;
	size_t in_next, in_used;
	char out[CHILD_BUFFER];
	char in[CHILD_BUFFER];
};

/**
 * child_start() - Run a command
 * @child:	Filled in; always end it with child_end()
 * @argv:	Its path, without a search, and its arguments
 * @err:	Where its stderr goes; -1: where ours does
 *
 * Return: 0, or a negative errno: it does not run
 */
int child_start(struct child *child, char *const argv[], int err);

/**
 * child_line() - Take a line, and meanwhile write what is in @child->out
 * @child:	A child that was started
 * @wait_ms:	How long it may be silent
 * @until:	When all of the line must be there, as child_now()
 * @line:	The line without its "\n", or "\r\n"; until the next call
 *
 * Return: 0, -ETIMEDOUT (it was silent), -ETIME (it has said something, but no
 *	   whole line), -EPIPE (its output has ended), -EMSGSIZE (a line of more
 *	   than CHILD_LINE_MAX bytes), or another negative errno
 */
int child_line(struct child *child, int wait_ms, long until, char **line);

/** child_now() - Milliseconds on a clock that nobody sets */
long child_now(void);

/**
 * child_end() - Close its input, wait for it to end, and kill what is left
 * @child:	A child; nothing is done if it was ended before
 * @wait_ms:	How long it has to end by itself
 * @status:	As from waitpid(), if it did
 *
 * Return: Did it end by itself?
 */
bool child_end(struct child *child, int wait_ms, int *status);

#endif /* CHILD_H */
