// SPDX-License-Identifier: Apache-2.0
/*
 * reads_back.c - what is printed or packed reads back as what it was
 */
#include "reads_back.h"

#include <string.h>

#include "util.h"
#include "program/bytes.h"
#include "program/change.h"

enum { PRINTED_MAX = PROGRAM_OPS_MAX * 400 };

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

void reads_back_text(const struct case_text *from, unsigned int who)
{
	static char first[PRINTED_MAX], second[PRINTED_MAX];
	static struct case_text again;
	struct text_error error;

	*first = *second = '\0';
	print(from, who, first);
	ASSERT(!text_parse(first, strlen(first), &again, &error));
	print(&again, EXPECT_QUALIFIED_MAX, second);
	ASSERT(!strcmp(first, second));
}

void reads_back_bytes(const struct program *program)
{
	static uint8_t packed[BYTES_SIZE_MAX];
	static struct program again;

	bytes_unpack(packed, bytes_pack(program, packed), &again);
	ASSERT(program_equal(program, &again));
}

void reads_back_change(const struct rule_book *book, const char *word)
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
