// SPDX-License-Identifier: Apache-2.0
/*
 * test_portman_memory.c - a port manager that gets no memory
 */
#include <errno.h>
#include <malloc.h>

#include "unit.h"
#include "util.h"
#include "ports/portman.h"

/* The n-th allocation from now fails; -1 is never */
static int fail_at = -1;

/* How many bytes are allocated now */
static size_t allocated;

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void __real_free(void *memory);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void __wrap_free(void *memory);

static bool fails(void)
{
	return fail_at >= 0 && !fail_at--;
}

static void *counted(void *memory)
{
	allocated += malloc_usable_size(memory);
	return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : counted(__real_malloc(size));
}

void __wrap_free(void *memory)
{
	allocated -= malloc_usable_size(memory);
	__real_free(memory);
}

/* Try with ever more memory until it is enough; before that, nothing changes */
static int with_little_memory(struct portman *pm, const struct reservation *res,
	int (*try)(struct portman *, const struct reservation *))
{
	uint8_t *before, *after;
	size_t size, again;
	int rc = -ENOMEM, failures = 0;

	assert_int_equal(portman_save(pm, &before, &size), 0);
	while (rc == -ENOMEM) {
		fail_at = failures;
		rc = try(pm, res);
		fail_at = -1;
		portman_check(pm);
		if (rc != -ENOMEM)
			break;
		failures++;
		assert_int_equal(portman_save(pm, &after, &again), 0);
		assert_int_equal(size, again);
		assert_memory_equal(before, after, size);
		free(after);
	}
	free(before);
	return failures;
}

static int reserve_it(struct portman *pm, const struct reservation *res)
{
	return portman_reserve(pm, res, 0, NULL, NULL, NULL);
}

/* It says no also for want of memory; no flag is lacking here. */
static int reserve_as_tuple(struct portman *pm, const struct reservation *res)
{
	return portman_reserve_tuple(pm, res) ? 0 : -ENOMEM;
}

static int load_itself(struct portman *pm, const struct reservation *res)
{
	int left = fail_at, rc;
	uint8_t *data;
	size_t size;

	(void)res;
	fail_at = -1;
	assert_int_equal(portman_save(pm, &data, &size), 0);
	fail_at = left;
	rc = portman_load(pm, data, size);
	free(data);
	return rc;
}

static void without_memory_nothing_changes(void **state)
{
	struct portman *pm = portman_new();
	struct reservation res = {
		.networks = { 6, 4, 6 }, .network_count = 3, .transport = 17
	};
	int failures[3] = { 0 };
	uint8_t *data;
	size_t size;

	(void)state;
	for (int i = 0; i < 120; i++) {
		res.port = 80 + i % 3 * 16;
		res.flags = RESERVATION_LOAD_BALANCED;
		res.addr = (struct addr){ 16, { 0xfd, [15] = i % 5 } };
		res.dest_addr = (struct addr){ 16, { 0xfd, 1, [15] = i } };
		failures[0] += with_little_memory(pm, &res,
			i % 2 ? reserve_it : reserve_as_tuple);
		assert_int_equal(reserve_it(pm, &res), 0);
		res.flags = RESERVATION_TUPLE_ONLY;
		failures[1] += with_little_memory(pm, &res, portman_release);
		if (i % 40 == 39)
			failures[2] += with_little_memory(pm, &res,
				load_itself);
	}
	for (int i = 0; i < 3; i++)
		assert_true(failures[i] >= 10);
	fail_at = 0;
	assert_int_equal(portman_save(pm, &data, &size), -ENOMEM);
	fail_at = 0;
	assert_null(portman_new());
	fail_at = -1;
	portman_free(pm);
}

/* Crowds, names, refusals and all: when nothing is held, nothing is kept */
static void what_is_released_takes_no_memory(void **state)
{
	struct portman *pm = portman_new();
	size_t before = allocated;
	struct reservation res = {
		.networks = { 6, 4 }, .network_count = 2, .transport = 6
	};
	uint16_t port;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2000; i++) {
			res.port = 20000 + i % 400;
			res.flags = RESERVATION_TUPLE_ONLY;
			res.dest_addr = (struct addr){ 16, { [15] = i / 400 } };
			res.dest_port = i / 2;
			assert_true(portman_reserve_tuple(pm, &res));
		}
		portman_set_range(pm, 20000, 20399);
		res.port = 0;
		assert_int_equal(portman_reserve(pm, &res, 0, NULL, NULL,
					 &port),
			-EAGAIN);
		assert_true(allocated > before + 2000);
		for (int i = 0; i < 2000; i++) {
			res.port = 20000 + i % 400;
			res.dest_addr.bytes[15] = i / 400;
			res.dest_port = i / 2;
			assert_int_equal(portman_release(pm, &res), 0);
		}
		assert_int_equal(portman_live(pm), 0);
		assert_int_equal(allocated, before);
	}
	portman_free(pm);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(what_is_released_takes_no_memory),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
