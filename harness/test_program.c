// SPDX-License-Identifier: Apache-2.0
/*
 * test_program.c - text and bytes: lossless both ways, and safe with anything
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit.h"
#include "util.h"
#include "compare/gen.h"
#include "program/bytes.h"
#include "program/text.h"

static char *printed(const struct program *program, size_t *size)
{
	char *text = NULL;
	FILE *memory = open_memstream(&text, size);

	assert_non_null(memory);
	text_print(program, NULL, NULL, memory);
	fclose(memory);
	return text;
}

static struct program parsed(const char *text, size_t size)
{
	struct case_text out;
	struct text_error error = { 0 };

	if (text_parse(text, size, &out, &error))
		fail_msg("line %u: %s in:\n%.*s", error.line, error.message,
			(int)size, text);
	return out.program;
}

/* Every form of a program gives the same program again */
static void round_trip(const struct program *program)
{
	static uint8_t bytes[BYTES_SIZE_MAX], again[BYTES_SIZE_MAX];
	struct program copy;
	size_t size = bytes_pack(program, bytes), text_size;
	char *text;

	assert_in_range(size, 1, BYTES_SIZE_MAX);
	bytes_unpack(bytes, size, &copy);
	text = printed(program, &text_size);
	if (!program_equal(program, &copy))
		fail_msg("packing lost something of:\n%s", text);
	/* Whatever was there before */
	memset(again, 0xff, sizeof(again));
	assert_int_equal(bytes_pack(&copy, again), size);
	assert_memory_equal(bytes, again, size);
	if (program->count) {
		copy = parsed(text, text_size);
		/* Slots may differ: text only keeps the names. */
		assert_int_equal(copy.count, program->count);
		char *second = printed(&copy, &size);

		assert_string_equal(text, second);
		free(second);
	}
	free(text);
}

static void random_bytes_round_trip(void **state)
{
	static uint8_t bytes[1200];
	struct gen_random random = { 1 };

	(void)state;
	for (int n = 0; n < UNIT_TIMES(20000); n++) {
		struct program program;
		size_t size = gen_random(&random) % sizeof(bytes);

		for (size_t i = 0; i < size; i++)
			bytes[i] = gen_random(&random);
		bytes_unpack(bytes, size, &program);
		round_trip(&program);
	}
}

static void generated_programs_round_trip(void **state)
{
	struct capabilities can = { -1, -1, -1, -1, true, true, 0 };
	struct program program;

	(void)state;
	for (int n = 0; n < UNIT_TIMES(20000); n++) {
		gen_program(7, n, &can, n & 1, &program);
		assert_true(program.count);
		round_trip(&program);
	}
}

static void zero_and_ascii_zero_do_nothing(void **state)
{
	uint8_t bytes[1 + 10 * RECORD_SIZE];
	struct program program;

	(void)state;
	for (int byte = 0; byte <= '0'; byte += '0') {
		memset(bytes, byte, sizeof(bytes));
		bytes_unpack(bytes, sizeof(bytes), &program);
		assert_int_equal(program.count, 0);
	}
	bytes_unpack(NULL, 0, &program);
	assert_int_equal(program.count, 0);
}

