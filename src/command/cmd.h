/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - the verbs of the command, and what they share
 *
 * The verbs print the errors, and decide the exit code. What is below them
 * returns errors, and prints five things only, all to stderr: how far long
 * work is (progress.c), a divergence that did not happen again
 * (compare_work.c), that an agent does not greet (subject_pipe.c), and that a
 * process would outlive its parent, or its output was lost (process.c).
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "whole.h"
#include "compare/compare.h"
#include "program/case.h"

enum exit_code {
	EXIT_AGREED = 0,
	EXIT_FOUND = 1,	 /* a divergence of no known class, a failure */
	EXIT_USAGE = 2,	 /* bad usage or input */
	EXIT_CANNOT = 3, /* this machine cannot */
	EXIT_SKIPPED = 4,
	EXIT_NOTHING = 5, /* nothing was really tested */
};

enum { SUBJECTS_MAX = 16 };

/**
 * struct options - The command line of any verb
 * @subjects:	In the order of the command line
 * @min_compared: Of a hundred programs, how many must be compared to their end
 * @out:	Where text goes: stdout, or stderr if stdout is for JSON
 */
struct options {
	const char *verb;
	struct named subjects[SUBJECTS_MAX];
	unsigned int subject_count;
	bool json, quiet, tap, table;
	bool seeded;
	uint64_t seed, count;
	unsigned int seconds, jobs, min_compared;
	int level;
	const char *model;
	const char *keep;
	const char *output;
	const char *resume;
	const char *sweep;
	unsigned int part, parts; /* from 1; 0 of 0 is all */
	bool list;
	bool reuseaddr, reuseport, v6only, as_case, uid_given;
	bool freebind, transparent, mptcp, bind_only, rule, verify;
	const char *device, *netns, *connect, *from, *save, *port;
	uint32_t uid, pid;
	unsigned int wait;
	const char *proto;
	bool user_given, watch;
	uint32_t user;
	char corpus[CASE_PATH_MAX];
	bool own_corpus; /* by --corpus: some may be missing */
	char **args;
	unsigned int arg_count;
	unsigned int behind; /* so many of them stood behind a "--" */
	FILE *out;
	int argc;
	char **argv;
};

/** struct verb - One verb: what it is called, takes and does */
struct verb {
	const char *name;
	const char *options; /* letters of those in main.c that it takes;
				 * first a + if a command follows */
	const char *usage;
	const char *help;
	int (*run)(struct options *options);
};

extern const struct verb verb_run, verb_check, verb_diff, verb_random,
	verb_sweep, verb_explain, verb_minimize, verb_emit, verb_pack,
	verb_unpack, verb_rules, verb_serve, verb_doctor, verb_why, verb_ls,
	verb_world, verb_matrix;

/** die() - Print an error in one line and exit with @code */
__attribute__((noreturn, format(printf, 2, 3))) void die(enum exit_code code,
	const char *format, ...);

/** cmd_code() - EXIT_USAGE for a negative errno of a file that was named, or
 * EXIT_CANNOT if it says that this machine has no more of something */
enum exit_code cmd_code(int rc);

/**
 * need_compared() - Exit with a message if nothing could be compared
 * @rc:		0, or the negative errno
 * @why:	The reason; if it is empty, the errno says it
 */
void need_compared(int rc, const char *why);

/** need_subjects() - Exit with 2 unless there are @count known subjects */
void need_subjects(const struct options *options, unsigned int count);

/**
 * need_names() - Give each subject its name, or exit with 2
 * @writes:	The option that has a case written, such as "--keep"; or NULL
 *
 * Agents that nobody has named are started, to hear their greeting. So call it
 * when all else on the command line is known to be right. Two subjects with one
 * name must be the same; and a case cannot have the name of a set of changes.
 */
void need_names(struct options *options, const char *writes);

/** need_files() - Find the files of a verb, or exit with 2 */
void need_files(const struct options *options, struct case_list *list);

/** need_data() - What is in a file, which the caller frees; it is not empty */
void need_data(const char *path, char **data, size_t *size);

/** need_case() - Load a case, or exit with 2 */
void need_case(const char *path, struct case_file *file);

/** need_program() - Load a program from text or, if it is none, bytes */
void need_program(const char *path, struct program *program);

/** need_bytes() - Load a program from bytes, or exit with 2 if it is text */
void need_bytes(const char *path, struct program *program);

/** need_programs() - The programs of all files; the caller frees them */
struct program *need_programs(const struct case_list *files);

/** need_sweep() - A set of programs by its name, or exit with 2 */
const struct sweep *need_sweep(const char *name);

/** need_classes() - Load the classes of the corpus, or exit with 2 or 3 */
void need_classes(const struct options *options, struct class_list *classes);

/** die_without_corpus() - Exit with 3 and how to get what is missing */
__attribute__((noreturn)) void die_without_corpus(const char *found);

/** need_whole() - Begin to write a file, or exit with 3 */
void need_whole(struct whole *whole, const char *path);

/** need_whole_written() - End it, or exit with 3 */
void need_whole_written(struct whole *whole);

/**
 * cmd_in_child() - Call a function in a process forked for it
 * @what:	Returns its exit code; may open kernel subjects
 *
 * Return: The exit code of the child; EXIT_FOUND if a signal ended it
 */
int cmd_in_child(int (*what)(void *arg), void *arg);

/** cmd_shared_memory() - Zeroed memory that children share; exits with 3 */
void *cmd_shared_memory(size_t size);

#endif /* CMD_H */
