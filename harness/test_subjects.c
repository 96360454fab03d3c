// SPDX-License-Identifier: Apache-2.0
/*
 * test_subjects.c - portman against portlist, and both against the rules
 */
#include "case_test.h"

#include <errno.h>

#include "unit.h"
#include "util.h"
#include "compare/diff.h"
#include "compare/gen.h"
#include "program/bytes.h"
#include "subjects/subjects.h"

enum { PROGRAMS = UNIT_TIMES(30000), BYTE_PROGRAMS = UNIT_TIMES(3000) };

static struct subject portman, portlist;

static int open_both(void **state)
{
	(void)state;
	return subjects_open(&portman, "portman") ||
	       subjects_open(&portlist, "portlist");
}

static int close_both(void **state)
{
	(void)state;
	subject_close(&portman);
	subject_close(&portlist);
	return 0;
}

/* Two traces of one program: the same, and nothing left out */
static void compare(const struct program *program)
{
	struct divergence divergence;
	struct trace a, b;

	assert_int_equal(subject_run(&portman, program, 1, NULL, &a), 0);
	assert_int_equal(subject_run(&portlist, program, 1, NULL, &b), 0);
	if (diff_traces(program, &a, &b, &divergence) != AGREE)
		case_test_fail(program, &a, &b, divergence.index);
}

static void reservations_agree(void **state)
{
	(void)state;
	for (int i = 0; i < PROGRAMS; i++) {
		struct program program;

		gen_program(1, i, &portman.can, LEVEL_RESERVATION, &program);
		compare(&program);
	}
}

/* Any bytes: literal ops too, and all 64; repeat only as long as is quick */
static void byte_programs(enum level level, void (*use)(const struct program *))
{
	static uint8_t bytes[1 + RECORD_SIZE * 80];
	struct gen_random random = { 2 };

	for (int n = 0; n < BYTE_PROGRAMS; n++) {
		size_t size = gen_random(&random) % sizeof(bytes);
		struct program program;

		for (size_t i = 0; i < size; i++)
			bytes[i] = gen_random(&random) >> 9;
		for (size_t i = 1; n % 2 && i < size; i += RECORD_SIZE)
			bytes[i] &= 0x7f;
		bytes[0] = level;
		bytes_unpack(bytes, size, &program);
		for (int i = 0; i < program.count; i++)
			if (program.ops[i].kind == OP_REPEAT && n % 16)
				program.ops[i].repeat.times %= 4;
		use(&program);
	}
}

static void any_bytes_agree(void **state)
{
	(void)state;
	byte_programs(LEVEL_RESERVATION, compare);
}

/* One that follows itself takes every port it chose */
static void follow_self(const struct program *program)
{
	struct divergence divergence;
	struct trace a, b;

	assert_int_equal(subject_run(&portman, program, 1, NULL, &a), 0);
	assert_int_equal(subject_run(&portman, program, 1, &a, &b), 0);
	if (diff_traces(program, &a, &b, &divergence) == DIVERGE)
		case_test_fail(program, &a, &b, divergence.index);
	for (int i = 0; i < program->count; i++)
		if (a.outcomes[i].value == VALUE_NUMBER)
			assert_int_equal(a.outcomes[i].a, b.outcomes[i].a);
}

static void sockets_are_safe(void **state)
{
	(void)state;
	byte_programs(LEVEL_SOCKET, follow_self);
	for (int i = 0; i < PROGRAMS; i++) {
		struct program program;

		gen_program(3, i, &portman.can, LEVEL_SOCKET, &program);
		follow_self(&program);
	}
}

/* Many keys on many ports: what a careless list would take hours for */
static void portlist_is_quick_enough(void **state)
{
	struct program program;
	struct op reserve = op_make(OP_RESERVE, 0);
	struct op times = op_make(OP_REPEAT, 0);

	(void)state;
	reserve.reserve.res = (struct reservation){
		.networks = { 4, 6 }, .network_count = 2, .transport = 6
	};
	times.repeat.times = UNIT_TIMES(299);
	program_init(&program, LEVEL_RESERVATION);
	while (!program_append(&program, &reserve) &&
		!program_append(&program, &times))
		;
	reserve.reserve.test.kind = TEST_NONE;
	program.ops[PROGRAM_OPS_MAX - 2] = reserve;
	compare(&program);
}

/* Told which port the leader got, it takes that one or refuses */
static void follows_the_leader(void **state)
{
	struct case_text text = case_test_parsed(
		"socket a udp4\nsocket b tcp4\n"
		"socket c tcp4\nsocket d tcp4\nsocket e tcp4\n"
		"bind a 127.0.0.1:0\nbind b 127.0.0.1:0\n"
		"bind c 127.0.0.1:0\nlisten d\nconnect e 127.0.0.1:@d\n"
		"bind a 127.0.0.1:0\n");
	static const uint16_t want[] = { 50000, 50001, 50001, 50003, 50004 };
	static const int errors[] = { 0, 0, EADDRINUSE, 0, 0 };
	struct trace leader = { .count = text.program.count }, got;

	(void)state;
	for (int i = 0; i < 5; i++)
		leader.outcomes[5 + i] = outcome_number(want[i]);
	assert_int_equal(subject_run(&portman, &text.program, 1, &leader, &got),
		0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(got.outcomes[5 + i].error, errors[i]);
		if (!errors[i])
			assert_int_equal(got.outcomes[5 + i].a, want[i]);
	}
	assert_int_equal(got.outcomes[10].error, EINVAL);
	/* Out of our range, and a leader that refused: free to choose */
	leader.outcomes[5] = outcome_number(7);
	leader.outcomes[6] = outcome_error(EADDRINUSE);
	assert_int_equal(subject_run(&portman, &text.program, 1, &leader, &got),
		0);
	assert_int_equal(got.outcomes[5].error, EADDRINUSE);
	assert_int_equal(got.outcomes[6].kind, OUTCOME_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reservations_agree),
		cmocka_unit_test(any_bytes_agree),
		cmocka_unit_test(portlist_is_quick_enough),
		cmocka_unit_test(follows_the_leader),
		cmocka_unit_test(sockets_are_safe),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, open_both, close_both);
}
