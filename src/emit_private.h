/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit_private.h - what an emitted C program may need
 */
#ifndef EMIT_PRIVATE_H
#define EMIT_PRIVATE_H

/* Each is a function, and comes after those that it needs */
enum emit_need {
	EMIT_WORLD,
	EMIT_VETH,
	EMIT_IN4,
	EMIT_IN6,
	EMIT_AS,
	EMIT_DIAL,
	EMIT_PORT_OF,
	EMIT_EXPECT_NAME,
	EMIT_DEVICE,
	EMIT_PUT,
	EMIT_EXPECT_VALUE,
	EMIT_V6ONLY,
	EMIT_NEEDS
};

/* Their text, and what is before all of them */
extern const char *const emit_helpers[EMIT_NEEDS];
extern const char emit_head[];

#endif /* EMIT_PRIVATE_H */
