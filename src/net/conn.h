/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - sockets whose calls end: by deadline, by token, by close
 *
 * DOC: Theory of Operation
 *
 * A call on a conn tries its system call and, if that would block, waits: for
 * the socket, for the deadline of its direction, for its own deadline and its
 * own token (wait.h), and for conn_close(). Before each attempt these are
 * looked at in the order closed, token, deadlines: a deadline that is over
 * beats data that is there. The deadline and the token of one call never
 * disturb another.
 *
 * The earlier of the two deadlines wins, and no call clears any. A conn has one
 * descriptor at rest, and calls that wait share another; if that cannot be had,
 * they wait all the same, and notice a close within 10 ms. If
 * RLIMIT_NOFILE is less than 3, as in some sandboxes, none can wait: -EINVAL.
 *
 * Closing the descriptor of a socket wakes no thread that is blocked in it, and
 * its number may be another socket's at once. So conn_close() first wakes all
 * calls, waits until they have left, and closes the descriptor then.
 *
 * After fork(2) the child has conns of its own on the same sockets: without the
 * calls of the parent's threads, with the deadlines of that moment. No close,
 * deadline or call of one process is noticed by a conn of the other, and both
 * may free theirs. A connection ends when both have, or by conn_shutdown(), and
 * non-blocking is shared as in conn_dup(). This holds for fork(), and not for
 * _Fork(3) or a bare clone(2). If the parent is just closing it, the child has
 * it closed too, and its descriptor may stay; so may that of a wait that is
 * just beginning or ending in another thread.
 *
 * No function is a cancellation point: pthread_cancel(3) is carried out after
 * it, and a token is what ends a call. A function that is called within must
 * return, and not by longjmp(3), pthread_exit(3) or an exception; it may fork.
 *
 * All functions are thread-safe but for conn_free(). They return a count or 0,
 * or a negative errno: -ETIME (a deadline), -ECANCELED (a token), -EBADF
 * (closed, before or meanwhile), -EINVAL (a NULL where none may be), and
 * otherwise the kernel's own. The kernel's timeout of a connect stays
 * -ETIMEDOUT. Nothing raises SIGPIPE. Descriptors are close-on-exec.
 */
#ifndef CONN_H
#define CONN_H

#include <signal.h>
#ifdef __GLIBC__ /* for siginfo_t in plain C */
#include <bits/types/siginfo_t.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "portclash.h"
#include "wait.h"

PORTCLASH_BEGIN

struct conn;
struct sock_filter;

/**
 * struct conn_addr - A socket address of any family
 * @len:	Bytes of the address, from the start of @any; 0 for none
 */
struct conn_addr {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	};
};

/**
 * struct conn_options - Where and how to open
 * @netns_fd:	A network namespace; 0 or less for the thread's own
 */
struct conn_options {
	int netns_fd;
};

#define CONN_OPTIONS_INIT { -1 }
#define CONN_OPTIONS ((struct conn_options){ .netns_fd = -1 })

/* Directions, for deadlines */
enum { CONN_READ = 1, CONN_WRITE = 2 };

/**
 * conn_open() - Make a socket
 * @domain, @type, @protocol: As for socket(2)
 * @options:	Or NULL
 * @conn:	The caller's to conn_free(); set only on success
 *
 * For another namespace a thread is made that enters it, so the caller's never
 * moves.
 *
 * Return: 0, or a negative errno of socket(2) or setns(2)
 */
int conn_open(int domain, int type, int protocol,
	const struct conn_options *options, struct conn **conn);

/**
 * conn_adopt() - Take a descriptor over
 * @fd:		The conn's on success, non-blocking and close-on-exec then; else
 *		still the caller's, and as it was
 * @conn:	The caller's to conn_free(); set only on success
 */
int conn_adopt(int fd, struct conn **conn);

/**
 * conn_dup() - Work with a copy of a descriptor
 * @fd:		Stays the caller's. It becomes non-blocking when the conn
 *		accepts or connects, is used raw, or is no socket and is read
 *		or written, since both descriptors share that property
 * @conn:	The caller's to conn_free(); set only on success
 */
int conn_dup(int fd, struct conn **conn);

/**
 * conn_fd() - Its descriptor, for an event loop such as epoll(7)
 *
 * It is the conn's, and is closed with it: take it out of the loop before. It
 * is not protected from a close by another thread: conn_control() is.
 *
 * Return: The descriptor, -EBADF (closed), or -EINVAL (NULL)
 */
int conn_fd(struct conn *conn);

/**
 * conn_close() - Wake all its calls, wait for them, close
 *
 * A second close is 0 as well, and returns when the first is done.
 *
 * Return: 0, -EDEADLK (this thread is within a call on this conn, or within a
 *	   close, however deep: by conn_control(), or in a signal handler), the
 *	   negative errno of close(2), or that of write(2): its calls could not
 *	   be woken, and it is still open
 */
int conn_close(struct conn *conn);

/**
 * conn_free() - Close it if it is not, and free it; no call may be in it
 *
 * Return: NULL
 */
struct conn *conn_free(struct conn *conn);

