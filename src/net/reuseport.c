// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport.c - listen and dial with SO_REUSEADDR and SO_REUSEPORT
 */
#include "reuseport_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "uncancelled.h"
#include "util.h"

/* Each address of a name has its share of the time, but no less than this */
#define SHARE_MIN_NS INT64_C(2000000000)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool available;

static void ask(void)
{
	static const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Only these two errnos say that there is no such option. */
	available = fd < 0 ||
		    !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
			    sizeof(one)) ||
		    (errno != ENOPROTOOPT && errno != EINVAL);
	if (fd >= 0)
		close(fd);
}

bool reuseport_available(void)
{
	pthread_once(&once, ask);
	return available;
}

/* What is set, in this order, and what it is called if it fails */
static const struct option {
	int level, name;
	const char *text;
} options_set[] = {
	{ SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR" },
	{ SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT" },
	{ IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY" },
};

static bool is_only_six(const struct reuseport_network *network,
	const struct conn_addr *addr)
{
	const struct sockaddr_in6 *in6 = (const void *)&addr->room;

	return network->family == AF_INET6 &&
	       !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
}

/* A socket with all options, whatever the sysctl bindv6only says; @failed says
 * which step it was */
static int make(const struct reuseport_network *network,
	const struct conn_addr *addr, const struct reuseport_options *options,
	struct conn **conn, const char **failed)
{
	const struct conn_options where = { .netns_fd = options->netns_fd };
	int family = addr->any.sa_family, rc;

	*failed = "socket";
	rc = conn_open(family, network->type, 0, &where, conn);
	for (size_t i = 0; i < ARRAY_SIZE(options_set) && !rc; i++) {
		const struct option *o = &options_set[i];
		bool only = o->level == IPPROTO_IPV6;

		if (only && family != AF_INET6)
			break;
		*failed = o->text;
		rc = conn_set_int(*conn, o->level, o->name,
			!only || is_only_six(network, addr));
		if (rc)
			conn_free(*conn);
	}
	return rc;
}

static int listen_at(const struct reuseport_network *network,
	const struct conn_addr *addr, const struct reuseport_options *options,
	struct conn **conn, const char **failed)
{
	struct conn *new;
	int rc = make(network, addr, options, &new, failed);

	if (rc)
		return rc;
	*failed = "bind";
	rc = conn_bind(new, &addr->any, addr->len);
	if (!rc && network->type == SOCK_STREAM) {
		*failed = "listen";
		rc = conn_listen(new, options->backlog ?
					      MAX(options->backlog, 0) :
					      SOMAXCONN);
	}
	if (rc)
		conn_free(new);
	else
		*conn = new;
	return rc;
}

static int listen_on(const struct reuseport_network *network,
	const char *address, const struct reuseport_options *options,
	struct conn **conn, const char **failed)
{
	struct reuseport_list list;
	int rc;

	*failed = "address";
	rc = reuseport_look_up(network, address, true, options->netns_fd,
		&list);
	if (rc)
		return rc;
	rc = listen_at(network, reuseport_first(&list), options, conn, failed);
	/* Here is no IPv6. */
	if (list.any && list.count > 1 &&
		(rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL))
		rc = listen_at(network, &list.addrs[1], options, conn, failed);
	return rc;
}

static int listen_of(const char *name, const char *address, int type,
	const struct reuseport_options *options, struct conn **conn)
{
	UNCANCELLED();
	const struct reuseport_options defaults = REUSEPORT_OPTIONS;
	const struct reuseport_network *network = reuseport_network(name);
	const char *failed = "network";
	int rc = -EPROTONOSUPPORT;

	if (!conn)
		return -EINVAL;
	if (network && network->type == type)
		rc = listen_on(network, address, options ? options : &defaults,
			conn, &failed);
	if (rc && options && options->failed)
		*options->failed = failed;
	return rc;
}

int reuseport_listen(const char *network, const char *address,
	const struct reuseport_options *options, struct conn **conn)
{
	return listen_of(network, address, SOCK_STREAM, options, conn);
}

int reuseport_listen_packet(const char *network, const char *address,
	const struct reuseport_options *options, struct conn **conn)
{
	return listen_of(network, address, SOCK_DGRAM, options, conn);
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

/* The address to come from, of the family of the one to go to */
static int source(const struct reuseport_network *network, const char *local,
	const struct conn_addr *to, int netns_fd, struct conn_addr *from)
{
	struct reuseport_network same = *network;
	struct reuseport_list list;
	int rc;

	same.family = to->any.sa_family;
	rc = reuseport_look_up(&same, local, true, netns_fd, &list);
	if (!rc)
		*from = *reuseport_first(&list);
	return rc;
}

static int connect_to(struct conn *conn, int type, const struct conn_addr *to,
	const struct wait *wait)
{
	int rc = conn_connect(conn, &to->any, to->len, wait, NULL);

	if (!rc && type == SOCK_STREAM)
		rc = is_itself(conn);
	if (rc <= 0)
		return rc;
	conn_control(conn, abort_on_close, NULL);
	return -ELOOP;
}

static int dial_one(const struct reuseport_network *network, const char *local,
	const struct conn_addr *to, const struct wait *wait,
	const struct reuseport_options *options, struct conn **conn,
	const char **failed)
{
	struct conn_addr from = { 0 };
	struct conn *new;
	int rc = 0;

	*failed = "local address";
	if (local)
		rc = source(network, local, to, options->netns_fd, &from);
	if (!rc)
		rc = make(network, to, options, &new, failed);
	if (rc)
		return rc;
	if (from.len) {
		*failed = "bind";
		rc = conn_bind(new, &from.any, from.len);
	}
	if (!rc) {
		*failed = "connect";
		rc = connect_to(new, network->type, to, wait);
	}
	if (rc)
		conn_free(new);
	else
		*conn = new;
	return rc;
}

/* What one address of so many may take of the time that is left */
static struct wait share_of(const struct wait *wait, unsigned int count)
{
	struct wait share = wait ? *wait : WAIT_FOREVER;
	int64_t now = wait_now(), left = share.deadline - now;

	if (share.deadline && left > SHARE_MIN_NS)
		share.deadline = now + MAX(left / count, SHARE_MIN_NS);
	return share;
}

/* One after the other; if none can be reached, the first has the word. */
static int dial(const struct reuseport_network *network, const char *local,
	const char *remote, const struct wait *wait,
	const struct reuseport_options *options, struct conn **conn,
	const char **failed)
{
	struct reuseport_list list;
	int first;

	*failed = "remote address";
	first = reuseport_look_up(network, remote, false, options->netns_fd,
		&list);
	if (first)
		return first;
	for (unsigned int i = 0; i < list.count; i++) {
		struct wait share = share_of(wait, list.count - i);
		const char *step;
		int rc = dial_one(network, local, &list.addrs[i], &share,
			options, conn, &step);

		if (!rc)
			return 0;
		if (!first) {
			first = rc;
			*failed = step;
		}
		if (wait_check(wait))
			break;
	}
	return first;
}

int reuseport_dial(const char *network, const char *local, const char *remote,
	const struct wait *wait, const struct reuseport_options *options,
	struct conn **conn)
{
	UNCANCELLED();
	const struct reuseport_options defaults = REUSEPORT_OPTIONS;
	const struct reuseport_network *n = reuseport_network(network);
	const char *failed = "network";
	int rc = -EPROTONOSUPPORT;

	if (!conn)
		return -EINVAL;
	if (n)
		rc = dial(n, local, remote, wait, options ? options : &defaults,
			conn, &failed);
	if (rc && options && options->failed)
		*options->failed = failed;
	return rc;
}
