/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzz targets share: counters, and a readable last word
 *
 * DOC: Theory of Operation
 *
 * A fuzzer counts calls of LLVMFuzzerTestOneInput(), each of which may run many
 * programs, and knows nothing of classes. So the targets count themselves, in
 * a file that all their processes map: $PORTCLASH_FUZZ_DIR/counters. Counts
 * thus survive every child that AFL++ ends. Only targets know what is in it:
 * ask "replay --counts" (replay.c). Without the variable nobody reads them.
 *
 * A target that aborts, for whatever reason, first prints the program it was
 * running: an input stands for several, so its bytes alone do not tell.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compare/class.h"
#include "compare/diff.h"
#include "compare/tally.h"

enum { FUZZ_CLASSES_MAX = 1024, FUZZ_PATH_MAX = 4096, UNKNOWN_MAX = 200 };

/* What is behind is not looked at: the command takes no larger program */
enum { INPUT_MAX = 64 * 1024 };

/**
 * struct fuzz_counters - What a target has done
 * @tally:	Of the programs that were run and compared
 * @execs:	Calls of LLVMFuzzerTestOneInput()
 * @refused:	Inputs in which there was nothing to run
 * @unknown_kinds: How many cases of unknown ones were written
 * @failed:	How often a subject did not work
 * @classes:	How often each class was met; ends at the first without a name
 */
struct fuzz_counters {
	struct tally tally;
	uint64_t execs, refused, unknown_kinds, failed;
	struct {
		char name[CLASS_NAME_MAX];
		uint64_t count;
	} classes[FUZZ_CLASSES_MAX];
};

extern struct fuzz_counters *fuzz_counters;

/** fuzz_start() - Map the counters, and print a last word if we abort */
void fuzz_start(void);

/** fuzz_running() - Say which program runs now; it must stay where it is */
void fuzz_running(const struct program *program);

/* The file that is replayed, if any; part of the last word */
extern const char *fuzz_file;

/**
 * fuzz_unpack() - Decode an input
 * @level:	That of this target. What the input says of its level does not
 *		count, or each flip of that one bit would be a program lost
 * @program:	The program; without ops if there is none
 *
 * Return: Is there any op in it?
 */
bool fuzz_unpack(const uint8_t *data, size_t size, enum level level,
	struct program *program);

/** fuzz_class() - Count a known divergence, by the name of its class */
void fuzz_class(const char *name);

/**
 * fuzz_quiet_begin() - From here to fuzz_quiet_end(), coverage does not count
 *
 * It is for code that depends on more than the input. If the fuzzer saw its
 * coverage, it would take it for something new each time.
 */
void fuzz_quiet_begin(void);
void fuzz_quiet_end(void);

/**
 * fuzz_keep() - Write a divergence to $PORTCLASH_FUZZ_DIR/unknown, once
 *
 * At most UNKNOWN_MAX are written: more files would help nobody.
 */
void fuzz_keep(const struct program *program, const char *const names[2],
	const struct divergence *divergence);

/* What a fuzzer calls; the prototypes are LLVM's. The first is fuzz_start(), if
 * a target has none of its own. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_H */
