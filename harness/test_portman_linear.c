// SPDX-License-Identifier: Apache-2.0
/*
 * test_portman_linear.c - what threads are told is what one of them could be
 *
 * Two threads do a few ops each on one manager, at once, and write down when
 * each began and ended. Then an order is looked for in which one thread alone
 * would be told the same and leave the same state, and in which no op is before
 * one that had ended when it began. If there is none, an op was not done at one
 * moment. That such faults are found is seen on three that are planted.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "unit.h"
#include "util.h"
#include "compare/gen.h"
#include "ports/portman.h"

enum { THREADS = 2, OPS = 4, HISTORIES = 100000, PLANTED = 50000 };

enum kind { RESERVE, TUPLE, RELEASE, AVAILABLE, LIVE, KINDS };

/* @rc and @port are the answer, @from and @to when it was asked and given */
struct call {
	enum kind kind;
	struct reservation res;
	uint32_t random;
	int rc;
	uint16_t port;
	unsigned int from, to;
};

/* How a call is made: as it should be, or with a planted race */
typedef void make_fn(struct portman *pm, struct call *call);

struct history {
	struct portman *pm;
	make_fn *make;
	struct call calls[THREADS][OPS];
	atomic_uint clock, ready;
	uint8_t *state;
	size_t size;
};

static void make(struct portman *pm, struct call *call)
{
	const struct reservation *res = &call->res;

	switch (call->kind) {
	case RESERVE:
		call->rc = portman_reserve(pm, res, call->random, NULL, NULL,
			&call->port);
		break;
	case TUPLE: call->rc = portman_reserve_tuple(pm, res); break;
	case RELEASE: call->rc = portman_release(pm, res); break;
	case AVAILABLE: call->rc = portman_is_available(pm, res); break;
	case LIVE: call->rc = portman_live(pm); break;
	default: abort();
	}
}

/* A port is chosen first and reserved later. */
static void choose_then_reserve(struct portman *pm, struct call *call)
{
	struct reservation there = call->res;

	make(pm, call);
	if (call->kind != RESERVE || call->res.port || call->rc)
		return;
	there.port = call->port;
	portman_release(pm, &there);
	sched_yield();
	call->rc = portman_reserve(pm, &there, 0, NULL, NULL, &call->port);
}

/* Networks are released one after the other. */
static void release_one_by_one(struct portman *pm, struct call *call)
{
	struct reservation one = call->res;

	if (call->kind != RELEASE) {
		make(pm, call);
		return;
	}
	call->rc = 0;
	one.network_count = 1;
	for (int i = 0; i < call->res.network_count; i++) {
		int rc;

		one.networks[0] = call->res.networks[i];
		rc = portman_release(pm, &one);
		call->rc = rc ? rc : call->rc;
		sched_yield();
	}
}

/* What was asked for is seen to be free, and then it is taken. */
static void look_then_take(struct portman *pm, struct call *call)
{
	bool is_free;

	if (call->kind != TUPLE) {
		make(pm, call);
		return;
	}
	is_free = portman_reserve_tuple(pm, &call->res);
	if (is_free)
		portman_release(pm, &call->res);
	sched_yield();
	call->rc = is_free;
	portman_reserve_tuple(pm, &call->res);
}

static unsigned int below(struct gen_random *random, unsigned int n)
{
	return (gen_random(random) >> 32) % n;
}

/* Few ports: of two parts, and two of the same part; and one to be chosen */
static void draw(struct gen_random *random, struct call *call)
{
	static const uint16_t ports[] = { 0, 80, 81, 96 };
	struct reservation *res = &call->res;

	memset(call, 0, sizeof(*call));
	call->kind = below(random, 5) < 3 ? below(random, 2) * RELEASE :
					    below(random, KINDS);
	call->random = gen_random(random);
	res->networks[0] = below(random, 2) ? 6 : 4;
	res->networks[1] = 10 - res->networks[0];
	res->network_count = 1 + below(random, 2);
	res->transport = 6;
	res->flags = below(random, 2) * RESERVATION_LOAD_BALANCED;
	res->port = ports[below(random, ARRAY_SIZE(ports))];
	if (!res->port && call->kind != RESERVE)
		res->port = 80;
}

/* Wait until both threads are here for the so-manieth time */
static void meet(struct history *h, unsigned int *times)
{
	++*times;
	atomic_fetch_add(&h->ready, 1);
	while (atomic_load(&h->ready) < THREADS * *times)
		sched_yield();
}

