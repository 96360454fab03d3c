// SPDX-License-Identifier: Apache-2.0
/*
 * conn_wait.c - calls begin, wait, are woken and end
 *
 * DOC: Theory of Operation
 *
 * conn->state counts the calls that are in a conn, of all threads. Each thread
 * has a list of its own calls, too: so it is known whether a thread that closes
 * would wait for itself.
 *
 * A call that waits has the conn's waker, an eventfd that all who wait at a
 * time share. It is written once, by a close or by an earlier deadline, and is
 * never read while anybody has it: so no wake-up is lost, and none comes twice.
 * Whoever begins to wait later gets another one. A waker that nobody needs any
 * more is kept for the next wait of any conn, until the last is freed: so
 * a conn at rest has one
 * descriptor, and a wait costs no system call but its own. If no eventfd can be
 * had, a call looks every BLIND_MS whether it was woken.
 *
 * In a forked child only the thread that forked is left. Calls of others are
 * not there, nor may their waker be used, which is the parent's as well. So
 * whoever uses a conn there first forgets them.
 */
#include "conn_private.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uncancelled.h"
#include "util.h"

/* Bits of conn->state; what is left is a count */
#define CLOSED (UINT32_C(1) << 31)
#define DONE (UINT32_C(1) << 30)

/* BLIND_MS: how long to leave a socket alone that says POLLERR and has no news,
 * or that said VAIN_MAX times that it is ready, and was not */
enum { BLIND_MS = 10, VAIN_MAX = 4, SPARES = 2 };

/**
 * struct conn_waker - What wakes the calls that wait
 * @calls:	How many have it
 * @fired:	It is written, and nobody takes it any more
 * @next:	Of those that are fired, and still had
 */
struct conn_waker {
	struct conn_waker *next;
	int fd;
	_Atomic unsigned int calls;
	_Atomic bool fired;
};

/* The calls that this thread is in, the last one first; its closes apart, for
 * which no close waits */
static _Thread_local struct conn_call *calls, *closes;

/* Eventfds that nobody waits for, and -1; as long as there are conns */
static _Atomic uint32_t living;
static _Atomic int spares[SPARES] = { -1, -1 };

/* How many forks lead here, and who may forget what was before */
static _Atomic uint32_t forks;
static pthread_mutex_t forgetting = PTHREAD_MUTEX_INITIALIZER;

static void close_spares(void)
{
	for (int i = 0; i < SPARES; i++) {
		int fd = atomic_exchange(&spares[i], -1);

		if (fd >= 0)
			close(fd);
	}
}

static void forked(void)
{
	atomic_fetch_add(&forks, 1);
	pthread_mutex_init(&forgetting, NULL);
	close_spares();
}

__attribute__((constructor)) static void watch_forks(void)
{
	ASSERT(!pthread_atfork(NULL, NULL, forked));
}

static void futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static uint32_t count_of(const struct conn *conn, const struct conn_call *call)
{
	uint32_t count = 0;

	for (; call; call = call->before)
		count += call->conn == conn;
	return count;
}

/* What is left of a state in a child. A close that waits for calls is undone,
 * since it is another thread's; one that waits for none may be done. */
static uint32_t inherited(const struct conn *conn)
{
	uint32_t state = atomic_load(&conn->state);

	if (state & DONE || state == CLOSED)
		return CLOSED | DONE;
	return count_of(conn, calls);
}

/* They are the parent's, as their eventfds are. */
static void lose(struct conn_waker *waker)
{
	while (waker) {
		struct conn_waker *next = waker->next;

		close(waker->fd);
		free(waker);
		waker = next;
	}
}

static void forget(struct conn *conn)
{
	pthread_mutex_lock(&forgetting);
	if (atomic_load(&conn->forks) != atomic_load(&forks)) {
		if (conn->waker)
			conn->waker->next = conn->woken;
		lose(conn->waker ? conn->waker : conn->woken);
		conn->waker = conn->woken = NULL;
		pthread_mutex_init(&conn->lock, NULL);
		atomic_store(&conn->state, inherited(conn));
		atomic_store(&conn->forks, atomic_load(&forks));
	}
	pthread_mutex_unlock(&forgetting);
}

static void forget_if_forked(struct conn *conn)
{
	if (atomic_load(&conn->forks) != atomic_load(&forks))
		forget(conn);
}

