/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_verify.h - make the situation again, and really ask
 */
#ifndef WHY_VERIFY_H
#define WHY_VERIFY_H

#include "why.h"

/**
 * struct why_verified - What a network that was made like this one did
 * @unasked:	Why it was not asked, or NULL; a string that stays
 * @error:	The errno of bind, listen or connect; 0 for none
 * @listen:	It was listen that failed
 * @made, @missing: So many holders are there as they were, and so many are not:
 *		nobody can make TIME_WAIT, nor sockets of users that we cannot
 *		be
 */
struct why_verified {
	const char *unasked;
	int error;
	bool listen;
	unsigned int made, missing;
};

/**
 * why_verify() - Make the situation in a network of its own, and ask there
 *
 * It is made by a process that is gone when this returns. What is not known is
 * taken for not set. A peer of connect is not made: whether it would answer is
 * no part of the question.
 *
 * Return: 0, -EPERM (no network of our own), or another negative errno
 */
int why_verify(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	struct why_verified *verified);

#endif /* WHY_VERIFY_H */
