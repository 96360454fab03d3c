// SPDX-License-Identifier: Apache-2.0
/*
 * test_portman_many.c - what a port manager does when it holds a lot
 *
 * Programs are short, so they never crowd a port, nor take most of a range.
 * Here are thousands of ops on few ports, in step with the flat list and with a
 * manager that is watched, and so judges one by one and remembers no refusal.
 */
#include <errno.h>

#include "unit.h"
#include "util.h"
#include "compare/gen.h"
#include "ports/portman.h"
#include "ports/portman_watch.h"
#include "subjects/portlist.h"

enum { HELD_MAX = 4096 };

/**
 * struct mix - What is drawn; of each number, one more is the wildcard or none
 * @ports:	From 80 on
 * @holders:	Of so many in 16 steps a new reservation is made
 * @usual:	Flags that three of four have
 */
struct mix {
	unsigned int ports, addrs, devices, dests, dest_ports, holders;
	uint8_t usual;
};

static const struct mix mixes[] = {
	{ 1, 3, 2, 40, 3, 11, 4 },  /* connections at few addresses */
	{ 1, 60, 4, 1, 2, 11, 2 },  /* a port at many addresses */
	{ 2, 2, 90, 2, 2, 11, 6 },  /* a port on many devices */
	{ 200, 2, 1, 1, 1, 12, 0 }, /* a range that is nearly taken */
	{ 30, 3, 3, 3, 2, 10, 3 },  /* anything */
};

/* The same ops on all three; both managers become what was saved, at times */
struct trio {
	struct portman *plain, *watched;
	struct portman_watch watch;
	struct portlist *list;
	struct reservation held[HELD_MAX];
	size_t count;
	unsigned int checks;
};

/* One of @n addresses, of which a third is IPv6; or none */
static struct addr draw_addr(struct gen_random *random, unsigned int n)
{
	unsigned int i = gen_below(random, n + 1);

	if (!i)
		return (struct addr){ 0 };
	if (i % 3)
		return (struct addr){ 4, { 10, 0, i >> 8, i } };
	return (struct addr){ 16, { 0xfd, [14] = i >> 8, [15] = i } };
}

static struct reservation draw(struct gen_random *random, const struct mix *mix)
{
	struct reservation res = { .networks = { 4, 6, 4 },
		.network_count = 1 };

	if (!gen_below(random, 4))
		res.network_count = gen_below(random, 4);
	if (gen_below(random, 2))
		res.networks[0] = 6;
	res.transport = gen_below(random, 3) ? 6 : 17;
	res.flags = gen_below(random, 4) ? mix->usual : gen_below(random, 8);
	res.device = gen_below(random, 3) ? 0 :
					    gen_below(random, mix->devices + 1);
	res.port = 80 + gen_below(random, mix->ports);
	res.addr = draw_addr(random, mix->addrs);
	res.dest_addr = draw_addr(random, mix->dests);
	if (res.dest_addr.len || !gen_below(random, 4))
		res.dest_port = gen_below(random, mix->dest_ports);
	/* What does not matter is anything. */
	if (res.addr.len < 16)
		res.addr.bytes[15] = gen_random(random);
	return res;
}

static void reserve(struct trio *t, struct gen_random *random,
	struct reservation res)
{
	struct tester_run tests[3] = { 0 };
	uint32_t start = gen_random(random);
	portman_test_fn *test = gen_below(random, 4) ? NULL : tester_call;
	uint16_t ports[3];
	int rc;

	if (gen_below(random, 2))
		res.port = 0;
	for (int i = 0; test && i < 3; i++)
		tests[i].test = (struct tester){ TEST_ODD, 0 };
	rc = portlist_reserve(t->list, &res, start, &tests[0], &ports[0]);
	assert_int_equal(portman_reserve(t->plain, &res, start, test, &tests[1],
				 &ports[1]),
		rc);
	assert_int_equal(portman_reserve(t->watched, &res, start, test,
				 &tests[2], &ports[2]),
		rc);
	assert_int_equal(tests[0].calls, tests[1].calls);
	assert_int_equal(tests[0].calls, tests[2].calls);
	if (rc)
		return;
	assert_int_equal(ports[0], ports[1]);
	assert_int_equal(ports[0], ports[2]);
	res.port = ports[0];
	if (t->count < HELD_MAX)
		t->held[t->count++] = res;
}

