// SPDX-License-Identifier: Apache-2.0
/*
 * replay.c - give files to a fuzz target, without any fuzzer
 *
 *	replay FILE|DIR...
 *	replay --random SEED SECONDS
 *	replay --counts
 *
 * The way to reproduce a crash, to run a corpus as a regression test, and to
 * look at a target with gdb or perf. Exits 0 if all files passed; a target that
 * fails aborts, after the name of the file was printed. 2 is bad usage, 3 that
 * this machine cannot run the target, 5 that there was no file at all.
 * The second form gives random bytes, which only the seed decides: what is
 * found so needs no fuzzer. The third form runs nothing: it says, as one line
 * of JSON, what all the runs with the same $PORTCLASH_FUZZ_DIR have counted.
 */
#include <errno.h>
#include <fts.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"
#include "process.h"
#include "quote.h"
#include "compare/gen.h"
#include "program/case.h"

enum { FILE_MAX = 1 << 20, RANDOM_MAX = 800, SIZES = 6 };

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void replay(const char *path)
{
	size_t size;
	char *data;
	int rc = case_read(path, FILE_MAX, &data, &size);

	if (rc) {
		quote_printf(stderr, "%s: %s\n", path, strerror(-rc));
		exit(2);
	}
	fuzz_file = path;
	LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	fuzz_file = NULL;
	free(data);
}

static bool number(const char *text, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

/* Short inputs are as frequent as long ones: a long one may hide what a short
 * one shows. In every other input no byte has its highest bit, which makes an
 * op literal: those collide more often. */
static void random_inputs(unsigned long seed, unsigned long seconds)
{
	struct gen_random random = { seed };
	time_t end = time(NULL) + seconds;
	uint8_t data[RANDOM_MAX];

	for (uint64_t n = 0; time(NULL) < end; n++) {
		size_t most = sizeof(data) >> n / 2 % SIZES;
		size_t size = gen_random(&random) % (most + 1);

		for (size_t i = 0; i < size; i++)
			data[i] = (gen_random(&random) >> 32) &
				  (n % 2 ? 0x7f : 0xff);
		LLVMFuzzerTestOneInput(data, size);
	}
}

static void add(struct json_object *to, const char *key, uint64_t count)
{
	json_object_object_add(to, key, json_object_new_uint64(count));
}

static void print_counts(void)
{
	const struct fuzz_counters *c = fuzz_counters;
	struct json_object *counts = json_object_new_object();
	struct json_object *classes = json_object_new_object();

	add(counts, "execs", c->execs);
	add(counts, "refused", c->refused);
	add(counts, "unknown_kinds", c->unknown_kinds);
	add(counts, "failed", c->failed);
	add(counts, "programs", c->tally.programs);
	add(counts, "ops", c->tally.ops);
	add(counts, "compared_ops", c->tally.compared_ops);
	add(counts, "incomparable", c->tally.incomparable);
	add(counts, "divergent", c->tally.divergent);
	add(counts, "known", c->tally.known);
	add(counts, "unknown", c->tally.unknown);
	add(counts, "unmodelled", c->tally.unmodelled);
	for (int i = 0; i < FUZZ_CLASSES_MAX && *c->classes[i].name; i++)
		add(classes, c->classes[i].name, c->classes[i].count);
	json_object_object_add(counts, "classes", classes);
	quote_ascii(stdout,
		json_object_to_json_string_ext(counts, JSON_C_TO_STRING_PLAIN));
	putchar('\n');
	json_object_put(counts);
}

static int replay_all(int argc, char **argv)
{
	unsigned long seed, seconds;
	bool draws = argc == 4 && !strcmp(argv[1], "--random") &&
		     number(argv[2], &seed) && number(argv[3], &seconds);
	unsigned int files = 0;
	FTSENT *entry;
	FTS *tree;

	if (argc < 2 || (!strcmp(argv[1], "--random") && !draws)) {
		quote_printf(stderr,
			"usage: %s --counts | --random SEED SECONDS | "
			"FILE|DIR...\n",
			argv[0]);
		return 2;
	}
	if (!strcmp(argv[1], "--counts")) {
		fuzz_start();
		print_counts();
		return 0;
	}
	LLVMFuzzerInitialize(&argc, &argv);
	if (draws) {
		random_inputs(seed, seconds);
		return 0;
	}
	tree = fts_open(argv + 1, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	while (tree && (errno = 0, entry = fts_read(tree))) {
		switch (entry->fts_info) {
		case FTS_F:
			replay(entry->fts_path);
			files++;
			break;
		case FTS_NS:
		case FTS_ERR:
		case FTS_DNR:
			quote_printf(stderr, "%s: %s\n", entry->fts_path,
				strerror(entry->fts_errno));
			return 2;
		}
	}
	if (!tree || errno) {
		quote_printf(stderr, "%s: %s\n", argv[0], strerror(errno));
		return 2;
	}
	fts_close(tree);
	printf("%u files ok: %llu programs, %llu refused, %llu divergent, "
	       "%llu of them unknown\n",
		files, (unsigned long long)fuzz_counters->tally.programs,
		(unsigned long long)fuzz_counters->refused,
		(unsigned long long)fuzz_counters->tally.divergent,
		(unsigned long long)fuzz_counters->tally.unknown);
	return files ? 0 : 5;
}

int main(int argc, char **argv)
{
	process_begin();
	return process_end("replay", replay_all(argc, argv));
}
