// SPDX-License-Identifier: Apache-2.0
/*
 * gen.c - random programs, each a function of a seed and a number
 *
 * DOC: Theory of Operation
 *
 * A program is a function of a seed and a number: both are mixed into the state
 * of a generator of its own. So any program can be made again without the ones
 * before it, workers share nothing, and a seed and a number are a whole report.
 *
 * A program is made of random index records (bytes.h), the same that
 * fuzzers mutate, so there is one set of tables of values, and they collide.
 * gen_program() draws a length, and then records until it has so many ops, or
 * has tried eight times as often. add() decides on each record. Before it is
 * decoded, its kind of op is drawn by weight (but where no socket is in use it
 * is a socket, and reservations begin with a range), and three ops in five go
 * to the last socket in use. Then it is decoded. Half of the reservations are
 * made one that there was before, of some with one field altered, so that a
 * release finds something to release. At last the op is dropped again if a
 * subject lacks it, if it would be slow, or if it is odd: what is refused at
 * once teaches little. Of slow and odd ops one in sixteen is kept.
 *
 * Two kinds of programs are set apart by number. In one of four, sockets crowd:
 * all are of one protocol, all are bound to port 7000, and only options that
 * decide on sharing are set. In one of 256, reservations have no range of a few
 * ports to begin with.
 *
 * All this changes how likely a program is, not what its ops mean: each subject
 * is asked the program as it came out. What random programs hardly ever reach
 * is for sweeps (sweep.h), cases and fuzzers.
 */
#include "gen.h"

#include <string.h>

#include "util.h"
#include "world.h"
#include "program/bytes.h"

