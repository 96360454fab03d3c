// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport_dial.c - connect, from an address that others may have too
 *
 * DOC: Theory of Operation
 *
 * A name may have addresses of IPv4 and of IPv6, of which one sort may lead
 * nowhere. So they are dialled in two lanes, as in RFC 8305 and by Go: the
 * first has all addresses of the first one's family, the second has the others,
 * and begins FALLBACK_MS later, or when the first has failed. In each, one
 * address is tried after the other. Whoever is connected first is it.
 *
 * Nothing here blocks but to look up names: connect(2) begins, poll(2) waits
 * for both lanes, and connect(2) once more tells what came of it.
 */
#include "reuseport_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "uncancelled.h"
#include "util.h"

enum { LANES = 2, FALLBACK_MS = 300 };

/* Each address has its share of the time, but no less than this */
#define SHARE_MIN_NS INT64_C(2000000000)

/**
 * struct lane - Addresses to try one after the other
 * @next:	The first of them that was not tried yet
 * @begin:	When, or 0 for at once
 * @conn:	It connects to the one before @next; or NULL
 * @until:	How long it may, or 0
 * @rc:		How the first failed, or 0
 * @failed:	At which step
 */
struct lane {
	const struct conn_addr *addrs[REUSEPORT_ADDRS_MAX];
	unsigned int count, next;
	int64_t begin;
	struct conn *conn;
	int64_t until;
	int rc;
	const char *failed;
};

struct dial {
	const struct reuseport_network *network;
	const char *local;
	const struct wait *wait;
	const struct reuseport_options *options;
	struct reuseport_list list;
	struct lane lanes[LANES];
};

/* Of two moments, 0 is never. */
static int64_t earlier(int64_t a, int64_t b)
{
	return a && (!b || a < b) ? a : b;
}

static bool is_over(const struct lane *lane)
{
	return !lane->conn && lane->next == lane->count;
}

/* When the next address of so many that are left has had its share */
static int64_t share_of(const struct wait *wait, unsigned int count)
{
	int64_t now = wait_now(), end = wait ? wait->deadline : 0;

	if (end <= now)
		return end;
	return MIN(end, now + MAX((end - now) / count, SHARE_MIN_NS));
}

/* The address to come from, of the family of the one to go to */
static int bind_to(const struct dial *d, struct conn *conn,
	const struct conn_addr *to, const char **failed)
{
	struct reuseport_network same = *d->network;
	const struct conn_addr *from;
	struct reuseport_list list;
	int rc;

	*failed = "local address";
	same.family = to->any.sa_family;
	rc = reuseport_look_up(&same, d->local, true, d->options->netns_fd,
		&list);
	if (rc)
		return rc;
	*failed = "bind";
	from = reuseport_first(&list);
	return conn_bind(conn, &from->any, from->len);
}

/* A socket for the next address */
static int begin(const struct dial *d, struct lane *lane, const char **failed)
{
	const struct conn_addr *to = lane->addrs[lane->next];
	int rc;

	lane->until = share_of(d->wait, lane->count - lane->next++);
	rc = reuseport_make(d->network, to, d->options, &lane->conn, failed);
	if (!rc && d->local)
		rc = bind_to(d, lane->conn, to, failed);
	return rc;
}

static int try_connect(int fd, void *arg)
{
	const struct conn_addr *to = arg;
	int error = connect(fd, &to->any, to->len) ? errno : 0;

	switch (error) {
	case EISCONN: return 0;
	case EINPROGRESS:
	case EALREADY:
	case EINTR: return -EAGAIN;
	}
	return -error;
}

