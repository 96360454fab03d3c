/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote.h - text of strangers, written so that it stays text
 *
 * Names of files, subjects, processes and devices, sentences of cases and words
 * of agents are any bytes. None is written but through one of these functions:
 * there is one for each language that is written, and the printf for lines.
 *
 * In all of them UTF-8 stays as it is, but for what a reader does not see, such
 * as control characters and those that turn the direction of writing. These are
 * escaped as in C: \n, \x1b, \u202e. So is each byte that is no UTF-8: \xff.
 */
#ifndef QUOTE_H
#define QUOTE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/**
 * quote_printf() - Write a line, or a part of one, to be read by people
 * @file:	Where to
 * @format:	As for printf(). A newline at its end is written; any other is
 *		taken for one of an argument, and escaped
 */
__attribute__((format(printf, 2, 3))) void quote_printf(FILE *file,
	const char *format, ...);

/** quote_vprintf() - The same, with the arguments of another function */
__attribute__((format(printf, 2, 0))) void quote_vprintf(FILE *file,
	const char *format, va_list args);

/** quote_lines() - Write @size bytes of text for people; "\n", "\t" are kept */
void quote_lines(FILE *file, const char *text, size_t size);

/** quote_ktap() - Write a part of a line of KTAP: "#" begins no directive */
void quote_ktap(FILE *file, const char *text);

/** quote_html() - Write text, or the value of an attribute in '' or "" */
void quote_html(FILE *file, const char *text);

/** quote_html_lines() - Write @size bytes of text; "\n", "\t" are kept */
void quote_html_lines(FILE *file, const char *text, size_t size);

/** quote_c_comment() - Write what is in a comment of C, and does not end it */
void quote_c_comment(FILE *file, const char *text);

/** quote_c_string() - Write a string literal of C, in "" */
void quote_c_string(FILE *file, const char *text);

/**
 * quote_ascii() - Write JSON whose strings are any bytes
 * @file:	Where to; it gets ASCII only
 * @json:	UTF-8. A byte that is none becomes \udcXX, which no UTF-8 does,
 *		and which Python's os.fsencode() takes for that byte
 */
void quote_ascii(FILE *file, const char *json);

/** quote_shell() - Write one word of a shell command; all bytes are kept */
void quote_shell(FILE *file, const char *text);

/**
 * quote_end() - The text that was written to an open_memstream()
 * @text:	What that fills in, NULL before; the caller's to free
 *
 * Return: 0, or -ENOMEM if some of it is missing, and then there is no text
 */
int quote_end(FILE *memory, char **text);

#endif /* QUOTE_H */
