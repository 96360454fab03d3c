/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h - for benches: medians, and rows for people and for ci/bench
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline int bench_by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_by_size);
	return values[count / 2];
}

/* Print a row as a line of text, and as one of the list {"rows":[...]}. It is
 * ok if @ratio is not below @target. */
static inline void bench_row(const char *name, double ours, double theirs,
	double ratio, double target, const char *note)
{
	static bool any;

	fprintf(stderr, "%-44s %12.0f  %12.0f  %.2f%s\n", name, ours, theirs,
		ratio, note);
	printf("%s{\"name\":\"%s\",\"ours\":%.0f,\"theirs\":%.0f,"
	       "\"ratio\":%.3f,\"target\":%.2f,\"ok\":%s}",
		any ? "," : "{\"rows\":[", name, ours, theirs, ratio, target,
		ratio >= target ? "true" : "false");
	any = true;
}

#endif /* BENCH_H */
