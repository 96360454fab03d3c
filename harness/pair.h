/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.h - what the targets do that compare two subjects on sockets
 *
 * DOC: Theory of Operation
 *
 * The input is a program as bytes (program_bytes.h); what one of the two cannot
 * do is taken out of it. The subject "linux" makes a world of its own before
 * the fork server starts, so no input ever meets the machine's own network; and
 * each child makes a fresh one, since what was killed in the middle may have
 * left something.
 *
 * A divergence is minimised. If it is of a class of corpus/divergences it is
 * counted, under its name. If it is of none that is a failure: the minimised
 * program is printed and we abort. With PORTCLASH_FUZZ_KEEP_GOING it is counted
 * and written to $PORTCLASH_FUZZ_DIR/unknown instead, once, and fuzzing goes
 * on: a fuzzer that stops at each known-unknown finds no second one.
 */
#ifndef PAIR_H
#define PAIR_H

#include "fuzz.h"

/** pair_start() - Open both subjects; exits with 3 if there is no such one */
void pair_start(const char *first, const char *second);

/** pair_one() - One input; always 0 */
int pair_one(const uint8_t *data, size_t size);

#endif /* PAIR_H */
