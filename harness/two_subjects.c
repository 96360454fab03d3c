// SPDX-License-Identifier: Apache-2.0
/*
 * two_subjects.c - one input for two subjects, whose traces must be the same
 */
#include "two_subjects.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "quote.h"
#include "util.h"
#include "compare/divergence.h"
#include "compare/judge.h"

/* Slots of the memory of divergences */
enum { MEMORY_SLOTS = 1 << 16 };

/**
 * struct memory - What some divergence came to, so as not to minimise it twice
 * @hash:	Of the program up to where the two part; 0 is an empty slot
 * @class_case:	Index of its case in those of the classes, or -1
 */
struct memory {
	uint64_t hash;
	int class_case;
};

static const struct subject_type *types[2];
static const char *names[2];
static struct subject subjects[2];
static struct pair pair;
static struct class_list classes;
static struct judge judge = {
	.pair = &pair, .names = names, .classes = &classes, .asked = true
};
static struct memory *memory; /* shared by all children, one at a time */
static pid_t owner;	      /* of the world */
static bool keep_going;

static void open_world(void)
{
	if (subject_open(&subjects[1], types[1], names[1])) {
		quote_printf(stderr, "%s: %s\n", names[1], subjects[1].why);
		exit(3);
	}
	ASSERT(!diff_pair(&pair, &subjects[0], &subjects[1]));
	owner = getpid();
}

/* $PORTCLASH_CORPUS, or corpus/ two directories above: build/afl/fuzz_... */
static void load_classes(void)
{
	const char *corpus = getenv("PORTCLASH_CORPUS");
	char self[FUZZ_PATH_MAX], path[FUZZ_PATH_MAX + 32];
	struct text_error error = { 0 };
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[MAX(length, 0)] = '\0';
	if (corpus)
		snprintf(path, sizeof(path), "%s/divergences", corpus);
	else
		snprintf(path, sizeof(path), "%s/../../corpus/divergences",
			dirname(self));
	if (class_load(path, &classes, &error)) {
		quote_printf(stderr, "%s%s\n", error.message,
			corpus ? "" :
				 "; $PORTCLASH_CORPUS names another corpus");
		exit(corpus ? 2 : 3);
	}
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
	memory = mmap(NULL, MEMORY_SLOTS * sizeof(*memory),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(memory != MAP_FAILED);
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

/* Say what a divergence is: as the last time, or find it out */
static void settle(struct finding *found)
{
	uint64_t hash =
		program_hash(found->program.ops,
			(found->divergence.index + 1) * sizeof(struct op)) |
		1;
	struct memory *slot = &memory[hash >> 1 & (MEMORY_SLOTS - 1)];

	if (slot->hash == hash) {
		judge_count(&judge, slot->class_case >= 0);
	} else {
		int rc = judge_finding(&judge, found);

		if (rc == -EAGAIN)
			return;
		ASSERT(rc == DIVERGE);
		slot->class_case = found->class_case;
		slot->hash = hash;
		if (slot->class_case < 0)
			unknown(found);
	}
	if (slot->class_case >= 0)
		fuzz_class(&classes.cases[slot->class_case]);
}

int two_subjects_one(const uint8_t *data, size_t size)
{
	static struct program program;
	static struct finding found;
	struct trace a, b, *traces[2] = { &a, &b };

	fuzz_counters->execs++;
	if (subjects[1].type->kernel && getpid() != owner) {
		fuzz_quiet_begin();
		subject_close(&subjects[1]);
		open_world();
		fuzz_quiet_end();
	}
	if (fuzz_unpack(data, size, LEVEL_SOCKET, &program))
		restrict_program(&program);
	if (!program.count) {
		fuzz_counters->refused++;
		return 0;
	}
	fuzz_running(&program);
	if (diff_run(&pair, &program, 1, traces)) {
		fuzz_counters->failed++;
		quote_printf(stderr, "%s%s\n", subjects[0].why,
			subjects[1].why);
		exit(3);
	}
	if (judge_traces(&judge, &program, &a, &b, &found) == DIVERGE) {
		fuzz_quiet_begin();
		settle(&found);
		fuzz_quiet_end();
	}
	fuzz_running(NULL);
	return 0;
}
