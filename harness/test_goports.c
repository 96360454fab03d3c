// SPDX-License-Identifier: Apache-2.0
/*
 * test_goports.c - the agent over gVisor's own package obeys gVisor's rules
 *
 * This tests the agent, and the rules as we know them, not the package: what
 * fails here makes a comparison with portman worthless. A program a rule; "ok"
 * is any ok, as in a case.
 */
#include "case_test.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"
#include "util.h"
#include "subjects/subjects.h"

static const char *const samples[] = {
	/* Networks may be empty or repeat, a device may be negative. */
	"reserve - 99 *:1 dev=-5 dest=10.0.0.1:9\n"
	"reserve 4646 udp *:1 flags=most_recent dev=-5\n"
	"live = ok:2\n",
	/* Addresses are compared by their bytes. */
	"reserve 4 tcp 0.0.0.0:1\n"
	"reserve 4 tcp 10.0.0.1:1\n"
	"reserve 4 tcp [::ffff:10.0.0.1]:1\n"
	"reserve 4 tcp [::]:1\n"
	"reserve 4 tcp *:1 = EADDRINUSE\n"
	"reserve 4 tcp 0.0.0.0:1 = EADDRINUSE\n",
	/* Specific destinations do not meet. */
	"reserve 4 tcp 10.0.0.1:1 dest=10.0.0.2:5\n"
	"reserve 4 tcp 10.0.0.1:1 dest=10.0.0.2:6\n"
	"reserve 4 tcp 10.0.0.1:1 dest=10.0.0.2:5 = EADDRINUSE\n",
	/* The holder's bits 1 and 2 are ignored across a wildcard. */
	"reserve 4 tcp 10.0.0.1:1 dest=10.0.0.2:5\n"
	"reserve 4 tcp 10.0.0.1:1 flags=load_balanced\n"
	"reserve 4 tcp 10.0.0.1:2 dest=10.0.0.2:5\n"
	"reserve 4 tcp 10.0.0.1:2 flags=tuple_only = EADDRINUSE\n"
	"reserve 4 tcp 10.0.0.1:3 flags=tuple_only dest=10.0.0.2:5\n"
	"reserve 4 tcp 10.0.0.1:3 flags=tuple_only\n"
	"reserve 4 tcp 10.0.0.1:3 = EADDRINUSE\n",
	/* A wildcard destination with a port is another key. */
	"reserve 4 tcp *:1 dest=*:5\n"
	"tuple 4 tcp *:1\n"
	"tuple 4 tcp *:1 dest=*:5 = EADDRINUSE\n",
	/* Without a device, one AND runs over all of them. */
	"reserve 4 udp *:1 flags=most_recent dev=1\n"
	"reserve 4 udp *:1 flags=load_balanced dev=2\n"
	"reserve 4 udp *:1 flags=most_recent+load_balanced = EADDRINUSE\n",
	/* With one, other devices do not matter. */
	"reserve 4 udp *:1 dev=1\n"
	"reserve 4 udp *:1 dev=2\n"
	"reserve 4 udp *:1 dev=2 = EADDRINUSE\n"
	"reserve 4 udp *:1 = EADDRINUSE\n",
	/* Each address is judged by itself. */
	"reserve 4 udp 10.0.0.1:1 flags=load_balanced\n"
	"reserve 4 udp 10.0.0.2:1 flags=most_recent\n"
	"reserve 4 udp *:1 flags=most_recent+load_balanced\n"
	"reserve 4 udp *:1 flags=most_recent = EADDRINUSE\n",
	/* Refused on one network, nothing is left on the other. */
	"reserve 6 tcp *:1\n"
	"reserve 46 tcp *:1 = EADDRINUSE\n"
	"live = ok:1\n"
	"available 4 tcp *:1 = ok:1\n"
	"available 6 tcp *:1 = ok:0\n"
	"available - tcp *:1 = ok:1\n",
	/* An ephemeral TCP port is not shared, a UDP port is. */
	"range 5-5\n"
	"reserve 4 tcp *:0 flags=load_balanced = ok:5\n"
	"reserve 4 tcp *:0 flags=load_balanced = EAGAIN\n"
	"reserve 4 tcp *:5 flags=load_balanced = ok\n"
	"reserve 4 udp *:0 flags=load_balanced = ok:5\n"
	"reserve 4 udp *:0 flags=load_balanced = ok:5\n"
	"reserve 4 udp *:0 = EAGAIN\n",
	/* A repeated network adds two and drops two. */
	"reserve 44 tcp *:1\n"
	"release 4 tcp *:1\n"
	"reserve 4 tcp *:1 = EADDRINUSE\n"
	"release 4 tcp *:1\n"
	"live = ok:0\n"
	"release 4 tcp *:1\n",
	/* What the tester refuses is taken back. */
	"reserve 4 tcp *:7 test=none = EADDRINUSE\n"
	"reserve 4 tcp *:7 test=err = EPROTO\n"
	"reserve 4 tcp *:7 test=erreq:7 = EPROTO\n"
	"live = ok:0\n"
	"reserve 4 tcp *:7 test=erreq:8 = ok:7/1\n",
	/* It goes on after "no", and stops at an error. */
	"range 10-19\n"
	"reserve 4 tcp *:0 random=23 = ok:13\n"
	"reserve 4 tcp *:0 random=13 test=odd = ok:15/2\n"
	"reserve 4 tcp *:0 random=3 test=erreq:16 = ok:14/1\n"
	"reserve 4 tcp *:0 random=3 test=erreq:16 = EPROTO\n"
	"reserve 4 tcp *:0 random=9 test=nth:3 = ok:11/3\n"
	"reserve 4 tcp *:0 test=none = EAGAIN\n"
	"live = ok:4\n"
	"range 0-0\n"
	"reserve 4 tcp *:0 = ok:0\n",
	/* The greatest random there is, and a count of a power of 2 */
	"reserve 4 tcp *:0 random=1073741823 = ok:65023\n"
	"range 100-163\n"
	"reserve 4 tcp *:0 random=1073741823 = ok:163\n"
	"reserve 4 tcp *:0 random=65 = ok:101\n",
	/* A release with other flags counts, and is remembered. */
	"reserve 4 udp *:1 flags=most_recent\n"
	"release 4 udp *:1 flags=load_balanced\n"
	"live = ok:0\n"
	"reserve 4 udp *:1 flags=most_recent\n"
	"reserve 4 udp *:1 flags=most_recent\n"
	"release 4 udp *:1\n"
	"reserve 4 udp *:1 flags=load_balanced = EADDRINUSE\n"
	"release 6 udp *:1\n"
	"release 4 udp *:1\n"
	"live = ok:0\n",
	/* A tuple looks at its own key only, and leaves no trace. */
	"reserve 4 tcp *:1\n"
	"tuple 4 tcp 10.0.0.1:1 dest=10.0.0.2:5\n"
	"tuple 64 tcp 10.0.0.1:1 dest=10.0.0.2:5 = EADDRINUSE\n"
	"live = ok:1\n"
	"tuple 4 tcp 10.0.0.1:0\n"
	"live = ok:2\n",
	/* A repeated network sees itself. */
	"tuple 44 tcp *:1 = EADDRINUSE\n"
	"live = ok:0\n"
	"tuple 44 tcp *:1 flags=tuple_only\n",
	/* One cycle, and nothing is reserved. */
	"range 10-12\n"
	"pick random=2 test=all = ok:12/1\n"
	"pick random=2 test=eq:11 = ok:11/3\n"
	"pick random=1 test=ge:12 = ok:12/2\n"
	"pick random=1 test=lt:11 = ok:10/3\n"
	"pick test=none = EAGAIN\n"
	"pick test=err = EPROTO\n"
	"pick test=nth:0 = EAGAIN\n"
	"live = ok:0\n",
	/* The offset wraps at 32 bits, and ports come twice. */
	"range 10-12\n"
	"pick_stable offset=4294967295 test=nth:1 = ok:10/1\n"
	"pick_stable offset=4294967294 test=nth:2 = ok:10/2\n"
	"pick_stable offset=4294967293 test=eq:11 = ok:11/3\n",
	/* The full range is empty. */
	"range = ok:16000-65535\n"
	"range 5-4 = EINVAL\n"
	"range = ok:16000-65535\n"
	"range 0-65535\n"
	"save\n"
	"range = ok:0-65535\n"
	"reserve 46 udp *:0 test=all = EAGAIN\n"
	"pick test=all = EAGAIN\n"
	"reserve 46 udp *:5\n"
	"range 65535-65535\n"
	"reserve 4 tcp *:0 random=77 = ok:65535\n",
	"range 0-65535\n"
	"pick_stable test=all = EAGAIN\n",
	/* The hint counts successes. */
	"range 10-19\n"
	"pick_stable test=all = ok:10/1\n"
	"pick_stable test=none = EAGAIN\n"
	"pick_stable test=err = EPROTO\n"
	"save\n"
	"pick_stable test=all = ok:11/1\n"
	"pick_stable offset=5 test=all = ok:17/1\n",
	/* repeat: the first outcome that is not ok, and all are done */
	"reserve 4 udp *:1 flags=most_recent\n"
	"repeat 300\n"
	"release 4 udp *:1 flags=most_recent\n"
	"repeat 299\n"
	"live = ok:1\n"
	"release 4 udp *:1 flags=most_recent\n"
	"live = ok:0\n"
	"reserve 4 tcp *:1\n"
	"repeat 2 = EADDRINUSE\n",
	/* What it lacks is n/a, and so is all that follows. */
	"live = ok:0\n"
	"available 4 tcp *:0 = n/a\n"
	"live = n/a\n",
	"socket a tcp4 = n/a\n"
	"bind a 0.0.0.0:7 = n/a\n"
	"close a = n/a\n",
};

