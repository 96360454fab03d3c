// SPDX-License-Identifier: Apache-2.0
/*
 * conn_io.c - reading, writing, receiving, sending
 */
#include "conn_private.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* The most that one call moves, as in the kernel */
#define SIZE_MOST ((size_t)0x7ffff000)

/**
 * struct io - What to move
 * @plain:	By read and write: it is no socket
 */
struct io {
	void *data;
	const void *from;
	size_t size;
	int flags;
	bool plain;
	struct conn_addr *addr;
	const struct sockaddr *to;
	socklen_t len;
	struct msghdr *message;
	const struct msghdr *outgoing;
};

static ssize_t result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static ssize_t try_receive(int fd, void *arg)
{
	struct io *io = arg;
	socklen_t len = sizeof(io->addr->room);
	ssize_t n;

	if (io->plain)
		return result(read(fd, io->data, io->size));
	n = recvfrom(fd, io->data, io->size, io->flags | MSG_DONTWAIT,
		io->addr ? &io->addr->any : NULL, io->addr ? &len : NULL);
	if (n >= 0 && io->addr)
		io->addr->len = MIN(len, (socklen_t)sizeof(io->addr->room));
	return result(n);
}

/* A pipe has no flag for it, so a SIGPIPE that was not pending is swallowed. */
static ssize_t write_quietly(int fd, const void *from, size_t size)
{
	static const struct timespec now;
	sigset_t pipe, pending, before;
	ssize_t n;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	n = result(write(fd, from, size));
	if (n == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno != EAGAIN)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static ssize_t try_send(int fd, void *arg)
{
	struct io *io = arg;

	if (io->plain)
		return write_quietly(fd, io->from, io->size);
	return result(sendto(fd, io->from, io->size,
		io->flags | MSG_DONTWAIT | MSG_NOSIGNAL, io->to, io->len));
}

static ssize_t try_recvmsg(int fd, void *arg)
{
	struct io *io = arg;

	return result(recvmsg(fd, io->message,
		io->flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
}

static ssize_t try_sendmsg(int fd, void *arg)
{
	struct io *io = arg;

	return result(sendmsg(fd, io->outgoing,
		io->flags | MSG_DONTWAIT | MSG_NOSIGNAL));
}

ssize_t conn_recvfrom(struct conn *conn, void *data, size_t size, int flags,
	const struct wait *wait, struct conn_addr *from)
{
	struct io io = { .data = data,
		.size = MIN(size, SIZE_MOST),
		.flags = flags,
		.addr = from };

	if (!conn || (size && !data))
		return -EINVAL;
	return conn_run(conn, CONN_IN, wait, try_receive, &io);
}

static int set_plain(struct conn *conn, struct io *io)
{
	if (!conn)
		return -EINVAL;
	io->plain = conn->type < 0;
	return io->plain ? conn_unblock(conn) : 0;
}

ssize_t conn_read(struct conn *conn, void *data, size_t size,
	const struct wait *wait)
{
	struct io io = { .data = data, .size = MIN(size, SIZE_MOST) };
	int rc = size && !data ? -EINVAL : set_plain(conn, &io);

	if (rc)
		return rc;
	return conn_run(conn, CONN_IN, wait, try_receive, &io);
}

ssize_t conn_sendto(struct conn *conn, const void *data, size_t size, int flags,
	const struct wait *wait, const struct sockaddr *to, socklen_t len)
{
	struct io io = { .from = data,
		.size = MIN(size, SIZE_MOST),
		.flags = flags,
		.to = to,
		.len = to ? len : 0 };

	if (!conn || (size && !data))
		return -EINVAL;
	return conn_run(conn, CONN_OUT, wait, try_send, &io);
}

ssize_t conn_write(struct conn *conn, const void *data, size_t size,
	const struct wait *wait)
{
	struct io io = { .from = data, .size = MIN(size, SIZE_MOST) };
	int rc = size && !data ? -EINVAL : set_plain(conn, &io);

	if (rc)
		return rc;
	return conn_run(conn, CONN_OUT, wait, try_send, &io);
}

int conn_write_all(struct conn *conn, const void *data, size_t size,
	const struct wait *wait, size_t *done)
{
	const char *from = data;
	size_t written = 0;
	ssize_t n = 0;

	do {
		n = conn_write(conn, from ? from + written : NULL,
			size - written, wait);
		written += MAX(n, 0);
	} while (n > 0 && written < size);
	if (done)
		*done = written;
	return MIN(n, 0);
}

ssize_t conn_recvmsg(struct conn *conn, struct msghdr *message, int flags,
	const struct wait *wait)
{
	struct io io = { .message = message, .flags = flags };

	if (!message)
		return -EINVAL;
	return conn_run(conn, CONN_IN, wait, try_recvmsg, &io);
}

ssize_t conn_sendmsg(struct conn *conn, const struct msghdr *message, int flags,
	const struct wait *wait)
{
	struct io io = { .outgoing = message, .flags = flags };

	if (!message)
		return -EINVAL;
	return conn_run(conn, CONN_OUT, wait, try_sendmsg, &io);
}
