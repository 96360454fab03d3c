// SPDX-License-Identifier: Apache-2.0
/*
 * test_portman.c - what cases cannot say of the port manager
 *
 * Its decisions are in corpus/cases/ports-*.case, rule by rule, and are judged
 * by the real package. Here are the contract of the C functions, misuse, saved
 * images, threads, and the reference workloads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>

#include "image.h"
#include "unit.h"
#include "util.h"
#include "compare/gen.h"
#include "ports/flagcount.h"
#include "ports/portman.h"

static struct reservation tcp(uint16_t port)
{
	return (struct reservation){ .networks = { 4 },
		.network_count = 1,
		.transport = 6,
		.port = port };
}

static int always(uint16_t port, void *arg)
{
	(void)port;
	return *(int *)arg;
}

static void flagcount_counts_combinations(void **state)
{
	struct flagcount c = { 0 };

	(void)state;
	assert_int_equal(flagcount_shared(&c), 7);
	assert_true(flagcount_all_have(&c, 7));
	assert_int_equal(flagcount_add(&c, 8), -EINVAL);
	assert_int_equal(flagcount_drop(&c, 255), -EINVAL);
	assert_int_equal(flagcount_total(&c), 0);
	for (int i = 0; i < 70000; i++)
		assert_int_equal(flagcount_add(&c, 3), 0);
	flagcount_add(&c, 6);
	flagcount_drop(&c, 5);
	assert_int_equal(flagcount_total(&c), 70000);
	assert_int_equal(flagcount_refs(&c, 2), 70001);
	assert_int_equal(flagcount_refs(&c, 4), 0);
	assert_int_equal(flagcount_refs(&c, 9), 0);
	assert_int_equal(flagcount_shared(&c), 2);
	assert_true(flagcount_all_have(&c, 2));
	assert_false(flagcount_all_have(&c, 1));
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
	struct portman *pm = portman_new();
	struct reservation bad[6];
	uint16_t port, first, last;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = tcp(80);
	bad[0].flags = 8;
	bad[1].addr.len = 5;
	bad[2].dest_addr.len = 17;
	bad[3].network_count = 5;
	bad[4].networks[0] = 5;
	bad[5].networks[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		port = 7;
		assert_int_equal(portman_reserve(pm, &bad[i], 0, NULL, NULL,
					 &port),
			-EINVAL);
		assert_int_equal(port, 0);
		assert_false(portman_reserve_tuple(pm, &bad[i]));
		assert_false(portman_is_available(pm, &bad[i]));
		assert_int_equal(portman_release(pm, &bad[i]), -EINVAL);
	}
	assert_int_equal(portman_set_range(pm, 5, 4), -EINVAL);
	portman_range(pm, &first, &last);
	assert_int_equal(first, PORTMAN_FIRST_EPHEMERAL);
	assert_int_equal(last, 65535);
	assert_int_equal(portman_live(pm), 0);
	portman_free(pm);
	portman_free(NULL);
}

static void testers_decide_and_their_errors_come_back(void **state)
{
	struct portman *pm = portman_new();
	struct reservation res = tcp(80);
	int no = 0, error = -EADDRINUSE, other = -EPROTO, yes = 1;
	uint16_t port = 9;

	(void)state;
	assert_int_equal(portman_reserve(pm, &res, 0, always, &no, &port),
		-EADDRINUSE);
	assert_int_equal(portman_reserve(pm, &res, 0, always, &other, &port),
		-EPROTO);
	res.port = 0;
	/* A tester's own error ends the search, whatever number it is. */
	assert_int_equal(portman_reserve(pm, &res, 0, always, &error, &port),
		-EADDRINUSE);
	assert_int_equal(portman_reserve(pm, &res, 0, always, &no, &port),
		-EAGAIN);
	assert_int_equal(port, 0);
	assert_int_equal(portman_live(pm), 0);
	assert_int_equal(portman_reserve(pm, &res, 49536 + 3, always, &yes,
				 &port),
		0);
	assert_int_equal(port, 16003);
	assert_int_equal(portman_set_range(pm, 0, 65535), 0);
	assert_int_equal(portman_pick_ephemeral(pm, 1, NULL, NULL, &port),
		-EAGAIN);
	portman_free(pm);
}

static int calls_back(uint16_t port, void *arg)
{
	struct portman *pm = arg;
	struct reservation res = tcp(port);
	uint16_t first, last;

	portman_range(pm, &first, &last);
	assert_int_equal(portman_pick_ephemeral(pm, 0, NULL, NULL, &first), 0);
	assert_int_equal(portman_release(pm, &res), -EDEADLK);
	assert_int_equal(portman_reserve(pm, &res, 0, NULL, NULL, NULL),
		-EDEADLK);
	assert_false(portman_reserve_tuple(pm, &res));
	return 1;
}