/**
 * conn_set_deadline() - Until when may calls wait, also those that wait now?
 * @directions:	CONN_READ, CONN_WRITE or both
 * @deadline:	Nanoseconds, 0 for none; one in the past is over at once
 */
int conn_set_deadline(struct conn *conn, int directions, int64_t deadline);

/** conn_bind() - bind(2) */
int conn_bind(struct conn *conn, const struct sockaddr *addr, socklen_t len);

/** conn_listen() - listen(2) */
int conn_listen(struct conn *conn, int backlog);

/**
 * conn_accept() - Wait for a connection
 * @flags:	SOCK_CLOEXEC and SOCK_NONBLOCK, which the child has in any case
 * @wait:	Or NULL
 * @child:	The caller's to conn_free(); set only on success
 * @peer:	Set to the address of the other end, or NULL
 *
 * Return: 0, -EMFILE, -ENFILE or -ENOMEM (the connection stays queued), or as
 *	   any call that waits
 */
int conn_accept(struct conn *conn, int flags, const struct wait *wait,
	struct conn **child, struct conn_addr *peer);

/**
 * conn_connect() - Connect, and wait until that is decided
 * @peer:	Set to the address of the other end, or NULL
 *
 * After -ETIME and -ECANCELED the kernel still connects: another call goes on
 * to wait for the same peer, whatever @addr is, and conn_close() ends it. While
 * another thread waits in this, both wait for the one connection. -EALREADY is
 * waited out, and comes only from a family other than IP and Unix.
 *
 * -EAGAIN does not mean that it is pending. UDP has no port left, or the
 * listener of a Unix socket had no room until the deadline. Without a deadline
 * and a token, a Unix socket waits for ever.
 */
int conn_connect(struct conn *conn, const struct sockaddr *addr, socklen_t len,
	const struct wait *wait, struct conn_addr *peer);

/** conn_shutdown() - shutdown(2) */
int conn_shutdown(struct conn *conn, int how);

/** conn_close_read() - No more is read */
int conn_close_read(struct conn *conn);

/** conn_close_write() - No more is written; the peer reads to the end */
int conn_close_write(struct conn *conn);

/** conn_local() - Its own address */
int conn_local(struct conn *conn, struct conn_addr *addr);

/** conn_peer() - The other end's */
int conn_peer(struct conn *conn, struct conn_addr *addr);

/**
 * conn_read() - Read what is there, and wait until there is something
 *
 * As by read(2), nothing (@size 0) is read at once, and takes no message.
 *
 * Return: Bytes, 0 at the end of a stream or of an empty message, or a
 *	   negative errno
 */
ssize_t conn_read(struct conn *conn, void *data, size_t size,
	const struct wait *wait);

/** conn_write() - Write some, and wait until there is room for some */
ssize_t conn_write(struct conn *conn, const void *data, size_t size,
	const struct wait *wait);

/**
 * conn_write_all() - Write all
 * @done:	How many bytes were written, also on failure; or NULL
 *
 * It is written in several parts if it does not fit at once, so two threads at
 * a time may mix theirs: then the caller needs a lock.
 */
int conn_write_all(struct conn *conn, const void *data, size_t size,
	const struct wait *wait, size_t *done);

/**
 * conn_recvfrom() - Receive
 * @flags:	As for recvfrom(2). MSG_WAITALL of a stream waits for all @size
 *		bytes, and then tells those that came before an end, an error, a
 *		deadline or a token; with MSG_PEEK it is ignored. With
 *		MSG_DONTWAIT it is -EAGAIN where it would wait
 * @from:	Set to the sender's address, or NULL
 *
 * Nothing (@size 0) is waited for, and takes a message, as by recvfrom(2).
 *
 * Return: As conn_read()
 */
ssize_t conn_recvfrom(struct conn *conn, void *data, size_t size, int flags,
	const struct wait *wait, struct conn_addr *from);

/** conn_recvmsg() - recvmsg(2); flags as in conn_recvfrom() */
ssize_t conn_recvmsg(struct conn *conn, struct msghdr *message, int flags,
	const struct wait *wait);

/**
 * conn_sendto() - Send
 * @flags:	As for sendto(2). With MSG_DONTWAIT it is -EAGAIN where it would
 *		wait
 * @to:		Or NULL
 *
 * Return: Bytes, or a negative errno
 */
ssize_t conn_sendto(struct conn *conn, const void *data, size_t size, int flags,
	const struct wait *wait, const struct sockaddr *to, socklen_t len);

/** conn_sendmsg() - sendmsg(2); flags as in conn_sendto() */
ssize_t conn_sendmsg(struct conn *conn, const struct msghdr *message, int flags,
	const struct wait *wait);

/**
 * conn_control() - Call a function with the descriptor, which stays meanwhile
 * @fn:		Must not close it, nor call conn_close() for it
 *
 * Return: What @fn does, or -EBADF
 */
int conn_control(struct conn *conn, int (*fn)(int fd, void *arg), void *arg);