/* Both threads begin at once, as well as that can be had */
static void perform(struct history *h, int thread, unsigned int *times)
{
	meet(h, times);
	for (int i = 0; i < OPS; i++) {
		struct call *call = &h->calls[thread][i];

		call->from = atomic_fetch_add_explicit(&h->clock, 1,
			memory_order_relaxed);
		h->make(h->pm, call);
		call->to = atomic_fetch_add_explicit(&h->clock, 1,
			memory_order_relaxed);
	}
	meet(h, times);
}

static struct portman *manager(void)
{
	struct portman *pm = portman_new();

	assert_non_null(pm);
	portman_set_range(pm, 80, 82);
	return pm;
}

static bool left_the_same(struct history *h, struct portman *pm)
{
	uint8_t *state;
	size_t size;
	bool same;

	assert_int_equal(portman_save(pm, &state, &size), 0);
	same = size == h->size && !memcmp(state, h->state, size);
	free(state);
	return same;
}

/* One thread does the calls of an order: is it told the same, and if they are
 * all, does it leave the same? */
static bool same_alone(struct history *h, const struct call *const *order,
	int count)
{
	struct portman *pm = manager();
	bool same = true;

	for (int i = 0; i < count && same; i++) {
		struct call call = *order[i];

		make(pm, &call);
		same = call.rc == order[i]->rc && call.port == order[i]->port;
	}
	if (same && count == THREADS * OPS)
		same = left_the_same(h, pm);
	portman_free(pm);
	return same;
}

/* Is there an order that begins with these, the first of each thread? */
static bool has_order(struct history *h, const struct call **order,
	const int done[THREADS])
{
	int count = done[0] + done[1];

	if (count == THREADS * OPS)
		return true;
	for (int t = 0; t < THREADS; t++) {
		int next[THREADS] = { done[0], done[1] }, other = 1 - t;

		if (done[t] == OPS ||
			(done[other] < OPS &&
				h->calls[other][done[other]].to <
					h->calls[t][done[t]].from))
			continue;
		order[count] = &h->calls[t][done[t]];
		next[t]++;
		if (same_alone(h, order, count + 1) &&
			has_order(h, order, next))
			return true;
	}
	return false;
}

static void *second(void *arg)
{
	struct history *h = arg;
	unsigned int times = 0;

	for (;;) {
		/* The first one has prepared all. */
		meet(h, &times);
		if (!h->pm)
			return NULL;
		perform(h, 1, &times);
	}
}

/* Do the next history with the other thread: can it be explained? */
static bool explained(struct history *h, struct gen_random *random,
	unsigned int *times)
{
	const struct call *order[THREADS * OPS];
	bool is;

	h->pm = manager();
	for (int i = 0; i < THREADS * OPS; i++)
		draw(random, &h->calls[i / OPS][i % OPS]);
	meet(h, times);
	perform(h, 0, times);
	assert_int_equal(portman_save(h->pm, &h->state, &h->size), 0);
	is = has_order(h, order, (int[THREADS]){ 0, 0 });
	free(h->state);
	portman_free(h->pm);
	h->pm = NULL;
	return is;
}

/* How many histories until one cannot be explained; or @count */
static int explain(make_fn *make_call, int count)
{
	static struct history h;
	struct gen_random random = { 5 };
	unsigned int times = 0;
	pthread_t thread;
	int i = 0;

	memset(&h, 0, sizeof(h));
	h.make = make_call;
	assert_int_equal(pthread_create(&thread, NULL, second, &h), 0);
	while (i < count && explained(&h, &random, &times))
		i++;
	meet(&h, &times);
	pthread_join(thread, NULL);
	return i;
}

static void every_call_happens_at_one_moment(void **state)
{
	const int count = UNIT_TIMES(HISTORIES);

	(void)state;
	assert_int_equal(explain(make, count), count);
}

static void planted_races_are_found(void **state)
{
	(void)state;
	assert_true(explain(choose_then_reserve, PLANTED) < PLANTED);
	assert_true(explain(release_one_by_one, PLANTED) < PLANTED);
	assert_true(explain(look_then_take, PLANTED) < PLANTED);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_happens_at_one_moment),
		cmocka_unit_test(planted_races_are_found),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