void conn_init(struct conn *conn)
{
	atomic_store(&conn->forks, atomic_load(&forks));
	pthread_mutex_init(&conn->lock, NULL);
	atomic_fetch_add(&living, 1);
}

void conn_fini(struct conn *conn)
{
	pthread_mutex_destroy(&conn->lock);
	if (atomic_fetch_sub(&living, 1) == 1)
		close_spares();
}

/* Not inline: gcc 14 does not see that conn_leave() takes @call away again. */
__attribute__((noinline)) int conn_enter(struct conn *conn,
	struct conn_call *call)
{
	uint32_t state;

	forget_if_forked(conn);
	*call = (struct conn_call){ conn, calls, uncancelled_begin() };
	/* As long as it counts it is in the list, for signal handlers. */
	calls = call;
	state = atomic_load(&conn->state);
	while (!(state & CLOSED))
		if (atomic_compare_exchange_weak(&conn->state, &state,
			    state + 1))
			return 0;
	calls = call->before;
	uncancelled_end(&call->cancel);
	return -EBADF;
}

void conn_leave(struct conn *conn, const struct conn_call *call)
{
	/* Did it fork meanwhile? Then it still counts in the child, too. */
	forget_if_forked(conn);
	if (atomic_fetch_sub(&conn->state, 1) == (CLOSED | 1))
		futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
	calls = call->before;
	uncancelled_end(&call->cancel);
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

static int get_eventfd(void)
{
	for (int i = 0; i < SPARES; i++) {
		int fd = atomic_exchange(&spares[i], -1);

		if (fd >= 0)
			return fd;
	}
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void put_eventfd(int fd)
{
	for (int i = 0; i < SPARES; i++) {
		int none = -1;

		if (atomic_compare_exchange_strong(&spares[i], &none, fd))
			return;
	}
	close(fd);
}

static struct conn_waker *new_waker(void)
{
	struct conn_waker *waker = malloc(sizeof(*waker));

	if (!waker)
		return NULL;
	*waker = (struct conn_waker){ .fd = get_eventfd() };
	if (waker->fd < 0) {
		free(waker);
		return NULL;
	}
	return waker;
}

/* NULL: there is none to be had */
static struct conn_waker *take_waker(struct conn *conn)
{
	struct conn_waker *waker;

	pthread_mutex_lock(&conn->lock);
	if (!conn->waker)
		conn->waker = new_waker();
	waker = conn->waker;
	if (waker)
		atomic_fetch_add(&waker->calls, 1);
	pthread_mutex_unlock(&conn->lock);
	return waker;
}

static void forget_woken(struct conn *conn, struct conn_waker *waker)
{
	struct conn_waker **at = &conn->woken;

	pthread_mutex_lock(&conn->lock);
	while (*at != waker)
		at = &(*at)->next;
	*at = waker->next;
	pthread_mutex_unlock(&conn->lock);
}

static void drop_waker(struct conn *conn, struct conn_waker *waker)
{
	bool last;

	/* Many who are woken at a time do not wait for each other's lock. */
	if (atomic_load(&waker->fired)) {
		last = atomic_fetch_sub(&waker->calls, 1) == 1;
	} else {
		pthread_mutex_lock(&conn->lock);
		last = atomic_fetch_sub(&waker->calls, 1) == 1;
		if (last && conn->waker == waker)
			conn->waker = NULL;
		pthread_mutex_unlock(&conn->lock);
	}
	if (!last)
		return;
	if (waker->fired) {
		forget_woken(conn, waker);
		close(waker->fd);
	} else {
		put_eventfd(waker->fd);
	}
	free(waker);
}

/* Wake all who wait; it is ours meanwhile, so it stays when they have gone. */
static int fire(struct conn *conn)
{
	static const uint64_t one = 1;
	struct conn_waker *waker;
	int rc = 0;

	pthread_mutex_lock(&conn->lock);
	waker = conn->waker;
	if (waker) {
		atomic_fetch_add(&waker->calls, 1);
		atomic_store(&waker->fired, true);
		conn->waker = NULL;
		waker->next = conn->woken;
		conn->woken = waker;
		rc = write(waker->fd, &one, sizeof(one)) < 0 ? -errno : 0;
	}
	if (rc) {
		atomic_store(&waker->fired, false);
		conn->waker = waker;
		conn->woken = waker->next;
	}
	pthread_mutex_unlock(&conn->lock);
	if (waker)
		drop_waker(conn, waker);
	return rc;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a && (!b || a < b) ? a : b;
}

int conn_set_deadline(struct conn *conn, int directions, int64_t deadline)
{
	struct conn_call call;
	int rc;

	if (!conn || !directions || directions & ~(CONN_READ | CONN_WRITE))
		return -EINVAL;
	rc = conn_enter(conn, &call);
	if (rc)
		return rc;
	for (int i = CONN_IN; i <= CONN_OUT; i++)
		if (directions & (i == CONN_IN ? CONN_READ : CONN_WRITE))
			atomic_store(&conn->deadlines[i], deadline);
	/* Who waits without need wakes by itself, and waits again. */
	if (deadline)
		rc = fire(conn);
	conn_leave(conn, &call);
	return rc;
}

/* Wait for @fd, at most until the earliest of all deadlines, and for the waker.
 * What was changed before it was taken is seen after that. */
static int wait_for(struct conn *conn, int direction, const struct wait *wait,
	struct pollfd *fd, int64_t until)
{
	uint32_t before = atomic_load(&forks);
	struct conn_waker *waker = take_waker(conn);
	struct wait slice = wait ? *wait : WAIT_FOREVER;
	struct pollfd fds[] = { *fd,
		{ .fd = waker ? waker->fd : -1, .events = POLLIN } };
	int rc = 0;

	slice.deadline = earlier(earlier(slice.deadline, until),
		atomic_load(&conn->deadlines[direction]));
	if (!waker)
		slice.deadline = earlier(slice.deadline, wait_in_ms(BLIND_MS));
	if (!(atomic_load(&conn->state) & CLOSED))
		rc = wait_poll(fds, ARRAY_SIZE(fds), &slice);
	fd->revents = fds[0].revents;
	/* In a child that a signal handler forked, it is forgotten. */
	if (waker && before == atomic_load(&forks))
		drop_waker(conn, waker);
	return rc == -ETIME ? 0 : MIN(rc, 0);
}

int conn_await(struct conn *conn, int direction, const struct wait *wait,
	unsigned int *vain)
{
	bool blind = *vain >= VAIN_MAX;
	int16_t event = direction == CONN_IN ? POLLIN : POLLOUT;
	struct pollfd fd = { .fd = blind ? -1 : conn->fd, .events = event };
	int rc = wait_for(conn, direction, wait, &fd,
		blind ? wait_in_ms(BLIND_MS) : 0);

	if (blind)
		*vain = 0;
	else if (!rc && fd.revents)
		*vain = fd.revents & event ? *vain + 1 : VAIN_MAX;
	return rc;
}

int conn_pause(struct conn *conn, int direction, const struct wait *wait,
	int64_t ms)
{
	struct pollfd none = { .fd = -1 };

	return wait_for(conn, direction, wait, &none, wait_in_ms(ms));
}

/* The calls that wait are woken, or it is not closed. */
static int begin_close(struct conn *conn)
{
	int rc = fire(conn);

	if (rc) {
		atomic_fetch_and(&conn->state, ~CLOSED);
		futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
	}
	return rc;
}

static int close_once(struct conn *conn)
{
	uint32_t state;
	int rc;

	while ((state = atomic_fetch_or(&conn->state, CLOSED)) & CLOSED) {
		if (state & DONE)
			return 0;
		futex(&conn->state, FUTEX_WAIT_PRIVATE, state);
	}
	rc = state ? begin_close(conn) : 0;
	if (rc)
		return rc;
	while ((state = atomic_load(&conn->state)) & ~(CLOSED | DONE))
		futex(&conn->state, FUTEX_WAIT_PRIVATE, state);
	rc = close(conn->fd) ? -errno : 0;
	atomic_fetch_or(&conn->state, DONE);
	futex(&conn->state, FUTEX_WAKE_PRIVATE, INT_MAX);
	return rc;
}

int conn_close(struct conn *conn)
{
	UNCANCELLED();
	struct conn_call call = { .conn = conn, .before = closes };
	int rc;

	if (!conn)
		return -EINVAL;
	forget_if_forked(conn);
	if (count_of(conn, calls) || count_of(conn, closes))
		return -EDEADLK;
	closes = &call;
	rc = close_once(conn);
	closes = call.before;
	return rc;
}
