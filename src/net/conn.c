// SPDX-License-Identifier: Apache-2.0
/*
 * conn.c - a socket's life, and how its calls wait
 */
#include "conn_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "netns.h"
#include "util.h"

/* Bits of conn->state; what is left is a count */
#define CLOSED (UINT32_C(1) << 31)
#define DONE (UINT32_C(1) << 30)

/* BLIND_MS: how long to leave a socket alone that says POLLERR and has no news,
 * or that said VAIN_MAX times that it is ready, and was not */
enum { BLIND_MS = 10, VAIN_MAX = 4, NS_PER_S = 1000000000 };

/* The conn that this thread has lent a function by conn_control() */
static _Thread_local const struct conn *lent;

static void futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

int conn_enter(struct conn *conn)
{
	uint32_t state = atomic_load(&conn->state);

	do {
		if (state & CLOSED)
			return -EBADF;
	} while (!atomic_compare_exchange_weak(&conn->state, &state,
		state + 1));
	return 0;
}

void conn_leave(struct conn *conn)
{
	if (atomic_fetch_sub(&conn->state, 1) == (CLOSED | 1))
		futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
}

int conn_check(struct conn *conn, int direction, const struct wait *wait)
{
	int64_t deadline = atomic_load(&conn->deadlines[direction]);
	int rc;

	if (atomic_load(&conn->state) & CLOSED)
		return -EBADF;
	rc = wait_check(wait);
	if (rc)
		return rc;
	return deadline && wait_now() >= deadline ? -ETIME : 0;
}

static int arm(int timer, int64_t deadline)
{
	struct itimerspec when = { .it_value = { deadline / NS_PER_S,
					   deadline % NS_PER_S } };

	return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) ? -errno :
									0;
}

/* A timer that ends at a deadline, or a negative errno */
static int new_timer(int64_t deadline)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc = timer < 0 ? -errno : arm(timer, deadline);

	if (rc && timer >= 0)
		close(timer);
	return rc ? rc : timer;
}

/* The first wait makes the timer; from then on it follows the deadline. */
static int timer_of(struct conn *conn, int direction)
{
	int timer;

	pthread_mutex_lock(&conn->lock);
	timer = conn->timers[direction];
	if (timer < 0) {
		timer = new_timer(atomic_load(&conn->deadlines[direction]));
		conn->timers[direction] = MAX(timer, -1);
	}
	pthread_mutex_unlock(&conn->lock);
	return timer;
}

int conn_set_deadline(struct conn *conn, int directions, int64_t deadline)
{
	int rc;

	if (!conn || deadline < 0 || !directions ||
		directions & ~(CONN_READ | CONN_WRITE))
		return -EINVAL;
	rc = conn_enter(conn);
	if (rc)
		return rc;
	pthread_mutex_lock(&conn->lock);
	for (int i = CONN_IN; i <= CONN_OUT; i++) {
		if (!(directions & (i == CONN_IN ? CONN_READ : CONN_WRITE)))
			continue;
		atomic_store(&conn->deadlines[i], deadline);
		if (conn->timers[i] >= 0 && !rc)
			rc = arm(conn->timers[i], deadline);
	}
	pthread_mutex_unlock(&conn->lock);
	conn_leave(conn);
	return rc;
}

int conn_await(struct conn *conn, int direction, const struct wait *wait,
	unsigned int *vain)
{
	bool blind = *vain >= VAIN_MAX;
	struct wait slice = wait ? *wait : WAIT_FOREVER;
	int16_t event = direction == CONN_IN ? POLLIN : POLLOUT;
	int timer = timer_of(conn, direction), rc;
	struct pollfd fds[] = {
		{ .fd = blind ? -1 : conn->fd, .events = event },
		{ .fd = conn->wake, .events = POLLIN },
		{ .fd = timer, .events = POLLIN },
	};
	int64_t soon = wait_in_ms(BLIND_MS);

	if (timer < 0)
		return timer;
	if (blind && (!slice.deadline || slice.deadline > soon))
		slice.deadline = soon;
	rc = wait_poll(fds, ARRAY_SIZE(fds), &slice);
	if (rc == -ETIME && blind && slice.deadline == soon)
		rc = 0;
	if (blind)
		*vain = 0;
	else if (rc > 0 && fds[0].revents)
		*vain = fds[0].revents & event ? *vain + 1 : VAIN_MAX;
	return MIN(rc, 0);
}

ssize_t conn_run(struct conn *conn, int direction, const struct wait *wait,
	conn_try *attempt, void *arg)
{
	unsigned int vain = 0;
	ssize_t rc;

	if (!conn)
		return -EINVAL;
	rc = conn_enter(conn);
	if (rc)
		return rc;
	for (;;) {
		rc = conn_check(conn, direction, wait);
		if (rc)
			break;
		rc = attempt(conn->fd, arg);
		if (rc == -EINTR)
			continue;
		if (rc != -EAGAIN)
			break;
		rc = conn_await(conn, direction, wait, &vain);
		if (rc)
			break;
	}
	conn_leave(conn);
	return rc;
}

