// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_conn.c - calls of conn, beside the raw calls that they stand for
 *
 * DOC: Theory of Operation
 *
 * The input is a list of calls, CALL_SIZE bytes each: what, on which of SLOTS
 * twins (twin.h), and how. Each call of conn must give what the raw call does,
 * or what was decided before it: -EBADF once it is closed, -ECANCELED and
 * -ETIME for a token and a deadline, in this order; -ETIME where the raw call
 * would block. One reader may be blocked in a thread, until close, token or
 * deadline ends it, and not pthread_cancel(3). A call may be made without one
 * descriptor to be had. Once a program forks: then the child does the rest of
 * it first, and its parent after that. At the end no descriptor may be left,
 * and all of it must take less than STUCK_S.
 *
 * Loopback is not always at once, and a port that is chosen may by chance be
 * the one that is connected to: a difference counts if it is there three times.
 * Then the calls are told, and it aborts.
 */
#include "fuzz.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocked.h"
#include "twin_calls.h"
#include "side.h"
#include "util.h"

enum {
	CALL_SIZE = 4,
	CALLS_MAX = 48,
	SLOTS = 6,
	TOKENS = 3,
	TRIES = 3,
	STUCK_S = 20,
	LATE_MS = 500,
	FAR_MS = 1000,
	NEVER_MS = 100000,
	BLOCKED_NS = 50000,
	FDS_SEEN = 128,
	PORT = 7000
};

static struct twin twins[SLOTS];
static struct wait_token *tokens[TOKENS];
static bool limited, forked, in_child;

/* An address of few, or the own address of a twin: on each side its own */
static void address_of(struct call call, struct conn_addr addrs[2])
{
	static const uint32_t hosts[] = { INADDR_LOOPBACK, INADDR_ANY,
		INADDR_LOOPBACK + 1, 0xc0000201 };
	const struct twin *of = &twins[call.b % SLOTS];
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(call.b & 0x40 ? 0 : PORT + (call.b & 3)),
		.sin_addr.s_addr = htonl(hosts[call.b >> 2 & 3]) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = in.sin_port,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	if (call.b & 0x10)
		in6.sin6_addr = in6addr_any;
	memset(addrs, 0, 2 * sizeof(*addrs));
	if (call.b & 0x80 && of->conn && of->fd >= 0 &&
		!twin_local(of->fd, &addrs[1]) &&
		!conn_local(of->conn, &addrs[0]))
		return;
	for (int i = 0; i < 2; i++) {
		if (call.b & 0x20) {
			addrs[i].len = sizeof(in6);
			memcpy(&addrs[i].room, &in6, sizeof(in6));
		} else {
			addrs[i].len = sizeof(in);
			memcpy(&addrs[i].room, &in, sizeof(in));
		}
	}
}

/* What ends the call before it begins, or 0; @wait is what it is given. */
static int decided(const struct twin *t, int direction, uint8_t how,
	struct wait *wait)
{
	struct wait_token *token = tokens[how % TOKENS];

	*wait = WAIT_FOREVER;
	if (how & 0x40)
		wait->deadline = 1;
	if (how & 0x80)
		wait->cancel_fd = wait_token_fd(token);
	if (t->fd < 0)
		return -EBADF;
	if (how & 0x80 && wait_token_is_cancelled(token))
		return -ECANCELED;
	return how & 0x40 || t->past[direction] ? -ETIME : 0;
}

/* The raw call again, when there is something to say */
static ssize_t later(const struct twin *t, int direction, twin_raw *raw,
	struct io *io)
{
	struct pollfd pfd = { .fd = t->fd,
		.events = direction ? POLLOUT : POLLIN };

	poll(&pfd, 1, LATE_MS);
	return raw(t, io);
}

static void waits(const struct twin *t, int direction, twin_raw *raw,
	twin_ours *ours, struct io *io)
{
	struct wait wait;
	ssize_t want = decided(t, direction, io->call.a, &wait), got;

	if (want) {
		side_same(want, ours(t, io, &wait));
		return;
	}
	want = raw(t, io);
	/* Nothing may block for ever, even if they differ. */
	wait.deadline = want == -EAGAIN ? wait_now() + BLOCKED_NS :
					  wait_in_ms(FAR_MS);
	got = ours(t, io, &wait);
	if (want == -EAGAIN && got != -ETIME)
		want = later(t, direction, raw, io);
	side_same(want == -EAGAIN ? -ETIME : want, got);
	if (want == got && want > 0 && want <= TWIN_SIZE_MAX && !direction)
		differs |= memcmp(io->data[0], io->data[1], want) != 0;
}

