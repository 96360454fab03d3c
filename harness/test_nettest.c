// SPDX-License-Identifier: Apache-2.0
/*
 * test_nettest.c - what Go's nettest.TestConn asks of a connection
 *
 * Its checklist (golang.org/x/net/nettest, and what mdlayher/socket adds to
 * it), written anew. All is asked twice: the deadlines are the conn's, or each
 * call is given its own and a token.
 *
 * main() leaves the machine's network before anything else.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "own_netns.h"
#include "conn_ends.h"
#include "unit.h"

enum {
	SHORT_MS = 50,
	STUCK_S = 60,
	CHUNK = 1024,
	BYTES = 8 << 20,
	LAST_PING = 1000,
	RACERS = 10,
	RACES = 100,
	METHODS = 7,
	CALLS = 100 * METHODS,
	MARK = 0x7f,
};

static uint8_t data[BYTES];

/* Read until nothing comes, write until nothing goes, or both: echo */
static ssize_t copy(struct end *end, int directions)
{
	char bytes[CHUNK] = { 0 };
	ssize_t n = sizeof(bytes);

	do {
		if (directions & CONN_READ)
			n = conn_ends_get(end, bytes, sizeof(bytes));
		if (n > 0 && directions & CONN_WRITE)
			n = conn_ends_put(end, bytes, n);
	} while (n > 0);
	return n;
}

/* The other end echoes. */
static void roundtrip(struct end *end)
{
	static const char hello[] = "Hello, world!";
	char back[sizeof(hello)];

	conn_ends_limit(end, BOTH_WAYS, 0);
	assert_int_equal(conn_ends_put(end, hello, sizeof(hello)),
		sizeof(hello));
	assert_int_equal(conn_ends_get(end, back, sizeof(back)), sizeof(back));
	assert_memory_equal(back, hello, sizeof(hello));
}

static ssize_t put_byte(struct end *end, int byte)
{
	return conn_ends_put(end, &(uint8_t){ byte }, 1);
}

/* The other end echoes, first what it was sent before, of which nothing is a
 * mark. */
static void resync(struct end *end)
{
	struct job *marking;
	uint8_t bytes[CHUNK];
	ssize_t n;

	conn_ends_limit(end, BOTH_WAYS, 0);
	marking = conn_ends_start(put_byte, end, MARK);
	do {
		n = conn_ends_get(end, bytes, sizeof(bytes));
	} while (n > 0 && bytes[n - 1] != MARK);
	assert_true(n > 0);
	assert_int_equal(conn_ends_finish(marking), 1);
}

static ssize_t send_data(struct end *end, int chunk)
{
	ssize_t n = 0;

	for (size_t i = 0; n >= 0 && i < BYTES; i += chunk)
		n = conn_ends_put(end, data + i, chunk);
	return n < 0 ? n : conn_close_write(end->conn);
}

/* How many bytes came until the end, all of them right */
static ssize_t check_data(struct end *end, int chunk)
{
	uint8_t bytes[CHUNK];
	ssize_t n, sum = 0;

	while ((n = conn_ends_get(end, bytes, chunk)) > 0) {
		if (n > BYTES - sum || memcmp(bytes, data + sum, n))
			return -EBADMSG;
		sum += n;
	}
	return n ? n : sum;
}

