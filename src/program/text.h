/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - programs, traces and cases in one text syntax
 *
 *	# A listener does not share its port, even if both set SO_REUSEADDR.
 *	socket a tcp4
 *	set    a reuseaddr
 *	bind   a 0.0.0.0:7000
 *	listen a
 *	socket b tcp4
 *	set    b reuseaddr
 *	bind   b 127.0.0.1:7000   = EADDRINUSE portman=ok
 *
 * Text without outcomes is a program. With an outcome on each op it is a trace,
 * and with a first comment that says why it is a case. No outcome written means
 * ok. The grammar is in corpus/README.md. Parsing never executes anything, and
 * any bytes are safe.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "program.h"

enum {
	WHO_MAX = 64, /* a subject's name, with its NUL */
	EXPECT_QUALIFIED_MAX = 8,
	WHY_MAX = 512,
	CHANGES_TEXT_MAX = 1024,
	TEXT_SIZE_MAX = 64 * 1024, /* of a case, in bytes */
};

/**
 * struct expect - The outcomes that one op must have
 * @line:	Line in the file, from 1
 * @outcome:	The unqualified one, Linux's: ok if none is written
 * @who:	The subjects whose outcomes are qualified
 * @qualified:	The outcome of each of them
 * @count:	How many are qualified
 */
struct expect {
	unsigned int line;
	struct outcome outcome;
	unsigned int count;
	char who[EXPECT_QUALIFIED_MAX][WHO_MAX];
	struct outcome qualified[EXPECT_QUALIFIED_MAX];
};

/**
 * struct case_text - A program and what it must give
 * @why:	The first comment, empty if there is none
 * @of:		"# of: SYSTEM": whose class it is; empty if of none
 * @of_line:	Where that stands, from 1
 * @changes:	All "# change: CHANGE...", with blanks between; else empty
 * @change_line: Where the first of them stands
 * @program:	What to run
 * @expect:	One for each op; what is behind those is not set
 */
struct case_text {
	char why[WHY_MAX];
	char of[WHO_MAX];
	char changes[CHANGES_TEXT_MAX];
	unsigned int of_line, change_line;
	struct program program;
	struct expect expect[PROGRAM_OPS_MAX];
};

/**
 * struct text_error - Where text is wrong, and how
 * @line:	From 1; 0 if it is about the file as a whole
 * @message:	What was found and what was expected
 */
struct text_error {
	unsigned int line;
	char message[768];
};

/**
 * text_parse() - Read a program, trace or case
 * @text:	Any bytes
 * @size:	How many
 * @out:	The result; of no use on failure
 * @error:	Filled in on failure
 *
 * Return: 0, or -EINVAL
 */
int text_parse(const char *text, size_t size, struct case_text *out,
	struct text_error *error);

/**
 * text_op() - Write one op, without an outcome
 * @program:	The program it is from, for the names of its sockets
 * @op:		What to write
 * @text:	Where to, NUL-terminated
 * @size:	Of @text; 256 bytes are enough for any op
 */
void text_op(const struct program *program, const struct op *op, char *text,
	size_t size);

/** text_outcome() - Write one outcome; 128 bytes are enough */
void text_outcome(const struct outcome *outcome, char *text, size_t size);

/** text_parse_outcome() - Read one outcome; 0, or -EINVAL */
int text_parse_outcome(const char *text, struct outcome *out);

/**
 * text_name_length() - How many bytes at the beginning of a text can be a name
 *
 * The names of subjects are letters, digits, ".", "-", "_" and "@".
 */
size_t text_name_length(const char *text);

/**
 * text_who() - What a subject is called in text
 * @subject:	Its name, any bytes
 * @who:	Its name up to the first byte that no WHO can have: of
 *		"spec:tcp_apart=EPERM" it is "spec"
 */
void text_who(const char *subject, char who[WHO_MAX]);

/** text_note - What to say of an outcome behind a "#"; nothing if empty */
typedef void text_note(const struct outcome *outcome, char *text, size_t size);

/**
 * text_print() - Write a program, or a trace of it
 * @program:	What to write, an op a line, names aligned
 * @trace:	Its outcomes, all written; NULL for none
 * @note:	For the comments behind them; NULL for none
 * @file:	Where to
 */
void text_print(const struct program *program, const struct trace *trace,
	text_note *note, FILE *file);

/** text_word - The word for a value of an enum, such as "bind" or "tcp4" */
typedef const char *text_word(unsigned int value);

text_word text_kind, text_type, text_option, text_property, text_direction,
	text_sysctl, text_test;

/** text_errno() - The name of a positive errno, such as "EADDRINUSE" */
const char *text_errno(int error);

#endif /* TEXT_H */
