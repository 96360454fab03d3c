/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant.h - programs on sockets that are nearly another one
 *
 * A fuzzer needs some 13 us for an input, however little is done with it, and a
 * program is run in less. So a target may run variants of each input, too.
 */
#ifndef VARIANT_H
#define VARIANT_H

#include "compare/gen.h"
#include "program/program.h"

/**
 * variant_make() - Edit a program in one to three places
 * @random:	What decides where and how
 * @from:	A program on sockets, with at least one op
 * @to:		The variant, well formed; it may have no op
 */
void variant_make(struct gen_random *random, const struct program *from,
	struct program *to);

/** variant_insert() - Put an op somewhere; what cannot stand then is dropped */
void variant_insert(struct program *program, unsigned int at, struct op op);

#endif /* VARIANT_H */