static void a_tester_that_calls_back_does_not_hang(void **state)
{
	struct portman *pm = portman_new();
	struct reservation res = tcp(80);

	(void)state;
	assert_int_equal(portman_reserve(pm, &res, 0, calls_back, pm, NULL), 0);
	assert_int_equal(portman_release(pm, &res), 0);
	portman_free(pm);
}

static void strict_refuses_misuse_and_changes_nothing(void **state)
{
	struct portman *pm = portman_new_strict();
	struct reservation res = tcp(80), other, none, twice;
	uint8_t *before, *after;
	size_t size, again;

	(void)state;
	assert_int_equal(portman_reserve(pm, &res, 0, NULL, NULL, NULL), 0);
	assert_int_equal(portman_save(pm, &before, &size), 0);
	other = none = twice = res;
	other.flags = RESERVATION_TUPLE_ONLY;
	none.network_count = 0;
	twice.networks[1] = 4;
	twice.network_count = 2;
	assert_int_equal(portman_release(pm, &other), -ENOENT);
	assert_int_equal(portman_release(pm, &twice), -ENOENT);
	assert_int_equal(portman_release(pm, &none), -EINVAL);
	assert_int_equal(portman_reserve(pm, &none, 0, NULL, NULL, NULL),
		-EINVAL);
	assert_false(portman_reserve_tuple(pm, &none));
	assert_int_equal(portman_set_range(pm, 0, 9), -EINVAL);
	assert_int_equal(portman_save(pm, &after, &again), 0);
	assert_int_equal(size, again);
	assert_memory_equal(before, after, size);
	assert_int_equal(portman_release(pm, &res), 0);
	assert_int_equal(portman_release(pm, &res), -ENOENT);
	free(before);
	free(after);
	portman_free(pm);
}

/* A state with several cells, a negative count, a hint and a range */
static struct portman *rich(void)
{
	struct portman *pm = portman_new();
	struct reservation res = tcp(80);
	uint16_t port;

	assert_non_null(pm);
	res.flags = RESERVATION_LOAD_BALANCED;
	portman_reserve(pm, &res, 0, NULL, NULL, NULL);
	portman_reserve(pm, &res, 0, NULL, NULL, NULL);
	res.flags = RESERVATION_TUPLE_ONLY;
	portman_release(pm, &res);
	res.networks[0] = 6;
	res.device = -3;
	res.dest_port = 9;
	res.dest_addr = (struct addr){ 16, { 0xfd, 1 } };
	assert_true(portman_reserve_tuple(pm, &res));
	portman_set_range(pm, 100, 109);
	portman_pick_ephemeral_stable(pm, 3, NULL, NULL, &port);
	return pm;
}

static void saved_images_come_back_and_damage_is_seen(void **state)
{
	struct portman *pm = rich(), *copy = portman_new();
	uint8_t *image, *again;
	size_t size, length;

	(void)state;
	assert_int_equal(portman_save(pm, &image, &size), 0);
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(portman_load(copy, image, i), -EINVAL);
		for (int bit = 0; bit < 8; bit++) {
			image[i] ^= 1 << bit;
			assert_int_equal(portman_load(copy, image, size),
				-EINVAL);
			image[i] ^= 1 << bit;
		}
	}
	assert_int_equal(portman_live(copy), 0);
	assert_int_equal(portman_load(copy, image, size), 0);
	portman_check(copy);
	assert_int_equal(portman_save(copy, &again, &length), 0);
	assert_int_equal(length, size);
	assert_memory_equal(image, again, size);
	free(image);
	free(again);
	portman_free(pm);
	portman_free(copy);
}