/**
 * conn_raw_read() - Call a function until it does not say -EAGAIN
 * @fn:		As for conn_control(); after -EAGAIN it is called again when
 *		there is something to read
 *
 * Return: What @fn does at last, or as any call that waits
 */
int conn_raw_read(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg);

/** conn_raw_write() - The same, when there is room to write */
int conn_raw_write(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg);

/** conn_get_int() - An option that is a number */
int conn_get_int(struct conn *conn, int level, int name, int *value);

/** conn_set_int() - The same, set */
int conn_set_int(struct conn *conn, int level, int name, int value);

/**
 * conn_get_option() - An option of any sort
 *
 * Return: Its size, cut to @size, or a negative errno
 */
ssize_t conn_get_option(struct conn *conn, int level, int name, void *data,
	size_t size);

/** conn_set_option() - The same, set */
int conn_set_option(struct conn *conn, int level, int name, const void *data,
	size_t size);

/**
 * conn_get_string() - An option that is text, such as SO_BINDTODEVICE
 * @text:	Always ends with NUL on success
 *
 * Return: Its length, -ERANGE (more than @size - 1), or another negative errno
 */
ssize_t conn_get_string(struct conn *conn, int level, int name, char *text,
	size_t size);

/** conn_set_string() - The same, set; "" unbinds a device */
int conn_set_string(struct conn *conn, int level, int name, const char *text);

/**
 * conn_bind_device() - Only packets of one device
 * @index:	Its ifindex in the namespace of the socket, or 0 for any
 *
 * The option alone, SO_BINDTOIFINDEX, takes an index that no device has, too.
 *
 * Return: 0, -ENODEV, -EPERM (it had one, and no CAP_NET_RAW), or another
 *	   negative errno
 */
int conn_bind_device(struct conn *conn, int index);

/** conn_read_buffer() - Its size in bytes; twice what was set */
int conn_read_buffer(struct conn *conn, int *bytes);

/** conn_write_buffer() - The same of what is sent */
int conn_write_buffer(struct conn *conn, int *bytes);

/**
 * conn_set_read_buffer() - Beyond the system's limit too, if we may
 * @bytes:	Not negative: to the kernel -1 would be the most, or the least
 */
int conn_set_read_buffer(struct conn *conn, int bytes);

/** conn_set_write_buffer() - The same of what is sent */
int conn_set_write_buffer(struct conn *conn, int bytes);

/**
 * conn_attach_filter() - Drop what a classic BPF program does not let pass
 * @count:	From 1 to 4096 instructions
 */
int conn_attach_filter(struct conn *conn, const struct sock_filter *filter,
	size_t count);

/** conn_detach_filter() - Let all pass; -ENOENT without one, -EPERM locked */
int conn_detach_filter(struct conn *conn);

/**
 * conn_packet_membership() - Of a packet socket: join or leave
 * @type:	PACKET_MR_MULTICAST, PACKET_MR_PROMISC, ...
 * @addr:	@len bytes, at most 8; NULL if @type needs none
 */
int conn_packet_membership(struct conn *conn, bool join, int ifindex, int type,
	const void *addr, size_t len);

/**
 * struct conn_packet_stats - What a packet socket has counted since last asked
 * @freezes:	Of TPACKET_V3 only, else 0
 */
struct conn_packet_stats {
	uint32_t packets, drops, freezes;
};

/** conn_packet_stats() - Ask, and begin at 0 again */
int conn_packet_stats(struct conn *conn, struct conn_packet_stats *stats);

/** conn_kcm_attach() - Of a KCM socket: put a TCP socket below */
int conn_kcm_attach(struct conn *conn, int fd, int bpf_fd);

/** conn_kcm_unattach() - Take a TCP socket away again */
int conn_kcm_unattach(struct conn *conn, int fd);

/** conn_kcm_clone() - Another on the same TCP sockets; the caller's to free */
int conn_kcm_clone(struct conn *conn, struct conn **clone);

/**
 * conn_pidfd_getfd() - Of a pidfd: a copy of a descriptor of that process
 *
 * Return: The descriptor, close-on-exec, or a negative errno
 */
int conn_pidfd_getfd(struct conn *conn, int fd, unsigned int flags);

/** conn_pidfd_send_signal() - Of a pidfd: as kill(2); @info may be NULL */
int conn_pidfd_send_signal(struct conn *conn, int signal, siginfo_t *info,
	unsigned int flags);

/**
 * conn_pidfd_wait() - Of a pidfd of a child: wait for its end
 * @options:	WEXITED, WSTOPPED, ...; only an end is waited for
 *		With WNOHANG it does not wait: 0, and si_pid 0 in @info, if
 *		there is nothing to tell
 * @info, @usage: May be NULL
 *
 * That is waitid(2) by P_PIDFD, and for a conn of a pidfd only.
 *
 * Where SIGCHLD is ignored the kernel waits for children itself: then the end
 * of one is -ECHILD, as it is if somebody else has waited for it.
 */
int conn_pidfd_wait(struct conn *conn, int options, siginfo_t *info,
	struct rusage *usage, const struct wait *wait);

PORTCLASH_END

#endif /* CONN_H */
