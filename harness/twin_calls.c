// SPDX-License-Identifier: Apache-2.0
/*
 * twin_calls.c - the calls that may wait, by conn and raw
 */
#include "twin_calls.h"

#include "util.h"

enum { AT_ONCE = MSG_DONTWAIT | MSG_NOSIGNAL };

static size_t size_of(const struct io *io)
{
	return io->call.b % (TWIN_SIZE_MAX + 1);
}

static ssize_t raw_accept(const struct twin *t, struct io *io)
{
	socklen_t len = sizeof(io->from[1].room);
	int fd = accept4(t->fd, &io->from[1].any, &len,
		SOCK_NONBLOCK | SOCK_CLOEXEC);

	io->from[1].len = len;
	if (fd < 0)
		return -errno;
	io->fd = fd;
	return 0;
}

static ssize_t our_accept(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_accept(t->conn, 0, wait, &io->child, &io->from[0]);
}

static ssize_t raw_connect(const struct twin *t, struct io *io)
{
	return twin_connect(t->fd, &io->addrs[1].any, io->addrs[1].len);
}

static ssize_t our_connect(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_connect(t->conn, &io->addrs[0].any, io->addrs[0].len, wait,
		NULL);
}

static ssize_t raw_read(const struct twin *t, struct io *io)
{
	/* read(2) of nothing asks nothing, and recv(2) may. */
	if (!size_of(io))
		return twin_calls_result(read(t->fd, io->data[1], 0));
	return twin_calls_result(recv(t->fd, io->data[1], size_of(io),
		MSG_DONTWAIT));
}

static ssize_t our_read(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_read(t->conn, io->data[0], size_of(io), wait);
}

static ssize_t raw_write(const struct twin *t, struct io *io)
{
	return twin_calls_result(send(t->fd, io->data[1], size_of(io),
		MSG_DONTWAIT | MSG_NOSIGNAL));
}

static ssize_t our_write(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_write(t->conn, io->data[0], size_of(io), wait);
}

static ssize_t our_write_all(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	size_t done;
	int rc = conn_write_all(t->conn, io->data[0], size_of(io), wait, &done);

	return rc ? rc : (ssize_t)done;
}

static ssize_t raw_sendto(const struct twin *t, struct io *io)
{
	return twin_calls_result(sendto(t->fd, "hello", 5, AT_ONCE,
		&io->addrs[1].any, io->addrs[1].len));
}

static ssize_t our_sendto(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_sendto(t->conn, "hello", 5, 0, wait, &io->addrs[0].any,
		io->addrs[0].len);
}

static ssize_t raw_sendmsg(const struct twin *t, struct io *io)
{
	struct iovec iov = { "bye", 3 };
	struct msghdr message = { .msg_name = &io->addrs[1].any,
		.msg_namelen = io->addrs[1].len,
		.msg_iov = &iov,
		.msg_iovlen = 1 };

	return twin_calls_result(sendmsg(t->fd, &message, AT_ONCE));
}

static ssize_t our_sendmsg(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	struct iovec iov = { "bye", 3 };
	struct msghdr message = { .msg_name = &io->addrs[0].any,
		.msg_namelen = io->addrs[0].len,
		.msg_iov = &iov,
		.msg_iovlen = 1 };

	return conn_sendmsg(t->conn, &message, 0, wait);
}

static ssize_t raw_recvmsg(const struct twin *t, struct io *io)
{
	struct iovec iov = { io->data[1], size_of(io) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	return twin_calls_result(recvmsg(t->fd, &message,
		MSG_DONTWAIT | MSG_PEEK));
}

static ssize_t our_recvmsg(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	struct iovec iov = { io->data[0], size_of(io) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	return conn_recvmsg(t->conn, &message, MSG_PEEK, wait);
}

static ssize_t raw_recvfrom(const struct twin *t, struct io *io)
{
	io->from[1].len = sizeof(io->from[1].room);
	return twin_calls_result(recvfrom(t->fd, io->data[1], size_of(io),
		MSG_DONTWAIT, &io->from[1].any, &io->from[1].len));
}

static ssize_t our_recvfrom(const struct twin *t, struct io *io,
	const struct wait *wait)
{
	return conn_recvfrom(t->conn, io->data[0], size_of(io), 0, wait,
		&io->from[0]);
}

const struct twin_pair twin_calls[TWIN_CALLS] = {
	{ "accept", false, raw_accept, our_accept },
	{ "connect", true, raw_connect, our_connect },
	{ "read", false, raw_read, our_read },
	{ "write", true, raw_write, our_write },
	{ "write_all", true, raw_write, our_write_all },
	{ "sendto", true, raw_sendto, our_sendto },
	{ "sendmsg", true, raw_sendmsg, our_sendmsg },
	{ "recvmsg", false, raw_recvmsg, our_recvmsg },
	{ "recvfrom", false, raw_recvfrom, our_recvfrom },
};
