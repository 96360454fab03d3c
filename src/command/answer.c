// SPDX-License-Identifier: Apache-2.0
/*
 * answer.c - what a verb answers to a program: JSON in one line
 */
#include "answer.h"

#include <errno.h>
#include <json-c/json.h>

#include "cmd.h"
#include "quote.h"

static struct json_object *need(struct json_object *value)
{
	if (!value)
		die(EXIT_CANNOT, "out of memory");
	return value;
}

/* To an object, or without a key to a list; json-c's null is NULL. */
static void add(struct json_object *to, const char *key,
	struct json_object *value)
{
	if (key ? json_object_object_add(to, key, value) :
		  json_object_array_add(to, value))
		die(EXIT_CANNOT, "out of memory");
}

struct json_object *answer_new(const char *verb)
{
	struct json_object *answer = need(json_object_new_object());

	if (verb)
		answer_text(answer, "verb", verb);
	return answer;
}

struct json_object *answer_object(struct json_object *to, const char *key)
{
	struct json_object *object = need(json_object_new_object());

	add(to, key, object);
	return object;
}

struct json_object *answer_list(struct json_object *to, const char *key)
{
	struct json_object *list = need(json_object_new_array());

	add(to, key, list);
	return list;
}

void answer_text(struct json_object *to, const char *key, const char *text)
{
	add(to, key, text ? need(json_object_new_string(text)) : NULL);
}

void answer_number(struct json_object *to, const char *key, uint64_t number)
{
	add(to, key, need(json_object_new_uint64(number)));
}

void answer_decimal(struct json_object *to, const char *key, double number,
	int digits)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", digits, number);
	add(to, key, need(json_object_new_double_s(number, text)));
}

void answer_flag(struct json_object *to, const char *key, bool flag)
{
	add(to, key, need(json_object_new_boolean(flag)));
}

void answer_read(struct json_object *to, const char *key, const char *text)
{
	add(to, key, text ? json_tokener_parse(text) : NULL);
}

void answer_write(struct json_object *answer, FILE *file)
{
	const char *text;

	/* What json-c 0.16 has no memory for, it leaves out, and goes on. */
	errno = 0;
	text = json_object_to_json_string_ext(answer,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text || errno == ENOMEM)
		die(EXIT_CANNOT, "out of memory");
	quote_ascii(file, text);
	fputc('\n', file);
	json_object_put(answer);
}

void answer_end(struct json_object *answer, bool wanted)
{
	if (wanted)
		answer_write(answer, stdout);
	else
		json_object_put(answer);
}
