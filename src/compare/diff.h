/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - the first op at which two traces differ
 */
#ifndef DIFF_H
#define DIFF_H

#include "subjects/subject.h"

enum verdict { AGREE, DIVERGE, INCOMPARABLE };

/**
 * struct divergence - Where two traces part; what follows is consequence
 * @index:	The op; for INCOMPARABLE the first n/a
 * @outcomes:	What each of the two gave
 * @before:	The first one's trace: up to there both are the same
 */
struct divergence {
	unsigned int index;
	struct outcome outcomes[2];
	struct trace before;
};

/** diff_outcomes() - Are they the same, for this op at this level? */
bool diff_outcomes(const struct op *op, const struct outcome *a,
	const struct outcome *b);

/**
 * diff_traces() - Compare two traces of one program
 * @program:	The program
 * @a, @b:	Its traces
 * @divergence:	Filled in unless they agree
 *
 * An errno is compared by name and a value where there is one; a port that a
 * socket's subject chose is not compared.
 *
 * Return: A verdict
 */
enum verdict diff_traces(const struct program *program, const struct trace *a,
	const struct trace *b, struct divergence *divergence);

/**
 * struct pair - Two subjects to compare, and who tells whom the ports
 * @subjects:	As asked for
 * @leader:	Index of the one that runs first
 * @can:	What both can
 * @level:	Which level they are compared on
 */
struct pair {
	struct subject *subjects[2];
	int leader;
	struct capabilities can;
	enum level level;
};

/** diff_pair() - Fill in a pair; 0, or -EINVAL: no level in common */
int diff_pair(struct pair *pair, struct subject *a, struct subject *b);

/**
 * diff_run() - Run programs on both subjects
 * @pair:	From diff_pair()
 * @programs:	@count programs
 * @traces:	@count traces of each of the two, filled in. Where neither can
 *		follow the other, all is n/a after an op for which they chose
 *		different ports
 *
 * Return: 0, or a negative errno from the subject that failed
 */
int diff_run(struct pair *pair, const struct program *programs, size_t count,
	struct trace *traces[2]);

/**
 * diff_one() - Run one program on both subjects
 *
 * Return: A verdict, or a negative errno
 */
int diff_one(struct pair *pair, const struct program *program,
	struct divergence *divergence);

#endif /* DIFF_H */