static void wait_for(struct twin *t, unsigned int which, struct call call)
{
	struct io io = { .call = call, .fd = -1 };
	struct twin *child = &twins[call.b % SLOTS];

	memset(io.data, 'x', sizeof(io.data));
	address_of(call, io.addrs);
	side_tell("%-9s", twin_calls[which].name);
	waits(t, twin_calls[which].out, twin_calls[which].raw,
		twin_calls[which].ours, &io);
	if (io.child && io.fd >= 0 && !child->conn) {
		side_same_addr(0, &io.from[1], 0, &io.from[0]);
		twin_keep(child, io.child, io.fd, t);
		return;
	}
	conn_free(io.child);
	if (io.fd >= 0)
		close(io.fd);
}

/* Options that are numbers */
static const int options[][2] = { { SOL_SOCKET, SO_REUSEADDR },
	{ SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_BINDTOIFINDEX }, { IPPROTO_IPV6, IPV6_V6ONLY },
	{ IPPROTO_TCP, TCP_NODELAY }, { SOL_SOCKET, SO_ERROR },
	{ SOL_SOCKET, SO_ACCEPTCONN } };

static void set_int(struct twin *t, struct call call)
{
	const int *o = options[call.a % ARRAY_SIZE(options)];
	int value = call.b & 3;

	side_same(twin_calls_result(setsockopt(t->fd, o[0], o[1], &value,
			  sizeof(value))),
		conn_set_int(t->conn, o[0], o[1], value));
}

static void get_int(struct twin *t, struct call call)
{
	const int *o = options[call.a % ARRAY_SIZE(options)];
	int value = 0, ours = 0;
	socklen_t len = sizeof(value);

	side_same(twin_calls_result(getsockopt(t->fd, o[0], o[1], &value,
			  &len)),
		conn_get_int(t->conn, o[0], o[1], &ours));
	side_same(value, ours);
}

static void filter(struct twin *t, struct call call)
{
	static struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	const struct sock_fprog program = { 1, &all };

	if (call.b & 1)
		side_same(twin_calls_result(setsockopt(t->fd, SOL_SOCKET,
				  SO_ATTACH_FILTER, &program, sizeof(program))),
			conn_attach_filter(t->conn, &all, 1));
	else
		side_same(twin_calls_result(setsockopt(t->fd, SOL_SOCKET,
				  SO_DETACH_FILTER, &program, sizeof(program))),
			conn_detach_filter(t->conn));
}

static void names(struct twin *t, struct call call)
{
	struct conn_addr raw, ours;

	if (call.b & 1)
		side_same_addr(twin_local(t->fd, &raw), &raw,
			conn_local(t->conn, &ours), &ours);
	else
		side_same_addr(twin_peer(t->fd, &raw), &raw,
			conn_peer(t->conn, &ours), &ours);
}

static void shut(struct twin *t, struct call call)
{
	int how = call.b & 3, rc = twin_calls_result(shutdown(t->fd, how));

	side_same(rc,
		how == SHUT_RD && call.a & 1 ? conn_close_read(t->conn) :
		how == SHUT_WR && call.a & 1 ? conn_close_write(t->conn) :
					       conn_shutdown(t->conn, how));
}

static void bind_both(struct twin *t, struct call call)
{
	struct conn_addr addrs[2];

	address_of(call, addrs);
	side_same(twin_calls_result(bind(t->fd, &addrs[1].any, addrs[1].len)),
		conn_bind(t->conn, &addrs[0].any, addrs[0].len));
}

static void listen_both(struct twin *t, struct call call)
{
	side_same(twin_calls_result(listen(t->fd, call.b & 3)),
		conn_listen(t->conn, call.b & 3));
}

static void set_deadline(struct twin *t, struct call call)
{
	int directions = call.b & 3;
	int64_t deadline = call.a & 1 ? 1 :
			   call.a & 2 ? wait_in_ms(NEVER_MS) :
					0;
	int want = !directions ? -EINVAL : t->fd < 0 ? -EBADF : 0;

	side_same(want, conn_set_deadline(t->conn, directions, deadline));
	for (int i = 0; i < 2 && !want; i++)
		if (directions & 1 << i)
			t->past[i] = deadline == 1;
}

static void close_both(struct twin *t, struct call call)
{
	(void)call;
	side_same(0, twin_close(t));
}

/* Calls that do not wait; the raw side of one that is closed says EBADF. */
static const struct {
	const char *name;
	void (*fn)(struct twin *t, struct call call);
} at_once[] = { { "bind", bind_both }, { "listen", listen_both },
	{ "close", close_both }, { "set_int", set_int }, { "get_int", get_int },
	{ "filter", filter }, { "names", names }, { "shutdown", shut },
	{ "deadline", set_deadline } };

/* Was there one? */
static bool end_reader(uint8_t how)
{
	ssize_t want, got;

	if (!blocked_is_there())
		return false;
	got = blocked_end(how, &want);
	side_tell("%-9s", "reader");
	side_same(want, got);
	return true;
}

