// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport.c - listen and dial with SO_REUSEADDR and SO_REUSEPORT
 */
#include "reuseport.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { HOST_MAX = 256 };

static const struct network {
	const char *name;
	int family, type;
} networks[] = {
	{ "tcp", AF_UNSPEC, SOCK_STREAM },
	{ "tcp4", AF_INET, SOCK_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
	{ "udp", AF_UNSPEC, SOCK_DGRAM },
	{ "udp4", AF_INET, SOCK_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
};

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

static const struct network *find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(networks); i++)
		if (!strcmp(name, networks[i].name))
			return &networks[i];
	return NULL;
}

/* "[HOST]:PORT", "HOST:PORT" and ":PORT" apart */
static int split(const char *address, char host[HOST_MAX], const char **port)
{
	const char *colon = strrchr(address, ':'), *end = colon;

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") > 5 ||
		colon[1 + strspn(colon + 1, "0123456789")] ||
		atoi(colon + 1) > UINT16_MAX)
		return -EINVAL;
	if (*address == '[') {
		address++;
		end = strchr(address, ']');
		if (!end || end + 1 != colon)
			return -EINVAL;
	} else if (memchr(address, ':', colon - address)) {
		return -EINVAL;
	}
	if (end - address >= HOST_MAX)
		return -EINVAL;
	memcpy(host, address, end - address);
	host[end - address] = '\0';
	*port = colon + 1;
	return 0;
}

static int failure_of(int rc)
{
	switch (rc) {
	case EAI_SYSTEM: return -errno;
	case EAI_MEMORY: return -ENOMEM;
	case EAI_AGAIN: return -EAGAIN;
	case EAI_SERVICE: return -EINVAL;
	}
	return -ENOENT;
}

static int look_up(const struct network *network, const char *host,
	const char *port, int flags, struct conn_addr *addr)
{
	struct addrinfo hints = { .ai_family = network->family,
		.ai_socktype = network->type,
		.ai_flags = flags };
	struct addrinfo *list;
	int rc = getaddrinfo(*host ? host : NULL, port, &hints, &list);

	if (rc)
		return failure_of(rc);
	memset(addr, 0, sizeof(*addr));
	addr->len = list->ai_addrlen;
	memcpy(&addr->room, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

static int resolve(const struct network *network, const char *address,
	bool passive, struct conn_addr *addr)
{
	struct network six = *network;
	char host[HOST_MAX];
	const char *port;
	int flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0), rc;

	rc = address ? split(address, host, &port) : -EINVAL;
	if (rc)
		return rc;
	/* An IPv6 socket on any address has those of IPv4 as well. */
	if (!*host && passive && six.family == AF_UNSPEC)
		six.family = AF_INET6;
	rc = look_up(&six, host, port, flags | AI_NUMERICHOST, addr);
	if (rc == -ENOENT && *host)
		rc = look_up(network, host, port, flags, addr);
	return rc;
}

int reuseport_resolve(const char *network, const char *address, bool passive,
	struct conn_addr *addr)
{
	const struct network *n = find(network);

	if (!n)
		return -EPROTONOSUPPORT;
	return addr ? resolve(n, address, passive, addr) : -EINVAL;
}

static int set_option(int fd, void *arg)
{
	static const int one = 1;

	return setsockopt(fd, SOL_SOCKET, *(int *)arg, &one, sizeof(one)) ?
		       -errno :
		       0;
}

/* A socket with both options; @failed says which step it was */
static int make(const struct network *network, int family,
	const struct reuseport_options *options, struct conn **conn,
	const char **failed)
{
	const struct conn_options where = { .netns_fd = options->netns_fd };
	static int both[] = { SO_REUSEADDR, SO_REUSEPORT };
	static const char *const names[] = { "SO_REUSEADDR", "SO_REUSEPORT" };
	int rc;

	*failed = "socket";
	rc = conn_open(family, network->type, 0, &where, conn);
	for (int i = 0; i < 2 && !rc; i++) {
		*failed = names[i];
		rc = conn_control(*conn, set_option, &both[i]);
		if (rc)
			conn_free(*conn);
	}
	return rc;
}

static int listen_on(const struct network *network, const char *address,
	const struct reuseport_options *options, struct conn **conn,
	const char **failed)
{
	struct conn_addr addr;
	struct conn *new;
	int rc;

	*failed = "address";
	rc = resolve(network, address, true, &addr);
	if (!rc)
		rc = make(network, addr.any.sa_family, options, &new, failed);
	if (rc)
		return rc;
	*failed = "bind";
	rc = conn_bind(new, &addr.any, addr.len);
	if (!rc && network->type == SOCK_STREAM) {
		*failed = "listen";
		rc = conn_listen(new, options->backlog);
	}
	if (rc)
		conn_free(new);
	else
		*conn = new;
	return rc;
}

static int listen_of(const char *name, const char *address, int type,
	struct reuseport_options *options, struct conn **conn)
{
	struct reuseport_options defaults = REUSEPORT_OPTIONS;
	const struct network *network = find(name);
	const char *failed = "network";
	int rc = -EPROTONOSUPPORT;

	if (!conn)
		return -EINVAL;
	if (network && network->type == type)
		rc = listen_on(network, address, options ? options : &defaults,
			conn, &failed);
	if (rc && options)
		options->failed = failed;
	return rc;
}

int reuseport_listen(const char *network, const char *address,
	struct reuseport_options *options, struct conn **conn)
{
	return listen_of(network, address, SOCK_STREAM, options, conn);
}

int reuseport_listen_packet(const char *network, const char *address,
	struct reuseport_options *options, struct conn **conn)
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

static int dial(const struct network *network, const char *local,
	const char *remote, const struct wait *wait,
	const struct reuseport_options *options, struct conn **conn,
	const char **failed)
{
	struct conn_addr from = { 0 }, to;
	struct conn *new;
	int rc = 0;

	*failed = "remote address";
	rc = resolve(network, remote, false, &to);
	if (!rc && local) {
		struct network same = *network;

		*failed = "local address";
		same.family = to.any.sa_family;
		rc = resolve(&same, local, true, &from);
	}
	if (!rc)
		rc = make(network, to.any.sa_family, options, &new, failed);
	if (rc)
		return rc;
	if (from.len) {
		*failed = "bind";
		rc = conn_bind(new, &from.any, from.len);
	}
	if (!rc) {
		*failed = "connect";
		rc = conn_connect(new, &to.any, to.len, wait, NULL);
	}
	if (!rc && network->type == SOCK_STREAM)
		rc = is_itself(new);
	if (rc > 0) {
		conn_control(new, abort_on_close, NULL);
		rc = -ELOOP;
	}
	if (rc)
		conn_free(new);
	else
		*conn = new;
	return rc;
}

int reuseport_dial(const char *network, const char *local, const char *remote,
	const struct wait *wait, struct reuseport_options *options,
	struct conn **conn)
{
	struct reuseport_options defaults = REUSEPORT_OPTIONS;
	const struct network *n = find(network);
	const char *failed = "network";
	int rc = -EPROTONOSUPPORT;

	if (!conn)
		return -EINVAL;
	if (n)
		rc = dial(n, local, remote, wait, options ? options : &defaults,
			conn, &failed);
	if (rc && options)
		options->failed = failed;
	return rc;
}
