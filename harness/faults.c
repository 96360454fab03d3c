// SPDX-License-Identifier: Apache-2.0
/*
 * faults.c - make one allocation or system call of the helpers fail
 *
 * A system call fails with an errno that none has by itself, so that it is seen
 * whether it comes through.
 */
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/link/vrf.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/* Shared with children */
static struct state {
	_Atomic int left; /* calls until one fails, or negative */
	_Atomic bool armed;
	struct fault fault;
} *state;

void faults_arm(int number)
{
	if (!state) {
		state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		ASSERT(state != MAP_FAILED);
	}
	state->fault = (struct fault){ 0 };
	state->left = number;
	state->armed = true;
}

void faults_spare(bool spare)
{
	state->armed = !spare;
}

bool faults_disarm(struct fault *fault)
{
	state->armed = false;
	*fault = state->fault;
	return fault->name;
}

static bool fails(const char *name, int error)
{
	if (!state || !state->armed || atomic_fetch_sub(&state->left, 1))
		return false;
	state->fault = (struct fault){ name, error };
	errno = error;
	return true;
}

#define FAULT(type, name, error, bad, params, args)                            \
	type __real_##name params;                                             \
	type __wrap_##name params;                                             \
	type __wrap_##name params                                              \
	{                                                                      \
		return fails(#name, error) ? (bad) : __real_##name args;       \
	}

/* A system call of an int, and a function that allocates */
#define CALL(name, params, args) FAULT(int, name, EXFULL, -1, params, args)
#define MOVE(name, params, args) FAULT(ssize_t, name, EXFULL, -1, params, args)
// NOLINTBEGIN(bugprone-macro-parentheses): a type
#define ALLOC(type, name, params, args)                                        \
	FAULT(type *, name, ENOMEM, NULL, params, args)
// NOLINTEND(bugprone-macro-parentheses)
#define LIBNL(name, params, args)                                              \
	FAULT(int, name, ENOMEM, -NLE_NOMEM, params, args)

// clang-format off: it takes the parameters for products
ALLOC(void, malloc, (size_t size), (size))
ALLOC(void, calloc, (size_t count, size_t size), (count, size))
ALLOC(char, strdup, (const char *text), (text))
ALLOC(struct nl_msg, nlmsg_alloc_simple, (int type, int flags), (type, flags))
ALLOC(struct nl_sock, nl_socket_alloc, (void), ())
ALLOC(struct rtnl_link, rtnl_link_alloc, (void), ())
ALLOC(struct rtnl_link, rtnl_link_veth_alloc, (void), ())
ALLOC(struct rtnl_link, rtnl_link_bridge_alloc, (void), ())
ALLOC(struct rtnl_link, rtnl_link_vrf_alloc, (void), ())
ALLOC(struct nl_addr, nl_addr_build, (int family, const void *bytes,
	size_t size), (family, bytes, size))
ALLOC(struct rtnl_addr, rtnl_addr_alloc, (void), ())
ALLOC(struct rtnl_route, rtnl_route_alloc, (void), ())
ALLOC(struct rtnl_nexthop, rtnl_route_nh_alloc, (void), ())
FAULT(int, getaddrinfo, ENOMEM, EAI_MEMORY, (const char *host, const char *port,
	const struct addrinfo *hints, struct addrinfo **list),
	(host, port, hints, list))
FAULT(unsigned int, if_nametoindex, EXFULL, 0, (const char *name), (name))
FAULT(int, pthread_create, EXFULL, EXFULL, (pthread_t *thread,
	const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
	(thread, attr, fn, arg))

LIBNL(nl_connect, (struct nl_sock *sk, int protocol), (sk, protocol))
LIBNL(nl_send_auto, (struct nl_sock *sk, struct nl_msg *msg), (sk, msg))
LIBNL(nl_recvmsgs_default, (struct nl_sock *sk), (sk))
LIBNL(nl_wait_for_ack, (struct nl_sock *sk), (sk))
LIBNL(nlmsg_append, (struct nl_msg *msg, void *data, size_t size, int pad),
	(msg, data, size, pad))
LIBNL(nla_put, (struct nl_msg *msg, int type, int size, const void *data),
	(msg, type, size, data))
LIBNL(rtnl_link_add, (struct nl_sock *sk, struct rtnl_link *link, int flags),
	(sk, link, flags))
LIBNL(rtnl_link_inet6_set_addr_gen_mode, (struct rtnl_link *link, uint8_t mode),
	(link, mode))
LIBNL(rtnl_addr_add, (struct nl_sock *sk, struct rtnl_addr *addr, int flags),
	(sk, addr, flags))
LIBNL(rtnl_link_change, (struct nl_sock *sk, struct rtnl_link *from,
	struct rtnl_link *to, int flags), (sk, from, to, flags))
LIBNL(rtnl_link_delete, (struct nl_sock *sk, const struct rtnl_link *link),
	(sk, link))
LIBNL(rtnl_route_add, (struct nl_sock *sk, struct rtnl_route *route, int flags),
	(sk, route, flags))

/* Which sends, and frees in any case */
int __real_nl_send_sync(struct nl_sock *sk, struct nl_msg *msg);
int __wrap_nl_send_sync(struct nl_sock *sk, struct nl_msg *msg);
int __wrap_nl_send_sync(struct nl_sock *sk, struct nl_msg *msg)
{
	if (!fails("nl_send_sync", ENOMEM))
		return __real_nl_send_sync(sk, msg);
	nlmsg_free(msg);
	return -NLE_NOMEM;
}

CALL(socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(accept4, (int fd, struct sockaddr *addr, socklen_t *len, int flags),
	(fd, addr, len, flags))
CALL(bind, (int fd, const struct sockaddr *addr, socklen_t len),
	(fd, addr, len))
CALL(listen, (int fd, int backlog), (fd, backlog))
CALL(connect, (int fd, const struct sockaddr *addr, socklen_t len),
	(fd, addr, len))
CALL(shutdown, (int fd, int how), (fd, how))
CALL(getsockname, (int fd, struct sockaddr *addr, socklen_t *len),
	(fd, addr, len))
CALL(getpeername, (int fd, struct sockaddr *addr, socklen_t *len),
	(fd, addr, len))
CALL(getsockopt, (int fd, int level, int name, void *data, socklen_t *len),
	(fd, level, name, data, len))
CALL(setsockopt, (int fd, int level, int name, const void *data, socklen_t len),
	(fd, level, name, data, len))
MOVE(read, (int fd, void *data, size_t size), (fd, data, size))
MOVE(write, (int fd, const void *data, size_t size), (fd, data, size))
MOVE(recvfrom, (int fd, void *data, size_t size, int flags,
	struct sockaddr *addr, socklen_t *len),
	(fd, data, size, flags, addr, len))
MOVE(sendto, (int fd, const void *data, size_t size, int flags,
	const struct sockaddr *addr, socklen_t len),
	(fd, data, size, flags, addr, len))
MOVE(recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
MOVE(sendmsg, (int fd, const struct msghdr *message, int flags),
	(fd, message, flags))
MOVE(readlinkat, (int fd, const char *path, char *text, size_t size),
	(fd, path, text, size))
CALL(poll, (struct pollfd *fds, nfds_t count, int ms), (fds, count, ms))
CALL(ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *time,
	const sigset_t *mask), (fds, count, time, mask))
CALL(eventfd, (unsigned int value, int flags), (value, flags))
CALL(setns, (int fd, int type), (fd, type))
CALL(unshare, (int flags), (flags))
CALL(mount, (const char *from, const char *to, const char *type,
	unsigned long flags, const void *data), (from, to, type, flags, data))
CALL(umount2, (const char *path, int flags), (path, flags))
CALL(mkdir, (const char *path, mode_t mode), (path, mode))
CALL(unlink, (const char *path), (path))
CALL(fstat, (int fd, struct stat *st), (fd, st))
CALL(lstat, (const char *path, struct stat *st), (path, st))
CALL(fstatfs, (int fd, struct statfs *fs), (fd, fs))
CALL(nanosleep, (const struct timespec *time, struct timespec *left),
	(time, left))
CALL(sigtimedwait, (const sigset_t *set, siginfo_t *info,
	const struct timespec *time), (set, info, time))
FAULT(DIR *, opendir, EXFULL, NULL, (const char *path), (path))
FAULT(struct dirent *, readdir, EXFULL, NULL, (DIR *dir), (dir))
// clang-format on

/* It is closed in any case, as Linux does. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int rc = __real_close(fd);

	return fails("close", EXFULL) ? -1 : rc;
}

/* Those with arguments that vary: none of them has more than these. */
#define VARIES(type, name, fixed, first, last, given)                          \
	type __real_##name(fixed, ...);                                        \
	type __wrap_##name(fixed, ...);                                        \
	type __wrap_##name(fixed, ...)                                         \
	{                                                                      \
		long a[6];                                                     \
		va_list args;                                                  \
                                                                               \
		va_start(args, last);                                          \
		for (int i = 0; i < (given); i++)                              \
			a[i] = va_arg(args, long);                             \
		va_end(args);                                                  \
		if (fails(NAME_##name, EXFULL))                                \
			return -1;                                             \
		return __real_##name first;                                    \
	}

/* The one that has many names */
#define NAME_ioctl "ioctl"
#define NAME_open "open"
#define NAME_fcntl "fcntl"
#define NAME_syscall (number == SYS_futex ? "futex" : "syscall")
#define FD_AND_REQUEST int fd, unsigned long request
#define PATH_AND_FLAGS const char *path, int flags
#define FD_AND_COMMAND int fd, int command
VARIES(int, ioctl, FD_AND_REQUEST, (fd, request, a[0]), request, 1)
VARIES(int, open, PATH_AND_FLAGS, (path, flags, (mode_t)a[0]), flags, 1)
VARIES(int, fcntl, FD_AND_COMMAND, (fd, command, a[0]), command, 1)
VARIES(long, syscall, long number, (number, a[0], a[1], a[2], a[3], a[4], a[5]),
	number, 6)
