/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h - what a verb answers to a program: JSON in one line
 *
 * It is a tree of json-c's, printed when it is whole. What adds to it takes the
 * object to add to and a key; or the list, and NULL. Without memory for it, it
 * exits with 3.
 *
 * Keys and text are any bytes: a byte that is no UTF-8 is written as
 * quote_ascii() does it.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/** answer_new() - The answer of @verb; or an empty object, if it is NULL */
struct json_object *answer_new(const char *verb);

/** answer_object() - Add an empty object, and return it */
struct json_object *answer_object(struct json_object *to, const char *key);

/** answer_list() - Add an empty list, and return it */
struct json_object *answer_list(struct json_object *to, const char *key);

/** answer_text() - Add a string; null, if it is NULL */
void answer_text(struct json_object *to, const char *key, const char *text);

/** answer_number() - Add a whole number */
void answer_number(struct json_object *to, const char *key, uint64_t number);

/** answer_decimal() - Add a number with so many digits behind the point */
void answer_decimal(struct json_object *to, const char *key, double number,
	int digits);

/** answer_flag() - Add true or false */
void answer_flag(struct json_object *to, const char *key, bool flag);

/** answer_read() - Add what answer_write() has written; null, if it was cut */
void answer_read(struct json_object *to, const char *key, const char *text);

/** answer_write() - Write it to a file, as a line, and free it */
void answer_write(struct json_object *answer, FILE *file);

/** answer_end() - Free it; before that print it, as a line, if it is @wanted */
void answer_end(struct json_object *answer, bool wanted);

#endif /* ANSWER_H */
