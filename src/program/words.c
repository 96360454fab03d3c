// SPDX-License-Identifier: Apache-2.0
/*
 * words.c - a line cut into words, and taking values from the left
 */
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int words_fail(struct words *w, const char *format, ...)
{
	va_list args;

	w->error->line = w->line;
	va_start(args, format);
	vsnprintf(w->error->message, sizeof(w->error->message), format, args);
	va_end(args);
	return -EINVAL;
}

const char *words_peek(struct words *w)
{
	return *w->next && strcmp(*w->next, "=") ? *w->next : NULL;
}

char *words_take(struct words *w)
{
	return words_peek(w) ? *w->next++ : NULL;
}

char *words_value(struct words *w, const char *key)
{
	size_t length = strlen(key);
	const char *word = words_peek(w);

	if (!word || strncmp(word, key, length) || word[length] != '=')
		return NULL;
	return *w->next++ + length + 1;
}

int words_number(struct words *w, const char *what, const char *word,
	uint64_t max, uint64_t *out)
{
	char *end;

	if (!word || !isdigit((unsigned char)*word) || strlen(word) > 12)
		return words_fail(w, "expected %s, found '%s'", what,
			word ? word : "the end of the line");
	*out = strtoull(word, &end, 10);
	if (*end)
		return words_fail(w, "expected %s, found '%s'", what, word);
	if (*out > max)
		return words_fail(w, "%s is at most %llu, found '%s'", what,
			(unsigned long long)max, word);
	return 0;
}

int words_number32(struct words *w, const char *what, const char *word,
	uint32_t max, uint32_t *out)
{
	uint64_t value = 0;
	int rc = words_number(w, what, word, max, &value);

	if (!rc)
		*out = value;
	return rc;
}

int words_number16(struct words *w, const char *what, const char *word,
	uint16_t *out)
{
	uint64_t value = 0;
	int rc = words_number(w, what, word, 65535, &value);

	if (!rc)
		*out = value;
	return rc;
}

int words_pair(struct words *w, const char *what, char *word, bool single,
	uint16_t *low, uint16_t *high)
{
	char *dash = word ? strchr(word, '-') : NULL;
	int rc;

	if (!dash && !single)
		return words_fail(w, "expected %s as LOW-HIGH, found '%s'",
			what, word ? word : "the end of the line");
	if (dash)
		*dash = '\0';
	rc = words_number16(w, what, word, low);
	return rc ? rc : words_number16(w, what, dash ? dash + 1 : word, high);
}

static int fail_unknown(struct words *w, const char *what, const char *word,
	text_word *words, unsigned int count)
{
	char known[160] = "";

	for (unsigned int i = 0; i < count; i++) {
		const char *each = words(i);

		if (*each && strlen(known) + strlen(each) + 2 < sizeof(known))
			strcat(strcat(known, " "), each);
	}
	return words_fail(w, "unknown %s '%s'; known:%s", what,
		word ? word : "", known);
}

int words_enum(struct words *w, const char *what, const char *word,
	text_word *words, unsigned int count, uint8_t *out)
{
	for (unsigned int i = 0; word && *word && i < count; i++) {
		if (!strcmp(word, words(i))) {
			*out = i;
			return 0;
		}
	}
	return fail_unknown(w, what, word, words, count);
}

int words_place(struct words *w, char *word, char **addr, char **port)
{
	char *end;

	if (!word)
		return words_fail(w,
			"expected an address and a port, found the end "
			"of the line");
	*addr = word;
	if (*word == '[') {
		end = strchr(word, ']');
		if (!end || end[1] != ':')
			return words_fail(w,
				"expected [ADDRESS]:PORT, found '%s'", word);
		*addr = word + 1;
		*end++ = '\0';
	} else {
		end = strrchr(word, ':');
		if (!end || strchr(word, ':') != end)
			return words_fail(w,
				"expected ADDRESS:PORT, with an IPv6 "
				"address in [], found '%s'",
				word);
	}
	*end = '\0';
	*port = end + 1;
	return 0;
}

int words_address(struct words *w, const char *word, bool bracketed,
	struct addr *addr)
{
	if (addr_parse(word, addr) || bracketed != (addr->len == 16))
		return words_fail(w, "expected an %s address, found '%s'",
			bracketed ? "IPv6" : "IPv4", word);
	return 0;
}

int words_cut(struct words *w, const char *text, size_t length,
	const char **comment)
{
	char *rest, *word, *hash;
	int count = 0;

	*comment = NULL;
	if (length && text[length - 1] == '\r')
		length--;
	if (length > WORDS_LINE_MAX)
		return words_fail(w, "a line of %zu bytes; at most %d", length,
			WORDS_LINE_MAX);
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]) && text[i] != '\t' &&
			text[i] != '\r')
			return words_fail(w, "expected text, found byte 0x%02x",
				(unsigned char)text[i]);
	memcpy(w->text, text, length);
	w->text[length] = '\0';
	hash = strchr(w->text, '#');
	if (hash) {
		*hash = '\0';
		*comment = hash + 1;
	}
	for (rest = w->text; (word = strsep(&rest, " \t\r"));) {
		if (!*word)
			continue;
		if (count == WORDS_MAX)
			return words_fail(w, "more than %d words", WORDS_MAX);
		w->list[count++] = word;
	}
	w->list[count] = NULL;
	w->next = w->list;
	return count;
}
