/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far long work is, on stderr
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - One piece of long work
 * @total:	How many steps it has, 0 if time decides
 * @limit:	How many seconds it has, 0 if steps decide
 */
struct progress {
	uint64_t total;
	double limit, start, next;
	bool quiet, tty, said;
};

/** progress_start() - Begin now; @quiet says nothing at all */
void progress_start(struct progress *p, uint64_t total, double limit,
	bool quiet);

/**
 * progress_say() - Say how far it is, if it is time to
 * @done:	How many steps are done
 * @format:	What else to say, as for printf
 *
 * On a terminal a line that renews itself; else a line every ten seconds.
 */
__attribute__((format(printf, 3, 4))) void progress_say(struct progress *p,
	uint64_t done, const char *format, ...);

/** progress_end() - Leave the terminal tidy */
void progress_end(struct progress *p);

/** progress_seconds() - Seconds since the start */
double progress_seconds(const struct progress *p);

#endif /* PROGRESS_H */
