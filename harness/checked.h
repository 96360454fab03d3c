/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checked.h - the port manager as a subject that is checked as it goes
 *
 * It is portman at the level of reservations, but its structure must be as
 * portman_check() has it, at the end of each program at least; and OP_SAVE must
 * give a manager that is saved as the same bytes. What is not so aborts.
 */
#ifndef CHECKED_H
#define CHECKED_H

#include "subjects/subject.h"

/** checked_open() - Make it ready; it can do what @like can */
void checked_open(struct subject *subject, const struct subject *like);

/** checked_each_op() - Check it after ops, too, and not only at the end? */
void checked_each_op(bool on);

#endif /* CHECKED_H */
