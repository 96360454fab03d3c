// SPDX-License-Identifier: Apache-2.0
/*
 * twin_wait.c - a call that may wait, on both sides
 */
#include "twin_wait.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "side.h"
#include "twins.h"

enum { LATE_MS = 500, FAR_MS = 1000, BLOCKED_NS = 50000 };

/* What ends the call before it begins, or 0; @wait is what it is given. */
static int decided(const struct twin *t, int direction, uint8_t how,
	struct wait *wait)
{
	struct wait_token *token = *twins_token(how);

	*wait = WAIT_FOREVER;
	if (how & 0x40)
		wait->deadline = 1;
	if (how & 0x80)
		wait->cancel_fd = wait_token_fd(token);
	if (t->fd < 0)
		return -EBADF;
	if (how & 0x80 && wait_token_is_cancelled(token))
		return -ECANCELED;
	return how & 0x40 || t->past[direction] ? -ETIME : 0;
}

/* The raw call again, when there is something to say */
static ssize_t later(const struct twin *t, int direction, twin_raw *raw,
	struct io *io)
{
	struct pollfd pfd = { .fd = t->fd,
		.events = direction ? POLLOUT : POLLIN };

	poll(&pfd, 1, LATE_MS);
	return raw(t, io);
}

static void waits(const struct twin *t, int direction, twin_raw *raw,
	twin_ours *ours, struct io *io)
{
	struct wait wait;
	ssize_t want = decided(t, direction, io->call.a, &wait), got;

	if (want) {
		side_same(want, ours(t, io, &wait));
		return;
	}
	want = raw(t, io);
	/* Nothing may block for ever, even if they differ. */
	wait.deadline = want == -EAGAIN ? wait_now() + BLOCKED_NS :
					  wait_in_ms(FAR_MS);
	got = ours(t, io, &wait);
	if (want == -EAGAIN && got != -ETIME)
		want = later(t, direction, raw, io);
	side_same(want == -EAGAIN ? -ETIME : want, got);
	if (want == got && want > 0 && want <= TWIN_SIZE_MAX && !direction)
		differs |= memcmp(io->data[0], io->data[1], want) != 0;
}

void twin_wait_call(struct twin *twin, unsigned int which, struct call call)
{
	struct io io = { .call = call, .fd = -1 };
	struct twin *child = twins_at(call.b);

	memset(io.data, 'x', sizeof(io.data));
	twins_addrs(call, io.addrs);
	side_tell("%-9s", twin_calls[which].name);
	waits(twin, twin_calls[which].out, twin_calls[which].raw,
		twin_calls[which].ours, &io);
	if (io.child && io.fd >= 0 && !child->conn) {
		side_same_addr(0, &io.from[1], 0, &io.from[0]);
		twin_keep(child, io.child, io.fd, twin);
		return;
	}
	conn_free(io.child);
	if (io.fd >= 0)
		close(io.fd);
}
