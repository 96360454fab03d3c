/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin_wait.h - a call that may wait, on both sides (for fuzz_conn)
 */
#ifndef TWIN_WAIT_H
#define TWIN_WAIT_H

#include "twin_calls.h"

/**
 * twin_wait_call() - Make it, and compare; what is accepted is a twin, too
 * @which:	Its place in twin_calls
 */
void twin_wait_call(struct twin *twin, unsigned int which, struct call call);

#endif /* TWIN_WAIT_H */