static void tuple(struct trio *t, const struct reservation *res)
{
	int rc = portlist_tuple(t->list, res);

	assert_int_equal(portman_reserve_tuple(t->plain, res), !rc);
	assert_int_equal(portman_reserve_tuple(t->watched, res), !rc);
	if (!rc && t->count < HELD_MAX)
		t->held[t->count++] = *res;
}

static void release(struct trio *t, const struct reservation *res)
{
	int rc = portman_release(t->plain, res);

	portlist_release(t->list, res);
	assert_int_equal(portman_release(t->watched, res), rc);
}

/* What they hold is the same, and they become what one of them has saved: the
 * watched one always, the plain one, which then remembers nothing, in turn */
static void check(struct trio *t)
{
	uint8_t *plain, *watched;
	size_t size, other;

	portman_check(t->plain);
	assert_int_equal(portman_live(t->plain), portlist_live(t->list));
	assert_int_equal(portman_save(t->plain, &plain, &size), 0);
	assert_int_equal(portman_save(t->watched, &watched, &other), 0);
	assert_int_equal(size, other);
	assert_memory_equal(plain, watched, size);
	assert_int_equal(portman_load(t->watched, plain, size), 0);
	if (t->checks++ % 2)
		assert_int_equal(portman_load(t->plain, watched, size), 0);
	portman_check(t->plain);
	free(plain);
	free(watched);
}

static void step(struct trio *t, struct gen_random *random,
	const struct mix *mix)
{
	struct reservation res = draw(random, mix);
	size_t i;

	if (gen_below(random, 16) < mix->holders) {
		if (gen_below(random, 3))
			reserve(t, random, res);
		else
			tuple(t, &res);
	} else if (t->count) {
		i = gen_below(random, t->count);
		res = t->held[i];
		if (!gen_below(random, 50))
			res.flags = gen_below(random, 8);
		else
			t->held[i] = t->held[--t->count];
		release(t, &res);
	}
	res = draw(random, mix);
	assert_int_equal(portman_is_available(t->plain, &res),
		portlist_is_free(t->list, &res));
	assert_int_equal(portman_is_available(t->watched, &res),
		portlist_is_free(t->list, &res));
}

/* Release until nothing is left, whatever was released wrongly before */
static void release_all(struct trio *t)
{
	for (int times = 0; portman_live(t->plain) && times < 20; times++)
		for (size_t i = 0; i < t->count; i++)
			release(t, &t->held[i]);
	check(t);
	assert_int_equal(portman_live(t->plain), 0);
}

static void run(const struct mix *mix, uint64_t seed)
{
	static struct trio t;
	struct gen_random random = { seed };

	memset(&t, 0, sizeof(t));
	t.plain = portman_new();
	t.watched = portman_new();
	t.list = portlist_new();
	portlist_reset(t.list);
	portman_watch(t.watched, &t.watch);
	portlist_set_range(t.list, 80, 80 + mix->ports - 1);
	portman_set_range(t.plain, 80, 80 + mix->ports - 1);
	portman_set_range(t.watched, 80, 80 + mix->ports - 1);
	for (int i = 0; i < UNIT_TIMES(5000); i++) {
		step(&t, &random, mix);
		if (i % 500 == 499)
			check(&t);
	}
	release_all(&t);
	portman_free(t.plain);
	portman_free(t.watched);
	portlist_free(t.list);
}

static void many_on_few_ports_are_judged_as_one_by_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mixes); i++)
		for (uint64_t seed = 0; seed < 2; seed++)
			run(&mixes[i], 1 + i * 100 + seed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_on_few_ports_are_judged_as_one_by_one),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
