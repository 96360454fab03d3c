/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - the first op at which two traces differ
 *
 * DOC: Theory of Operation
 *
 * diff_pair() settles once, for two open subjects, which of them leads and on
 * which level they are compared. diff_run() makes two traces of each program,
 * and diff_traces() compares two traces.
 *
 * The verdict. Ops are compared in order, up to the first for which an outcome
 * is n/a (INCOMPARABLE), or for which the outcomes differ (DIVERGE). Later ops
 * are not looked at. Before that op both subjects were asked the same, and gave
 * the same answers; so a difference at it is between the subjects. After it
 * their states differ, and what they answer is consequence. n/a says that a
 * subject cannot be asked, or that its model does not know; so it is neither
 * agreement nor divergence, and is counted apart.
 *
 * Leader and follower. A kernel begins its search for a port at a random place,
 * so two subjects that choose alike still choose different numbers, and all
 * later ops would be about different ports. A subject that *follows* is a model
 * that can be steered (spec, portman). It runs second, and is told the outcome
 * that the leader had for each op. Where it has to choose a port, it chooses
 * the leader's, or answers otherwise. So the question is no longer which port
 * each of them chose, but whether the follower allows the leader's. Therefore
 * the number of a port that a socket got is never compared. If both can follow,
 * the first one leads.
 *
 * The cut. If the second cannot follow (one kernel beside another, or what is
 * under a law), each chooses for itself. From the first op for which they chose
 * different ports, their traces mean nothing beside each other:
 * diff_run() makes all later outcomes n/a in both. That op itself is still
 * compared, since both of them did choose a port. But it is made n/a, too,
 * where it is the chance choice that shows in it: as a `get` of that port, or
 * as a connect of which one happened to choose its own destination, and so met
 * itself. A `get` is compared as it is if the program said the port of that
 * socket, since nobody chose that one. On reservations nothing is cut: there
 * the choice of a port is a function of the program, and is compared.
 */
#ifndef DIFF_H
#define DIFF_H

#include "subjects/subject.h"

enum verdict { AGREE, DIVERGE, INCOMPARABLE };

/**
 * struct divergence - Where two traces part
 * @index:	The op; for INCOMPARABLE the first n/a
 * @outcomes:	What each of the two gave
 * @before:	The first one's trace: up to @index both are the same. Only if
 *		they DIVERGE
 */
struct divergence {
	unsigned int index;
	struct outcome outcomes[2];
	struct trace before;
};

/**
 * diff_traces() - Compare two traces of one program
 * @program:	The program
 * @a, @b:	Its traces
 * @divergence:	Filled in unless they agree
 *
 * Outcomes are compared by outcome_same().
 *
 * Return: A verdict
 */
enum verdict diff_traces(const struct program *program, const struct trace *a,
	const struct trace *b, struct divergence *divergence);

/**
 * struct pair - Two subjects to compare, and the one that leads
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

/** diff_has_level() - Can both be asked ops of a level? */
bool diff_has_level(const struct pair *pair, enum level level);

/** diff_follower() - Which of the two follows the other, or -1 */
int diff_follower(const struct pair *pair);

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

#endif /* DIFF_H */