static void basic_io(void **state)
{
	struct end *c = *state;
	struct job *job[4];

	for (size_t i = 0; i < BYTES; i++)
		data[i] = i * UINT32_C(2654435761) >> 24;
	for (int i = 0; i < 4; i++)
		job[i] = conn_ends_start(i < 2 ? send_data : check_data,
			&c[i % 2], CHUNK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(conn_ends_finish(job[i]), i < 2 ? 0 : BYTES);
}

/* Who gets the last value closes. Returns what came last */
static ssize_t play(struct end *end, int last)
{
	int64_t value, before = 0;
	ssize_t n;

	while ((n = conn_ends_get(end, &value, sizeof(value))) ==
		sizeof(value)) {
		if (before && value != before + 2)
			return -EBADMSG;
		before = value++;
		if (before == last)
			n = conn_close(end->conn);
		else
			n = conn_ends_put(end, &value, sizeof(value));
		if (n <= 0)
			break;
	}
	return n ? n : before;
}

static void ping_pong(void **state)
{
	struct end *c = *state;
	struct job *a = conn_ends_start(play, &c[0], LAST_PING);
	struct job *b = conn_ends_start(play, &c[1], LAST_PING);
	const int64_t first = 0;

	assert_int_equal(conn_ends_put(c, &first, sizeof(first)),
		sizeof(first));
	assert_int_equal(conn_ends_finish(a), LAST_PING - 1);
	assert_int_equal(conn_ends_finish(b), LAST_PING);
}

/* Whatever a call returned, its buffer is the caller's again. */
static ssize_t race(struct end *end, int direction)
{
	char bytes[CHUNK] = { 0 };
	ssize_t n;

	for (int i = 0; i < RACES; i++) {
		n = direction == CONN_READ ?
			    conn_ends_get(end, bytes, sizeof(bytes)) :
			    conn_ends_put(end, bytes, sizeof(bytes));
		memset(bytes, i, sizeof(bytes));
		if (n == -ETIME)
			conn_ends_limit(end, direction, wait_in_ms(1));
		else if (n <= 0)
			return n ? n : -ENODATA;
	}
	return 0;
}

static void race_in(int direction, struct end *c)
{
	struct job *job[RACERS];

	conn_ends_start(copy, &c[1], BOTH_WAYS & ~direction);
	conn_ends_limit(c, direction, wait_in_ms(1));
	for (int i = 0; i < RACERS; i++)
		job[i] = conn_ends_start(race, c, direction);
	for (int i = 0; i < RACERS; i++)
		assert_int_equal(conn_ends_finish(job[i]), 0);
}

static void racy_read(void **state)
{
	race_in(CONN_READ, *state);
}

static void racy_write(void **state)
{
	race_in(CONN_WRITE, *state);
}

static void read_timeout(void **state)
{
	struct end *c = *state;
	char bytes[CHUNK] = { 0 };

	conn_ends_start(copy, &c[1], CONN_READ);
	conn_ends_limit(c, CONN_READ, LONG_AGO);
	assert_int_equal(conn_ends_get(c, bytes, sizeof(bytes)), -ETIME);
	assert_int_equal(conn_ends_put(c, bytes, sizeof(bytes)), sizeof(bytes));
}

static void write_timeout(void **state)
{
	struct end *c = *state;
	char bytes[CHUNK] = { 0 };

	conn_ends_start(copy, &c[1], CONN_WRITE);
	conn_ends_limit(c, CONN_WRITE, LONG_AGO);
	assert_int_equal(conn_ends_put(c, bytes, sizeof(bytes)), -ETIME);
	assert_in_range(conn_ends_get(c, bytes, sizeof(bytes)), 1,
		sizeof(bytes));
}

/* The second trip would bring back what a write that was over has sent. */
static void past_timeout(void **state)
{
	struct end *c = *state;
	char bytes[CHUNK] = { 0 };

	conn_ends_start(copy, &c[1], BOTH_WAYS);
	roundtrip(c);
	conn_ends_limit(c, BOTH_WAYS, LONG_AGO);
	assert_int_equal(conn_ends_put(c, bytes, sizeof(bytes)), -ETIME);
	assert_int_equal(conn_ends_get(c, bytes, sizeof(bytes)), -ETIME);
	roundtrip(c);
}

/* A reader and a writer, which go on until @when, and end with @want */
static void both_end(struct job *job[2], int64_t when, ssize_t want)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(conn_ends_finish(job[i]), want);
		assert_true(job[i]->over >= when);
	}
}

static void present_timeout(void **state)
{
	struct end *c = *state;
	struct job *job[] = { conn_ends_start(copy, c, CONN_READ),
		conn_ends_start(copy, c, CONN_WRITE) };
	int64_t when;

	usleep(SHORT_MS * 1000);
	when = wait_now();
	if (c->by_call)
		wait_token_cancel(c->token);
	else
		conn_ends_limit(c, BOTH_WAYS, LONG_AGO);
	both_end(job, when, c->by_call ? -ECANCELED : -ETIME);
}

