/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.h - network namespaces as handles
 *
 * A network namespace belongs to a *thread*: unshare and setns move only the
 * one that calls them, threads made later inherit, and a socket stays where it
 * was made. A handle keeps its namespace alive; so do sockets in it. Only
 * netns_new_named() makes a name in the file system, which stays behind until
 * netns_delete_named().
 *
 * All functions are thread-safe but for netns_close() and netns_free(): one
 * handle may be used by many threads at a time, as long as none closes it.
 * Where a handle, a path or a function is NULL, the result is -EINVAL.
 *
 * No function is a cancellation point: pthread_cancel(3) is carried out when it
 * is back.
 */
#ifndef NETNS_H
#define NETNS_H

#include <stdint.h>
#include <sys/types.h>

#include "portclash.h"

PORTCLASH_BEGIN

struct netns;

/* The mark (SO_MARK) of sockets that interception is to leave alone */
#define NETNS_SO_MARK 0x24

/* Where named namespaces are, as for ip-netns(8) */
#define NETNS_DIR "/run/netns"

/**
 * netns_fn - What to do in a namespace
 * @from:	Where the caller is, valid during the call
 * @arg:	As given
 *
 * Return: 0 or more, or a negative errno; passed on as it is
 */
typedef int netns_fn(struct netns *from, void *arg);

/**
 * netns_current() - A handle of the calling thread's namespace
 * @ns:		New handle, the caller's to netns_free(); set only on success
 *
 * Return: 0, or a negative errno
 */
int netns_current(struct netns **ns);

/**
 * netns_open() - A handle of the namespace behind a path
 * @path:	Such as /run/netns/NAME or /proc/PID/ns/net
 * @ns:		New handle, the caller's to netns_free(); set only on success
 *
 * The file that was opened is the one that is verified, so the path cannot
 * change in between.
 *
 * Return: 0, -ENOENT (no such path), -ENOTTY (not a namespace), -EINVAL (a
 *	   namespace of another type), or another negative errno of open
 */
int netns_open(const char *path, struct netns **ns);

/**
 * netns_check() - Does a path lead to a network namespace?
 *
 * Return: 0, or what netns_open() would return
 */
int netns_check(const char *path);

/**
 * netns_open_pid() - That of a process; beware of a pid that is used again
 *
 * Return: As netns_open(); -ENOENT (no such process), -EACCES or -EPERM
 */
int netns_open_pid(pid_t pid, struct netns **ns);

/**
 * netns_open_pidfd() - That of a process, by a descriptor of it
 *
 * Return: As netns_open(); -ENOTTY (not a pidfd, or Linux < 6.11), -ESRCH
 *	   (it has ended)
 */
int netns_open_pidfd(int pidfd, struct netns **ns);

/**
 * netns_open_socket() - That of a socket
 *
 * Return: As netns_open(); -ENOTTY (not a socket), -EPERM (needs
 *	   CAP_NET_ADMIN there)
 */
int netns_open_socket(int sock, struct netns **ns);

/**
 * netns_new() - A new, empty namespace; the caller stays where it is
 * @ns:		New handle, the caller's to netns_free(); set only on success.
 *		It has no name: without handle and sockets it is gone
 *
 * Return: 0, -EPERM (needs CAP_SYS_ADMIN), -ENOSPC (limit on namespaces), or
 *	   another negative errno
 */
int netns_new(struct netns **ns);

/**
 * netns_new_named() - A new namespace that lives as long as its name does
 * @dir:	Where, or NULL for NETNS_DIR. It is made if it is missing, and
 *		a shared mount, so that the name is seen in other mount
 *		namespaces too
 * @name:	A file name
 * @ns:		New handle, the caller's to netns_free(); set only on success
 *
 * Return: 0, -EEXIST (there is such a file), -EINVAL (@name is none), -EPERM
 *	   (needs CAP_SYS_ADMIN, also over the mount namespace), or another
 *	   negative errno; then there is no new name
 */
int netns_new_named(const char *dir, const char *name, struct netns **ns);

/**
 * netns_open_named() - Open one by its name
 *
 * Return: As netns_open(); -EINVAL also if @name is none
 */
int netns_open_named(const char *dir, const char *name, struct netns **ns);

/**
 * netns_delete_named() - Remove a name; handles and sockets stay valid
 *
 * A name whose namespace is gone, as after a reboot, is an empty file, and is
 * removed as well.
 *
 * Return: 0, -ENOENT (no such name), -ENOTTY or -EINVAL (it is another file, or
 *	   another namespace: left alone), -EPERM, or another negative errno
 */
int netns_delete_named(const char *dir, const char *name);

