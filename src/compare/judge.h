/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - what a program shows of two subjects, and what sort of thing it is
 *
 * DOC: Theory of Operation
 *
 * All who compare go the same way: two traces are compared, and what came of it
 * is counted; a divergence is minimised, looked up among the classes, and
 * counted as known or unknown. Who has met a divergence before may leave the
 * second half out: minimising costs a hundred times what comparing does.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "class.h"
#include "tally.h"

/**
 * struct judge - Who compares
 * @pair:	The two subjects
 * @names:	What they are called
 * @classes:	The known classes, or NULL: none
 * @tally:	Counted in
 * @asked:	Somebody asks for just these programs: each may be a test
 */
struct judge {
	struct pair *pair;
	const char *const *names;
	const struct class_list *classes;
	struct tally *tally;
	bool asked;
};

/**
 * struct finding - A divergence, minimised
 * @number:	Of the program it was found in
 * @class_case:	Index of its case in those of the classes, or -1
 * @count:	How often it was found
 */
struct finding {
	struct program program;
	struct divergence divergence;
	uint64_t number;
	uint64_t count;
	int class_case;
};

/**
 * judge_traces() - Compare two traces of a program, and count it
 * @finding:	If they diverge: the program, not minimised, and where
 */
enum verdict judge_traces(const struct judge *judge,
	const struct program *program, const struct trace *a,
	const struct trace *b, struct finding *finding);

/**
 * judge_finding() - Minimise a divergence, find its class, and count it
 * @finding:	From judge_traces(); changed in place
 *
 * Return: DIVERGE, -EAGAIN if it does not happen again (it is counted as
 *	   incomparable, and @finding->divergence is as it was), or a negative
 *	   errno from a subject
 */
int judge_finding(const struct judge *judge, struct finding *finding);

/** judge_count() - Count a divergence of a known class, or of none */
void judge_count(const struct judge *judge, bool known);

/**
 * judge_program() - Run a program on both, judge_traces(), judge_finding()
 *
 * Return: A verdict, or a negative errno as above
 */
int judge_program(const struct judge *judge, const struct program *program,
	struct finding *finding);

#endif /* JUDGE_H */
