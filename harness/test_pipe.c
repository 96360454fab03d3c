// SPDX-License-Identifier: Apache-2.0
/*
 * test_pipe.c - the agent protocol: what is said arrives, and faults are named
 *
 * Run as "test_pipe agent" it is an agent itself, over a subject whose outcomes
 * are made from a hash of what was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipe_test.h"
#include "unit.h"
#include "util.h"
#include "compare/gen.h"
#include "subjects/agent.h"
#include "subjects/subjects.h"

enum { BATCH = 3000, BROKEN_UID = 4242 };

static struct program programs[BATCH];
static struct trace traces[BATCH], expected[BATCH];

static int fake_begin(struct subject *subject)
{
	*(uint32_t *)subject->state = 2166136261u;
	return 0;
}

static int fake_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	uint32_t *hash = subject->state, h;

	(void)leader;
	for (size_t i = 0; i < sizeof(*op); i++)
		*hash = (*hash ^ ((const uint8_t *)op)[i]) * 16777619u;
	h = *hash >> 8;
	if (op->kind == OP_EUID && op->euid.uid == BROKEN_UID) {
		snprintf(subject->why, sizeof(subject->why), "it broke");
		return -EIO;
	}
	*out = outcome_ok();
	switch (h % 16) {
	case 0: *out = outcome_error(EADDRINUSE); break;
	case 1: *out = outcome_error(EOPNOTSUPP); break;
	case 2: *out = outcome_number(h); break;
	case 3:
		*out = (struct outcome){
			.value = VALUE_CALLS, .a = h % 65536, .b = h % 7
		};
		break;
	case 4: *out = (struct outcome){ .value = VALUE_RANGE, .b = h }; break;
	case 5:
		*out = (struct outcome){ .value = VALUE_PLACE,
			.a = 7000,
			.addr = { .len = 16, .bytes = { 0xfd, [15] = h } } };
		break;
	case 6: *out = (struct outcome){ .value = VALUE_DEVICE, .a = 1 }; break;
	case 7: out->kind = h & 0xf00 ? OUTCOME_OK : OUTCOME_NA; break;
	case 8: out->kind = OUTCOME_HANG; break;
	case 9: out->kind = OUTCOME_CRASH; break;
	}
	return 0;
}

static int fake_end(struct subject *subject)
{
	(void)subject;
	return 0;
}

static const struct subject_type fake_type = {
	.name = "fake",
	.begin = fake_begin,
	.step = fake_step,
	.end = fake_end,
};

static uint32_t fake_state;

static struct subject fake(void)
{
	return (struct subject){
		.type = &fake_type,
		.name = "fake",
		.can = { .ops = ((1u << OP_KINDS) - 1) & ~(1u << OP_REPEAT),
			.options = (1u << OPTIONS) - 1,
			.sysctls = (1u << SYSCTLS) - 1,
			.types = (1u << SOCKET_TYPES) - 1,
			.devices = true,
			.uids = true },
		.state = &fake_state,
	};
}

static void open_self(struct subject *subject)
{
	char path[PATH_MAX] = "", name[PATH_MAX + 32];

	assert_true(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	snprintf(name, sizeof(name), "pipe:exec '%s' agent", path);
	if (subjects_open(subject, name))
		fail_msg("%s", subject->why);
}

static void same_traces(enum level level)
{
	struct subject here = fake(), there;

	open_self(&there);
	/* What is stepped through is also repeated. */
	here.can.ops |= 1u << OP_REPEAT;
	assert_memory_equal(&here.can, &there.can, sizeof(here.can));
	for (int i = 0; i < BATCH; i++)
		gen_program(7, i, &here.can, level, &programs[i]);
	assert_int_equal(subject_run(&here, programs, BATCH, NULL, expected),
		0);
	for (int pass = 0; pass < 2; pass++) {
		if (subject_run(&there, programs, BATCH, NULL, traces))
			fail_msg("%s", there.why);
		for (int i = 0; i < BATCH; i++) {
			assert_int_equal(traces[i].count, programs[i].count);
			for (int n = 0; n < traces[i].count; n++)
				assert_true(outcome_equal(&traces[i]
								  .outcomes[n],
					&expected[i].outcomes[n]));
		}
	}
	subject_close(&there);
	pipe_test_nothing_left();
}

