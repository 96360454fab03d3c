/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin_once.h - the calls that do not wait, on both sides (for fuzz_conn)
 */
#ifndef TWIN_ONCE_H
#define TWIN_ONCE_H

#include "twin_calls.h"

enum { TWIN_ONCE_CALLS = 9 };

/**
 * twin_once - The table of these calls: each makes one, and compares
 *
 * The raw side of a twin that is closed says EBADF.
 */
extern const struct twin_both {
	const char *name;
	void (*make)(struct twin *t, struct call call);
} twin_once[TWIN_ONCE_CALLS];

#endif /* TWIN_ONCE_H */
