/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flagcount.h - how many references each combination of flags has
 *
 * For those who keep ports themselves, as the package has it. Our port manager
 * keeps the same more tightly (portman_table.h). Of one counter, no function is
 * thread-safe.
 */
#ifndef FLAGCOUNT_H
#define FLAGCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "portclash.h"

PORTCLASH_BEGIN

/**
 * struct flagcount - References by combination of the three flag bits
 * @refs:	One count for each combination, 0 to 7
 *
 * All zero is empty. Counts may be negative: a reference dropped under the
 * wrong flags is remembered, as upstream does.
 */
struct flagcount {
	int64_t refs[8];
};

/**
 * flagcount_add() - Add a reference of one combination of flags
 *
 * Return: 0, or -EINVAL and nothing done: flags above 7, or NULL
 */
int flagcount_add(struct flagcount *c, uint8_t flags);

/**
 * flagcount_drop() - Drop a reference, even one that is not there
 *
 * Return: 0, or -EINVAL and nothing done: flags above 7, or NULL
 */
int flagcount_drop(struct flagcount *c, uint8_t flags);

/* The rest is about a counter that is there: it may not be NULL. */

/**
 * flagcount_total() - How many references there are
 *
 * Return: The sum of all counts, negative ones included
 */
long flagcount_total(const struct flagcount *c);

/**
 * flagcount_refs() - References that have all of @flags
 *
 * Return: The sum over the combinations that contain @flags; with 0 the total,
 *	   with bits above 7 nothing can contain them: 0
 */
long flagcount_refs(const struct flagcount *c, uint8_t flags);

/**
 * flagcount_all_have() - Does every reference have all of @flags?
 *
 * Return: Yes or no
 */
bool flagcount_all_have(const struct flagcount *c, uint8_t flags);

/**
 * flagcount_shared() - Which flags does every reference have?
 *
 * Only positive counts limit it.
 *
 * Return: The flags; 7 if there is no reference
 */
uint8_t flagcount_shared(const struct flagcount *c);

PORTCLASH_END

#endif /* FLAGCOUNT_H */