static void socket_traces_arrive(void **state)
{
	(void)state;
	same_traces(LEVEL_SOCKET);
}

static void reservation_traces_arrive(void **state)
{
	(void)state;
	same_traces(LEVEL_RESERVATION);
}

static void no_programs_and_empty_programs_are_fine(void **state)
{
	struct subject there;

	(void)state;
	open_self(&there);
	assert_int_equal(subject_run(&there, programs, 0, NULL, traces), 0);
	program_init(&programs[0], LEVEL_SOCKET);
	traces[0].count = 1;
	assert_int_equal(subject_run(&there, programs, 1, NULL, traces), 0);
	assert_int_equal(traces[0].count, 0);
	subject_close(&there);
	pipe_test_nothing_left();
}

static void a_subject_that_breaks_says_why(void **state)
{
	struct subject there;

	(void)state;
	programs[0] = case_test_parsed("euid 1\n").program;
	programs[1] = case_test_parsed("euid 4242\n").program;
	open_self(&there);
	assert_int_equal(subject_run(&there, programs, 2, NULL, traces),
		-EREMOTEIO);
	assert_non_null(strstr(there.why, "program 2: it broke"));
	subject_close(&there);
	pipe_test_nothing_left();
}

/* What is found where an agent should be; "live" is asked if it opens */
struct fault {
	const char *command;
	int error;
	const char *why;
};

static const struct fault faults[] = {
	{ "echo hi", -EPROTO,
		"'echo hi' is not a portclash agent: expected "
		"'portclash-agent 1 NAME', it said 'hi'" },
	{ "false", -EPIPE, "'false' ended too early (exit status 1)" },
	{ "kill -9 $$", -EPIPE, "signal 9" },
	{ "cat", -ETIMEDOUT, "silent for 200 ms" },
	{ "sleep 1000", -ETIMEDOUT, "silent for 200 ms" },
	{ "sleep 1000 & sleep 1000", -ETIMEDOUT, "silent for 200 ms" },
	{ "exec >&-; sleep 1000", -EPIPE, "closed its output" },
	{ "echo portclash-agent 2 x", -EPROTO, "it said 'portclash-agent 2" },
	{ "echo portclash-agent 1 x; echo cannot", -EPROTO, "'cannot'" },
	{ "printf 'x\\033\\377\\n'", -EPROTO, "said 'x?" },
	{ "head -c 100000 /dev/zero; sleep 1000", -EMSGSIZE, "4096 bytes" },
	{ HELLO "sleep 1000", -ETIMEDOUT, "silent for 200 ms" },
	{ HELLO "echo .; sleep 1000", -EPROTO, "0 outcomes for the 1 ops" },
	{ HELLO "printf 'ok\\nok\\n.\\n'; sleep 1000", -EPROTO,
		"2 outcomes for the 1 ops of program 1" },
	{ HELLO "yes ''", -EPROTO, "1000 empty lines in a row" },
	{ HELLO "yes ok", -EPROTO, "more than 64 outcomes" },
	{ HELLO "echo fine", -EPROTO, "op 1 of program 1, it said 'fine'" },
	{ HELLO "echo ok; exit 3", -EPIPE, "exit status 3" },
	{ HELLO "echo '! no memory'; echo .; cat", -EREMOTEIO,
		"could not run program 1: no memory" },
	{ HELLO "printf 'ok\\n.\\nok\\n'; cat", -EPROTO,
		"said more than it was asked" },
	{ "", -EINVAL, "expected a command" },
};

