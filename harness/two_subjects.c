// SPDX-License-Identifier: Apache-2.0
/*
 * two_subjects.c - one input for two subjects, whose traces must be the same
 */
#include "two_subjects.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quote.h"
#include "util.h"
#include "variant.h"
#include "compare/divergence.h"
#include "compare/judge.h"

enum { VARIANTS_MAX = 64 };

static const struct subject_type *types[2];
static const char *names[2];
static struct subject subjects[2];
static struct pair pair;
static struct class_list classes;
static struct class_finder finder;
static struct judge judge = { .pair = &pair, .finder = &finder, .asked = true };
static pid_t owner; /* of the world */
static bool keep_going;
static unsigned int variants;

static void open_world(void)
{
	if (subject_open(&subjects[1], types[1], names[1])) {
		quote_printf(stderr, "%s: %s\n", names[1], subjects[1].why);
		exit(3);
	}
	ASSERT(!diff_pair(&pair, &subjects[0], &subjects[1]));
	owner = getpid();
	/* Where there is no means for it, it goes on without. */
	subject_confine(subjects, 2);
}

/* $PORTCLASH_CORPUS, or corpus/ beside the binary, or else two directories
 * above: build/afl/fuzz_... */
static void load_classes(void)
{
	const char *corpus = getenv("PORTCLASH_CORPUS");
	char self[FUZZ_PATH_MAX], path[FUZZ_PATH_MAX + 32];
	struct text_error error = { 0 };
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[MAX(length, 0)] = '\0';
	dirname(self);
	if (corpus)
		snprintf(path, sizeof(path), "%s/divergences", corpus);
	else
		snprintf(path, sizeof(path), "%s/corpus/divergences", self);
	if (!corpus && access(path, F_OK))
		snprintf(path, sizeof(path), "%s/../../corpus/divergences",
			self);
	if (class_load(path, &classes, &error)) {
		quote_printf(stderr, "%s%s\n", error.message,
			corpus ? "" :
				 "; $PORTCLASH_CORPUS names another corpus");
		exit(corpus ? 2 : 3);
	}
}

/* How many variants of each input are run, too: none if nothing is said */
static unsigned int read_variants(void)
{
	const char *text = getenv("PORTCLASH_FUZZ_VARIANTS");
	unsigned long value;
	char *end;

	if (!text)
		return 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > VARIANTS_MAX) {
		quote_printf(stderr,
			"PORTCLASH_FUZZ_VARIANTS: expected 0 to %d, found "
			"'%s'\n",
			VARIANTS_MAX, text);
		exit(2);
	}
	return value;
}

void two_subjects_start(const struct subject_type *first,
	const struct subject_type *second)
{
	types[0] = first;
	types[1] = second;
	names[0] = first->name;
	names[1] = second->name;
	fuzz_start();
	judge.tally = &fuzz_counters->tally;
	load_classes();
	keep_going = getenv("PORTCLASH_FUZZ_KEEP_GOING");
	variants = read_variants();
	ASSERT(!class_finder_open(&finder, &classes, names));
	ASSERT(!subject_open(&subjects[0], types[0], names[0]));
	open_world();
}

/* Leave only what both can */
static void restrict_program(struct program *program)
{
	unsigned int i = 0;

	while (i < program->count) {
		if (subject_can(&pair.can, &program->ops[i]))
			i++;
		else
			program_remove(program, i);
	}
}

/* Keep an unknown divergence, or give up over it */
static void unknown(const struct finding *found)
{
	fuzz_keep(&found->program, names, &found->divergence);
	if (keep_going)
		return;
	fputs("\na divergence of no known class\n\n", stderr);
	divergence_write(&found->program, names, &found->divergence, stderr);
	fuzz_running(NULL);
	abort();
}

/* Say what a divergence is */
static void settle(struct finding *found, const struct trace *a,
	const struct trace *b)
{
	int rc = judge_finding(&judge, found, a, b);

	if (rc == -EAGAIN)
		return;
	ASSERT(rc == DIVERGE);
	for (unsigned int i = 0; i < found->answer.count; i++)
		fuzz_class(finder.candidates[found->answer.set[i]].name);
	if (found->answer.verdict != CLASS_UNKNOWN)
		return;
	rc = judge_minimize(&judge, found);
	ASSERT(!rc || rc == -EAGAIN);
	unknown(found);
}

/* A child of the fork server makes a world of its own. */
static void need_world(void)
{
	if (!subjects[1].type->kernel || getpid() == owner)
		return;
	fuzz_quiet_begin();
	subject_close(&subjects[1]);
	open_world();
	fuzz_quiet_end();
}

static void compare(const struct program *program)
{
	static struct finding found;
	static struct trace a, b;
	struct trace *traces[2] = { &a, &b };

	fuzz_running(program);
	if (diff_run(&pair, program, 1, traces)) {
		fuzz_counters->failed++;
		quote_printf(stderr, "%s%s\n", subjects[0].why,
			subjects[1].why);
		exit(3);
	}
	if (judge_traces(&judge, program, &a, &b, &found) == DIVERGE) {
		fuzz_quiet_begin();
		settle(&found, &a, &b);
		fuzz_quiet_end();
	}
	fuzz_running(NULL);
}

int two_subjects_one(const uint8_t *data, size_t size)
{
	static struct program program, variant;
	struct gen_random random = { 0 };

	fuzz_counters->execs++;
	need_world();
	if (fuzz_unpack(data, size, LEVEL_SOCKET, &program))
		restrict_program(&program);
	if (!program.count) {
		fuzz_counters->refused++;
		return 0;
	}
	compare(&program);
	random.state = variants ? program_hash(data, size) : 0;
	for (unsigned int i = 0; i < variants; i++) {
		variant_make(&random, &program, &variant);
		if (variant.count)
			compare(&variant);
	}
	return 0;
}