static int abort_on_close(int fd, void *arg)
{
	static const struct linger now = { .l_onoff = 1 };

	(void)arg;
	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Is it connected to itself? 1, 0 or a negative errno */
static int is_itself(struct conn *conn)
{
	struct conn_addr local, peer;
	int rc = conn_local(conn, &local);

	if (!rc)
		rc = conn_peer(conn, &peer);
	/* If it is reset already, there was another end. */
	if (rc)
		return rc == -ENOTCONN ? 0 : rc;
	return local.len == peer.len &&
	       !memcmp(&local.room, &peer.room, local.len);
}

/* Connected (0), not yet (-EAGAIN), or never (another errno)? */
static int outcome(const struct dial *d, const struct lane *lane)
{
	const struct conn_addr *to = lane->addrs[lane->next - 1];
	int rc = conn_control(lane->conn, try_connect, (void *)to);

	if (rc == -EAGAIN && lane->until && wait_now() >= lane->until)
		return -ETIME;
	if (!rc && d->network->type == SOCK_STREAM)
		rc = is_itself(lane->conn);
	if (rc <= 0)
		return rc;
	conn_control(lane->conn, abort_on_close, NULL);
	return -ELOOP;
}

/* As far as it comes without waiting: is it connected? */
static bool advance(const struct dial *d, struct lane *lane)
{
	while (!is_over(lane) && !wait_check(d->wait)) {
		const char *failed = "connect";
		int rc = lane->conn ? 0 : begin(d, lane, &failed);

		if (!rc) {
			failed = "connect";
			rc = outcome(d, lane);
			if (!rc || rc == -EAGAIN)
				return !rc;
		}
		lane->conn = conn_free(lane->conn);
		if (!lane->rc) {
			lane->rc = rc;
			lane->failed = failed;
		}
	}
	return false;
}

/* Until there is something to do in a lane, or the caller waits no longer */
static int await(const struct dial *d)
{
	struct wait slice = d->wait ? *d->wait : WAIT_FOREVER;
	struct pollfd fds[LANES];
	int rc;

	for (int i = 0; i < LANES; i++) {
		const struct lane *lane = &d->lanes[i];

		fds[i] = (struct pollfd){ lane->conn ? conn_fd(lane->conn) : -1,
			POLLOUT, 0 };
		if (lane->conn)
			slice.deadline = earlier(slice.deadline, lane->until);
		else if (!is_over(lane))
			slice.deadline = earlier(slice.deadline, lane->begin);
	}
	rc = wait_poll(fds, LANES, &slice);
	return rc == -ETIME ? 0 : MIN(rc, 0);
}

/* If none can be reached, the first has the word. */
static int race(struct dial *d, struct conn **conn, const char **failed)
{
	int rc;

	*failed = "connect";
	while (!(rc = wait_check(d->wait))) {
		for (int i = 0; i < LANES; i++) {
			struct lane *lane = &d->lanes[i];

			if (!lane->conn && wait_now() < lane->begin)
				continue;
			if (advance(d, lane)) {
				*conn = lane->conn;
				lane->conn = NULL;
				return 0;
			}
			if (is_over(lane))
				d->lanes[1].begin = 0;
		}
		if (is_over(&d->lanes[0]) && is_over(&d->lanes[1])) {
			*failed = d->lanes[0].failed;
			return d->lanes[0].rc;
		}
		rc = await(d);
		if (rc)
			break;
	}
	return rc;
}

/* Which address is in which lane */
static void deal(struct dial *d)
{
	const struct reuseport_list *list = &d->list;
	bool two = d->network->type == SOCK_STREAM;

	for (unsigned int i = 0; i < list->count; i++) {
		const struct conn_addr *addr = &list->addrs[i];
		struct lane *lane =
			&d->lanes[two && addr->any.sa_family !=
						 list->addrs[0].any.sa_family];

		lane->addrs[lane->count++] = addr;
	}
	d->lanes[1].begin = wait_in_ms(FALLBACK_MS);
}

static int dial(struct dial *d, const char *remote, struct conn **conn,
	const char **failed)
{
	int rc;

	*failed = "remote address";
	rc = reuseport_look_up(d->network, remote, false, d->options->netns_fd,
		&d->list);
	if (rc)
		return rc;
	deal(d);
	rc = race(d, conn, failed);
	for (int i = 0; i < LANES; i++)
		conn_free(d->lanes[i].conn);
	return rc;
}

int reuseport_dial(const char *network, const char *local, const char *remote,
	const struct wait *wait, const struct reuseport_options *options,
	struct conn **conn)
{
	UNCANCELLED();
	const struct reuseport_options defaults = REUSEPORT_OPTIONS;
	struct dial d = { .network = reuseport_network(network),
		.local = local,
		.wait = wait,
		.options = options ? options : &defaults };
	const char *failed = "network";
	int rc = -EPROTONOSUPPORT;

	if (!conn)
		return -EINVAL;
	if (d.network)
		rc = dial(&d, remote, conn, &failed);
	if (rc && options && options->failed)
		*options->failed = failed;
	return rc;
}