uint64_t gen_random(struct gen_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int gen_below(struct gen_random *random, unsigned int n)
{
	return (gen_random(random) >> 32) % n;
}

/* How likely each op is, by byte 0 of a record (bytes.c) */
// clang-format off: of weights, as many as a line holds
static const uint8_t socket_weights[16] = { [1] = 18, [2] = 12, [3] = 24,
	[4] = 14, [5] = 7, [6] = 5, [7] = 4, [8] = 1, [9] = 2, [10] = 2,
	[11] = 1, [12] = 1, [13] = 1, [15] = 14 };
static const uint8_t reservation_weights[16] = { [1] = 40, [2] = 14, [3] = 18,
	[4] = 7, [5] = 3, [6] = 4, [7] = 3, [8] = 4, [9] = 2, [10] = 3 };
// clang-format on

static uint8_t code(struct gen_random *random, const uint8_t *weights)
{
	unsigned int sum = 0, n;
	int i;

	for (i = 0; i < 16; i++)
		sum += weights[i];
	n = gen_below(random, sum);
	for (i = 0; n >= weights[i]; i++)
		n -= weights[i];
	return i;
}

/* Take a reservation from earlier again; one time in three alter a field */
static void reuse(struct gen_random *random, struct program *program)
{
	struct op *op = &program->ops[program->count - 1], altered = *op;
	const struct op *from =
		&program->ops[gen_below(random, program->count)];

	if (from->kind != OP_RESERVE && from->kind != OP_TUPLE)
		return;
	op->reserve.res = from->reserve.res;
	switch (gen_below(random, 18)) {
	case 0: op->reserve.res.flags = altered.reserve.res.flags; break;
	case 1: op->reserve.res.device = altered.reserve.res.device; break;
	case 2: op->reserve.res.addr = altered.reserve.res.addr; break;
	case 3: op->reserve.res.port = altered.reserve.res.port; break;
	case 4:
		op->reserve.res.dest_addr = altered.reserve.res.dest_addr;
		break;
	case 5:
		op->reserve.res.transport = altered.reserve.res.transport;
		break;
	}
}

/*
 * Reservations begin with a range of a few ports, but for one program in 256:
 * there, one search may ask about 49,536 ports.
 */
static bool needs_range(const struct program *program, uint64_t index)
{
	return program->level == LEVEL_RESERVATION && !program->count &&
	       index % 256 != 255;
}

/* Sockets of one protocol that crowd on one port: do they share it? */
static bool is_crowded(const struct program *program, uint64_t index)
{
	return program->level == LEVEL_SOCKET && index % 4 == 3;
}

static const uint8_t crowd_weights[16] = {
	[1] = 20, [2] = 20, [3] = 25, [4] = 8, [5] = 6
};

static void crowd(struct op *op, uint64_t index)
{
	bool udp = index & 4;

	if (op->kind == OP_SOCKET)
		op->socket.type = (udp ? UDP4 : TCP4) + (op->socket.type & 1);
	if (op->kind == OP_SET && op->set.option > OPT_V6ONLY)
		op->set = (typeof(op->set)){ .option = op->set.option & 1,
			.value = 1 };
	if (op->kind == OP_BIND) {
		op->bind.place.port = 7000;
		op->bind.place.port_of = 0;
	}
}

/* Is it any address, or of a network of the world that needs no scope, or an
 * IPv6 address that is some ...::1? */
static bool is_near(const struct addr *addr)
{
	struct addr v4 = addr_unmapped(addr);

	return addr_is_any(addr) || v4.bytes[15] == 1 ||
	       (v4.bytes[0] != 0xfe && world_is_on_link(&v4, 0));
}

/* Odd lengths, families and addresses are refused at once: make them rare */
static bool is_odd(struct gen_random *random, const struct op *op)
{
	if (op->kind != OP_BIND)
		return false;
	if (op->bind.len == LEN_NATURAL && op->bind.family == FAMILY_NATURAL &&
		is_near(&op->bind.place.addr))
		return false;
	return gen_below(random, 16) != 0;
}

/* A connect to nowhere costs CONNECT_WAIT_MS: make it one in sixteen */
static bool is_slow(struct gen_random *random, const struct op *op)
{
	const struct addr *addr = &op->bind.place.addr;
	struct addr v4 = addr_unmapped(addr);

	if (op->kind != OP_CONNECT || is_near(addr) || addr_is_any(&v4))
		return false;
	return gen_below(random, 16) != 0;
}

static bool add(struct gen_random *random, const struct capabilities *can,
	uint64_t index, struct program *program)
{
	bool sockets = program->level == LEVEL_SOCKET;
	int live = __builtin_popcount(program_in_use(program));
	uint8_t record[RECORD_SIZE];
	uint64_t words[2] = { gen_random(random), gen_random(random) };
	struct op *op = &program->ops[program->count];
	bool first = needs_range(program, index);

	memcpy(record, words, sizeof(record));
	record[0] = code(random, is_crowded(program, index) ? crowd_weights :
				 sockets		    ? socket_weights :
					   reservation_weights);
	if (sockets && !live)
		record[0] = 1;
	else if (first)
		record[0] = 5;
	if (sockets && live && record[0] != 1 && gen_below(random, 5) < 3)
		record[1] = live - 1;
	if (bytes_append_record(program, record))
		return false;
	if (is_crowded(program, index))
		crowd(op, index);
	if (!sockets && op_level(op->kind) >= 0 && op->kind >= OP_RESERVE &&
		op->kind <= OP_AVAILABLE && gen_below(random, 2))
		reuse(random, program);
	if (subject_can(can, op) && !is_slow(random, op) &&
		!is_odd(random, op) &&
		(op->kind != OP_AVAILABLE || op->reserve.res.port) &&
		(!first ||
			(op->range.set && op->range.first <= op->range.last)))
		return true;
	memset(op, 0, sizeof(*op));
	program->count--;
	return false;
}

void gen_program(uint64_t seed, uint64_t index, const struct capabilities *can,
	enum level level, struct program *program)
{
	struct gen_random random = { seed };
	unsigned int length, tries;

	random.state = gen_random(&random) ^ index * 0xd1342543de82ef95;
	length = 3 + gen_below(&random, gen_below(&random, 4) ? 12 : 40);
	program_init(program, level);
	for (tries = 0; program->count < length && tries < 8 * length; tries++)
		add(&random, can, index, program);
}