/* The one op that not every gVisor has: n/a, as is all that follows it */
static bool is_gone(const struct subject *subject, const struct op *op)
{
	return op->kind == OP_PICK_STABLE && !subject_can(&subject->can, op);
}

static void open_goports(struct subject *subject)
{
	int rc = subjects_open(subject, "goports");

	if (rc == -ENOENT)
		case_test_skip(subject->why);
	if (rc)
		fail_msg("%s", subject->why);
}

static void the_rules_hold(void **state)
{
	static struct case_text cases[ARRAY_SIZE(samples)];
	static struct program programs[ARRAY_SIZE(samples)];
	static struct trace traces[ARRAY_SIZE(samples)];
	struct subject subject;
	int broken = 0;

	(void)state;
	open_goports(&subject);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct text_error error;

		if (text_parse(samples[i], strlen(samples[i]), &cases[i],
			    &error))
			fail_msg("line %u: %s in:\n%s", error.line,
				error.message, samples[i]);
		programs[i] = cases[i].program;
	}
	if (subject_run(&subject, programs, ARRAY_SIZE(samples), NULL, traces))
		fail_msg("%s", subject.why);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		bool lost = false;

		for (int n = 0; n < programs[i].count; n++) {
			const struct outcome *got = &traces[i].outcomes[n];
			struct outcome want = cases[i].expect[n].outcome;
			char op[256], text[128];

			lost |= is_gone(&subject, &programs[i].ops[n]);
			if (lost)
				want = outcome_na();
			if (outcome_holds(&want, got))
				continue;
			text_op(&programs[i], &programs[i].ops[n], op,
				sizeof(op));
			text_outcome(got, text, sizeof(text));
			print_error("sample %zu: line %d: %s = %s\n", i, n + 1,
				op, text);
			broken++;
		}
	}
	subject_close(&subject);
	assert_int_equal(broken, 0);
}

static void a_missing_program_is_named(void **state)
{
	struct subject subject;

	(void)state;
	setenv("PORTCLASH_GOPORTS", "/nonexistent", 1);
	assert_int_equal(subjects_open(&subject, "goports"), -ENOENT);
	assert_non_null(strstr(subject.why, "/nonexistent"));
	unsetenv("PORTCLASH_GOPORTS");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules_hold),
		cmocka_unit_test(a_missing_program_is_named),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
