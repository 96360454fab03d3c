/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_why_watch.h - run a command, and explain each of its calls that fails
 */
#ifndef CMD_WHY_WATCH_H
#define CMD_WHY_WATCH_H

#include <sys/types.h>

#include "cmd.h"
#include "why/why.h"

struct json_object;

/**
 * struct cmd_why_call - A call that failed
 * @pid:	The process, which stands still
 * @number:	SYS_bind, SYS_listen or SYS_connect
 * @args:	Its arguments
 * @error:	A positive errno
 */
struct cmd_why_call {
	pid_t pid;
	uint64_t number, args[3];
	int error;
};

/**
 * cmd_why_watch() - Run the command, and watch it and its children
 *
 * The command is traced (ptrace(2)), and stands still only while a call that
 * has failed is explained. What it leaves behind is watched for some seconds,
 * and goes on without us. Signals that we are sent are passed on to it, and it
 * ends if we are killed.
 *
 * Return: Its exit code; 128 and the number of a signal that ended it
 */
int cmd_why_watch(const struct options *options);

/** cmd_why_explain() - Explain a call to stderr, unless it was explained
 * before; false: it is none of ours */
bool cmd_why_explain(const struct options *options,
	const struct cmd_why_call *call);

/** cmd_why_call_name() - "bind", "listen" or "connect" */
const char *cmd_why_call_name(uint64_t number);

/**
 * cmd_why_is_new() - Was the same not asked before? In any case, count it
 * @question:	As the socket has it; memory that was zeroes before
 * @unknown:	Why it is not looked into, or NULL
 *
 * Return: Where its explanation belongs, as JSON in memory of malloc(); NULL if
 *	   it was explained before
 */
char **cmd_why_is_new(const struct cmd_why_call *call,
	const struct why_question *question, const char *unknown);

/** cmd_why_say_again() - Say which calls have failed more than once */
void cmd_why_say_again(void);

/** cmd_why_json_again() - All calls that have failed, with their counts */
void cmd_why_json_again(struct json_object *to);

#endif /* CMD_WHY_WATCH_H */
