/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - every byte string is a program
 *
 * DOC: Theory of Operation
 *
 * Fuzzers mutate bytes, so any bytes decode to a well-formed program, and one
 * mutation changes one thing. After a first byte (bit 0: the level, the other
 * bits: version 0, not judged) come records of RECORD_SIZE bytes; a short tail
 * is ignored. A record is one op:
 *
 *	byte 0		bit 7: the mode; bits 0-6: the op, modulo the number of
 *			ops the level has, and one more that does nothing
 *	byte 1...	the op's fields, in the order of its row in the table
 *
 * In *index* mode a field is one byte, reduced modulo the size of a small table
 * of values that collide: ports, addresses, devices. A socket is the n-th of
 * those whose name is in use, so that most ops hit something. In *literal* mode
 * fields have their full width, and the op goes on in as many further records
 * as it needs: records stay aligned whatever byte is flipped.
 *
 * An op that cannot stand at its place is left out, so decoding never fails.
 * 0x00 and '0', to which minimisers reduce bytes, do nothing.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "program.h"

enum {
	RECORD_SIZE = 12,
	/* enough for every program: a name and 64 literal ops */
	BYTES_SIZE_MAX = 1 + RECORD_SIZE * (16 * 3 + PROGRAM_OPS_MAX * 8),
};

/**
 * bytes_unpack() - Decode any bytes
 * @data:	Any bytes
 * @size:	How many; 0 gives the empty program
 * @program:	Overwritten
 */
void bytes_unpack(const uint8_t *data, size_t size, struct program *program);

/**
 * bytes_pack() - Encode a program
 * @program:	What to encode
 * @data:	At least BYTES_SIZE_MAX bytes
 *
 * Unpacking the result gives the same program, names included. An op whose
 * values are all in the tables is packed in index mode, any other in literal
 * mode.
 *
 * Return: How many bytes were written
 */
size_t bytes_pack(const struct program *program, uint8_t *data);

/**
 * bytes_append_record() - Decode one index record onto a program
 * @program:	Gets at most one op more
 * @record:	RECORD_SIZE bytes; the mode bit is ignored
 *
 * Random programs are made of these, so that fuzzers and generators draw from
 * the same tables.
 *
 * Return: 0, or a negative errno if the op cannot stand there
 */
int bytes_append_record(struct program *program, const uint8_t *record);

#endif /* BYTES_H */