/**
 * netns_path() - The path that a handle was opened by
 *
 * Return: The path, still owned by the handle. If it was not opened by one,
 *	   this is one that is valid until netns_close(). "" for NULL
 */
const char *netns_path(const struct netns *ns);

/**
 * netns_equal() - Do both stand for one namespace?
 *
 * Return: 1, 0, or -EBADF (one is closed)
 */
int netns_equal(const struct netns *a, const struct netns *b);

/**
 * netns_do() - Call a function in a namespace, on a thread made for it
 * @fn:		What it makes, sockets above all, stays in the namespace
 *
 * The caller never moves, so nothing can fail to come back.
 *
 * Return: What @fn does, -ECANCELED (it ended its thread instead), or why it
 *	   was not called: as netns_setns()
 */
int netns_do(const struct netns *ns, netns_fn *fn, void *arg);

/**
 * netns_do_fd() - The same, by a descriptor
 *
 * Return: As netns_do(); -EINVAL (a descriptor of something else)
 */
int netns_do_fd(int fd, netns_fn *fn, void *arg);

/**
 * netns_do_path() - The same, by path
 *
 * Return: As netns_do(), or as netns_open()
 */
int netns_do_path(const char *path, netns_fn *fn, void *arg);

/**
 * netns_do_inline() - The same, on the calling thread
 *
 * The thread does not go unless it may come back. If it then cannot, since @fn
 * gave up its privileges, the process is aborted: a thread that goes on in the
 * wrong network is worse.
 *
 * Return: As netns_do(); -EPERM also if the way back is forbidden
 */
int netns_do_inline(const struct netns *ns, netns_fn *fn, void *arg);

/**
 * netns_fd() - The descriptor of a handle, still owned by it
 * @ns:		Handle
 *
 * Return: A descriptor, or -EBADF after netns_close()
 */
int netns_fd(const struct netns *ns);

/**
 * netns_close() - Let go of the namespace
 * @ns:		Handle; it remains, closed, until netns_free()
 *
 * Return: 0, or -EBADF if it was closed before
 */
int netns_close(struct netns *ns);

/**
 * netns_free() - Close a handle if it is not, and free it
 * @ns:		Handle, or NULL
 *
 * Return: NULL, so that ns = netns_free(ns) leaves nothing dangling
 */
struct netns *netns_free(struct netns *ns);

/**
 * netns_setns() - Move the calling thread into a namespace, for good
 * @ns:		Handle
 *
 * Return: 0, -EBADF (closed), -EPERM (needs CAP_SYS_ADMIN here and there)
 */
int netns_setns(const struct netns *ns);

/**
 * netns_setns_fd() - The same, by any descriptor that setns(2) takes
 * @type:	CLONE_NEWNET, or another of setns(2); 0 for any
 *
 * Return: 0, -EBADF, -EINVAL (of another type), -EPERM, or another negative
 *	   errno
 */
int netns_setns_fd(int fd, int type);

/**
 * netns_thread_id() - The calling thread's number
 *
 * Return: The number, as in /proc/PID/task
 */
pid_t netns_thread_id(void);

/**
 * netns_set_mark() - Give a socket the mark NETNS_SO_MARK
 *
 * Return: 0, -EPERM (needs CAP_NET_ADMIN or CAP_NET_RAW), -ENOTSOCK, -EBADF
 */
int netns_set_mark(int sock);

/**
 * netns_id() - The number of a namespace, never used again until reboot
 * @ns:		Handle
 * @id:		Set only on success
 *
 * Inode numbers are reused at once, so this asks for the kernel's cookie, in a
 * thread made for it. Linux >= 5.14.
 *
 * Return: 0, or a negative errno, as for netns_setns()
 */
int netns_id(const struct netns *ns, uint64_t *id);

/**
 * netns_id_current() - The number of the calling thread's namespace
 * @id:		Set only on success
 *
 * Return: 0, -ENOPROTOOPT (Linux < 5.14), or another negative errno
 */
int netns_id_current(uint64_t *id);

/**
 * netns_unshare() - Move the calling thread into a new, empty network namespace
 *
 * Threads that there are already stay where they are: call it first of all to
 * move the process.
 *
 * Without the privilege for that, a user namespace is made first, in which the
 * caller's uid and gid, and no others, are 0. The process must not have other
 * threads for that, and after either there is no way back.
 *
 * Return: 0, 1 (in a new user namespace too), -EPERM (neither is allowed),
 *	   -EINVAL (there are threads), -ENOSPC (limit on namespaces), or
 *	   another negative errno
 */
int netns_unshare(void);

PORTCLASH_END

#endif /* NETNS_H */
