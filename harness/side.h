/* SPDX-License-Identifier: Apache-2.0 */
/*
 * side.h - what two sides did is compared, and told if that is asked for
 */
#ifndef SIDE_H
#define SIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "twin.h"

/* Did anything differ? Is it to be told, on stderr? */
extern bool differs, telling;

/** side_tell() - As printf(3), if it is to be told */
void side_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** side_same() - What the raw side did is what ours must do */
void side_same(ssize_t raw, ssize_t ours);

/** side_same_addr() - The same of calls that return 0 with an address */
void side_same_addr(ssize_t raw, const struct conn_addr *a, ssize_t ours,
	const struct conn_addr *b);

#endif /* SIDE_H */
