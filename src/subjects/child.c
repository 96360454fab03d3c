// SPDX-License-Identifier: Apache-2.0
/*
 * child.c - a command of our own, and lines of text to and from it
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static void close_pipe(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

int child_start(struct child *child, char *const argv[], int err)
{
	int to[2], from[2], rc;

	child->guard.pid = 0;
	child->to = child->from = -1;
	child->out_next = child->out_used = 0;
	child->in_next = child->in_used = 0;
	if (pipe2(to, O_CLOEXEC))
		return -errno;
	if (pipe2(from, O_CLOEXEC)) {
		rc = -errno;
		close_pipe(to);
		return rc;
	}
	rc = guard_start(&child->guard, (int[3]){ to[0], from[1], err }, argv);
	if (rc) {
		close_pipe(to);
		close_pipe(from);
		return rc;
	}
	close(to[0]);
	close(from[1]);
	child->to = to[1];
	child->from = from[0];
	/* Each end has flags of its own: those of the command's ends
	 * stay as they are. */
	fcntl(child->to, F_SETFL, O_WRONLY | O_NONBLOCK);
	fcntl(child->from, F_SETFL, O_RDONLY | O_NONBLOCK);
	return 0;
}

/* write() without SIGPIPE, whatever this thread does with that */
static ssize_t write_quietly(int fd, const char *data, size_t size)
{
	static const struct timespec now;
	sigset_t pipe_only, before, pending;
	ssize_t n;
	int error;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	n = write(fd, data, size);
	error = errno;
	if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_only, NULL, &now) < 0 &&
			errno != EAGAIN)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

static bool must_wait(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* It is no error if the child does not read any more. */
static void write_some(struct child *child)
{
	ssize_t n = write_quietly(child->to, child->out + child->out_next,
		child->out_used - child->out_next);

	if (must_wait(n))
		return;
	if (n < 0) {
		close(child->to);
		child->to = -1;
	} else {
		child->out_next += n;
	}
}

static int read_some(struct child *child)
{
	ssize_t n;

	child->in_used -= child->in_next;
	memmove(child->in, child->in + child->in_next, child->in_used);
	child->in_next = 0;
	n = read(child->from, child->in + child->in_used,
		sizeof(child->in) - child->in_used);
	if (must_wait(n))
		return 0;
	if (n <= 0)
		return n ? -errno : -EPIPE;
	child->in_used += n;
	return 0;
}

/* Move bytes both ways, without blocking; wait until some can be moved */
static int exchange(struct child *child, int wait_ms)
{
	bool more = child->out_next < child->out_used;
	struct pollfd fds[] = {
		{ .fd = child->from, .events = POLLIN },
		{ .fd = more ? child->to : -1, .events = POLLOUT },
	};
	int n = poll(fds, ARRAY_SIZE(fds), wait_ms);

	if (must_wait(n))
		return 0;
	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	if (fds[1].revents)
		write_some(child);
	return fds[0].revents ? read_some(child) : 0;
}

/* Take a line off what was read; NULL: there is no whole one */
static char *take_line(struct child *child)
{
	char *line = child->in + child->in_next;
	char *end = memchr(line, '\n', child->in_used - child->in_next);

	if (!end)
		return NULL;
	*end = '\0';
	child->in_next = end + 1 - child->in;
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

long child_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int child_line(struct child *child, int wait_ms, long until, char **line)
{
	bool said = false;
	int rc = 0;

	while (!rc && !(*line = take_line(child))) {
		long left = until - child_now();
		size_t had = child->in_used - child->in_next;

		if (child->in_used - child->in_next >= CHILD_LINE_MAX)
			return -EMSGSIZE;
		if (left <= 0)
			return -ETIME;
		rc = exchange(child, MIN(wait_ms, left));
		said |= child->in_used - child->in_next > had;
		if (rc == -ETIMEDOUT && said && left < wait_ms)
			rc = -ETIME;
	}
	return rc;
}

bool child_end(struct child *child, int wait_ms, int *status)
{
	bool ended;

	if (!child->guard.pid)
		return false;
	if (child->to >= 0)
		close(child->to);
	ended = guard_wait(&child->guard, wait_ms);
	close(child->from);
	guard_end(&child->guard, status);
	child->to = child->from = -1;
	return ended;
}
