/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - a bench: workloads by name, of which one run measures one
 *
 *	bench_X WORKLOAD[:ARGUMENT] COUNT
 *
 * prints what one op of COUNT costs (nanoseconds, or bytes), and a checksum of
 * what was answered. ci/bench starts two of these in turn, and divides: on
 * machines that are shared nothing but a ratio means anything. What a
 * workload prepares is not measured.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "process.h"
#include "quote.h"
#include "util.h"

/* Answers of which the checksum is; they also warm up what is measured */
enum { BENCH_CHECKED = 4 };

/**
 * struct bench - A workload
 * @measure:	What an op costs: bench_each(), bench_whole() or its own
 * @begin:	Prepare; @argument is what follows the colon, or ""
 * @run:	Do it @count times; the checksum of the answers
 */
struct bench {
	const char *name;
	double (*measure)(const struct bench *bench, uint64_t count,
		uint64_t *checksum);
	void (*begin)(const char *argument);
	uint64_t (*run)(uint64_t count);
};

static inline double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* A function of its own, so that callgrind counts what is in it alone */
static __attribute__((noinline)) double bench_timed(const struct bench *bench,
	uint64_t count, uint64_t *checksum)
{
	double start = bench_now();

	*checksum = bench->run(count);
	return (bench_now() - start) / count;
}

/* For ops that can go on for ever. The checksum is of the first ones, so that
 * it does not depend on the count. */
static inline double bench_each(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	uint64_t ignored;

	*checksum = bench->run(BENCH_CHECKED);
	return bench_timed(bench, count, &ignored);
}

/* For a run that begins anew; the checksum is of all of it */
static inline double bench_whole(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	return bench_timed(bench, count, checksum);
}

static inline uint64_t bench_number(const char *text)
{
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9') {
		quote_printf(stderr, "bench: '%s' is no number\n", text);
		exit(2);
	}
	return number;
}

/* The one of that name; what follows the colon is left in @rest */
static inline const struct bench *bench_find(const struct bench *benches,
	size_t count, const char *workload, const char **rest)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(benches[i].name);

		*rest = workload + length;
		if (!strncmp(workload, benches[i].name, length) &&
			(!**rest || *(*rest)++ == ':'))
			return &benches[i];
	}
	return NULL;
}

/* What main() does */
static inline int bench_main(int argc, char **argv, const struct bench *benches,
	size_t count)
{
	const struct bench *bench = NULL;
	uint64_t times = 0, checksum;
	const char *rest;
	double cost;

	process_begin();
	if (argc == 3) {
		bench = bench_find(benches, count, argv[1], &rest);
		times = bench_number(argv[2]);
	}
	if (bench && times) {
		if (bench->begin)
			bench->begin(rest);
		cost = bench->measure(bench, times, &checksum);
		printf("%.3f %" PRIu64 "\n", cost, checksum);
		return process_end("bench", 0);
	}
	fputs("usage: WORKLOAD[:ARGUMENT] COUNT, COUNT above 0; workloads:",
		stderr);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", benches[i].name);
	fputs("\n", stderr);
	return 2;
}

#endif /* BENCH_H */
