// SPDX-License-Identifier: Apache-2.0
/*
 * bench_conn.c - what the helpers cost beside raw calls, and how soon they wake
 *
 * Rounds of both alternate, since machines are shared and noisy, and the median
 * of their ratios counts. Of waking, the 99th percentile does, over all callers
 * and rounds.
 *
 * The last line on stdout is {"rows":[...]}, as of bench.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_netns.h"
#include "bench.h"
#include "util.h"
#include "net/conn.h"
#include "net/netns.h"

enum {
	ROUNDS = 15,
	TRIPS = 20000,
	MOVES = 500,
	SIZE = 1024,
	CALLERS = 100,
	WAKES = 20,
	SETTLE_US = 20000,
	NS_PER_MS = 1000000,
	WAKE_MS = 10
};

static char data[SIZE];
static struct conn *ends[2];
static int fds[2];
static struct netns *there;

/* Nanoseconds of one call, both ways in turn; the ratio is theirs to ours */
static void compare(const char *name, void (*ours)(void), void (*raw)(void),
	int calls, double target)
{
	double mine[ROUNDS], theirs[ROUNDS], ratio[ROUNDS];
	char note[64];

	ours();
	raw();
	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = wait_now(), middle;

		for (int k = 0; k < calls; k++)
			raw();
		middle = wait_now();
		for (int k = 0; k < calls; k++)
			ours();
		theirs[i] = (double)(middle - start) / calls;
		mine[i] = (double)(wait_now() - middle) / calls;
		ratio[i] = theirs[i] / mine[i];
	}
	snprintf(note, sizeof(note), ", %+.0f ns%s",
		bench_median(mine, ROUNDS) - bench_median(theirs, ROUNDS),
		target ? " (target 0.91)" : "");
	bench_row(name, bench_median(mine, ROUNDS),
		bench_median(theirs, ROUNDS), bench_median(ratio, ROUNDS),
		target, note);
}

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

static void wake(const char *name, enum wake how)
{
	static double late[WAKES * CALLERS];
	double p99, limit = (double)WAKE_MS * NS_PER_MS;
	char note[64];

	for (int i = 0; i < WAKES; i++)
		wake_all(how, late + i * CALLERS);
	qsort(late, WAKES * CALLERS, sizeof(*late), bench_by_size);
	p99 = late[WAKES * CALLERS * 99 / 100];
	snprintf(note, sizeof(note), " (p99 %.2f ms, at most %d)",
		p99 / NS_PER_MS, WAKE_MS);
	bench_row(name, p99, limit, limit / p99, 1, note);
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

int main(void)
{
	if (!own_netns_enter())
		return 3;
	open_pair();
	ASSERT(!netns_new(&there));
	fprintf(stderr, "%-44s %12s  %12s  ratio\n", "ns", "helper", "raw");
	compare("conn: 1 KiB written and read", our_trip, raw_trip, TRIPS,
		1 / 1.10);
	compare("netns_do: a thread that goes there", our_move, raw_move, MOVES,
		0);
	compare("netns_do_inline: there and back", our_inline, raw_inline,
		MOVES * 10, 0);
	compare("conn_open: a socket over there", our_socket, raw_socket, MOVES,
		0);
	wake("close wakes 100 callers", BY_CLOSE);
	wake("a token wakes 100 callers", BY_TOKEN);
	wake("a deadline, set, wakes 100 callers", BY_DEADLINE);
	wake("their own deadlines wake 100 callers", BY_OWN_DEADLINE);
	puts("]}");
	netns_free(there);
	conn_free(ends[0]);
	conn_free(ends[1]);
	return 0;
}
