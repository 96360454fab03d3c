// SPDX-License-Identifier: Apache-2.0
/*
 * conn_connect.c - bind, listen, accept, connect, and the ends of a connection
 */
#include "conn_private.h"

#include <errno.h>
#include <unistd.h>

#include "util.h"

/* A Unix socket whose listener is full tells nobody when it has room again */
enum { UNIX_RETRY_MS_MIN = 1, UNIX_RETRY_MS_MAX = 50 };

/* The flags that conn_accept() takes; it sets both in any case */
enum { ACCEPT_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK };

int conn_bind(struct conn *conn, const struct sockaddr *addr, socklen_t len)
{
	RETURN_AT_ONCE(conn,
		addr ? conn_result(bind(conn->fd, addr, len)) : -EINVAL);
}

int conn_listen(struct conn *conn, int backlog)
{
	RETURN_AT_ONCE(conn, conn_result(listen(conn->fd, backlog)));
}

int conn_shutdown(struct conn *conn, int how)
{
	RETURN_AT_ONCE(conn, conn_result(shutdown(conn->fd, how)));
}

int conn_close_read(struct conn *conn)
{
	return conn_shutdown(conn, SHUT_RD);
}

int conn_close_write(struct conn *conn)
{
	return conn_shutdown(conn, SHUT_WR);
}

static int name(int fd, struct conn_addr *addr,
	int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct conn_addr out = { .len = sizeof(out.room) };

	if (get(fd, &out.any, &out.len))
		return -errno;
	out.len = MIN(out.len, (socklen_t)sizeof(out.room));
	*addr = out;
	return 0;
}

static int local(int fd, struct sockaddr *addr, socklen_t *len)
{
	return getsockname(fd, addr, len);
}

static int peer_of(int fd, struct sockaddr *addr, socklen_t *len)
{
	return getpeername(fd, addr, len);
}

int conn_local(struct conn *conn, struct conn_addr *addr)
{
	RETURN_AT_ONCE(conn, addr ? name(conn->fd, addr, local) : -EINVAL);
}

int conn_peer(struct conn *conn, struct conn_addr *addr)
{
	RETURN_AT_ONCE(conn, addr ? name(conn->fd, addr, peer_of) : -EINVAL);
}

static ssize_t try_accept(int fd, void *arg)
{
	struct conn_addr *peer = arg;
	int child;

	peer->len = sizeof(peer->room);
	child = accept4(fd, &peer->any, &peer->len, ACCEPT_FLAGS);
	return child < 0 ? -errno : child;
}

int conn_accept(struct conn *conn, int flags, const struct wait *wait,
	struct conn **child, struct conn_addr *peer)
{
	struct conn_addr from = { 0 };
	struct conn *new;
	int rc;

	if (!conn || !child || flags & ~ACCEPT_FLAGS)
		return -EINVAL;
	rc = conn_unblock(conn);
	if (rc)
		return rc;
	new = conn_new();
	if (!new)
		return -ENOMEM;
	rc = conn_wrap(conn_run(conn, CONN_IN, wait, try_accept, &from), false,
		new, child);
	from.len = MIN(from.len, (socklen_t)sizeof(from.room));
	if (!rc && peer)
		*peer = from;
	return rc;
}

static bool is_internet(const struct sockaddr *addr)
{
	return addr->sa_family == AF_INET || addr->sa_family == AF_INET6;
}

/* Is a connect that was begun decided? 0, -EAGAIN (not yet), or its errno */
static int outcome(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct conn_addr peer;
	socklen_t size = sizeof(int);
	int error;

	/* A second call ends what the first began, as if that had blocked.
	 * SO_ERROR would tell the error, too, but once, and leave a socket
	 * that refuses to be connected again. */
	if (is_internet(addr)) {
		error = connect(fd, addr, len) ? errno : 0;
		/* EINPROGRESS: another thread was told of the first's end. */
		return error == EALREADY || error == EINPROGRESS ? -EAGAIN :
		       error == EISCONN				 ? 0 :
								   -error;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return -errno;
	if (error)
		return -error;
	return name(fd, &peer, peer_of) == -ENOTCONN ? -EAGAIN : 0;
}

/* Also by an earlier call, which has given up, or by another thread's */
static bool is_begun(int rc, const struct sockaddr *addr)
{
	return rc == -EINPROGRESS || rc == -EINTR ||
	       (rc == -EALREADY && is_internet(addr));
}

static int finish(struct conn *conn, const struct sockaddr *addr, socklen_t len,
	const struct wait *wait)
{
	unsigned int vain = 0;
	int rc;

	do {
		rc = conn_await(conn, CONN_OUT, wait, &vain);
		if (!rc)
			rc = conn_check(conn, CONN_OUT, wait);
		if (!rc)
			rc = outcome(conn->fd, addr, len);
	} while (rc == -EAGAIN);
	return rc;
}

static int begin(struct conn *conn, const struct sockaddr *addr, socklen_t len,
	const struct wait *wait)
{
	int64_t ms = UNIX_RETRY_MS_MIN;
	int rc;

	for (;;) {
		rc = conn_check(conn, CONN_OUT, wait);
		if (rc)
			return rc;
		rc = conn_result(connect(conn->fd, addr, len));
		if (is_begun(rc, addr))
			return finish(conn, addr, len, wait);
		if (rc != -EAGAIN || addr->sa_family != AF_UNIX)
			return rc;
		rc = conn_pause(conn, CONN_OUT, wait, ms);
		if (rc)
			return rc;
		ms = MIN(2 * ms, UNIX_RETRY_MS_MAX);
	}
}

int conn_connect(struct conn *conn, const struct sockaddr *addr, socklen_t len,
	const struct wait *wait, struct conn_addr *peer)
{
	struct conn_call call;
	int rc;

	if (!conn || !addr || len < sizeof(addr->sa_family))
		return -EINVAL;
	rc = conn_unblock(conn);
	if (!rc)
		rc = conn_enter(conn, &call);
	if (rc)
		return rc;
	rc = begin(conn, addr, len, wait);
	/* A connect to AF_UNSPEC is a disconnect; then there is no peer. */
	if (!rc && peer && addr->sa_family != AF_UNSPEC)
		rc = name(conn->fd, peer, peer_of);
	conn_leave(conn, &call);
	return rc;
}