static void future_timeout(void **state)
{
	struct end *c = *state;
	struct job *job[2];
	int64_t when = wait_in_ms(SHORT_MS);

	conn_ends_limit(c, BOTH_WAYS, when);
	job[0] = conn_ends_start(copy, c, CONN_READ);
	job[1] = conn_ends_start(copy, c, CONN_WRITE);
	both_end(job, when, -ETIME);
	conn_ends_start(copy, &c[1], BOTH_WAYS);
	resync(c);
	roundtrip(c);
}

static void close_timeout(void **state)
{
	struct end *c = *state;
	struct job *job[2];
	int64_t when;

	conn_ends_start(copy, &c[1], BOTH_WAYS);
	job[0] = conn_ends_start(copy, c, CONN_READ);
	job[1] = conn_ends_start(copy, c, CONN_WRITE);
	usleep(SHORT_MS * 1000);
	when = wait_now();
	assert_int_equal(conn_close(c->conn), 0);
	both_end(job, when, -EBADF);
}

static ssize_t any_method(struct end *end, int which)
{
	char bytes[CHUNK] = { 0 };
	struct conn_addr addr;

	switch (which) {
	case 0: return conn_ends_get(end, bytes, sizeof(bytes));
	case 1: return conn_ends_put(end, bytes, sizeof(bytes));
	case 2: return conn_local(end->conn, &addr);
	case 3: return conn_peer(end->conn, &addr);
	case 4: conn_ends_limit(end, BOTH_WAYS, wait_in_ms(10)); return 0;
	case 5: conn_ends_limit(end, CONN_READ, LONG_AGO); return 0;
	default: conn_ends_limit(end, CONN_WRITE, LONG_AGO); return 0;
	}
}

/* The first deadline is for calls that look before any other is set. */
static void concurrent_methods(void **state)
{
	struct end *c = *state;
	struct job *job[CALLS];

	conn_ends_start(copy, &c[1], BOTH_WAYS);
	conn_ends_limit(c, BOTH_WAYS, wait_in_ms(SHORT_MS));
	for (int i = 0; i < CALLS; i++)
		job[i] = conn_ends_start(any_method, c, i % METHODS);
	for (int i = 0; i < CALLS; i++)
		assert_true(conn_ends_finish(job[i]) >= 0 ||
			    job[i]->result == -ETIME);
	resync(c);
	roundtrip(c);
}

static ssize_t read_half(struct end *end, int directions)
{
	ssize_t n = copy(end, directions);

	if (!n)
		n = conn_close_read(end->conn);
	return n ? n : conn_ends_get(end, &(char){ 0 }, 1);
}

static void close_read_write(void **state)
{
	struct end *c = *state;
	struct job *reader = conn_ends_start(read_half, &c[1], CONN_READ);

	assert_int_equal(conn_ends_put(c, "twelve bytes", 12), 12);
	assert_int_equal(conn_close_write(c->conn), 0);
	assert_int_equal(conn_ends_put(c, "x", 1), -EPIPE);
	assert_int_equal(conn_ends_finish(reader), 0);
}

/* In both modes */
// clang-format off: it takes the braces of an initializer for a block
#define ASK(test)                                                              \
	{ #test ", the conn's deadline", test, conn_ends_open_pair,            \
		conn_ends_close_pair, &(bool){ false } },                      \
	{ #test ", each call's own", test, conn_ends_open_pair,                \
		conn_ends_close_pair, &(bool){ true } }
// clang-format on

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ASK(basic_io),
		ASK(ping_pong),
		ASK(racy_read),
		ASK(racy_write),
		ASK(read_timeout),
		ASK(write_timeout),
		ASK(past_timeout),
		ASK(present_timeout),
		ASK(future_timeout),
		ASK(close_timeout),
		ASK(concurrent_methods),
		ASK(close_read_write),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	/* Else a call that nothing ends would be waited for without end. */
	alarm(STUCK_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
