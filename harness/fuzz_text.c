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

#include "reads_back.h"
#include "util.h"
#include "program/bytes.h"
#include "subjects/books.h"

static struct case_text text, again;
static struct text_error error;

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
		reads_back_text(&text, who);
	reads_back_bytes(&text.program);
	while ((word = strsep(&rest, " \t")))
		for (int i = 0; i < MODELS; i++)
			reads_back_change(books[i], word);
	long_line_and_names(data, size);
	reads_back_text(&text, EXPECT_QUALIFIED_MAX);
	reads_back_bytes(&text.program);
	fuzz_running(NULL);
	return 0;
}
