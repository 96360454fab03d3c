// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport.c - sockets with SO_REUSEADDR and SO_REUSEPORT, and to listen
 */
#include "reuseport_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#include "uncancelled.h"
#include "util.h"

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
	UNCANCELLED();

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

int reuseport_make(const struct reuseport_network *network,
	const struct conn_addr *addr, const struct reuseport_options *options,
	struct conn **conn, const char **failed)
{
	const struct conn_options where = { .netns_fd = options->netns_fd };
	int family = addr->any.sa_family, rc;
	struct conn *new;

	*failed = "socket";
	rc = conn_open(family, network->type, 0, &where, &new);
	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(options_set); i++) {
		const struct option *o = &options_set[i];
		bool only = o->level == IPPROTO_IPV6;

		if (only && family != AF_INET6)
			break;
		rc = conn_set_int(new, o->level, o->name,
			!only || is_only_six(network, addr));
		if (rc) {
			*failed = o->text;
			conn_free(new);
			return rc;
		}
	}
	*conn = new;
	return 0;
}

static int listen_at(const struct reuseport_network *network,
	const struct conn_addr *addr, const struct reuseport_options *options,
	struct conn **conn, const char **failed)
{
	struct conn *new;
	int rc = reuseport_make(network, addr, options, &new, failed);

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
