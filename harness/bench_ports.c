// SPDX-License-Identifier: Apache-2.0
/*
 * bench_ports.c - what the port manager costs
 *
 * Each workload is also in goports/bench.go, over the real Go package, with the
 * same random numbers: both must print the same checksum.
 */
#include "bench.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reserved.h"
#include "compare/gen.h"
#include "ports/portman.h"

enum {
	FIRST = PORTMAN_FIRST_EPHEMERAL,
	PORTS = 65536 - FIRST,
	MIXED_HELD_MAX = 20000,
	PEERS = 1000,
	THREADS = 2,
};

static struct portman *pm;
static struct gen_random random_words;

static uint64_t fold(uint64_t checksum, uint64_t answer)
{
	return checksum * 31 + answer;
}

static void hold(const struct reservation *res)
{
	ASSERT(!portman_reserve(pm, res, 0, NULL, NULL, NULL));
}

static void begin(const char *argument)
{
	(void)argument;
	pm = portman_new();
	ASSERT(pm);
}

/* Reserve and release, over and over */
static uint64_t pairs(const struct reservation *res, uint64_t count)
{
	uint64_t checksum = 0;
	uint16_t port;

	while (count--) {
		portman_reserve(pm, res, 0, NULL, NULL, &port);
		portman_release(pm, res);
		checksum = fold(checksum, port);
	}
	return checksum;
}

static uint64_t run_a1(uint64_t count)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80, 0);

	return pairs(&res, count);
}

static uint64_t run_a2(uint64_t count)
{
	struct reservation res = reserved_make(IPPROTO_TCP, 80, 0);

	res.networks[0] = 6;
	res.networks[1] = 4;
	res.network_count = 2;
	return pairs(&res, count);
}

static void begin_a3(const char *argument)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80, 0);

	begin(argument);
	hold(&res);
}

static uint64_t run_a3(uint64_t count)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80, 0);
	uint64_t checksum = 0;

	while (count--)
		checksum = fold(checksum,
			!portman_reserve(pm, &res, 0, NULL, NULL, NULL));
	return checksum;
}

static void begin_a4(const char *argument)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80,
		RESERVATION_LOAD_BALANCED);

	begin(argument);
	hold(&res);
}

static uint64_t run_a4(uint64_t count)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80,
		RESERVATION_LOAD_BALANCED);

	return pairs(&res, count);
}

/*
 * Steps that release what is held when the lowest bits of a word are all set,
 * or @most are held, and reserve otherwise
 */
static uint64_t mixed(uint64_t count, unsigned int bits, uint64_t most)
{
	uint64_t *held = malloc(count * sizeof(*held));
	uint64_t checksum = 0, n = 0, mask = (1u << bits) - 1;

	ASSERT(held);
	for (uint64_t step = 0; step < count; step++) {
		uint64_t word = gen_random(&random_words);
		struct reservation res;

		if (n && (n >= most || (word & mask) == mask)) {
			uint64_t *slot = &held[(word >> 32) % n];

			res = reserved_mixed(*slot);
			portman_release(pm, &res);
			*slot = held[--n];
			continue;
		}
		res = reserved_mixed(word >> bits);
		if (portman_reserve(pm, &res, 0, NULL, NULL, NULL))
			continue;
		held[n++] = word >> bits;
		checksum = fold(checksum, step);
	}
	free(held);
	return checksum;
}

static uint64_t run_b(uint64_t count)
{
	random_words.state = 42;
	return mixed(count, 1, MIXED_HELD_MAX);
}

static uint64_t run_b2(uint64_t count)
{
	random_words.state = 43;
	return mixed(count, 2, UINT64_MAX);
}

/* So many ports of the range are taken, here and there */
static void begin_c(const char *argument)
{
	static uint16_t ports[PORTS];
	uint64_t taken = bench_number(argument);

	begin(argument);
	random_words.state = 99;
	for (unsigned int i = 0; i < PORTS; i++)
		ports[i] = FIRST + i;
	for (unsigned int i = PORTS - 1; i > 0; i--) {
		unsigned int j = gen_random(&random_words) % (i + 1);
		uint16_t port = ports[i];

		ports[i] = ports[j];
		ports[j] = port;
	}
	for (uint64_t i = 0; i < MIN(taken, PORTS); i++) {
		const struct reservation res = reserved_make(IPPROTO_TCP,
			ports[i], 0);

		hold(&res);
	}
	random_words.state = 7;
}

/* Below 2^30, where all releases of the package reduce it alike */
static uint64_t run_c(uint64_t count)
{
	struct reservation any = reserved_make(IPPROTO_TCP, 0, 0), res = any;
	uint64_t checksum = 0;

	while (count--) {
		portman_reserve(pm, &any, gen_random(&random_words) >> 34, NULL,
			NULL, &res.port);
		if (res.port)
			portman_release(pm, &res);
		checksum = fold(checksum, res.port);
	}
	return checksum;
}

static void begin_d(const char *argument)
{
	uint64_t tuples = bench_number(argument);

	begin(argument);
	for (uint64_t i = 0; i < tuples; i++) {
		const struct reservation res = reserved_tuple(i);

		ASSERT(portman_reserve_tuple(pm, &res));
	}
}

static uint64_t run_d(uint64_t count)
{
	const struct reservation res = reserved_make(IPPROTO_TCP, 80,
		RESERVATION_TUPLE_ONLY);

	return pairs(&res, count);
}

