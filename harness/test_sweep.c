// SPDX-License-Identifier: Apache-2.0
/*
 * test_sweep.c - the sets: as large as they should be, and each program sound
 *
 * sweep_program() writes ops without program_append(), since it has no time to
 * ask whether it may; so here each is asked.
 */
#include "case_test.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "util.h"
#include "compare/sweep.h"

/* Of a set that is too large to look at whole, each so-manieth: a prime that
 * is no factor of any wheel, so that every choice of each has its turn */
enum { LARGE = UNIT_TIMES(200000), STRIDE = 1009 };

static uint64_t stride(uint64_t size)
{
	return size > LARGE ? STRIDE : 1;
}

static unsigned int last_wheel(const struct sweep *sweep)
{
	unsigned int last = 0;

	for (const unsigned int *wheel = sweep->wheels; *wheel; wheel++)
		last = *wheel;
	return last;
}

/* A set that has lost some programs shows less than it says. */
static void sizes_are_known(void **state)
{
	static const struct {
		const char *name;
		uint64_t size;
	} known[] = {
		{ "pairs", 2 * 46656 },
		{ "pairs-listen", 4 * 46656 },
		{ "triples", 2 * 2612736 },
		{ "triples-listen", 8 * 2612736 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct sweep *sweep = sweep_find(known[i].name);

		assert_non_null(sweep);
		assert_int_equal(sweep_size(sweep), known[i].size);
	}
}

static void names_are_found_once(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sweep_count; i++) {
		assert_ptr_equal(sweep_find(sweeps[i].name), &sweeps[i]);
		assert_true(*sweeps[i].says);
		assert_true(sweep_size(&sweeps[i]) > 0);
	}
	assert_null(sweep_find("nothing"));
	assert_null(sweep_find(""));
}

static void check_form(const struct sweep *sweep, uint64_t number,
	const struct program *program)
{
	static const struct op none;
	struct program again;

	program_init(&again, LEVEL_SOCKET);
	for (unsigned int i = 0; i < program->count; i++) {
		int rc = program_append(&again, &program->ops[i]);

		if (rc) {
			print_error("%s %llu: op %u: %d\n", sweep->name,
				(unsigned long long)number, i, rc);
			fail();
		}
	}
	assert_true(program_equal(&again, program));
	for (unsigned int i = program->count; i < PROGRAM_OPS_MAX; i++)
		assert_memory_equal(&program->ops[i], &none, sizeof(none));
}

/* Also: a program does not depend on which one was there before. */
static void programs_are_well_formed(void **state)
{
	static struct program program, anew;

	(void)state;
	for (unsigned int i = 0; i < sweep_count; i++) {
		uint64_t size = sweep_size(&sweeps[i]), step = stride(size);

		program_init(&program, LEVEL_SOCKET);
		for (uint64_t n = 0; n < size; n += step) {
			program_init(&anew, LEVEL_SOCKET);
			sweep_program(&sweeps[i], n, &program);
			sweep_program(&sweeps[i], n, &anew);
			assert_memory_equal(&program, &anew, sizeof(anew));
			check_form(&sweeps[i], n, &program);
		}
	}
}

/* A turn of the last wheel leaves all before it as it was. */
static void neighbours_begin_alike(void **state)
{
	static struct program a, b;

	(void)state;
	for (unsigned int i = 0; i < sweep_count; i++) {
		const struct sweep *sweep = &sweeps[i];
		uint64_t size = sweep_size(sweep), step = stride(size);
		unsigned int last = last_wheel(sweep);
		uint64_t alike = 0, looks = 0, ops = 0;

		ASSERT(last);
		program_init(&a, LEVEL_SOCKET);
		program_init(&b, LEVEL_SOCKET);
		for (uint64_t n = 0; n + 1 < size; n += step) {
			if (n % last == last - 1)
				continue;
			sweep_program(sweep, n, &a);
			sweep_program(sweep, n + 1, &b);
			alike += program_common(&a, &b);
			ops += a.count;
			looks++;
		}
		assert_true(looks > 0);
		/* Its own ops are at most those of the last socket. */
		if (alike * 4 < ops) {
			print_error("%s: %llu of %llu ops shared\n",
				sweep->name, (unsigned long long)alike,
				(unsigned long long)ops);
			fail();
		}
	}
}

