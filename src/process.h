/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - what a process inherits, and what it leaves behind
 *
 * DOC: Theory of Operation
 *
 * Across exec a process keeps which signals are ignored, which are blocked, and
 * which of descriptors 0 to 2 are open. None of that may change what a command
 * does: with SIGCHLD ignored nobody can wait for a child, with SIGALRM blocked
 * a stack that hangs is never ended, and where descriptor 1 was closed the next
 * socket gets its number, and the output. So every program of ours begins with
 * process_begin().
 *
 * What a terminal or nohup asks for stays: SIGHUP, SIGINT, SIGQUIT and the
 * signals of job control are ignored if they were.
 *
 * And it ends with process_end(), since output is not written before it is
 * flushed: a full disk or a closed stdout is a failure, whatever was found.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/** PROCESS_LOST - The exit code of a process whose output was lost */
enum { PROCESS_LOST = 3 };

/**
 * process_begin() - Make nothing of what was inherited matter
 *
 * Signals get their default, but SIGXFSZ is ignored, so that a file that may
 * not grow is an error of write(). A descriptor that was closed is taken, so
 * that nothing else gets its number; reading and writing there still fails.
 */
void process_begin(void);

/**
 * process_lacks() - Is an errno about what this process has?
 *
 * Memory or descriptors, that is: then nobody was asked what was to be asked.
 */
bool process_lacks(int error);

/** process_exec() - Give the next program of this process default signals */
void process_exec(void);

/**
 * process_fork() - fork() a process that does not outlive this one
 *
 * It is killed when the thread that made it ends, however that ends.
 *
 * Return: As for fork()
 */
pid_t process_fork(void);

/**
 * process_meant() - What a child's signal means, to be said behind its number
 * @status:	Of waitpid()
 *
 * A filter of the kernel's sends SIGSYS: subjects/fence.h.
 */
const char *process_meant(int status);

/**
 * process_end() - Close stdout, and see that all of it was written
 * @name:	Of the program, for the message
 * @code:	What it would exit with
 *
 * Return: @code, or PROCESS_LOST after a line on stderr
 */
int process_end(const char *name, int code);

#endif /* PROCESS_H */
