/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - a line cut into words, and taking values from the left
 */
#ifndef WORDS_H
#define WORDS_H

#include "text.h"

enum { WORDS_MAX = 32, WORDS_LINE_MAX = 1000 };

/**
 * struct words - What is left of a line
 * @error:	Where words_fail() writes
 * @line:	Which line it is, from 1
 * @next:	The word to take next, in @list, which ends with NULL
 */
struct words {
	struct text_error *error;
	unsigned int line;
	char text[WORDS_LINE_MAX + 1];
	char *list[WORDS_MAX + 1];
	char **next;
};

/**
 * words_cut() - Start with a line
 * @comment:	Set to what follows "#", or NULL; lives as long as @w
 *
 * Return: How many words it has, or -EINVAL: it is too long, or no text
 */
int words_cut(struct words *w, const char *text, size_t length,
	const char **comment);

/** words_fail() - Say what is wrong with this line; always -EINVAL */
__attribute__((format(printf, 2, 3))) int words_fail(struct words *w,
	const char *format, ...);

/** words_peek() - The next word of the op, NULL at its end or before "=" */
const char *words_peek(struct words *w);

/** words_take() - The same, and go past it */
char *words_take(struct words *w);

/** words_value() - The value of "key=value" if that is the next, else NULL */
char *words_value(struct words *w, const char *key);

/*
 * The following read one word that was taken, NULL for none. @what says what
 * was expected. All return 0, or -EINVAL after words_fail().
 */

/** words_number() - A number up to @max */
int words_number(struct words *w, const char *what, const char *word,
	uint64_t max, uint64_t *out);

/** words_number32() - The same, into 32 bits */
int words_number32(struct words *w, const char *what, const char *word,
	uint32_t max, uint32_t *out);

/** words_number16() - A number up to 65535 */
int words_number16(struct words *w, const char *what, const char *word,
	uint16_t *out);

/** words_pair() - "low-high", or one number for both where @single allows it */
int words_pair(struct words *w, const char *what, char *word, bool single,
	uint16_t *low, uint16_t *high);

/** words_enum() - One of the words of an enum; if it is none, all are said */
int words_enum(struct words *w, const char *what, const char *word,
	text_word *words, unsigned int count, uint8_t *out);

/** words_place() - Cut "ADDR:PORT" or "[ADDR]:PORT" in two */
int words_place(struct words *w, char *word, char **addr, char **port);

/** words_address() - An address: IPv6 iff it stood in brackets */
int words_address(struct words *w, const char *word, bool bracketed,
	struct addr *addr);

/** words_expect() - What follows an op: "= ok portman=EINVAL", or nothing */
int words_expect(struct words *w, struct expect *expect);

/** words_reserve() - What reserve, tuple, release and available take */
int words_reserve(struct words *w, struct op *op);

/** words_pick() - What pick and pick_stable take */
int words_pick(struct words *w, struct op *op);

#endif /* WORDS_H */
