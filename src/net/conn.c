// SPDX-License-Identifier: Apache-2.0
/*
 * conn.c - a socket's life, and how it is lent
 */
#include "conn_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "netns.h"
#include "uncancelled.h"
#include "util.h"

ssize_t conn_run(struct conn *conn, int direction, const struct wait *wait,
	conn_try *attempt, void *arg)
{
	struct conn_call call;
	unsigned int vain = 0;
	ssize_t rc;

	if (!conn)
		return -EINVAL;
	rc = conn_enter(conn, &call);
	if (rc)
		return rc;
	for (;;) {
		rc = conn_check(conn, direction, wait);
		if (rc)
			break;
		rc = attempt(conn->fd, arg);
		if (rc == -EINTR)
			continue;
		if (rc != -EAGAIN)
			break;
		rc = conn_await(conn, direction, wait, &vain);
		if (rc)
			break;
	}
	conn_leave(conn, &call);
	return rc;
}

/* A function that a descriptor is lent to */
struct loan {
	int (*fn)(int fd, void *arg);
	void *arg;
};

static ssize_t lend(int fd, void *arg)
{
	const struct loan *loan = arg;

	return loan->fn(fd, loan->arg);
}

int conn_control(struct conn *conn, int (*fn)(int fd, void *arg), void *arg)
{
	RETURN_AT_ONCE(conn, fn ? fn(conn->fd, arg) : -EINVAL);
}

int conn_fd(struct conn *conn)
{
	RETURN_AT_ONCE(conn, conn->fd);
}

static int run_loan(struct conn *conn, int direction, const struct wait *wait,
	struct loan *loan)
{
	int rc = loan->fn ? conn_unblock(conn) : -EINVAL;

	return rc ? rc : conn_run(conn, direction, wait, lend, loan);
}

int conn_raw_read(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg)
{
	struct loan loan = { fn, arg };

	return run_loan(conn, CONN_IN, wait, &loan);
}

int conn_raw_write(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg)
{
	struct loan loan = { fn, arg };

	return run_loan(conn, CONN_OUT, wait, &loan);
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

/* For all who share it */
static int unblock(struct conn *conn)
{
	int rc = set_nonblocking(conn->fd);

	if (!rc)
		atomic_store(&conn->shared, false);
	return rc;
}

int conn_unblock(struct conn *conn)
{
	if (conn && !atomic_load(&conn->shared))
		return 0;
	RETURN_AT_ONCE(conn, unblock(conn));
}

struct conn *conn_new(void)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn_init(conn);
	return conn;
}

/* Give it its descriptor */
static void fill(struct conn *conn, int fd, bool shared)
{
	socklen_t len = sizeof(conn->type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &conn->type, &len))
		conn->type = -1;
	conn->shared = shared;
	conn->fd = fd;
}

/* Free what has no descriptor; NULL */
static struct conn *discard(struct conn *conn)
{
	if (conn)
		conn_fini(conn);
	free(conn);
	return NULL;
}

int conn_wrap(int fd, bool shared, struct conn *new, struct conn **conn)
{
	if (fd < 0) {
		discard(new);
		return fd;
	}
	fill(new, fd, shared);
	*conn = new;
	return 0;
}

/* Close-on-exec and non-blocking, or as it was */
static int take_over(int fd)
{
	int flags = fcntl(fd, F_GETFD), rc;

	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC))
		return -errno;
	rc = set_nonblocking(fd);
	if (rc)
		fcntl(fd, F_SETFD, flags);
	return rc ? rc : fd;
}

int conn_adopt(int fd, struct conn **conn)
{
	struct conn *new = conn ? conn_new() : NULL;

	if (!new)
		return conn ? -ENOMEM : -EINVAL;
	return conn_wrap(take_over(fd), false, new, conn);
}

int conn_dup(int fd, struct conn **conn)
{
	struct conn *new = conn ? conn_new() : NULL;

	if (!new)
		return conn ? -ENOMEM : -EINVAL;
	return conn_wrap(conn_result(fcntl(fd, F_DUPFD_CLOEXEC, 0)), true, new,
		conn);
}

/* A socket to be made */
struct making {
	int domain, type, protocol;
};

static int make(struct netns *from, void *arg)
{
	const struct making *m = arg;

	(void)from;
	return conn_result(socket(m->domain, m->type, m->protocol));
}

int conn_open(int domain, int type, int protocol,
	const struct conn_options *options, struct conn **conn)
{
	struct making m = { domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		protocol };
	struct conn *new = conn ? conn_new() : NULL;
	int fd;

	if (!new)
		return conn ? -ENOMEM : -EINVAL;
	fd = options && options->netns_fd > 0 ?
		     netns_do_fd(options->netns_fd, make, &m) :
		     make(NULL, &m);
	return conn_wrap(fd, false, new, conn);
}

struct conn *conn_free(struct conn *conn)
{
	UNCANCELLED();

	if (conn)
		ASSERT(conn_close(conn) != -EDEADLK);
	return discard(conn);
}
