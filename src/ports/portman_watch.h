/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_watch.h - the steps of a port manager's answers (private to us)
 *
 * DOC: Theory of Operation
 *
 * A manager answers in steps, such as: a device keeps two holders apart; a
 * wildcard meets every address. A model of gVisor has to know which steps had a
 * part in an answer, and what the answer would be without one of them. So a
 * manager can be watched. Then it judges one by one, which is the definition.
 * If it is not watched, the steps cost nothing, and quicker ways are taken that
 * come to the same.
 */
#ifndef PORTMAN_WATCH_H
#define PORTMAN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct portman;

/**
 * enum portman_step - A step that can be left out
 * @STEP_IN_USE: A port that is not free is refused
 * @STEP_TUPLE_IN_USE: The same of a tuple
 * @STEP_SAME_DEST: With the same destination, all flags must agree
 * @STEP_WILDCARD_DEST: A wildcard destination meets every other one
 * @STEP_FORGIVING_DEST: There, two of the holder's flags are not asked for
 * @STEP_OTHER_DEVICE: Two devices are apart
 * @STEP_NO_DEVICE_HELD: A device meets what is held without one
 * @STEP_NO_DEVICE_WANTED: Without a device, those of every device are met
 * @STEP_ONE_FLAG: All holders at one address must have a flag in common
 * @STEP_EACH_ADDRESS: But those of another address, or network, need not
 * @STEP_WILDCARD_HELD: An address meets the wildcard that is held
 * @STEP_WILDCARD_WANTED: The wildcard meets every address
 * @STEP_CHOSEN_TCP: At a TCP port that we choose, flags do not help
 * @STEP_CHOSEN_ENTRY: There and without a device, what does not count is in the
 *		way, too
 * @STEP_ANY_RELEASE: A reference is dropped even if nobody has added it
 * @STEP_TUPLE_ITSELF: A tuple with a repeated network meets itself
 * @STEP_WRAP:	The sum of offset and count wraps at 32 bits
 * @STEP_16_BITS: The count of a range has 16 bits
 * @STEP_HINT:	A stable pick moves the hint
 */
enum portman_step {
	STEP_IN_USE,
	STEP_TUPLE_IN_USE,
	STEP_SAME_DEST,
	STEP_WILDCARD_DEST,
	STEP_FORGIVING_DEST,
	STEP_OTHER_DEVICE,
	STEP_NO_DEVICE_HELD,
	STEP_NO_DEVICE_WANTED,
	STEP_ONE_FLAG,
	STEP_EACH_ADDRESS,
	STEP_WILDCARD_HELD,
	STEP_WILDCARD_WANTED,
	STEP_CHOSEN_TCP,
	STEP_CHOSEN_ENTRY,
	STEP_ANY_RELEASE,
	STEP_TUPLE_ITSELF,
	STEP_WRAP,
	STEP_16_BITS,
	STEP_HINT,
	PORTMAN_STEPS
};

/**
 * struct portman_watch - Which steps are left out, and which had a part
 * @without:	A bit for each step that is left out
 * @met:	A bit for each that had a part since somebody cleared it
 */
struct portman_watch {
	uint32_t without, met;
};

/**
 * portman_watch() - Watch a manager from now on
 * @pm:		Not used by another thread, now or later
 * @watch:	Read and written in every call on @pm; NULL ends it
 */
void portman_watch(struct portman *pm, struct portman_watch *watch);

/**
 * portman_left_out() - A step has a part now: is it left out?
 * @watch:	NULL: no step is left out
 */
static inline bool portman_left_out(struct portman_watch *watch,
	enum portman_step step)
{
	if (!watch)
		return false;
	if (watch->without >> step & 1)
		return true;
	watch->met |= UINT32_C(1) << step;
	return false;
}

#endif /* PORTMAN_WATCH_H */
