/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.h - long work that is asked to stop says what there is
 *
 * The first SIGINT or SIGTERM only asks: whoever works looks here from time to
 * time, ends, and reports. The second one ends the process at once.
 */
#ifndef STOP_H
#define STOP_H

#include <sys/types.h>

/** stop_begin() - From now on, be asked first; not by what is ignored */
void stop_begin(void);

/** stop_child() - In a process forked for work: its parent is who is asked */
void stop_child(void);

/** stop_kill() - Have a child killed when we are asked, or were; 0: none */
void stop_kill(pid_t child);

/** stop_asked() - Which signal has asked to stop, or 0 */
int stop_asked(void);

#endif /* STOP_H */