static void open_both(struct twin *t, struct call call)
{
	static const int domains[] = { AF_INET, AF_INET6, AF_UNIX, AF_INET };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int rc;

	rc = twin_open(t, domains[call.a & 3], types[call.a >> 2 & 1],
		call.a >> 3 & 1, call.b % TWIN_BIRTHS);
	side_tell("open domain %d type %d birth %d: %d\n", domains[call.a & 3],
		types[call.a >> 2 & 1], call.b % TWIN_BIRTHS, rc);
	differs |= rc && rc != -EMFILE;
}

static void turn_token(struct call call)
{
	struct wait_token **token = &tokens[call.b % TOKENS];

	side_tell("token %d: %s\n", call.b % TOKENS,
		call.a & 1 ? "new" : "cancel");
	wait_token_cancel(*token);
	if (call.a & 1) {
		wait_token_free(*token);
		ASSERT(!wait_token_new(token));
	}
}

/* Numbers of calls: of those that wait, of those that do not, of others */
enum {
	WAITING = TWIN_CALLS,
	KINDS = WAITING + ARRAY_SIZE(at_once),
	OTHERS = 6
};

static void call_of_twin(struct twin *t, unsigned int kind, struct call call)
{
	if (!t->conn) {
		open_both(t, call);
	} else if (kind < WAITING) {
		wait_for(t, kind, call);
	} else {
		side_tell("%-9s", at_once[kind - WAITING].name);
		at_once[kind - WAITING].fn(t, call);
	}
}

/* There is no descriptor to be had */
static void call_without(struct twin *t, unsigned int kind, struct call call)
{
	struct rlimit before, none;
	int lowest = dup(0);

	limited = false;
	ASSERT(!getrlimit(RLIMIT_NOFILE, &before) && lowest >= 0);
	close(lowest);
	none = (struct rlimit){ lowest, before.rlim_max };
	ASSERT(!setrlimit(RLIMIT_NOFILE, &none));
	call_of_twin(t, kind, call);
	ASSERT(!setrlimit(RLIMIT_NOFILE, &before));
}

/* A child goes on first; to both, all that it has done is done. */
static void fork_once(void)
{
	int status;
	pid_t pid = forked ? -1 : fork();

	if (pid > 0) {
		ASSERT(waitpid(pid, &status, 0) == pid);
		side_tell("the child: status %d%s\n", status,
			status ? " !" : "");
		differs |= status != 0;
	} else if (!pid) {
		alarm(STUCK_S);
		blocked_forget();
		in_child = true;
	}
	forked = true;
}

static void run_call(struct call call)
{
	struct twin *t = &twins[call.slot % SLOTS];
	unsigned int kind = call.kind % (KINDS + OTHERS);

	fuzz_counters->tally.programs++;
	side_tell("\n%d, %2u: ", call.slot % SLOTS, kind);
	switch (kind) {
	case KINDS: turn_token(call); break;
	case KINDS + 1:
		if (!end_reader(call.b))
			blocked_begin();
		break;
	case KINDS + 3: limited = true; break;
	case KINDS + 4: blocked_cancel(); break;
	case KINDS + 5: fork_once(); break;
	case KINDS + 2: twin_free(t); /* fall through */
	default: (limited ? call_without : call_of_twin)(t, kind, call);
	}
}

/* How many descriptors are open? */
static int count_open(void)
{
	struct pollfd fds[FDS_SEEN];

	for (int i = 0; i < FDS_SEEN; i++)
		fds[i] = (struct pollfd){ .fd = i };
	/* Each that is not is "ready", with POLLNVAL. */
	return FDS_SEEN - poll(fds, FDS_SEEN, 0);
}

static void end(void)
{
	end_reader(0);
	for (int i = 0; i < SLOTS; i++)
		twin_free(&twins[i]);
	for (int i = 0; i < TOKENS; i++)
		tokens[i] = wait_token_free(tokens[i]);
}

static void run(const uint8_t *data, size_t size)
{
	int before = count_open();
	struct call call;

	differs = limited = forked = false;
	for (int i = 0; i < TOKENS; i++)
		ASSERT(!wait_token_new(&tokens[i]));
	for (size_t i = 0; i < MIN(size / CALL_SIZE, CALLS_MAX); i++) {
		memcpy(&call, data + i * CALL_SIZE, sizeof(call));
		run_call(call);
	}
	end();
	if (count_open() != before) {
		side_tell("a descriptor is left\n");
		differs = true;
	}
	if (in_child)
		_exit(differs);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	twin_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_counters->execs++;
	alarm(STUCK_S);
	for (int i = 0; i < TRIES; i++) {
		telling = i == TRIES - 1;
		run(data, size);
		if (!differs)
			return 0;
	}
	fputs("\nfuzz_conn: conn and the raw calls differ\n", stderr);
	abort();
}
