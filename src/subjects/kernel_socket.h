/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_socket.h - one op on one socket of this kernel
 *
 * Nothing stands between judge and judged: an op is one raw system call, and
 * its errno is the outcome. The rest of the outcome, such as the port that was
 * chosen, is asked for by other calls afterwards. All sockets are non-blocking.
 */
#ifndef KERNEL_SOCKET_H
#define KERNEL_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "program/program.h"

/**
 * struct kernel_socket - One socket of a program
 * @fd:		Its descriptor, the owner's to close
 * @type:	A socket_type
 * @explicit:	Its port was written in a bind, and so is not to be told
 */
struct kernel_socket {
	int fd;
	uint8_t type;
	bool explicit;
};

/**
 * kernel_socket_open() - Make a socket, and give it to an owner
 * @sock:	Filled in if the outcome is ok
 * @type:	A socket_type
 * @uid:	The owner, or UID_NONE for the caller
 * @out:	The outcome
 *
 * Return: 0, or a negative errno if the machine has run out of something,
 *	   which is no outcome
 */
int kernel_socket_open(struct kernel_socket *sock, int type, uint32_t uid,
	struct outcome *out);

/**
 * kernel_socket_accept() - Take a connection that waits
 * @listener:	The socket that the connection came to
 * @sock:	Filled in if the outcome is ok
 * @echo:	From kernel_socket_echo(), or negative: then a connection that
 *		is not here at once is waited for
 * @out:	The outcome; EAGAIN if nothing waits
 *
 * Return: As for kernel_socket_open()
 */
int kernel_socket_accept(const struct kernel_socket *listener,
	struct kernel_socket *sock, int echo, struct outcome *out);

/** kernel_socket_echo() - A socket to ask this world for an echo with, or a
 * negative errno */
int kernel_socket_echo(void);

/**
 * kernel_socket_settle() - Wait until all packets that were sent are answered
 * @echo:	From kernel_socket_echo(), or negative
 *
 * Return: false if no echo proves it
 */
bool kernel_socket_settle(int echo);

/**
 * kernel_socket_has_type() - Does this kernel have such sockets?
 *
 * Return: 1 or 0, or a negative errno: we cannot have any, so nobody knows
 */
int kernel_socket_has_type(int type);

/** kernel_socket_is_mptcp() - Does part of its closing happen later? */
bool kernel_socket_is_mptcp(const struct kernel_socket *sock);

/** kernel_socket_reset() - Close it, and leave nothing behind */
void kernel_socket_reset(const struct kernel_socket *sock);

/*
 * kernel_socket_set() and so on - The op of that name
 * @sock:	An open socket
 * @op:		An op of that kind, its places resolved
 *
 * bind, listen and connect tell the port, if it was not written in a bind.
 *
 * Return: The outcome. Of connect EINPROGRESS once all that was sent is
 *	   answered, as an echo on @echo (kernel_socket_echo()) proves
 */
struct outcome kernel_socket_set(const struct kernel_socket *sock,
	const struct op *op);
struct outcome kernel_socket_get(const struct kernel_socket *sock,
	const struct op *op);
struct outcome kernel_socket_bind(struct kernel_socket *sock,
	const struct op *op);
struct outcome kernel_socket_listen(const struct kernel_socket *sock,
	const struct op *op);
struct outcome kernel_socket_connect(const struct kernel_socket *sock,
	const struct op *op, int echo);
struct outcome kernel_socket_disconnect(const struct kernel_socket *sock);
struct outcome kernel_socket_shutdown(const struct kernel_socket *sock,
	const struct op *op);

#endif /* KERNEL_SOCKET_H */
