/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin_calls.h - the calls that may wait, by conn and raw (for fuzz_conn)
 */
#ifndef TWIN_CALLS_H
#define TWIN_CALLS_H

#include <errno.h>

#include "twin.h"

enum { TWIN_SIZE_MAX = 64, TWIN_CALLS = 9 };

/**
 * struct call - A call, as the input has it
 * @a, @b:	Arguments; their meaning depends on @kind
 */
struct call {
	uint8_t kind, slot, a, b;
};

/**
 * struct io - A call that may wait; [0] is ours, [1] the raw side's
 * @addrs:	The addresses to send or connect to
 * @from:	The sender's address
 * @data:	What is written, or was read
 * @child:	The accepted conn of our side
 * @fd:		The accepted socket of the raw side, or -1
 */
struct io {
	struct call call;
	struct conn_addr addrs[2], from[2];
	char data[2][TWIN_SIZE_MAX];
	struct conn *child;
	int fd;
};

/** twin_raw - One attempt: as conn_try */
typedef ssize_t twin_raw(const struct twin *t, struct io *io);

/** twin_ours - The call of conn */
typedef ssize_t twin_ours(const struct twin *t, struct io *io,
	const struct wait *wait);

/**
 * twin_calls - The table of these calls
 * @out:	Does it wait for room to write?
 */
extern const struct twin_pair {
	const char *name;
	bool out;
	twin_raw *raw;
	twin_ours *ours;
} twin_calls[TWIN_CALLS];

/** twin_calls_result() - A count, or a negative errno */
static inline ssize_t twin_calls_result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

#endif /* TWIN_CALLS_H */