struct hashed {
	uint64_t hash, number;
};

static int by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static uint64_t hash(const struct program *program)
{
	const uint8_t *bytes = (const uint8_t *)program->ops;
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < program->count * sizeof(*program->ops); i++)
		h = (h ^ bytes[i]) * 1099511628211u;
	return h;
}

/* How many programs of a set are there more than once */
static uint64_t twice(const struct sweep *sweep, uint64_t *example)
{
	uint64_t size = sweep_size(sweep), count = 0;
	struct hashed *all = calloc(size, sizeof(*all));
	static struct program a, b;

	assert_non_null(all);
	program_init(&a, LEVEL_SOCKET);
	program_init(&b, LEVEL_SOCKET);
	for (uint64_t n = 0; n < size; n++) {
		sweep_program(sweep, n, &a);
		all[n] = (struct hashed){ hash(&a), n };
	}
	qsort(all, size, sizeof(*all), by_hash);
	for (uint64_t i = 1; i < size; i++) {
		if (all[i].hash != all[i - 1].hash)
			continue;
		sweep_program(sweep, all[i].number, &a);
		sweep_program(sweep, all[i - 1].number, &b);
		assert_true(program_equal(&a, &b));
		*example = all[i].number;
		count++;
	}
	free(all);
	return count;
}

/*
 * Where a choice makes no difference to another, a product has the same twice.
 * How often is known, so that a set which loses a choice by mistake is noticed.
 */
static uint64_t known_twice(const char *name)
{
	/* Listeners on a wildcard: the same of both families of IPv6 */
	if (!strcmp(name, "states"))
		return 4 * 8 * 36 * 2 * 2;
	/* Unbound listeners have no address: one of two in each family */
	if (!strcmp(name, "ephemeral"))
		return 2 * 2 * 7 * 9 * 10 * 4 * 2;
	/* Two faults in either order; and those that are not of this call */
	if (!strcmp(name, "errors"))
		return 2938;
	return 0;
}

static void programs_are_distinct(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sweep_count; i++) {
		uint64_t example = 0, count;

		if (sweep_size(&sweeps[i]) > LARGE)
			continue;
		count = twice(&sweeps[i], &example);
		if (count == known_twice(sweeps[i].name))
			continue;
		print_error("%s: %llu are there twice, such as %llu\n",
			sweeps[i].name, (unsigned long long)count,
			(unsigned long long)example);
		fail();
	}
}

static void check_wheel(const struct sweep *sweep, unsigned int choices,
	uint64_t turn)
{
	static struct program a, b;

	program_init(&a, LEVEL_SOCKET);
	program_init(&b, LEVEL_SOCKET);
	for (unsigned int i = 1; i < choices; i++) {
		sweep_program(sweep, i * turn, &a);
		for (unsigned int k = 0; k < i; k++) {
			sweep_program(sweep, k * turn, &b);
			if (!program_equal(&a, &b))
				continue;
			print_error("%s: programs %llu and %llu are the same\n",
				sweep->name, (unsigned long long)turn * i,
				(unsigned long long)turn * k);
			fail();
		}
	}
}

/* The sets that are too large for the test above: each wheel by itself */
static void choices_are_distinct(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sweep_count; i++) {
		uint64_t turn = sweep_size(&sweeps[i]);

		if (turn <= LARGE)
			continue;
		for (const unsigned int *w = sweeps[i].wheels; *w; w++) {
			turn /= *w;
			check_wheel(&sweeps[i], *w, turn);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_known),
		cmocka_unit_test(names_are_found_once),
		cmocka_unit_test(programs_are_well_formed),
		cmocka_unit_test(neighbours_begin_alike),
		cmocka_unit_test(programs_are_distinct),
		cmocka_unit_test(choices_are_distinct),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