static void faults_are_named(void **state)
{
	(void)state;
	programs[0] = case_test_parsed("live\n").program;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct subject subject;
		char name[200], why[SUBJECT_WHY_MAX];
		int rc;

		/* Only who waits in vain is hurried. */
		setenv("PORTCLASH_PIPE_WAIT_MS",
			faults[i].error == -ETIMEDOUT ? "200" : "20000", 1);
		snprintf(name, sizeof(name), "pipe:%s", faults[i].command);
		rc = subjects_open(&subject, name);
		if (!rc) {
			rc = subject_run(&subject, programs, 1, NULL, traces);
			strcpy(why, subject.why);
			/* It stays so, and the first reason with it. */
			assert_int_equal(subject_run(&subject, programs, 1,
						 NULL, traces),
				rc);
			assert_string_equal(subject.why, why);
		}
		if (rc != faults[i].error ||
			!strstr(subject.why, faults[i].why))
			fail_msg("%s: got %d '%s', want %d '%s'", name, rc,
				subject.why, faults[i].error, faults[i].why);
		subject_close(&subject);
		pipe_test_nothing_left();
	}
	unsetenv("PORTCLASH_PIPE_WAIT_MS");
}

static void a_bad_wait_is_refused(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "1s", "99999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct subject subject;

		setenv("PORTCLASH_PIPE_WAIT_MS", bad[i], 1);
		assert_int_equal(subjects_open(&subject, "pipe:cat"), -EINVAL);
		assert_non_null(strstr(subject.why, "milliseconds"));
	}
	unsetenv("PORTCLASH_PIPE_WAIT_MS");
	pipe_test_nothing_left();
}

/* More programs than the pipes hold, for an agent that does not read them */
static const struct fault deaf[] = {
	{ HELLO "sleep 1000", -ETIMEDOUT, "silent" },
	{ HELLO "head -c 5000 >/dev/null; sleep 1000", -ETIMEDOUT, "silent" },
	{ HELLO "read a; exec <&-; yes ok | head -9; echo .; sleep 1000",
		-EPROTO, "9 outcomes for the 0 ops" },
	{ HELLO "exit 0", -EPIPE, "exit status 0" },
	{ HELLO "yes \"$(yes ok | head -9; echo .)\"", -EPROTO,
		"said 'ok' without being asked" },
};

static void unread_programs_do_not_block(void **state)
{
	(void)state;
	setenv("PORTCLASH_PIPE_WAIT_MS", "1000", 1);
	for (int i = 0; i < BATCH; i++)
		programs[i] =
			case_test_parsed("live\nlive\nlive\nlive\nlive\nlive\n"
					 "live\nlive\nlive\n")
				.program;
	for (size_t i = 0; i < ARRAY_SIZE(deaf); i++) {
		struct subject subject;
		char name[200];

		snprintf(name, sizeof(name), "pipe:%s", deaf[i].command);
		assert_int_equal(subjects_open(&subject, name), 0);
		assert_int_equal(subject_run(&subject, programs, BATCH, NULL,
					 traces),
			deaf[i].error);
		assert_non_null(strstr(subject.why, deaf[i].why));
		subject_close(&subject);
		pipe_test_nothing_left();
	}
	unsetenv("PORTCLASH_PIPE_WAIT_MS");
}

/* It is not asked what it cannot do; empty lines and "\r" are ignored. */
static void only_what_it_can_is_asked(void **state)
{
	struct subject subject;

	(void)state;
	programs[0] = case_test_parsed("live\nsave\nlive\n").program;
	assert_int_equal(
		subjects_open(&subject,
			"pipe:"
			"printf 'portclash-agent 1 x\\r\\ncan tea live\\r\\n'; "
			"read a; read b; echo; echo ok:1; "
			"[ $a$b = live. ] || echo no; "
			"printf '.\\r\\n'"),
		0);
	assert_int_equal(subject.can.ops, 1u << OP_LIVE);
	if (subject_run(&subject, programs, 1, NULL, traces))
		fail_msg("%s", subject.why);
	assert_int_equal(traces[0].count, 3);
	assert_int_equal(traces[0].outcomes[0].a, 1);
	assert_int_equal(traces[0].outcomes[1].kind, OUTCOME_NA);
	assert_int_equal(traces[0].outcomes[2].kind, OUTCOME_NA);
	subject_close(&subject);
	pipe_test_nothing_left();
}

