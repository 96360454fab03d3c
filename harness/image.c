// SPDX-License-Identifier: Apache-2.0
/*
 * image.c - the bytes of a saved port manager, mended or damaged
 */
#include "image.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { MAGIC = 8 };

static uint64_t add_word(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x100000001b3;
	return sum ^ sum >> 32;
}

/* Of four words each is in a sum of its own; the last words are in the first
 * one. */
void image_sum(uint8_t *image, size_t size)
{
	uint64_t sums[4], word;
	size_t words = (size - IMAGE_SUM) / sizeof(word);

	for (int i = 0; i < 4; i++)
		sums[i] = 0xcbf29ce484222325;
	for (size_t i = 0; i < words; i++) {
		size_t lane = i < words / 4 * 4 ? i % 4 : 0;

		memcpy(&word, image + i * sizeof(word), sizeof(word));
		sums[lane] = add_word(sums[lane], le64toh(word));
	}
	for (int i = 1; i < 4; i++)
		sums[0] = add_word(sums[0], sums[i]);
	word = htole64(sums[0]);
	memcpy(image + size - IMAGE_SUM, &word, IMAGE_SUM);
}

static size_t count_rows(size_t size)
{
	return (size - IMAGE_HEADER - IMAGE_SUM) / IMAGE_ROW;
}

size_t image_mend(const uint8_t *data, size_t size, uint8_t mended[IMAGE_MAX])
{
	size_t rows = MIN((size - IMAGE_HEADER) / IMAGE_ROW, IMAGE_ROWS_MAX);
	size_t end = IMAGE_HEADER + rows * IMAGE_ROW;
	uint64_t number = htole64(rows);

	memcpy(mended, data, end);
	memcpy(mended, "portman\3", MAGIC);
	memcpy(mended + IMAGE_HEADER - sizeof(number), &number, sizeof(number));
	image_sum(mended, end + IMAGE_SUM);
	return end + IMAGE_SUM;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, IMAGE_ROW);
}

void image_sort(uint8_t *image, size_t size)
{
	qsort(image + IMAGE_HEADER, count_rows(size), IMAGE_ROW, by_bytes);
	image_sum(image, size);
}

void image_damage(struct gen_random *random, uint8_t *image, size_t size)
{
	size_t rows = count_rows(size);
	uint8_t *a, *b, row[IMAGE_ROW];

	if (!rows)
		return;
	a = image + IMAGE_HEADER + gen_random(random) % rows * IMAGE_ROW;
	b = image + IMAGE_HEADER + gen_random(random) % rows * IMAGE_ROW;
	if (gen_random(random) % 2) {
		memcpy(row, a, IMAGE_ROW);
		memcpy(a, b, IMAGE_ROW);
		memcpy(b, row, IMAGE_ROW);
	} else {
		a[gen_random(random) % IMAGE_ROW] = gen_random(random) % 4 - 1;
	}
	image_sum(image, size);
}
