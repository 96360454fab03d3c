// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - what our own work costs beside the kernel's
 *
 * Programs of the sweep "triples" are run three ways, in turn and on one CPU:
 * by the specification and this kernel, compared; as the same system calls with
 * nothing around them; by the specification alone. Machines are shared and
 * noisy, so rounds alternate and the median of their ratios counts.
 *
 * The last line on stdout is {"rows":[...]}.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "util.h"
#include "world.h"
#include "compare/diff.h"
#include "compare/sweep.h"
#include "subjects/subjects.h"

enum { BLOCK = 64, BLOCKS = 300, PROGRAMS = BLOCK * BLOCKS, ROUNDS = 7 };

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
static struct raw raws[PROGRAMS][3];
static struct trace traces[2][BLOCK];
static uint64_t ops;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

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
static void prepare(void)
{
	const struct sweep *sweep = sweep_find("triples");
	uint64_t step = sweep_size(sweep) / BLOCKS;

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

static void run_raw(void)
{
	static const int one = 1;

	for (int i = 0; i < PROGRAMS; i++) {
		int fds[3];

		for (int k = 0; k < 3; k++) {
			const struct raw *r = &raws[i][k];
			int fd = socket(r->family,
				r->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

			fds[k] = fd;
			if (r->chown && fchown(fd, 7, -1))
				abort();
			if (r->v6only)
				setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one,
					sizeof(one));
			if (r->reuse)
				setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
					sizeof(one));
			if (r->reuseport)
				setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
					sizeof(one));
			if (r->device)
				setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
					r->device, strlen(r->device));
			(void)bind(fd, &r->name.any, r->len);
		}
		for (int k = 0; k < 3; k++)
			close(fds[k]);
	}
}

static void run_both(struct pair *pair)
{
	struct trace *both[2] = { traces[0], traces[1] };
	struct divergence divergence;

	for (int i = 0; i < PROGRAMS; i += BLOCK) {
		ASSERT(!diff_run(pair, &programs[i], BLOCK, both));
		for (int k = 0; k < BLOCK; k++)
			ASSERT(diff_traces(&programs[i + k], &both[0][k],
				       &both[1][k], &divergence) == AGREE);
	}
}

static void run_spec(struct subject *spec)
{
	for (int i = 0; i < PROGRAMS; i += BLOCK)
		ASSERT(!subject_run(spec, &programs[i], BLOCK, NULL,
			traces[0]));
}

int main(void)
{
	double ours[ROUNDS], theirs[ROUNDS], ratio[ROUNDS], alone[ROUNDS];
	double floor = 8e6;
	struct subject subjects[2];
	struct pair pair;

	prepare();
	ASSERT(!subjects_open(&subjects[0], "spec"));
	if (subjects_open(&subjects[1], "linux")) {
		fprintf(stderr, "bench: linux: %s\n", subjects[1].why);
		return 3;
	}
	ASSERT(!diff_pair(&pair, &subjects[0], &subjects[1]));
	run_both(&pair);
	for (int i = 0; i < ROUNDS; i++) {
		double start = now(), raw, both;

		run_raw();
		raw = now() - start;
		start = now();
		run_both(&pair);
		both = now() - start;
		start = now();
		run_spec(&subjects[0]);
		alone[i] = ops / (now() - start);
		ours[i] = PROGRAMS / both;
		theirs[i] = PROGRAMS / raw;
		ratio[i] = raw / both;
	}
	bench_row("triples/s: spec and linux, raw calls",
		bench_median(ours, ROUNDS), bench_median(theirs, ROUNDS),
		bench_median(ratio, ROUNDS), 0.80, " (target 0.80)");
	bench_row("ops/s of spec on one CPU, and the floor",
		bench_median(alone, ROUNDS), floor,
		bench_median(alone, ROUNDS) / floor, 1, " (target 1.00)");
	puts("]}");
	return 0;
}
