/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h - the numbers of every comparison: how many, and what they came to
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

/**
 * struct tally - What came of some programs
 * @programs:	How many were run
 * @ops:	How many ops they have
 * @compared_ops: Of these, those before the first n/a or divergence; behind a
 *		divergence, those that the models of both have right
 * @incomparable: Programs with an n/a before any divergence, or that diverged
 *		once, and then not again
 * @divergent:	Programs that diverged
 * @known:	Of these, those of a known class
 * @unknown:	Those of none
 * @unmodelled:	And those of which a model does not say what is right
 * @tested:	Programs that diverged, or were compared to their end; not one
 *		of our own making in which sockets only come and go
 */
struct tally {
	uint64_t programs, ops, compared_ops, incomparable, divergent, known,
		unknown, unmodelled, tested;
};

/** tally_add() - Add one to another */
void tally_add(struct tally *sum, const struct tally *part);

/** tally_agreed() - How many programs agreed to their end? */
uint64_t tally_agreed(const struct tally *tally);

#endif /* TALLY_H */