static uint64_t run_e(uint64_t count)
{
	struct reservation res = reserved_tuple(0);
	uint64_t checksum = 0;

	for (uint64_t i = 0; i < count; i++) {
		res.dest_port = SPREAD_FIRST + i % PEERS;
		checksum = fold(checksum, portman_reserve_tuple(pm, &res));
		portman_release(pm, &res);
	}
	return checksum;
}

static uint64_t live;

static void begin_live(const char *argument)
{
	live = bench_number(argument);
	begin(argument);
	for (uint64_t i = 0; i < live; i++) {
		const struct reservation res = reserved_distinct(i);

		hold(&res);
	}
	random_words.state = 7;
}

/* One of those that are live, released and reserved again */
static uint64_t run_live(uint64_t count)
{
	uint64_t checksum = 0;
	uint16_t port;

	while (count--) {
		const struct reservation res =
			reserved_distinct(gen_random(&random_words) % live);

		portman_release(pm, &res);
		portman_reserve(pm, &res, 0, NULL, NULL, &port);
		checksum = fold(checksum, port);
	}
	return checksum;
}

static uint64_t run_save(uint64_t count)
{
	struct portman *other = portman_new();
	size_t size = 0;

	ASSERT(other);
	while (count--) {
		uint8_t *data;

		ASSERT(!portman_save(pm, &data, &size));
		ASSERT(!portman_load(other, data, size));
		free(data);
	}
	portman_free(other);
	return size;
}

/* As many bytes as that, to a file in memory and back */
static uint64_t run_bytes(uint64_t count)
{
	uint8_t *data, *copy;
	size_t size;
	int fd = memfd_create("bench", MFD_CLOEXEC);

	ASSERT(!portman_save(pm, &data, &size));
	while (count--) {
		copy = malloc(size);
		ASSERT(copy);
		ASSERT(pwrite(fd, data, size, 0) == (ssize_t)size);
		ASSERT(pread(fd, copy, size, 0) == (ssize_t)size);
		free(copy);
	}
	free(data);
	close(fd);
	return size;
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Bytes of each of @count, all on ports of their own */
static double measure_memory(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	size_t before = allocated();

	(void)bench;
	for (uint64_t i = 0; i < count; i++) {
		const struct reservation res =
			reserved_make(i % 2 ? IPPROTO_UDP : IPPROTO_TCP,
				1 + i / 2, 0);

		hold(&res);
	}
	*checksum = portman_live(pm);
	return (double)(allocated() - before) / count;
}

/* The same of tuples on one port */
static double measure_tuples(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	size_t before = allocated();

	(void)bench;
	*checksum = 0;
	for (uint64_t i = 0; i < count; i++) {
		const struct reservation res = reserved_tuple(i);

		*checksum += portman_reserve_tuple(pm, &res);
	}
	return (double)(allocated() - before) / count;
}

static void *wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* With a second thread locks are no longer free. */
static void begin_second(const char *argument)
{
	pthread_t thread;

	begin(argument);
	ASSERT(!pthread_create(&thread, NULL, wait_for_ever, NULL));
}

struct worker {
	pthread_t thread;
	struct reservation res;
	uint64_t count, checksum;
	unsigned int number;
};

static pthread_barrier_t start;

/* To the n-th of the CPUs that we may use */
static void pin(unsigned int n)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && !n--)
			CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	pin(worker->number);
	pthread_barrier_wait(&start);
	worker->checksum = pairs(&worker->res, worker->count);
	return NULL;
}

static uint64_t threads;

static void begin_f(const char *argument)
{
	begin(argument);
	threads = bench_number(argument);
	ASSERT(threads >= 1 && threads <= THREADS);
}

/* @count of each thread; the cost is of one op of any */
static double measure_f(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	struct worker workers[THREADS];
	double begun;

	(void)bench;
	ASSERT(!pthread_barrier_init(&start, NULL, threads + 1));
	for (unsigned int i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .number = i,
			.count = count,
			.res = reserved_make(IPPROTO_TCP, 80 + i, 0) };
		ASSERT(!pthread_create(&workers[i].thread, NULL, work,
			&workers[i]));
	}
	pthread_barrier_wait(&start);
	begun = bench_now();
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	*checksum = 0;
	return (bench_now() - begun) / (count * threads);
}

static const struct bench benches[] = {
	{ "a1", bench_each, begin, run_a1 },
	{ "a1-second-thread", bench_each, begin_second, run_a1 },
	{ "a2", bench_each, begin, run_a2 },
	{ "a2-second-thread", bench_each, begin_second, run_a2 },
	{ "a3", bench_each, begin_a3, run_a3 },
	{ "a4", bench_each, begin_a4, run_a4 },
	{ "b", bench_whole, begin, run_b },
	{ "b2", bench_whole, begin, run_b2 },
	{ "c", bench_each, begin_c, run_c },
	{ "d", bench_each, begin_d, run_d },
	{ "e", bench_each, begin, run_e },
	{ "f", measure_f, begin_f, NULL },
	{ "live", bench_each, begin_live, run_live },
	{ "save", bench_each, begin_live, run_save },
	{ "bytes", bench_each, begin_live, run_bytes },
	{ "memory", measure_memory, begin, NULL },
	{ "tuples", measure_tuples, begin, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches));
}
