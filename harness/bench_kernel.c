// SPDX-License-Identifier: Apache-2.0
/*
 * bench_kernel.c - what a program costs: compared, as raw calls, asked of one
 *
 * Programs of the sweep "triples", from all over it. "sweep" runs them on the
 * specification and on this kernel, and compares; "raw" makes the same system
 * calls, prepared, with nothing around them; both in as many processes as the
 * argument says. "ask" runs them on one subject, by its name: that of the
 * kernel, or of an agent. "spec" is the specification alone, by the op. COUNT
 * is of blocks, and for "spec" of rounds over all of them.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"
#include "compare/diff.h"
#include "compare/sweep.h"
#include "subjects/subjects.h"

enum { BLOCK = 64, BLOCKS = 100, PROGRAMS = BLOCK * BLOCKS, SOCKETS = 3 };

/* The system calls of one socket, ready to be made */
struct raw {
	int family, type;
	bool chown, v6only, reuse, reuseport;
	const char *device;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name;
	socklen_t len;
};

static struct program programs[PROGRAMS];
static struct raw raws[PROGRAMS][SOCKETS];
static struct trace traces[2][BLOCK];
static struct subject subjects[2];
static struct pair pair;
static uint64_t ops; /* of all programs */

static void prepare_op(struct raw *raw, const struct op *op)
{
	switch (op->kind) {
	case OP_SOCKET:
		raw->family = type_is_v6(op->socket.type) ? AF_INET6 : AF_INET;
		raw->type = type_is_udp(op->socket.type) ? SOCK_DGRAM :
							   SOCK_STREAM;
		raw->chown = op->socket.uid != UID_NONE;
		break;
	case OP_SET:
		raw->v6only |= op->set.option == OPT_V6ONLY;
		raw->reuse |= op->set.option == OPT_REUSEADDR;
		raw->reuseport |= op->set.option == OPT_REUSEPORT;
		if (op->set.option == OPT_DEV)
			raw->device = world_device(op->set.value)->name;
		break;
	case OP_BIND:
		raw->len = raw->family == AF_INET ? sizeof(raw->name.v4) :
						    sizeof(raw->name.v6);
		raw->name.any.sa_family = raw->family;
		raw->name.v4.sin_port = htons(op->bind.place.port);
		memcpy(raw->family == AF_INET ? (void *)&raw->name.v4.sin_addr :
						(void *)&raw->name.v6.sin6_addr,
			op->bind.place.addr.bytes, op->bind.place.addr.len);
		break;
	}
}

/* Blocks of neighbours, as a sweep has them, from all over the set */
static void prepare(const char *argument)
{
	const struct sweep *sweep = sweep_find("triples");
	uint64_t step = sweep_size(sweep) / BLOCKS;

	(void)argument;
	for (int i = 0; i < PROGRAMS; i++) {
		program_init(&programs[i], LEVEL_SOCKET);
		sweep_program(sweep, i / BLOCK * step + i % BLOCK,
			&programs[i]);
		ops += programs[i].count;
		for (int k = 0; k < programs[i].count; k++)
			prepare_op(&raws[i][programs[i].ops[k].sock],
				&programs[i].ops[k]);
	}
}

static void open_subject(struct subject *subject, const char *name)
{
	if (!subjects_open(subject, name))
		return;
	quote_printf(stderr, "bench: %s: %s\n", name, subject->why);
	exit(3);
}

static void set_one(int fd, int level, int option)
{
	static const int one = 1;

	setsockopt(fd, level, option, &one, sizeof(one));
}

static void call(const struct raw *r, int fd)
{
	if (r->chown && fchown(fd, 7, -1))
		abort();
	if (r->v6only)
		set_one(fd, SOL_IPV6, IPV6_V6ONLY);
	if (r->reuse)
		set_one(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r->reuseport)
		set_one(fd, SOL_SOCKET, SO_REUSEPORT);
	if (r->device)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, r->device,
			strlen(r->device));
	(void)bind(fd, &r->name.any, r->len);
}

