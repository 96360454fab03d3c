/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen.h - random programs, each a function of a seed and a number
 */
#ifndef GEN_H
#define GEN_H

#include "subjects/subject.h"

/**
 * struct gen_random - Repeatable random numbers (splitmix64)
 */
struct gen_random {
	uint64_t state;
};

/** gen_random() - The next 64 bits */
uint64_t gen_random(struct gen_random *random);

/** gen_below() - A number below @n, which is not 0 */
unsigned int gen_below(struct gen_random *random, unsigned int n);

/**
 * gen_program() - A random program for subjects that have these capabilities
 * @seed:	Which stream of programs
 * @index:	Which program of it; any can be made without the others
 * @can:	What may be in it
 * @level:	Which ops; @can must have some of it
 * @program:	Overwritten
 */
void gen_program(uint64_t seed, uint64_t index, const struct capabilities *can,
	enum level level, struct program *program);

#endif /* GEN_H */
