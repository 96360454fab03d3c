/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_subjects.h - what targets share that compare two subjects on sockets
 *
 * DOC: Theory of Operation
 *
 * The input is a program as bytes (bytes.h). Ops that one of the two
 * cannot do are taken out of it. The subject "linux" makes a world of its own
 * before the fork server starts, so no input ever meets the machine's own
 * network. Each child makes a fresh world, since a child that was killed may
 * have left something behind.
 *
 * With PORTCLASH_FUZZ_VARIANTS=N, N variants of each program are run as well,
 * which only the input decides.
 *
 * A divergence of known classes (class.h) is counted under their names. If it
 * is of none, that is a failure: it is minimised and printed, and the target
 * aborts. With PORTCLASH_FUZZ_KEEP_GOING it is counted instead, and written
 * once to $PORTCLASH_FUZZ_DIR/unknown. Then fuzzing goes on: a fuzzer that
 * stops at the first unknown divergence finds no second one.
 */
#ifndef TWO_SUBJECTS_H
#define TWO_SUBJECTS_H

#include "fuzz.h"

/**
 * two_subjects_start() - Open both; exits with 3 if the second is not here
 *
 * They are types, and not names, so that a target links what it asks.
 */
void two_subjects_start(const struct subject_type *first,
	const struct subject_type *second);

/** two_subjects_one() - One input; always 0 */
int two_subjects_one(const uint8_t *data, size_t size);

#endif /* TWO_SUBJECTS_H */
