// SPDX-License-Identifier: Apache-2.0
/*
 * bench_conn.c - what the helpers cost beside raw calls, and how soon they wake
 *
 * Each helper has a workload that does the same by raw calls. Of waking, the
 * cost is the 99th percentile, over all callers and rounds.
 */
#include "bench.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_netns.h"
#include "net/conn.h"
#include "net/netns.h"

enum {
	SIZE = 1024,
	CALLERS = 100,
	SETTLE_US = 20000,
};

static char data[SIZE];
static struct conn *ends[2];
static int fds[2];
static struct netns *there;

static void our_trip(void)
{
	ASSERT(conn_write(ends[0], data, SIZE, NULL) == SIZE);
	ASSERT(conn_read(ends[1], data, SIZE, NULL) == SIZE);
}

static void raw_trip(void)
{
	ASSERT(send(fds[0], data, SIZE, MSG_NOSIGNAL | MSG_DONTWAIT) == SIZE);
	ASSERT(recv(fds[1], data, SIZE, MSG_DONTWAIT) == SIZE);
}

static int nothing(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return 0;
}

static void our_move(void)
{
	ASSERT(!netns_do(there, nothing, NULL));
}

static void *raw_visit(void *arg)
{
	(void)arg;
	ASSERT(!setns(netns_fd(there), CLONE_NEWNET));
	return NULL;
}

static void raw_move(void)
{
	pthread_t thread;

	ASSERT(!pthread_create(&thread, NULL, raw_visit, NULL));
	pthread_join(thread, NULL);
}

static void our_inline(void)
{
	ASSERT(!netns_do_inline(there, nothing, NULL));
}

static void raw_inline(void)
{
	struct netns *here;

	ASSERT(!netns_current(&here));
	ASSERT(!setns(netns_fd(there), CLONE_NEWNET));
	ASSERT(!setns(netns_fd(here), CLONE_NEWNET));
	netns_free(here);
}

static void our_socket(void)
{
	const struct conn_options options = { .netns_fd = netns_fd(there) };
	struct conn *conn;

	ASSERT(!conn_open(AF_INET, SOCK_DGRAM, 0, &options, &conn));
	conn_free(conn);
}

static void *raw_open(void *arg)
{
	raw_visit(NULL);
	*(int *)arg = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return NULL;
}

static void raw_socket(void)
{
	pthread_t thread;
	int fd;

	ASSERT(!pthread_create(&thread, NULL, raw_open, &fd));
	pthread_join(thread, NULL);
	ASSERT(!close(fd));
}

/* A caller that is blocked, and when it came back */
struct caller {
	pthread_t thread;
	struct conn *conn;
	struct wait wait;
	int64_t back;
	ssize_t result;
};

static void *block(void *arg)
{
	struct caller *c = arg;

	c->result = conn_read(c->conn, &(char){ 0 }, 1, &c->wait);
	c->back = wait_now();
	return NULL;
}

enum wake { BY_CLOSE, BY_TOKEN, BY_DEADLINE, BY_OWN_DEADLINE };

/* How long after the moment each of them came back */
static void wake_all(enum wake how, double late[CALLERS])
{
	static const ssize_t results[] = { -EBADF, -ECANCELED, -ETIME, -ETIME };
	struct caller callers[CALLERS];
	struct wait_token *token;
	struct conn *conn;
	int64_t moment = 0;

	ASSERT(!conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn));
	ASSERT(!wait_token_new(&token));
	if (how == BY_OWN_DEADLINE)
		moment = wait_now() + 2 * SETTLE_US * INT64_C(1000);
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){ .conn = conn,
			.wait = { moment, wait_token_fd(token) } };
		ASSERT(!pthread_create(&callers[i].thread, NULL, block,
			&callers[i]));
	}
	usleep(SETTLE_US);
	if (!moment)
		moment = wait_now();
	if (how == BY_CLOSE)
		conn_close(conn);
	else if (how == BY_TOKEN)
		wait_token_cancel(token);
	else if (how == BY_DEADLINE)
		conn_set_deadline(conn, CONN_READ, 1);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		ASSERT(callers[i].result == results[how]);
		late[i] = callers[i].back - moment;
	}
	wait_token_free(token);
	conn_free(conn);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static enum wake wake_how;

static double measure_wake(const struct bench *bench, uint64_t count,
	uint64_t *checksum)
{
	double *late = malloc(count * CALLERS * sizeof(*late)), p99;

	(void)bench;
	ASSERT(late);
	for (uint64_t i = 0; i < count; i++)
		wake_all(wake_how, late + i * CALLERS);
	qsort(late, count * CALLERS, sizeof(*late), by_size);
	p99 = late[count * CALLERS * 99 / 100];
	free(late);
	*checksum = 0;
	return p99;
}

static int tell(int fd, void *arg)
{
	(void)arg;
	return fd;
}

/* Of a TCP connection, also by its descriptors */
static void open_pair(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct conn_addr addr;
	struct conn *listener;

	ASSERT(!conn_open(AF_INET, SOCK_STREAM, 0, NULL, &listener));
	ASSERT(!conn_bind(listener, (struct sockaddr *)&in, sizeof(in)));
	ASSERT(!conn_listen(listener, 1));
	ASSERT(!conn_local(listener, &addr));
	ASSERT(!conn_open(AF_INET, SOCK_STREAM, 0, NULL, &ends[0]));
	ASSERT(!conn_connect(ends[0], &addr.any, addr.len, NULL, NULL));
	ASSERT(!conn_accept(listener, 0, NULL, &ends[1], NULL));
	conn_free(listener);
	for (int i = 0; i < 2; i++)
		fds[i] = conn_control(ends[i], tell, NULL);
}

static void begin(const char *argument)
{
	(void)argument;
	if (!own_netns_enter())
		exit(3);
	open_pair();
	ASSERT(!netns_new(&there));
}

static void begin_wake(const char *argument)
{
	static const char *const names[] = { "close", "token", "deadline",
		"own" };

	begin("");
	while (strcmp(argument, names[wake_how]))
		if (++wake_how == ARRAY_SIZE(names)) {
			quote_printf(stderr, "bench: wake by '%s'?\n",
				argument);
			exit(2);
		}
}

#define RUN(name, call)                                                        \
	static uint64_t run_##name(uint64_t count)                             \
	{                                                                      \
		while (count--)                                                \
			call();                                                \
		return 0;                                                      \
	}
RUN(trip, our_trip)
RUN(trip_raw, raw_trip)
RUN(move, our_move)
RUN(move_raw, raw_move)
RUN(inline, our_inline)
RUN(inline_raw, raw_inline)
RUN(open, our_socket)
RUN(open_raw, raw_socket)

static const struct bench benches[] = {
	{ "trip", bench_each, begin, run_trip },
	{ "trip-raw", bench_each, begin, run_trip_raw },
	{ "move", bench_each, begin, run_move },
	{ "move-raw", bench_each, begin, run_move_raw },
	{ "inline", bench_each, begin, run_inline },
	{ "inline-raw", bench_each, begin, run_inline_raw },
	{ "open", bench_each, begin, run_open },
	{ "open-raw", bench_each, begin, run_open_raw },
	{ "wake", measure_wake, begin_wake, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches));
}
