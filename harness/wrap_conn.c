// SPDX-License-Identifier: Apache-2.0
/*
 * wrap_conn.c - the command, with conn between it and the kernel
 *
 * Linked with --wrap, so that each system call that the kernel subject makes on
 * a socket of a program is a call of conn instead: build/portclash-conn. Beside
 * build/portclash it shows that the helpers change nothing:
 *
 *	portclash sweep pairs -s linux -s 'pipe:build/portclash-conn serve'
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"
#include "net/conn.h"

enum { FDS_MAX = 4096, CONNECT_MS = 10 };

/* What conn itself calls goes on to the kernel. */
static bool inside;
static struct conn *conns[FDS_MAX];
/* A connect goes on: a second one waits for it, where the raw call does not */
static bool begun[FDS_MAX];

int __real_socket(int domain, int type, int protocol);
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __real_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __real_listen(int fd, int backlog);
int __real_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __real_shutdown(int fd, int how);
int __real_setsockopt(int fd, int level, int name, const void *data,
	socklen_t size);
int __real_getsockopt(int fd, int level, int name, void *data, socklen_t *size);
int __real_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int __real_close(int fd);

int __wrap_socket(int domain, int type, int protocol);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_listen(int fd, int backlog);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_shutdown(int fd, int how);
int __wrap_setsockopt(int fd, int level, int name, const void *data,
	socklen_t size);
int __wrap_getsockopt(int fd, int level, int name, void *data, socklen_t *size);
int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_close(int fd);

/* The conn of a descriptor, if a program asks; else it is not ours to change */
static struct conn *enter(int fd)
{
	struct conn *conn = !inside && fd >= 0 && fd < FDS_MAX ? conns[fd] :
								 NULL;

	inside |= conn != NULL;
	return conn;
}

static int leave(int rc)
{
	inside = false;
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

static int tell(int fd, void *arg)
{
	(void)arg;
	return fd;
}

static int keep(int rc, struct conn *conn)
{
	int fd = rc ? rc : conn_control(conn, tell, NULL);

	ASSERT(fd < FDS_MAX);
	if (fd >= 0) {
		conns[fd] = conn;
		begun[fd] = false;
	}
	return leave(fd);
}

int __wrap_socket(int domain, int type, int protocol)
{
	struct conn *conn = NULL;
	int rc;

	/* All sockets of programs are non-blocking, and no others. */
	if (inside || !(type & SOCK_NONBLOCK))
		return __real_socket(domain, type, protocol);
	inside = true;
	rc = conn_open(domain, type, protocol, NULL, &conn);
	return keep(rc, conn);
}

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct wait at_once = { wait_in_ms(1), -1 };
	struct conn *conn = enter(fd), *child = NULL;
	int rc;

	if (!conn)
		return __real_accept4(fd, addr, len, flags);
	rc = conn_accept(conn, flags, &at_once, &child, NULL);
	return keep(rc == -ETIME ? -EAGAIN : rc, child);
}

int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct conn *conn = enter(fd);

	return conn ? leave(conn_bind(conn, addr, len)) :
		      __real_bind(fd, addr, len);
}

int __wrap_listen(int fd, int backlog)
{
	struct conn *conn = enter(fd);

	return conn ? leave(conn_listen(conn, backlog)) :
		      __real_listen(fd, backlog);
}

int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct wait soon = { wait_in_ms(CONNECT_MS), -1 };
	struct conn *conn = enter(fd);
	bool again;
	int rc;

	if (!conn)
		return __real_connect(fd, addr, len);
	rc = conn_connect(conn, addr, len, &soon, NULL);
	again = begun[fd];
	begun[fd] = rc == -ETIME;
	return leave(rc != -ETIME ? rc : again ? -EALREADY : -EINPROGRESS);
}

int __wrap_shutdown(int fd, int how)
{
	struct conn *conn = enter(fd);
	int rc;

	if (!conn)
		return __real_shutdown(fd, how);
	rc = conn_shutdown(conn, how);
	begun[fd] &= rc != 0;
	return leave(rc);
}

int __wrap_setsockopt(int fd, int level, int name, const void *data,
	socklen_t size)
{
	struct conn *conn = enter(fd);

	return conn ? leave(conn_set_option(conn, level, name, data, size)) :
		      __real_setsockopt(fd, level, name, data, size);
}

int __wrap_getsockopt(int fd, int level, int name, void *data, socklen_t *size)
{
	struct conn *conn = enter(fd);
	ssize_t rc;

	if (!conn)
		return __real_getsockopt(fd, level, name, data, size);
	rc = conn_get_option(conn, level, name, data, *size);
	if (rc >= 0)
		*size = rc;
	return leave(MIN(rc, 0));
}

int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct conn *conn = enter(fd);
	struct conn_addr local;
	int rc;

	if (!conn)
		return __real_getsockname(fd, addr, len);
	rc = conn_local(conn, &local);
	if (!rc) {
		memcpy(addr, &local.any, MIN(*len, local.len));
		*len = local.len;
	}
	return leave(rc);
}

int __wrap_close(int fd)
{
	struct conn *conn = enter(fd);

	if (!conn)
		return __real_close(fd);
	conns[fd] = NULL;
	conn_free(conn);
	return leave(0);
}
