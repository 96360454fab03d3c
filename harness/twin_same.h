/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin_same.h - what two sides did is compared, and told if that is asked for
 */
#ifndef TWIN_SAME_H
#define TWIN_SAME_H

#include <stdbool.h>
#include <sys/types.h>

#include "twin.h"

/* Did anything differ? Is it to be told, on stderr? */
extern bool differs, telling;

/** tell() - As printf(3), if it is to be told */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** same() - What the raw side did is what ours must do */
void same(ssize_t raw, ssize_t ours);

/** same_addr() - The same of calls that return 0 with an address */
void same_addr(ssize_t raw, const struct conn_addr *a, ssize_t ours,
	const struct conn_addr *b);

#endif /* TWIN_SAME_H */
