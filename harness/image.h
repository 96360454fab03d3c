/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the bytes of a saved port manager, mended or damaged
 *
 * All that is changed here gets its right checksum, so that a reader looks at
 * what is behind it.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "compare/gen.h"

/* As portman_save.c has them */
enum { IMAGE_HEADER = 24, IMAGE_ROW = 56, IMAGE_SUM = 8, IMAGE_ROWS_MAX = 64 };

enum { IMAGE_MAX = IMAGE_HEADER + IMAGE_ROWS_MAX * IMAGE_ROW + IMAGE_SUM };

/**
 * image_mend() - Any bytes, with the magic and the number of rows put right
 * @data:	At least IMAGE_HEADER bytes; what is no whole row is left out,
 *		and so is what is behind IMAGE_ROWS_MAX rows
 * @mended:	Set to the image
 *
 * Return: Its size
 */
size_t image_mend(const uint8_t *data, size_t size, uint8_t mended[IMAGE_MAX]);

/** image_sum() - Put the checksum of all before it at its end */
void image_sum(uint8_t *image, size_t size);

/** image_sort() - Bring its rows into their order */
void image_sort(uint8_t *image, size_t size);

/** image_damage() - Exchange two of its rows, or change a byte of one */
void image_damage(struct gen_random *random, uint8_t *image, size_t size);

#endif /* IMAGE_H */
