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

/* So many histories are done in a row, and so long the threads wait for each
 * other before each: for others, on a busy machine, they do not. */
enum { ROW = 500, LOOKS = 3000 };

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
	struct call calls[THREADS][OPS];
	atomic_uint clock;
	uint8_t *state;
	size_t size;
};

/**
 * struct row - Histories, and the two threads that do them
 * @at:		Which one each thread has come to
 * @meetings:	How often threads have come to where they meet
 */
struct row {
	struct history histories[ROW];
	make_fn *make;
	bool ended;
	atomic_uint at[THREADS], meetings;
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

/* Few ports: of two parts, and two of the same part; and one to be chosen */
static void draw(struct gen_random *random, struct call *call)
{
	static const uint16_t ports[] = { 0, 80, 81, 96 };
	struct reservation *res = &call->res;

	memset(call, 0, sizeof(*call));
	call->kind = gen_below(random, 5) < 3 ? gen_below(random, 2) * RELEASE :
						gen_below(random, KINDS);
	call->random = gen_random(random);
	res->networks[0] = gen_below(random, 2) ? 6 : 4;
	res->networks[1] = 10 - res->networks[0];
	res->network_count = 1 + gen_below(random, 2);
	res->transport = 6;
	res->flags = gen_below(random, 2) * RESERVATION_LOAD_BALANCED;
	res->port = ports[gen_below(random, ARRAY_SIZE(ports))];
	if (!res->port && call->kind != RESERVE)
		res->port = 80;
}

/* Wait until both threads are here for the so-manieth time */
static void meet(struct row *row, unsigned int *times)
{
	++*times;
	atomic_fetch_add(&row->meetings, 1);
	while (atomic_load(&row->meetings) < THREADS * *times)
		sched_yield();
}

static void perform(struct row *row, unsigned int n, int thread)
{
	struct history *h = &row->histories[n];

	atomic_store(&row->at[thread], n);
	for (int i = 0; i < LOOKS && atomic_load(&row->at[1 - thread]) < n; i++)
		;
	for (int i = 0; i < OPS; i++) {
		struct call *call = &h->calls[thread][i];

		call->from = atomic_fetch_add_explicit(&h->clock, 1,
			memory_order_relaxed);
		row->make(h->pm, call);
		call->to = atomic_fetch_add_explicit(&h->clock, 1,
			memory_order_relaxed);
	}
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
	struct row *row = arg;
	unsigned int times = 0;

	for (;;) {
		/* The first one has prepared all. */
		meet(row, &times);
		if (row->ended)
			return NULL;
		for (unsigned int n = 0; n < ROW; n++)
			perform(row, n, 1);
		meet(row, &times);
	}
}

static void prepare(struct row *row, struct gen_random *random)
{
	for (int n = 0; n < ROW; n++) {
		struct history *h = &row->histories[n];

		h->pm = manager();
		atomic_store(&h->clock, 0);
		for (int i = 0; i < THREADS * OPS; i++)
			draw(random, &h->calls[i / OPS][i % OPS]);
	}
	atomic_store(&row->at[0], 0);
	atomic_store(&row->at[1], 0);
}

/* How many of a row can be explained, from the first on? */
static int explained(struct row *row)
{
	const struct call *order[THREADS * OPS];
	int count = 0;
	bool all = true;

	for (int n = 0; n < ROW; n++) {
		struct history *h = &row->histories[n];

		assert_int_equal(portman_save(h->pm, &h->state, &h->size), 0);
		all = all && has_order(h, order, (int[THREADS]){ 0, 0 });
		count += all;
		free(h->state);
		portman_free(h->pm);
	}
	return count;
}

/* How many histories until one cannot be explained; or about @count */
static int explain(make_fn *make_call, int count)
{
	static struct row row;
	struct gen_random random = { 5 };
	unsigned int times = 0;
	pthread_t thread;
	int done = 0, good = ROW;

	memset(&row, 0, sizeof(row));
	row.make = make_call;
	assert_int_equal(pthread_create(&thread, NULL, second, &row), 0);
	while (done < count && good == ROW) {
		prepare(&row, &random);
		meet(&row, &times);
		for (unsigned int n = 0; n < ROW; n++)
			perform(&row, n, 0);
		meet(&row, &times);
		good = explained(&row);
		done += good;
	}
	row.ended = true;
	meet(&row, &times);
	pthread_join(thread, NULL);
	return done;
}

static void every_call_happens_at_one_moment(void **state)
{
	const int count = UNIT_TIMES(HISTORIES);

	(void)state;
	assert_true(explain(make, count) >= count);
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
