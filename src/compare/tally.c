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
	sum->tested += part->tested;
}

uint64_t tally_agreed(const struct tally *tally)
{
	return tally->programs - tally->divergent - tally->incomparable;
}

void tally_json(FILE *file, const struct tally *tally)
{
	fprintf(file,
		"\"programs\":%llu,\"ops\":%llu,\"compared_ops\":%llu,"
		"\"incomparable\":%llu,\"divergent\":%llu,\"known\":%llu,"
		"\"unknown\":%llu",
		(unsigned long long)tally->programs,
		(unsigned long long)tally->ops,
		(unsigned long long)tally->compared_ops,
		(unsigned long long)tally->incomparable,
		(unsigned long long)tally->divergent,
		(unsigned long long)tally->known,
		(unsigned long long)tally->unknown);
}
