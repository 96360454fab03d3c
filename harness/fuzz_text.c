// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_text.c - what is printed reads back as what it was
 *
 * The input is a case, or nearly one. Its program is printed with the outcomes
 * that are expected, read, and printed again as the same text; so is each
 * change of a rule. What is no case is a program as bytes, which can always be
 * printed, read back, and packed.
 */
#include "fuzz.h"

#include <string.h>

#include "util.h"
#include "program/bytes.h"
#include "program/change.h"
#include "subjects/books.h"

enum { PRINTED_MAX = PROGRAM_OPS_MAX * 400 };

static struct case_text text, again;
static struct text_error error;

/* Whose outcomes: those of the @who-th that is named, or else Linux's */
static void print(const struct case_text *from, unsigned int who, char *out)
{
	FILE *file = fmemopen(out, PRINTED_MAX, "w");
	static struct trace trace;

	ASSERT(file);
	trace.count = from->program.count;
	for (int i = 0; i < trace.count; i++)
		trace.outcomes[i] = who < from->expect[i].count ?
					    from->expect[i].qualified[who] :
					    from->expect[i].outcome;
	text_print(&from->program, &trace, NULL, file);
	ASSERT(!fclose(file));
}

static void print_twice(unsigned int who)
{
	static char first[PRINTED_MAX], second[PRINTED_MAX];

	*first = *second = '\0';
	print(&text, who, first);
	ASSERT(!text_parse(first, strlen(first), &again, &error));
	print(&again, EXPECT_QUALIFIED_MAX, second);
	ASSERT(!strcmp(first, second));
}

/* "spec~RULE" of this model, if it is one */
static void change_twice(const struct rule_book *book, const char *word)
{
	char first[CHANGE_TEXT_MAX], second[CHANGE_TEXT_MAX], why[256];
	size_t length = strlen(book->model);
	static struct change changes[CHANGES_MAX];
	int count = strncmp(word, book->model, length) ?
			    0 :
			    change_parse(book, word + length, changes,
				    CHANGES_MAX, why, sizeof(why));

	for (int i = 0; i < count; i++) {
		change_print(book, &changes[i], first);
		ASSERT(change_parse(book, first + length, changes + i, 1, why,
			       sizeof(why)) == 1);
		change_print(book, &changes[i], second);
		ASSERT(!strcmp(first, second));
	}
}

/* A line has at most so many words, and a name so many characters. */
static void long_line_and_names(const uint8_t *data, size_t size)
{
	static char line[INPUT_MAX];
	struct program *program = &text.program;

	size = MIN(size, sizeof(line));
	for (size_t i = 0; i < size; i++)
		line[i] = data[i] == '\n' ? ' ' : (char)data[i];
	text_parse(line, size, &again, &error);
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		memset(program->names[i], 'n', PROGRAM_NAME_MAX);
		program->names[i][PROGRAM_NAME_MAX - 1] = 'a' + i;
	}
}

static void bytes_twice(void)
{
	static uint8_t packed[BYTES_SIZE_MAX];

	bytes_unpack(packed, bytes_pack(&text.program, packed), &again.program);
	ASSERT(program_equal(&text.program, &again.program));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *rest = text.changes, *word;
	unsigned int most = 0;

	fuzz_counters->execs++;
	if (text_parse((const char *)data, size, &text, &error)) {
		fuzz_counters->refused++;
		memset(&text, 0, sizeof(text));
		bytes_unpack(data, size, &text.program);
	}
	fuzz_counters->tally.programs++;
	fuzz_running(&text.program);
	for (int i = 0; i < text.program.count; i++)
		most = MAX(most, text.expect[i].count);
	for (unsigned int who = 0; who <= most; who++)
		print_twice(who);
	bytes_twice();
	while ((word = strsep(&rest, " \t")))
		for (int i = 0; i < MODELS; i++)
			change_twice(books[i], word);
	long_line_and_names(data, size);
	print_twice(EXPECT_QUALIFIED_MAX);
	bytes_twice();
	fuzz_running(NULL);
	return 0;
}