/* A descriptor that is lent to a function, which must not close its conn */
struct loan {
	const struct conn *conn;
	int (*fn)(int fd, void *arg);
	void *arg;
};

static ssize_t lend(int fd, void *arg)
{
	const struct loan *loan = arg;
	const struct conn *before = lent;
	int rc;

	lent = loan->conn;
	rc = loan->fn(fd, loan->arg);
	lent = before;
	return rc;
}

int conn_control(struct conn *conn, int (*fn)(int fd, void *arg), void *arg)
{
	struct loan loan = { conn, fn, arg };
	int rc = conn && fn ? conn_enter(conn) : -EINVAL;

	if (rc)
		return rc;
	rc = lend(conn->fd, &loan);
	conn_leave(conn);
	return rc;
}

static int run_loan(struct conn *conn, int direction, const struct wait *wait,
	struct loan *loan)
{
	int rc = loan->fn ? conn_unblock(conn) : -EINVAL;

	return rc ? rc : conn_run(conn, direction, wait, lend, loan);
}

int conn_raw_read(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg)
{
	struct loan loan = { conn, fn, arg };

	return run_loan(conn, CONN_IN, wait, &loan);
}

int conn_raw_write(struct conn *conn, const struct wait *wait,
	int (*fn)(int fd, void *arg), void *arg)
{
	struct loan loan = { conn, fn, arg };

	return run_loan(conn, CONN_OUT, wait, &loan);
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

int conn_unblock(struct conn *conn)
{
	int rc = conn ? 0 : -EINVAL;

	if (!rc && atomic_load(&conn->shared)) {
		rc = conn_enter(conn);
		if (rc)
			return rc;
		rc = set_nonblocking(conn->fd);
		if (!rc)
			atomic_store(&conn->shared, false);
		conn_leave(conn);
	}
	return rc;
}

int conn_fill(int fd, bool shared, struct conn **conn)
{
	struct conn *new = calloc(1, sizeof(*new));
	socklen_t len = sizeof(new->type);

	if (!new)
		return -ENOMEM;
	new->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (new->wake < 0) {
		int rc = -errno;

		free(new);
		return rc;
	}
	new->shared = shared;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &new->type, &len))
		new->type = -1;
	pthread_mutex_init(&new->lock, NULL);
	new->timers[CONN_IN] = new->timers[CONN_OUT] = -1;
	new->fd = fd;
	*conn = new;
	return 0;
}

int conn_adopt(int fd, struct conn **conn)
{
	int flags = conn ? fcntl(fd, F_GETFD) : -1, rc;

	if (!conn)
		return -EINVAL;
	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC))
		return -errno;
	rc = set_nonblocking(fd);
	return rc ? rc : conn_fill(fd, false, conn);
}

int conn_dup(int fd, struct conn **conn)
{
	int copy = conn ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1, rc;

	if (!conn)
		return -EINVAL;
	if (copy < 0)
		return -errno;
	rc = conn_fill(copy, true, conn);
	if (rc)
		close(copy);
	return rc;
}

/* A socket to be made */
struct making {
	int domain, type, protocol;
};

static int make(struct netns *from, void *arg)
{
	const struct making *m = arg;

	(void)from;
	return conn_result(socket(m->domain, m->type, m->protocol));
}

int conn_open(int domain, int type, int protocol,
	const struct conn_options *options, struct conn **conn)
{
	struct making m = { domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		protocol };
	int fd, rc;

	if (!conn)
		return -EINVAL;
	fd = options && options->netns_fd >= 0 ?
		     netns_do_fd(options->netns_fd, make, &m) :
		     make(NULL, &m);
	if (fd < 0)
		return fd;
	rc = conn_fill(fd, false, conn);
	if (rc)
		close(fd);
	return rc;
}

int conn_close(struct conn *conn)
{
	static const uint64_t one = 1;
	uint32_t state;
	int rc;

	if (!conn)
		return -EINVAL;
	if (lent == conn)
		return -EDEADLK;
	while ((state = atomic_fetch_or(&conn->state, CLOSED)) & CLOSED) {
		if (state & DONE)
			return 0;
		futex(&conn->state, FUTEX_WAIT_PRIVATE, state);
	}
	/* It is never read, so a call that begins to wait later sees it too. */
	if (state && write(conn->wake, &one, sizeof(one)) < 0) {
		rc = -errno;
		atomic_fetch_and(&conn->state, ~CLOSED);
		futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
		return rc;
	}
	while ((state = atomic_load(&conn->state)) & ~(CLOSED | DONE))
		futex(&conn->state, FUTEX_WAIT_PRIVATE, state);
	conn->result = close(conn->fd) ? -errno : 0;
	atomic_fetch_or(&conn->state, DONE);
	futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
	return conn->result;
}

struct conn *conn_free(struct conn *conn)
{
	if (!conn)
		return NULL;
	ASSERT(conn_close(conn) != -EDEADLK);
	close(conn->wake);
	for (int i = CONN_IN; i <= CONN_OUT; i++)
		if (conn->timers[i] >= 0)
			close(conn->timers[i]);
	pthread_mutex_destroy(&conn->lock);
	free(conn);
	return NULL;
}
