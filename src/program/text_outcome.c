// SPDX-License-Identifier: Apache-2.0
/*
 * text_outcome.c - text to an outcome, and to what is expected of whom
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"
#include "world.h"

static int parse_errno(const char *text, struct outcome *out)
{
	enum { ERRNO_LAST = 133 };

	for (int error = 1; error <= ERRNO_LAST; error++) {
		if (!strcmp(text_errno(error), text)) {
			*out = outcome_error(error);
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_device(const char *text, struct outcome *out)
{
	const struct world_device *found =
		world_device_named(strcmp(text, "-") ? text : "");

	if (!found || !*text)
		return -EINVAL;
	*out = (struct outcome){ .value = VALUE_DEVICE, .a = found->index };
	return 0;
}

static int parse_place(const char *text, struct outcome *out)
{
	char addr[ADDR_TEXT_MAX];
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool bracketed = *text == '[';
	char *end;
	unsigned long port;

	if (!length || length >= sizeof(addr) ||
		(bracketed && (length < 3 || text[length - 1] != ']')))
		return -EINVAL;
	memcpy(addr, text + bracketed, length - 2 * bracketed);
	addr[length - 2 * bracketed] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (!strcmp(colon + 1, "*"))
		port = PORT_ANY;
	else if (!isdigit((unsigned char)colon[1]) || *end || port > 65535)
		return -EINVAL;
	*out = (struct outcome){ .value = VALUE_PLACE, .a = port };
	if (!strcmp(addr, "*"))
		return 0;
	return addr_parse(addr, &out->addr);
}

static int parse_numbers(const char *text, struct outcome *out)
{
	char *end;
	unsigned long a, b = 0;
	int value = VALUE_NUMBER;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	a = strtoul(text, &end, 10);
	if (*end == '/' || *end == '-') {
		value = *end == '/' ? VALUE_CALLS : VALUE_RANGE;
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		b = strtoul(end + 1, &end, 10);
	}
	if (*end || a > UINT32_MAX || b > UINT32_MAX)
		return -EINVAL;
	*out = (struct outcome){ .value = value, .a = a, .b = b };
	return 0;
}

int text_parse_outcome(const char *text, struct outcome *out)
{
	struct outcome result = outcome_ok();
	int rc = 0;

	if (!strcmp(text, "ok"))
		;
	else if (!strcmp(text, "n/a"))
		result = outcome_na();
	else if (!strcmp(text, "crash"))
		result.kind = OUTCOME_CRASH;
	else if (!strcmp(text, "hang"))
		result.kind = OUTCOME_HANG;
	else if (strncmp(text, "ok:", 3))
		rc = parse_errno(text, &result);
	else if (parse_numbers(text + 3, &result) &&
		 parse_device(text + 3, &result))
		rc = parse_place(text + 3, &result);
	if (!rc)
		*out = result;
	return rc;
}

#define NAME_BYTES                                                             \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@"

size_t text_name_length(const char *text)
{
	return strspn(text, NAME_BYTES);
}

/* The same with a law behind the name, or with what old files have there: a
 * rule that is taken away */
static size_t who_length(const char *text)
{
	return strspn(text, NAME_BYTES "+~");
}

void text_who(const char *subject, char who[WHO_MAX])
{
	size_t length = who_length(subject);

	snprintf(who, WHO_MAX, "%.*s", (int)length, subject);
}

static int outcome(struct words *w, const char *word, struct outcome *out)
{
	if (!word || text_parse_outcome(word, out))
		return words_fail(w,
			"expected an outcome such as ok, ok:7000 "
			"or EADDRINUSE, found '%s'",
			word ? word : "the end of the line");
	return 0;
}

int words_expect(struct words *w, struct expect *expect)
{
	int rc;

	expect->line = w->line;
	expect->outcome = outcome_ok();
	expect->count = 0;
	if (!*w->next)
		return 0;
	if (strcmp(*w->next, "="))
		return words_fail(w, "unexpected '%s'", *w->next);
	w->next++;
	rc = outcome(w, *w->next, &expect->outcome);
	if (rc)
		return rc;
	for (w->next++; *w->next; w->next++) {
		char *who = *w->next, *value = strchr(who, '=');

		if (!value || value == who || value - who >= WHO_MAX)
			return words_fail(w,
				"expected SUBJECT=OUTCOME, found "
				"'%s'",
				who);
		if (who + who_length(who) != value)
			return words_fail(w,
				"a subject's name is letters, digits and "
				".-_@, found '%s'",
				who);
		if (expect->count == EXPECT_QUALIFIED_MAX)
			return words_fail(w, "more than %d qualified outcomes",
				EXPECT_QUALIFIED_MAX);
		*value = '\0';
		rc = outcome(w, value + 1, &expect->qualified[expect->count]);
		if (rc)
			return rc;
		strcpy(expect->who[expect->count++], who);
	}
	return 0;
}