/* Forged, with the checksum that belongs to it: what no manager saves */
static void forged_images_are_refused(void **state)
{
	enum { HEADER = 24, ROW = 56, FLAGS = 48, REFS = 52 };
	static const struct {
		size_t at;
		uint32_t value;
	} forged[] = { { REFS, 0 }, { REFS, -1 }, { REFS, 1u << 31 },
		{ FLAGS, 8 }, { FLAGS, 1u << 31 }, { 2, 5 }, { 8, 5 },
		{ 8, 17 }, { 9, 255 }, { 12, 1 }, { 16, 1 }, { 44, 1 } };
	struct portman *pm = rich(), *copy = portman_new();
	uint8_t *image, *good, row[ROW];
	size_t size;

	(void)state;
	assert_int_equal(portman_save(pm, &good, &size), 0);
	assert_int_equal((size - HEADER - 8) / ROW, 3);
	assert_int_equal((size - HEADER - 8) % ROW, 0);
	image = malloc(size);
	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		memcpy(image, good, size);
		memcpy(image + HEADER + forged[i].at, &forged[i].value, 4);
		image_sum(image, size);
		assert_int_equal(portman_load(copy, image, size), -EINVAL);
	}
	/* The same rows in another order, and one of them twice */
	memcpy(image, good, size);
	memcpy(row, image + HEADER, ROW);
	memcpy(image + HEADER, image + HEADER + ROW, ROW);
	image_sum(image, size);
	assert_int_equal(portman_load(copy, image, size), -EINVAL);
	memcpy(image + HEADER + ROW, row, ROW);
	image_sum(image, size);
	assert_int_equal(portman_load(copy, image, size), -EINVAL);
	/* A tuple of two rows, the first or the last one: the second row counts
	 * nothing, or what the first has counted */
	for (size_t i = 0; i < 4; i++) {
		uint8_t *two = image + HEADER + i / 2 * ROW;
		uint32_t refs = i % 2 ? -1 : 0;

		memcpy(image, good, size);
		memcpy(two + !(i / 2) * ROW, two + (i / 2) * ROW, ROW);
		two[FLAGS] = 0;
		two[ROW + FLAGS] = 1;
		memcpy(two + REFS, &(uint32_t){ 1 }, 4);
		memcpy(two + ROW + REFS, &refs, 4);
		image_sum(image, size);
		assert_int_equal(portman_load(copy, image, size), -EINVAL);
	}
	/* Another number of rows than there are */
	memcpy(image, good, size);
	image[HEADER - 8]++;
	image_sum(image, size);
	assert_int_equal(portman_load(copy, image, size), -EINVAL);
	memcpy(image, good, size);
	image_sum(image, size);
	assert_memory_equal(image, good, size);
	assert_int_equal(portman_load(copy, image, size), 0);
	free(image);
	free(good);
	portman_free(pm);
	portman_free(copy);
}

static void *hammer(void *arg)
{
	struct reservation res = tcp(0);
	uint16_t first, last;

	for (int i = 0; i < 20000; i++) {
		res.port = 0;
		if (portman_reserve(arg, &res, i, NULL, NULL, &res.port))
			abort();
		portman_range(arg, &first, &last);
		portman_pick_ephemeral_stable(arg, i, NULL, NULL, &first);
		if (portman_release(arg, &res))
			abort();
	}
	return NULL;
}

static void threads_do_not_lose_reservations(void **state)
{
	struct portman *pm = portman_new();
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, pm),
			0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(portman_live(pm), 0);
	portman_check(pm);
	portman_free(pm);
}

static struct reservation drawn(uint64_t b)
{
	struct reservation res = tcp(10000 + b % 10000);
	unsigned int addr = b / 10000 % 8;

	if (addr)
		res.addr = (struct addr){ 4, { 10, 0, 0, addr } };
	b /= 80000;
	res.device = b % 3;
	res.transport = b / 3 % 2 ? 17 : 6;
	res.flags = b / 6 % 8;
	return res;
}

/* Two million steps; the same checksums as the two upstream generations. Under
 * a sanitizer it is the manager that is checked, after fewer. */
static void workload(uint64_t seed, bool heavy, uint64_t expected)
{
	enum { ALL = 2000000, STEPS = UNIT_TIMES(ALL) };
	struct reservation *held = malloc(STEPS * sizeof(*held));
	struct portman *pm = portman_new();
	struct gen_random random = { seed };
	uint64_t sum = 0;
	size_t count = 0;

	for (uint64_t step = 0; step < STEPS; step++) {
		uint64_t r = gen_random(&random);
		bool release = heavy ? r % 4 == 3 : count >= 20000 || r & 1;
		struct reservation res;

		if (release && count) {
			size_t i = (r >> 32) % count;

			assert_int_equal(portman_release(pm, &held[i]), 0);
			held[i] = held[--count];
			continue;
		}
		res = drawn(r >> (heavy ? 2 : 1));
		if (portman_reserve(pm, &res, 0, NULL, NULL, NULL))
			continue;
		held[count++] = res;
		sum = sum * 31 + step;
	}
	if (STEPS == ALL)
		assert_int_equal(sum, expected);
	portman_check(pm);
	portman_free(pm);
	free(held);
}

static void reference_workloads_give_upstreams_checksums(void **state)
{
	(void)state;
	workload(42, false, 10403373528781384572u);
	workload(43, true, 1260236887402620355u);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flagcount_counts_combinations),
		cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
		cmocka_unit_test(testers_decide_and_their_errors_come_back),
		cmocka_unit_test(a_tester_that_calls_back_does_not_hang),
		cmocka_unit_test(strict_refuses_misuse_and_changes_nothing),
		cmocka_unit_test(saved_images_come_back_and_damage_is_seen),
		cmocka_unit_test(forged_images_are_refused),
		cmocka_unit_test(threads_do_not_lose_reservations),
		cmocka_unit_test(reference_workloads_give_upstreams_checksums),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
