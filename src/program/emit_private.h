/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit_private.h - what an emitted C program may need
 */
#ifndef EMIT_PRIVATE_H
#define EMIT_PRIVATE_H

#include <stdio.h>

#include "text.h"

/* Each is a function, and comes after those that it needs */
enum emit_need {
	EMIT_WORLD,
	EMIT_VETH,
	EMIT_MPTCP,
	EMIT_IN4,
	EMIT_IN6,
	EMIT_AS,
	EMIT_DIAL,
	EMIT_PORT_OF,
	EMIT_EXPECT_NAME,
	EMIT_DEVICE,
	EMIT_PUT,
	EMIT_RANGE,
	EMIT_EXPECT_VALUE,
	EMIT_V6ONLY,
	EMIT_NEEDS
};

/* What is before all of them */
extern const char emit_head[];

enum { EMIT_TEXT_MAX = 256 };

/**
 * struct emitter - A program that is being written
 * @text:	The case
 * @file:	Where its calls are written to
 * @need:	A bit for each emit_need
 * @open:	A bit for each socket that is open
 * @used:	A bit for each socket that ever was
 * @told:	A bit for each socket whose port another op asks for
 * @devices:	It names those of veth
 */
struct emitter {
	const struct case_text *text;
	FILE *file;
	unsigned int need, open, used, told;
	bool devices;
};

/** emit_helper() - Write that function */
void emit_helper(enum emit_need need, FILE *file);

/** emit_use() - The program needs that function */
void emit_use(struct emitter *e, enum emit_need need);

/** emit_uses() - Does it? */
bool emit_uses(const struct emitter *e, enum emit_need need);

/** emit_variable() - A socket's name in C; until the next call */
const char *emit_variable(const struct emitter *e, unsigned int sock);

/** emit_put() - Write to the program, as printf */
__attribute__((format(printf, 2, 3))) void emit_put(const struct emitter *e,
	const char *format, ...);

/**
 * emit_op() - Begin a call of a function that takes the op's text first
 * @function:	One that emit_helper() writes
 * @text:	The op
 */
void emit_op(const struct emitter *e, const char *function, const char *text);

/** emit_call() - Write the op as an expression, -1 if it fails */
void emit_call(struct emitter *e, const struct op *op);

/**
 * emit_get() - Write an op whose value is compared
 * @text:	The op
 * @want:	Its outcome
 *
 * Return: false if there is no value to compare
 */
bool emit_get(struct emitter *e, const struct op *op, const char *text,
	const struct outcome *want);

#endif /* EMIT_PRIVATE_H */