/* By the first word of its greeting, if that can be a name */
static void an_agent_is_called_as_it_greets(void **state)
{
	static const char *const names[][2] = { { "linux-6.12", "linux-6.12" },
		{ "My_Stack@2.0", "My_Stack@2.0" }, { "a name", "a" },
		{ "x\\r", "x" }, { "", "pipe" }, { " x", "pipe" },
		{ "linux+order", "pipe" }, { "spec~tcp_apart", "pipe" },
		{ "x\\033[2J y", "pipe" }, { "\\303\\244", "pipe" },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "890123",
			"pipe" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct subject subject;
		char command[300];

		snprintf(command, sizeof(command),
			"pipe:printf 'portclash-agent 1 %s\\ncan live\\n'; cat",
			names[i][0]);
		assert_int_equal(subjects_open(&subject, command), 0);
		assert_string_equal(subject.name, names[i][1]);
		subject_close(&subject);
	}
	pipe_test_nothing_left();
}

/* What serve answers to text that no client of ours would send */
static void served(const char *text, size_t size, const char *want)
{
	struct subject subject = fake();
	FILE *in = tmpfile(), *out;
	char *answer = NULL, *rest;
	size_t length;

	ASSERT(in);
	assert_int_equal(fwrite(text, 1, size, in), size);
	assert_int_equal(fseek(in, 0, SEEK_SET), 0);
	out = open_memstream(&answer, &length);
	assert_int_equal(agent_serve(&subject, "a name", in, out), 0);
	fclose(out);
	fclose(in);
	assert_memory_equal(answer, "portclash-agent 1 a name\ncan ", 29);
	rest = strchr(strchr(answer, '\n') + 1, '\n') + 1;
	assert_string_equal(rest, want);
	free(answer);
}

static void serve_answers_anything(void **state)
{
	static char big[TEXT_SIZE_MAX * 2];
	size_t size;

	(void)state;
	served("", 0, "");
	served(".\n", 2, ".\n");
	served("euid 0\n", 7, "");
	served("# hello\n\n.\r\n.\n", 14, ".\n.\n");
	served("live\nlisten a what\n.\n.\n", 23,
		"! line 2: expected a "
		"backlog, found 'what'\n.\n.\n");
	/* A line is no dot because what came before it had to be dropped. */
	for (int shift = 0; shift < 8; shift++) {
		size = TEXT_SIZE_MAX + 4 + shift;
		memset(big, 'x', size);
		memcpy(big + size, ".\n.\n.\n", 6);
		served(big, size + 6, "! more than 65536 bytes\n.\n.\n");
		for (size_t i = 0; i < size; i++)
			big[i] = "# two\n"[i % 6];
		memcpy(big + size, "\n.\n.\n", 5);
		served(big, size + 5, "! more than 65536 bytes\n.\n.\n");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_traces_arrive),
		cmocka_unit_test(reservation_traces_arrive),
		cmocka_unit_test(no_programs_and_empty_programs_are_fine),
		cmocka_unit_test(a_subject_that_breaks_says_why),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(a_bad_wait_is_refused),
		cmocka_unit_test(unread_programs_do_not_block),
		cmocka_unit_test(only_what_it_can_is_asked),
		cmocka_unit_test(an_agent_is_called_as_it_greets),
		cmocka_unit_test(serve_answers_anything),
	};

	if (argc == 2 && !strcmp(argv[1], "agent")) {
		struct subject subject = fake();

		return agent_serve(&subject, "fake", stdin, stdout) != 0;
	}
	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	/* A hang fails, SIGPIPE kills, and orphans come to us. */
	alarm(120);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
