// SPDX-License-Identifier: Apache-2.0
/*
 * bench_class.c - what it costs to find the class of a divergence
 *
 * Random programs run on a system and on the specification of Linux. COUNT is
 * of those that diverge; class_find() is asked about each of them. "gvisor" is
 * the model of gVisor, "lwip" its agent. The argument is a percentage: of 99,
 * 99 of 100 divergences cost no more than what is printed, and of 100 none
 * does. It is CPU time of this thread, in nanoseconds. Each is asked three
 * times, of which the quickest counts: interrupts are no work of ours.
 */
#include "bench.h"

#include "compare/class.h"
#include "compare/gen.h"
#include "subjects/subjects.h"

enum { COUNT_MAX = 100000, BATCH = 64, SEED = 14, TIMES = 3 };

static struct subject subjects[2];
static struct pair pair;
static struct class_list classes;
static struct class_finder finder;
static double costs[COUNT_MAX];
static uint64_t percent;

static void fail(const char *why)
{
	quote_printf(stderr, "bench: %s\n", why);
	exit(3);
}

static void begin(const char *const names[2], const char *argument)
{
	struct text_error error;

	percent = bench_number(argument);
	if (percent > 100)
		fail("no percentage above 100");
	for (int i = 0; i < 2; i++)
		if (subjects_open(&subjects[i], names[i]))
			fail(subjects[i].why);
	if (diff_pair(&pair, &subjects[0], &subjects[1]))
		fail("no ops in common");
	if (class_load("corpus/divergences", &classes, &error))
		fail(error.message);
	if (class_finder_open(&finder, &classes, names))
		fail(finder.why);
}

static void begin_gvisor(const char *argument)
{
	begin((const char *const[2]){ "portman", "spec@6.18" }, argument);
}

static void begin_lwip(const char *argument)
{
	begin((const char *const[2]){ "lwip", "spec@6.18" }, argument);
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint64_t classify(const struct program *program,
	const struct trace *traces[2], unsigned int index, double *cost)
{
	const struct question question = {
		.program = program,
		.traces = { traces[0], traces[1] },
		.follower = diff_follower(&pair),
		.index = index,
	};
	struct class_answer answer;
	uint64_t sum;

	for (int i = 0; i < TIMES; i++) {
		double start = cpu_now(), took;

		if (class_find(&finder, &question, &answer))
			fail("class_find");
		took = cpu_now() - start;
		if (!i || took < *cost)
			*cost = took;
	}
	sum = answer.verdict;
	for (unsigned int i = 0; i < answer.count; i++)
		sum = sum * CLASSES_MAX + answer.set[i];
	return sum;
}

static int by_cost(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The cost of one divergence that so many do not exceed; all are prepared and
 * asked one by one. */
static double measure(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	static struct program programs[BATCH];
	static struct trace a[BATCH], b[BATCH];
	struct trace *traces[2] = { a, b };
	uint64_t found = 0, next = 0;
	struct divergence divergence;

	(void)bench;
	if (count > COUNT_MAX)
		fail("too many");
	*checksum = 0;
	while (found < count) {
		for (int i = 0; i < BATCH; i++)
			gen_program(SEED, next++, &pair.can, LEVEL_SOCKET,
				&programs[i]);
		if (diff_run(&pair, programs, BATCH, traces))
			fail(subjects[0].why);
		for (int i = 0; i < BATCH && found < count; i++)
			if (diff_traces(&programs[i], &a[i], &b[i],
				    &divergence) == DIVERGE)
				*checksum = *checksum * 31 +
					    classify(&programs[i],
						    (const struct trace *[2]){
							    &a[i], &b[i] },
						    divergence.index,
						    &costs[found++]);
	}
	qsort(costs, count, sizeof(*costs), by_cost);
	return costs[percent ? (count * percent - 1) / 100 : 0];
}

static const struct bench benches[] = {
	{ "gvisor", measure, begin_gvisor, NULL },
	{ "lwip", measure, begin_lwip, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches));
}
