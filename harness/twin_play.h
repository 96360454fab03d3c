/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin_play.h - a call of an input, whatever it is about (for fuzz_conn)
 *
 * It is made on a twin, which it opens if that is not open yet, or it is about
 * a token, the blocked reader, the descriptors that are to be had, or the
 * process.
 */
#ifndef TWIN_PLAY_H
#define TWIN_PLAY_H

#include "twin_calls.h"

/* A run of an input may take so long, and so may the child's part of it */
enum { TWIN_PLAY_STUCK_S = 20 };

/** twin_play_begin() - Make what the calls of a run are about */
void twin_play_begin(void);

/** twin_play() - Make one call, and compare what both sides say */
void twin_play(struct call call);

/**
 * twin_play_end() - Take all away again, and the blocked reader, too
 *
 * Return: Is this process a child that one of the calls has forked?
 */
bool twin_play_end(void);

#endif /* TWIN_PLAY_H */
