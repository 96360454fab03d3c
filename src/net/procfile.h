/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfile.h - files of /proc, which are written whole; names of processes
 */
#ifndef PROCFILE_H
#define PROCFILE_H

#include <sys/types.h>

/* Room for the name of a process with its newline */
enum { PROCFILE_COMMAND_MAX = 17 };

/** procfile_write() - Write a file in one call; 0, or the negative errno of
 * open or write */
int procfile_write(const char *path, const char *text);

/** procfile_command() - What a process is called, or "" if it has ended */
void procfile_command(pid_t pid, char command[PROCFILE_COMMAND_MAX]);

#endif /* PROCFILE_H */
