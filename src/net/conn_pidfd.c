// SPDX-License-Identifier: Apache-2.0
/*
 * conn_pidfd.c - a conn that is no socket but stands for a process
 */
#include "conn_private.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int conn_pidfd_getfd(struct conn *conn, int fd, unsigned int flags)
{
	RETURN_AT_ONCE(conn,
		conn_result(syscall(SYS_pidfd_getfd, conn->fd, fd, flags)));
}

int conn_pidfd_send_signal(struct conn *conn, int signal, siginfo_t *info,
	unsigned int flags)
{
	RETURN_AT_ONCE(conn, conn_result(syscall(SYS_pidfd_send_signal,
				     conn->fd, signal, info, flags)));
}

struct waiting {
	int options;
	siginfo_t *info;
	struct rusage *usage;
};

static ssize_t try_wait(int fd, void *arg)
{
	struct waiting *w = arg;
	siginfo_t info = { 0 };

	if (syscall(SYS_waitid, P_PIDFD, fd, &info, w->options | WNOHANG,
		    w->usage))
		return -errno;
	if (!info.si_pid && !(w->options & WNOHANG))
		return -EAGAIN;
	if (w->info)
		*w->info = info;
	return 0;
}

int conn_pidfd_wait(struct conn *conn, int options, siginfo_t *info,
	struct rusage *usage, const struct wait *wait)
{
	struct waiting w = { options, info, usage };

	return conn_run(conn, CONN_IN, wait, try_wait, &w);
}