static void broken_text_is_refused_and_never_crashes(void **state)
{
	static const char *const broken[] = {
		"socket",
		"socket a",
		"socket a tcp5",
		"socket 1a tcp4",
		"socket abcdefghijklmnop tcp4",
		"socket a tcp4 uid=",
		"socket a tcp4\nsocket a tcp4",
		"bind a 1.2.3.4",
		"bind a ::1:5",
		"bind a [::1]5",
		"bind a [1.2.3.4]:5",
		"bind a 1.2.3.4:65536",
		"bind a [::1%eth0]:5",
		"bind a 1.2.3.4:5 len=129",
		"set a nothing",
		"set a reuseaddr=2",
		"set a dev=eth9",
		"set a port_range=5",
		"repeat 3",
		"socket a tcp4\nrepeat 3",
		"listen a\nrepeat 301",
		"reserve 5 tcp *:1",
		"reserve 44444 tcp *:1",
		"reserve 4 tcp *:1 flags=x",
		"reserve 4 tcp *:1 test=eq",
		"reserve 4 tcp *:1 test=odd:3",
		"reserve 4 tcp *:1 dev=x",
		"reserve 4 tcp *:1 random=1073741824",
		"pick random=3",
		"reserve 4 tcp *:1\nsocket a tcp4",
		"range 5",
		"listen a = ",
		"listen a = maybe",
		"listen a = ok portman",
		"listen a = ok =ok",
		"listen a ok",
		"sysctl x=1",
		"sysctl ip_autobind_reuse",
		"get a colour",
		"shutdown a up",
		"\x01",
		"close a b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct case_text out;
		struct text_error error = { 0 };

		if (!text_parse(broken[i], strlen(broken[i]), &out, &error))
			fail_msg("accepted: %s", broken[i]);
		assert_true(error.line >= 1);
		assert_true(*error.message);
	}
}

static void mutated_text_never_crashes(void **state)
{
	static const char *const base =
		"# why\nsocket a tcp6 uid=7\nset a dev=veth0\n"
		"bind a [fe80::2%veth0]:@b len=24 = EADDRINUSE portman=ok:3/4\n"
		"repeat 20\nget a name = ok:[::1]:5\nsysctl "
		"ip_local_port_range=3-4\naccept a listener2\n";
	struct gen_random random = { 3 };

	(void)state;
	for (int n = 0; n < UNIT_TIMES(200000); n++) {
		char text[300];
		size_t size = strlen(base);
		struct case_text out;
		struct text_error error;

		memcpy(text, base, size);
		for (int k = gen_random(&random) % 4; k >= 0; k--)
			text[gen_random(&random) % size] = gen_random(&random);
		if (!text_parse(text, size, &out, &error))
			round_trip(&out.program);
	}
}

static void names_and_outcomes_survive(void **state)
{
	static const char text[] = "socket server tcp4\n"
				   "bind   server 127.0.0.1:0\n"
				   "socket b      tcp6\n";
	struct program program = parsed(text, strlen(text)), copy;
	static uint8_t bytes[BYTES_SIZE_MAX];
	static const char *const outcomes[] = { "ok", "ok:7", "ok:7/2",
		"ok:7-9", "ok:lo", "ok:-", "ok:missing", "ok:1.2.3.4:5",
		"ok:[::1]:5", "EADDRINUSE", "EOPNOTSUPP", "n/a", "crash",
		"hang" };

	(void)state;
	bytes_unpack(bytes, bytes_pack(&program, bytes), &copy);
	assert_true(program_equal(&program, &copy));
	assert_string_equal(copy.names[0], "server");
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		struct outcome outcome;
		char again[128];

		assert_int_equal(text_parse_outcome(outcomes[i], &outcome), 0);
		text_outcome(&outcome, again, sizeof(again));
		assert_string_equal(again, outcomes[i]);
	}
}

static void errnos_have_their_names(void **state)
{
	(void)state;
	for (int error = -1; error < 200; error++) {
		struct outcome outcome;
		bool known = strcmp(text_errno(error), "E?");

		assert_int_equal(!text_parse_outcome(text_errno(error),
					 &outcome),
			known);
		if (known)
			assert_int_equal(outcome.error, error);
#if __GLIBC_PREREQ(2, 32)
		/* Two names share a number; the kernel says the other one. */
		if (error > 0 && error != EOPNOTSUPP && strerrorname_np(error))
			assert_string_equal(text_errno(error),
				strerrorname_np(error));
#endif
	}
	assert_string_equal(text_errno(EOPNOTSUPP), "EOPNOTSUPP");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_round_trip),
		cmocka_unit_test(generated_programs_round_trip),
		cmocka_unit_test(zero_and_ascii_zero_do_nothing),
		cmocka_unit_test(broken_text_is_refused_and_never_crashes),
		cmocka_unit_test(mutated_text_never_crashes),
		cmocka_unit_test(names_and_outcomes_survive),
		cmocka_unit_test(errnos_have_their_names),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