static void run_raw(int first)
{
	for (int i = first; i < first + BLOCK; i++) {
		int fds[SOCKETS];

		for (int k = 0; k < SOCKETS; k++) {
			const struct raw *r = &raws[i][k];

			fds[k] = socket(r->family,
				r->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
			call(r, fds[k]);
		}
		for (int k = 0; k < SOCKETS; k++)
			close(fds[k]);
	}
}

static void run_sweep(int first)
{
	struct trace *both[2] = { traces[0], traces[1] };
	struct divergence divergence;

	ASSERT(!diff_run(&pair, &programs[first], BLOCK, both));
	for (int i = 0; i < BLOCK; i++)
		ASSERT(diff_traces(&programs[first + i], &both[0][i],
			       &both[1][i], &divergence) == AGREE);
}

/* One process of those that run at a time: a world of its own, on a CPU of its
 * own; ready is said by a byte, and what opens the gate is its end */
static void child(int ready, int gate, void (*run)(int first), uint64_t count)
{
	open_subject(&subjects[0], "spec");
	open_subject(&subjects[1], "linux");
	ASSERT(!diff_pair(&pair, &subjects[0], &subjects[1]));
	/* Raw calls have no fence; what it costs is a part of the ratio. */
	if (run == run_sweep)
		subject_confine(subjects, 2);
	run(0);
	ASSERT(write(ready, "", 1) == 1);
	ASSERT(!read(gate, &(char){ 0 }, 1));
	for (uint64_t i = 0; i < count; i++)
		run(i % BLOCKS * BLOCK);
	exit(0);
}

/* To the n-th of the CPUs that we may use */
static void pin(uint64_t n)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && !n--)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static uint64_t processes;

static void begin_processes(const char *argument)
{
	processes = bench_number(argument);
	prepare(argument);
}

/* Nanoseconds a program, of @count blocks in each process */
static double measure_processes(void (*run)(int first), uint64_t count)
{
	int ready[2], gate[2], status;
	double begun;

	ASSERT(!pipe(ready) && !pipe(gate));
	for (uint64_t i = 0; i < processes; i++)
		if (!process_fork()) {
			close(gate[1]);
			pin(i);
			child(ready[1], gate[0], run, count);
		}
	close(ready[1]);
	for (uint64_t i = 0; i < processes; i++)
		if (read(ready[0], &(char){ 0 }, 1) != 1)
			exit(3); /* who died has said why */
	begun = bench_now();
	close(gate[1]);
	for (uint64_t i = 0; i < processes; i++) {
		ASSERT(wait(&status) > 0);
		ASSERT(!status);
	}
	return (bench_now() - begun) / (count * processes * BLOCK);
}

static double measure_sweep(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	(void)bench;
	*checksum = 0;
	return measure_processes(run_sweep, count);
}

static double measure_raw(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	(void)bench;
	*checksum = 0;
	return measure_processes(run_raw, count);
}

static void begin_ask(const char *argument)
{
	prepare(argument);
	open_subject(&subjects[0], argument);
}

static void begin_spec(const char *argument)
{
	(void)argument;
	begin_ask("spec");
}

static uint64_t count_ok(const struct trace *trace)
{
	uint64_t good = 0;

	for (int i = 0; i < trace->count; i++)
		good += trace->outcomes[i].kind == OUTCOME_OK;
	return good;
}

/* Blocks; how many outcomes were ok */
static uint64_t run_ask(uint64_t count)
{
	uint64_t good = 0;

	for (uint64_t i = 0; i < count; i++) {
		int first = i % BLOCKS * BLOCK;

		if (subject_run(&subjects[0], &programs[first], BLOCK, NULL,
			    traces[0])) {
			quote_printf(stderr, "bench: %s\n", subjects[0].why);
			exit(3);
		}
		for (int k = 0; k < BLOCK; k++)
			good += count_ok(&traces[0][k]);
	}
	return good;
}

static double measure_ask(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	return bench_each(bench, count, checksum) / BLOCK;
}

/* All blocks in turn, since programs differ in length */
static double measure_spec(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	return bench_each(bench, count * BLOCKS, checksum) * BLOCKS / ops;
}

static const struct bench benches[] = {
	{ "sweep", measure_sweep, begin_processes, NULL },
	{ "raw", measure_raw, begin_processes, NULL },
	{ "ask", measure_ask, begin_ask, run_ask },
	{ "spec", measure_spec, begin_spec, run_ask },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches));
}
