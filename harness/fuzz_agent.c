// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_agent.c - the client of the agent protocol, whatever an agent says
 *
 * The input is what agents say (fake_child.h): a greeting, what they can, and
 * answers. Programs are asked as of any subject. What is sent must be programs
 * in text; an answer must be traces that can be printed and read; and a failure
 * must be said in a printable sentence.
 */
#include "fuzz.h"

#include <string.h>

#include "fake_child.h"
#include "util.h"
#include "program/text.h"
#include "subjects/subject.h"

enum { PROGRAMS = 3 };

static const char *const texts[PROGRAMS] = {
	"socket a tcp4\nset a reuseaddr\nbind a 127.0.0.1:7000\nlisten a\n"
	"repeat 2\n",
	"reserve 4 tcp *:0\nrange 5-6\npick test=odd\nsave\n",
	"socket a udp6 uid=7\nset a dev=veth0\nbind a [::1]:0\nget a name\n"
	"sysctl ip_autobind_reuse=1\n",
};

static struct program programs[PROGRAMS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct case_text text;
	struct text_error error;

	(void)argc;
	(void)argv;
	fuzz_start();
	for (int i = 0; i < PROGRAMS; i++) {
		ASSERT(!text_parse(texts[i], strlen(texts[i]), &text, &error));
		programs[i] = text.program;
	}
	return 0;
}

static void check_text(const char *text)
{
	ASSERT(*text);
	for (; *text; text++)
		ASSERT(*text >= ' ' && *text <= '~');
}

static void check_trace(const struct program *program,
	const struct trace *trace)
{
	char first[128], second[128];
	struct outcome again;
	bool lost = false;

	ASSERT(trace->count == program->count);
	for (int i = 0; i < trace->count; i++) {
		const struct outcome *outcome = &trace->outcomes[i];

		text_outcome(outcome, first, sizeof(first));
		check_text(first);
		ASSERT(!text_parse_outcome(first, &again));
		text_outcome(&again, second, sizeof(second));
		ASSERT(!strcmp(first, second));
		ASSERT(!lost || outcome->kind == OUTCOME_NA);
		lost |= outcome->kind == OUTCOME_NA;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace traces[PROGRAMS];
	static struct subject subject;
	int rc;

	fuzz_counters->execs++;
	fake_child_says(data, size);
	rc = subject_open(&subject, &subject_pipe, "pipe:it");
	if (!rc) {
		ASSERT(text_name_length(subject.name) == strlen(subject.name));
		rc = subject_run(&subject, programs, PROGRAMS, NULL, traces);
		for (int i = 0; i < PROGRAMS && !rc; i++)
			check_trace(&programs[i], &traces[i]);
	}
	if (rc)
		check_text(subject.why);
	fuzz_counters->refused += rc != 0;
	fuzz_counters->tally.programs += rc ? 0 : PROGRAMS;
	subject_close(&subject);
	return 0;
}
