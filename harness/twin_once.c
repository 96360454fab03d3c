// SPDX-License-Identifier: Apache-2.0
/*
 * twin_once.c - the calls that do not wait, on both sides
 */
#include "twin_once.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "side.h"
#include "twins.h"
#include "util.h"

enum { NEVER_MS = 100000 };

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

	twins_addrs(call, addrs);
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

const struct twin_both twin_once[TWIN_ONCE_CALLS] = { { "bind", bind_both },
	{ "listen", listen_both }, { "close", close_both },
	{ "set_int", set_int }, { "get_int", get_int }, { "filter", filter },
	{ "names", names }, { "shutdown", shut },
	{ "deadline", set_deadline } };
