/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - a command that does not outlive us, and neither does what it starts
 *
 * DOC: Theory of Operation
 *
 * Between us and the command is a *guard*, a process of ours that is the
 * command's parent, and the one who gets the orphans of all that it starts
 * (PR_SET_CHILD_SUBREAPER), whatever session or process group they are in. It
 * waits for the end of a pipe from us, which comes when we want it or when we
 * die, by any signal. Then it kills its children, and those that become its
 * children by that, until there are none.
 *
 * It kills by number, and only children of its own which it has not waited for:
 * so the number is nobody else's. The command is waited for last. All signals
 * but SIGKILL are blocked in the guard, and it is alone in a process group. If
 * somebody kills just the guard, the command dies with it, and we kill the
 * command's group, which takes Linux 6.9; who has left that lives on.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct guard - A command under guard
 * @pid:	The guard; 0 if there is none
 * @life:	Pipe to it
 * @command:	Pidfd of the command
 */
struct guard {
	pid_t pid;
	int life, command;
};

/**
 * guard_start() - Run a command under guard
 * @guard:	Filled in; end it with guard_end()
 * @fds:	Its first three descriptors; -1: ours
 * @argv:	Its path, without a search, and its arguments
 *
 * Return: 0, or a negative errno: it does not run
 */
int guard_start(struct guard *guard, const int fds[3], char *const argv[]);

/** guard_wait() - Wait until the command has ended; false: not so soon */
bool guard_wait(const struct guard *guard, int wait_ms);

/**
 * guard_end() - Kill the command and all that it has started
 * @status:	How the command has ended, as from waitpid()
 */
void guard_end(struct guard *guard, int *status);

#endif /* GUARD_H */
