/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - what a program shows of two subjects, and what sort of thing it is
 *
 * DOC: Theory of Operation
 *
 * All who compare go the same way: two traces are compared, and what came of it
 * is counted; of a divergence the class is found, and it is counted as known,
 * unknown or unmodelled. That is done with the program as it is: it is
 * minimised only for people, if there is something to show.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "class.h"
#include "tally.h"

/**
 * struct judge - Who compares
 * @pair:	The two subjects
 * @finder:	Finds the classes of the two, or NULL: they have none
 * @tally:	Counted in
 * @asked:	Somebody asks for just these programs: each may be a test
 */
struct judge {
	struct pair *pair;
	struct class_finder *finder;
	struct tally *tally;
	bool asked;
};

/**
 * struct finding - A divergence
 * @number:	Of the program it was found in
 * @count:	How often it was found
 * @answer:	What it is
 */
struct finding {
	struct program program;
	struct divergence divergence;
	uint64_t number;
	uint64_t count;
	struct class_answer answer;
};

/** judge_alike() - Do two diverge at one kind of op, with the same outcomes? */
bool judge_alike(const struct finding *a, const struct finding *b);

/**
 * judge_traces() - Compare two traces of a program, and count it
 * @finding:	If they diverge: the program, not minimised, and where
 */
enum verdict judge_traces(const struct judge *judge,
	const struct program *program, const struct trace *a,
	const struct trace *b, struct finding *finding);

/**
 * judge_finding() - Find the class of a divergence, and count it
 * @finding:	From judge_traces(); its answer is filled in
 * @a, @b:	The traces
 *
 * What is of no class is run once more: only if it diverges again, and is of no
 * class again, it is unknown.
 *
 * Return: DIVERGE, -EAGAIN if it does not happen again (it is counted as
 *	   incomparable), or a negative errno from a subject
 */
int judge_finding(const struct judge *judge, struct finding *finding,
	const struct trace *a, const struct trace *b);

/**
 * judge_program() - Run a program on both, judge_traces(), judge_finding()
 *
 * Return: A verdict, or a negative errno as above
 */
int judge_program(const struct judge *judge, const struct program *program,
	struct finding *finding);

/**
 * judge_minimize() - Make a finding small, for people
 * @finding:	Changed in place; it stays of the same class, or unknown
 *
 * Return: 0, -EAGAIN if it does not happen again (it is as it was), or a
 *	   negative errno from a subject
 */
int judge_minimize(const struct judge *judge, struct finding *finding);

#endif /* JUDGE_H */
