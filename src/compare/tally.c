// SPDX-License-Identifier: Apache-2.0
/*
 * tally.c - the numbers of every comparison: how many, and what they came to
 */
#include "tally.h"

void tally_add(struct tally *sum, const struct tally *part)
{
	sum->programs += part->programs;
	sum->ops += part->ops;
	sum->compared_ops += part->compared_ops;
	sum->incomparable += part->incomparable;
	sum->divergent += part->divergent;
	sum->known += part->known;
	sum->unknown += part->unknown;
	sum->unmodelled += part->unmodelled;
	sum->tested += part->tested;
}

uint64_t tally_agreed(const struct tally *tally)
{
	return tally->programs - tally->divergent - tally->incomparable;
}
