/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h - the fields of an op as bytes, and the values they stand for
 *
 * One function, codec_op(), walks the fields of an op for both directions and
 * both modes (bytes.h), so that packing and unpacking cannot drift
 * apart.
 */
#ifndef CODEC_H
#define CODEC_H

#include <stddef.h>

#include "program.h"

/**
 * struct codec - A place in a record, and the direction of the walk
 * @packing:	From an op to bytes; else from bytes to an op
 * @literal:	The mode
 * @bytes:	The fields, after byte 0
 * @used:	How many bytes the fields took so far
 * @room:	How many there are
 * @failed:	Packing: a value is not in its table. Unpacking: no such op
 */
struct codec {
	bool packing, literal, failed;
	uint8_t *bytes;
	size_t used, room;
};

/** codec_raw() - A number of @width bytes, little endian, as it is */
uint32_t codec_raw(struct codec *c, uint32_t value, unsigned int width);

/**
 * codec_op() - All fields of an op
 * @c:		Where they are, and which way
 * @program:	What comes before the op: which names are in use
 * @op:		Its kind is set; unpacking fills in the rest
 */
void codec_op(struct codec *c, const struct program *program, struct op *op);

#endif /* CODEC_H */
