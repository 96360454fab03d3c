// SPDX-License-Identifier: Apache-2.0
/*
 * flagcount.c - how many references each combination of flags has
 */
#include "flagcount.h"

#include <errno.h>

#include "util.h"

int flagcount_add(struct flagcount *c, uint8_t flags)
{
	if (!c || flags >= ARRAY_SIZE(c->refs))
		return -EINVAL;
	c->refs[flags]++;
	return 0;
}

int flagcount_drop(struct flagcount *c, uint8_t flags)
{
	if (!c || flags >= ARRAY_SIZE(c->refs))
		return -EINVAL;
	c->refs[flags]--;
	return 0;
}

long flagcount_total(const struct flagcount *c)
{
	return flagcount_refs(c, 0);
}

long flagcount_refs(const struct flagcount *c, uint8_t flags)
{
	long sum = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(c->refs); i++)
		if ((i & flags) == flags)
			sum += c->refs[i];
	return sum;
}

bool flagcount_all_have(const struct flagcount *c, uint8_t flags)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(c->refs); i++)
		if ((i & flags) != flags && c->refs[i] > 0)
			return false;
	return true;
}

uint8_t flagcount_shared(const struct flagcount *c)
{
	uint8_t shared = ARRAY_SIZE(c->refs) - 1;

	for (unsigned int i = 0; i < ARRAY_SIZE(c->refs); i++)
		if (c->refs[i] > 0)
			shared &= i;
	return shared;
}
