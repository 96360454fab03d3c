// SPDX-License-Identifier: Apache-2.0
/*
 * quote.c - text of strangers, written so that it stays text
 *
 * DOC: Theory of Operation
 *
 * Text is cut into characters of UTF-8, and bytes that are none. A style says
 * what becomes of a character that means something in its language; what a
 * reader does not see is escaped in all of them.
 */
#include "quote.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define NO_CHARACTER UINT32_MAX

/**
 * struct style - How a language is written
 * @keep:	Control characters that it may have
 * @apart:	Pairs of characters that get a blank between them
 * @special:	A character each, followed by what is written for it
 * @bytes:	What is escaped is so byte by byte, and in octal: in a string
 *		of C an \x goes on for as many digits as there are
 */
struct style {
	const char *keep;
	const char *apart[4];
	const char *special[6];
	bool bytes;
};

static const struct style line_style = { .keep = "" };
static const struct style lines_style = { .keep = "\n\t" };
static const struct style ktap_style = { .keep = "",
	.special = { "#\\#", "\\\\\\" } };
#define HTML { "<&lt;", ">&gt;", "&&amp;", "\"&quot;", "'&#39;" }
static const struct style html_style = { .keep = "", .special = HTML };
static const struct style html_lines_style = { .keep = "\n\t",
	.special = HTML };
/* A "??/" is a "\" in older C, and warned about in all */
static const struct style c_comment_style = { .keep = "",
	.apart = { "*/", "/*", "??" } };
static const struct style c_string_style = {
	.keep = "", .bytes = true, .special = { "\"\\\"", "\\\\\\", "?\\?" }
};

/* From left to right and back, of no width, or to be tagged with: what makes
 * text look like other text. Controls are first. */
static const uint32_t unseen[][2] = { { 0, 0x1f }, { 0x7f, 0x9f },
	{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
	{ 0xfdd0, 0xfdef }, { 0xfffe, 0xffff }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff } };

static bool is_unseen(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
		if (code >= unseen[i][0] && code <= unseen[i][1])
			return true;
	return false;
}

/* The first character, and how many bytes it has; or NO_CHARACTER, and 1 */
static uint32_t decode(const unsigned char *text, size_t size, size_t *length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = *text;
	size_t want = first < 0x80 ? 1 :
		      first < 0xc0 ? 0 :
		      first < 0xe0 ? 2 :
		      first < 0xf0 ? 3 :
		      first < 0xf8 ? 4 :
				     0;
	uint32_t code = want > 1 ? first & (0x7f >> want) : first;

	*length = 1;
	if (!want || want > size)
		return NO_CHARACTER;
	for (size_t i = 1; i < want; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return NO_CHARACTER;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[want] || code > 0x10ffff ||
		(code >= 0xd800 && code <= 0xdfff))
		return NO_CHARACTER;
	*length = want;
	return code;
}

static void put_unseen(FILE *file, uint32_t code, const unsigned char *text,
	size_t length, const struct style *style)
{
	static const char controls[] = "\n\r\t", letters[] = "nrt";
	const char *control = code && code < 0x80 ? strchr(controls, code) :
						    NULL;

	if (control)
		fprintf(file, "\\%c", letters[control - controls]);
	else if (style->bytes)
		while (length--)
			fprintf(file, "\\%03o", *text++);
	else if (code == NO_CHARACTER)
		fprintf(file, "\\x%02x", *text);
	else
		fprintf(file,
			code < 0x80    ? "\\x%02x" :
			code < 0x10000 ? "\\u%04x" :
					 "\\U%08x",
			code);
}

static const char *special_of(const struct style *style, char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(style->special); i++)
		if (style->special[i] && *style->special[i] == c)
			return style->special[i] + 1;
	return NULL;
}

static bool are_apart(const struct style *style, char before, char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(style->apart); i++)
		if (style->apart[i] && style->apart[i][0] == before &&
			style->apart[i][1] == c)
			return true;
	return false;
}

static void put(FILE *file, const char *text, size_t size,
	const struct style *style)
{
	const unsigned char *next = (const unsigned char *)text;
	char before = '\0';

	while (size) {
		size_t length;
		uint32_t code = decode(next, size, &length);
		char c = length == 1 ? *next : '\0';
		const char *special = c ? special_of(style, c) : NULL;

		if (are_apart(style, before, c))
			fputc(' ', file);
		if (special)
			fputs(special, file);
		else if (code == NO_CHARACTER ||
			 (is_unseen(code) && !(c && strchr(style->keep, c))))
			put_unseen(file, code, next, length, style);
		else
			fwrite(next, 1, length, file);
		before = c;
		next += length;
		size -= length;
	}
}

/* What is longer than lines are needs memory, or is cut off. */
void quote_vprintf(FILE *file, const char *format, va_list args)
{
	size_t end = strlen(format);
	bool newline = end && format[end - 1] == '\n';
	char line[1024], *more = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(line, sizeof(line), format, args);
	if (length >= (int)sizeof(line) && vasprintf(&more, format, again) < 0)
		more = NULL;
	va_end(again);
	if (more || length < (int)sizeof(line))
		put(file, more ? more : line, length - newline, &line_style);
	else {
		put(file, line, sizeof(line) - 1, &line_style);
		fputs("... (out of memory)", file);
	}
	if (newline)
		fputc('\n', file);
	free(more);
}

void quote_printf(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	quote_vprintf(file, format, args);
	va_end(args);
}

void quote_lines(FILE *file, const char *text, size_t size)
{
	put(file, text, size, &lines_style);
}

void quote_ktap(FILE *file, const char *text)
{
	put(file, text, strlen(text), &ktap_style);
}

void quote_html(FILE *file, const char *text)
{
	put(file, text, strlen(text), &html_style);
}

void quote_html_lines(FILE *file, const char *text, size_t size)
{
	put(file, text, size, &html_lines_style);
}

void quote_c_comment(FILE *file, const char *text)
{
	put(file, text, strlen(text), &c_comment_style);
}

void quote_c_string(FILE *file, const char *text)
{
	fputc('"', file);
	put(file, text, strlen(text), &c_string_style);
	fputc('"', file);
}

void quote_ascii(FILE *file, const char *json)
{
	const unsigned char *next = (const unsigned char *)json;
	size_t size = strlen(json), length;

	for (; size; next += length, size -= length) {
		uint32_t code = decode(next, size, &length);

		if (code == NO_CHARACTER)
			fprintf(file, "\\u%04x", 0xdc00 + *next);
		else if (code >= ' ' && code < 0x7f)
			fputc(code, file);
		else if (code < 0x10000)
			fprintf(file, "\\u%04x", code);
		else
			fprintf(file, "\\u%04x\\u%04x",
				0xd800 + ((code - 0x10000) >> 10),
				0xdc00 + (code & 0x3ff));
	}
}

void quote_shell(FILE *file, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@=,+";

	if (*text && !text[strspn(text, plain)]) {
		fputs(text, file);
		return;
	}
	fputc('\'', file);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", file);
		else
			fputc(*text, file);
	}
	fputc('\'', file);
}

int quote_end(FILE *memory, char **text)
{
	bool lost = ferror(memory);

	if (!fclose(memory) && !lost && *text)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}
