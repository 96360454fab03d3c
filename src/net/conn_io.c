// SPDX-License-Identifier: Apache-2.0
/*
 * conn_io.c - reading, writing, receiving, sending
 */
#include "conn_private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* The most that one call moves, as in the kernel */
#define SIZE_MOST ((size_t)0x7ffff000)

/**
 * struct io - What to move
 * @plain:	By read and write: it is no socket, or nothing is to be read
 * @all:	MSG_WAITALL, of a stream: until all is there
 * @had:	What of that is there already
 * @vain:	By MSG_DONTWAIT it is over, though there was nothing to be done
 * @whole:	@message as it was given
 */
struct io {
	void *data;
	const void *from;
	size_t size;
	int flags;
	bool plain, all, vain;
	size_t had;
	struct conn_addr *addr;
	const struct sockaddr *to;
	socklen_t len;
	struct msghdr *message, whole;
	const struct msghdr *outgoing;
};

static ssize_t result(ssize_t n)
{
	return n < 0 ? -errno : n;
}

/* Whoever does not wait is done with the first attempt. */
static ssize_t at_once(struct io *io, ssize_t n)
{
	io->vain = n == -EAGAIN && io->flags & MSG_DONTWAIT;
	return io->vain ? 0 : n;
}

static ssize_t run(struct conn *conn, int direction, const struct wait *wait,
	conn_try *attempt, struct io *io)
{
	ssize_t n = conn_run(conn, direction, wait, attempt, io);

	return io->vain ? -EAGAIN : n;
}

/* What an attempt of recv(2) comes to: with MSG_WAITALL it is not the last */
static ssize_t so_far(struct io *io, ssize_t n)
{
	if (!io->all || n <= 0)
		return n;
	io->had += n;
	return io->had < io->size ? -EINTR : (ssize_t)io->had;
}

/* What came before the end, a deadline or an error is told first. */
static ssize_t in_all(const struct io *io, ssize_t n)
{
	return n <= 0 && io->had ? (ssize_t)io->had : n;
}

static ssize_t try_receive(int fd, void *arg)
{
	struct io *io = arg;
	socklen_t len = sizeof(io->addr->room);
	ssize_t n;

	if (io->plain)
		return result(read(fd, io->data, io->size));
	n = recvfrom(fd, (char *)io->data + io->had, io->size - io->had,
		io->flags | MSG_DONTWAIT, io->addr ? &io->addr->any : NULL,
		io->addr ? &len : NULL);
	if (n >= 0 && io->addr)
		io->addr->len = MIN(len, (socklen_t)sizeof(io->addr->room));
	return so_far(io, at_once(io, result(n)));
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
	return at_once(io, result(sendto(fd, io->from, io->size,
				   io->flags | MSG_DONTWAIT | MSG_NOSIGNAL,
				   io->to, io->len)));
}

/* Beyond what has come */
static void advance(struct msghdr *message, size_t size)
{
	while (size) {
		struct iovec *iov = message->msg_iov;
		size_t part = MIN(size, iov->iov_len);

		iov->iov_base = (char *)iov->iov_base + part;
		iov->iov_len -= part;
		size -= part;
		if (!iov->iov_len) {
			message->msg_iov++;
			message->msg_iovlen--;
		}
	}
}

static ssize_t try_recvmsg(int fd, void *arg)
{
	struct io *io = arg;
	struct msghdr *m = io->message;
	ssize_t n;

	m->msg_namelen = io->whole.msg_namelen;
	m->msg_controllen = io->whole.msg_controllen;
	n = at_once(io, result(recvmsg(fd, m,
				io->flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC)));
	if (!io->all || n <= 0)
		return n;
	advance(m, n);
	/* What belongs to these bytes is no other's. */
	io->all = !m->msg_controllen;
	n = so_far(io, n);
	return io->all ? n : (ssize_t)io->had;
}

static ssize_t try_sendmsg(int fd, void *arg)
{
	struct io *io = arg;

	return at_once(io, result(sendmsg(fd, io->outgoing,
				   io->flags | MSG_DONTWAIT | MSG_NOSIGNAL)));
}

/* Messages come one at a time, and a look takes nothing away. */
static bool waits_for_all(const struct conn *conn, int flags)
{
	return flags & MSG_WAITALL &&
	       !(flags & (MSG_DONTWAIT | MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)) &&
	       conn->type == SOCK_STREAM;
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
	io.all = waits_for_all(conn, flags);
	return in_all(&io, run(conn, CONN_IN, wait, try_receive, &io));
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
	int rc = size && !data ? -EINVAL : size ? set_plain(conn, &io) : 0;

	if (rc)
		return rc;
	/* read(2) of nothing returns at once, and recv(2) does not. */
	if (!size)
		io.plain = true;
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
	return run(conn, CONN_OUT, wait, try_send, &io);
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

/* With a copy of its buffers, from which is taken what has come */
static ssize_t receive_all(struct conn *conn, struct io *io,
	const struct wait *wait)
{
	struct msghdr *message = io->message;
	size_t count = message->msg_iovlen;
	struct iovec *copy = count <= IOV_MAX ?
				     calloc(count + 1, sizeof(*copy)) :
				     NULL;
	ssize_t n;

	if (!copy)
		return count <= IOV_MAX ? -ENOMEM : -EMSGSIZE;
	for (size_t i = 0; i < count; i++) {
		copy[i] = message->msg_iov[i];
		io->size += copy[i].iov_len;
	}
	message->msg_iov = copy;
	io->all = io->size;
	n = in_all(io, run(conn, CONN_IN, wait, try_recvmsg, io));
	message->msg_iov = io->whole.msg_iov;
	message->msg_iovlen = io->whole.msg_iovlen;
	free(copy);
	return n;
}

ssize_t conn_recvmsg(struct conn *conn, struct msghdr *message, int flags,
	const struct wait *wait)
{
	struct io io = { .message = message, .flags = flags };

	if (!message)
		return -EINVAL;
	io.whole = *message;
	if (conn && waits_for_all(conn, flags))
		return receive_all(conn, &io, wait);
	return run(conn, CONN_IN, wait, try_recvmsg, &io);
}

ssize_t conn_sendmsg(struct conn *conn, const struct msghdr *message, int flags,
	const struct wait *wait)
{
	struct io io = { .outgoing = message, .flags = flags };

	if (!message)
		return -EINVAL;
	return run(conn, CONN_OUT, wait, try_sendmsg, &io);
}
