// SPDX-License-Identifier: Apache-2.0
/*
 * wait.c - how long a call may wait, and who may end it
 */
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "uncancelled.h"
#include "util.h"

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000 };

struct wait_token {
	int fd;
};

int64_t wait_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t wait_in_ms(int64_t ms)
{
	int64_t now = wait_now();

	if (ms > (INT64_MAX - now) / NS_PER_MS)
		return INT64_MAX;
	/* 0 would be no deadline; any time in the past is over at once. */
	return ms < 0 ? 1 : now + ms * NS_PER_MS;
}

static int is_readable(int fd)
{
	UNCANCELLED();
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int rc;

	do {
		rc = poll(&poll_fd, 1, 0);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	return poll_fd.revents & POLLNVAL ? -EBADF : rc;
}

int wait_check(const struct wait *wait)
{
	int rc;

	if (!wait)
		return 0;
	if (wait->cancel_fd > 0) {
		rc = is_readable(wait->cancel_fd);
		if (rc)
			return rc < 0 ? rc : -ECANCELED;
	}
	return wait->deadline && wait_now() >= wait->deadline ? -ETIME : 0;
}

/* The time that is left, as ppoll takes it; NULL: no deadline */
static struct timespec *left(const struct wait *wait, struct timespec *t)
{
	int64_t now, ns;

	if (!wait || !wait->deadline)
		return NULL;
	now = wait_now();
	ns = wait->deadline > now ? wait->deadline - now : 0;
	*t = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
	return t;
}

int wait_poll(struct pollfd *fds, unsigned int count, const struct wait *wait)
{
	UNCANCELLED();
	struct pollfd all[WAIT_FDS_MAX + 1];
	struct timespec t;
	int rc;

	if (count > WAIT_FDS_MAX || (count && !fds))
		return -EINVAL;
	for (unsigned int i = 0; i < count; i++)
		all[i] = fds[i];
	all[count] = (struct pollfd){
		.fd = wait && wait->cancel_fd > 0 ? wait->cancel_fd : -1,
		.events = POLLIN
	};
	do {
		rc = ppoll(all, count + 1, left(wait, &t), NULL);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	for (unsigned int i = 0; i < count; i++)
		fds[i].revents = all[i].revents;
	if (all[count].revents & POLLNVAL)
		return -EBADF;
	if (all[count].revents)
		return -ECANCELED;
	return rc ? rc : -ETIME;
}

/* Where there is no descriptor 0, it would be one, and 0 is none. */
static int not_zero(int fd)
{
	int other;

	if (fd)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, 1);
	close(fd);
	return other;
}

int wait_token_new(struct wait_token **token)
{
	UNCANCELLED();
	struct wait_token *new = token ? malloc(sizeof(*new)) : NULL;

	if (!token)
		return -EINVAL;
	if (!new)
		return -ENOMEM;
	new->fd = not_zero(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (new->fd < 0) {
		int rc = -errno;

		free(new);
		return rc;
	}
	*token = new;
	return 0;
}

/* It is never read, so it stays readable. */
int wait_token_cancel(struct wait_token *token)
{
	UNCANCELLED();
	static const uint64_t one = 1;
	int saved = errno;

	if (!token)
		return -EINVAL;
	/* It fails only if the counter is full, and so readable already. */
	if (write(token->fd, &one, sizeof(one)) < 0)
		errno = saved;
	return 0;
}

bool wait_token_is_cancelled(const struct wait_token *token)
{
	return token && is_readable(token->fd) > 0;
}

int wait_token_fd(const struct wait_token *token)
{
	return token ? token->fd : -1;
}

struct wait_token *wait_token_free(struct wait_token *token)
{
	UNCANCELLED();

	if (token) {
		close(token->fd);
		free(token);
	}
	return NULL;
}
