// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport_resolve.c - networks and addresses as text
 *
 * What they stand for is what Go's package net makes of them: an address of no
 * host is that of all, of IPv4 and IPv6 alike, and to dial it is to dial
 * ourselves. An IPv4 address that is mapped into IPv6 is one of IPv4, but where
 * IPv6 is asked for.
 */
#include "reuseport_private.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"
#include "uncancelled.h"
#include "util.h"

enum { HOST_MAX = 256, PORT_MAX = 64 };

/**
 * struct question - For getaddrinfo(3), and what it answers
 * @family:	AF_UNSPEC to keep all
 */
struct question {
	char host[HOST_MAX], port[PORT_MAX];
	int family;
	struct addrinfo hints;
	struct reuseport_list *list;
};

const struct reuseport_network *reuseport_network(const char *name)
{
	static const struct reuseport_network networks[] = {
		{ "tcp", AF_UNSPEC, SOCK_STREAM },
		{ "tcp4", AF_INET, SOCK_STREAM },
		{ "tcp6", AF_INET6, SOCK_STREAM },
		{ "udp", AF_UNSPEC, SOCK_DGRAM },
		{ "udp4", AF_INET, SOCK_DGRAM },
		{ "udp6", AF_INET6, SOCK_DGRAM },
	};

	for (size_t i = 0; name && i < ARRAY_SIZE(networks); i++)
		if (!strcmp(name, networks[i].name))
			return &networks[i];
	return NULL;
}

static int copy(char *to, size_t room, const char *from, size_t len)
{
	if (len >= room)
		return -EINVAL;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* None is 0; a number has digits only, though libc takes blanks and signs; all
 * else is the name of a service, in small or capital letters. */
static int set_port(const char *port, char room[PORT_MAX])
{
	bool digits = !port[strspn(port, "0123456789")];
	char *end;
	unsigned long n = strtoul(port, &end, 10);
	int rc;

	if (!*port)
		port = "0";
	else if (!*end && (!digits || n > UINT16_MAX))
		return -EINVAL;
	rc = copy(room, PORT_MAX, port, strlen(port));
	for (char *c = room; !rc && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c;
	return rc;
}

/* "[HOST]:PORT", "HOST:PORT" and ":PORT" apart */
static int split(const char *address, struct question *q)
{
	const char *colon = strrchr(address, ':'), *end = colon;
	int rc;

	if (!colon)
		return -EINVAL;
	if (*address == '[') {
		address++;
		end = strchr(address, ']');
		if (!end || end + 1 != colon)
			return -EINVAL;
	} else if (memchr(address, ':', colon - address)) {
		return -EINVAL;
	}
	rc = copy(q->host, HOST_MAX, address, end - address);
	return rc ? rc : set_port(colon + 1, q->port);
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

/* A mapped address becomes one of IPv4, unless IPv6 is asked for; and ::, where
 * IPv4 is. */
static bool is_of_four(const struct in6_addr *in6, int family)
{
	return IN6_IS_ADDR_V4MAPPED(in6) ||
	       (family == AF_INET && IN6_IS_ADDR_UNSPECIFIED(in6));
}

static struct conn_addr addr_of(const struct addrinfo *info, int family)
{
	struct conn_addr addr = { .len = info->ai_addrlen };
	struct sockaddr_in in = { .sin_family = AF_INET };
	const struct sockaddr_in6 *in6 = (const void *)info->ai_addr;

	memcpy(&addr.room, info->ai_addr, info->ai_addrlen);
	if (info->ai_family != AF_INET6 || family == AF_INET6 ||
		!is_of_four(&in6->sin6_addr, family))
		return addr;
	in.sin_port = in6->sin6_port;
	memcpy(&in.sin_addr, &in6->sin6_addr.s6_addr[12], sizeof(in.sin_addr));
	memset(&addr, 0, sizeof(addr));
	addr.len = sizeof(in);
	memcpy(&addr.room, &in, sizeof(in));
	return addr;
}

static void add(struct reuseport_list *list, const struct conn_addr *addr)
{
	if (list->count < REUSEPORT_ADDRS_MAX)
		list->addrs[list->count++] = *addr;
}

/* libc knows names of zones only of addresses that need one. */
static int number_zone(char host[HOST_MAX])
{
	char *zone = strchr(host, '%');
	unsigned int index = zone ? if_nametoindex(zone + 1) : 0;

	if (zone && !index)
		return errno == ENODEV ? 0 : -errno;
	if (zone)
		snprintf(zone, host + HOST_MAX - zone, "%%%u", index);
	return 0;
}

static int ask(struct netns *from, void *arg)
{
	struct question *q = arg;
	struct addrinfo *answers;
	int rc = 0;

	if (q->hints.ai_flags & AI_NUMERICHOST)
		rc = number_zone(q->host);
	if (rc)
		return rc;
	rc = getaddrinfo(*q->host ? q->host : NULL, q->port, &q->hints,
		&answers);

	(void)from;
	if (rc)
		return failure_of(rc);
	for (struct addrinfo *info = answers; info; info = info->ai_next) {
		struct conn_addr addr = addr_of(info, q->family);

		if (q->family == AF_UNSPEC || q->family == addr.any.sa_family)
			add(q->list, &addr);
	}
	freeaddrinfo(answers);
	return q->list->count ? 0 : -ENOENT;
}

/* Numbers are never looked up. Only the devices of zones are the namespace's:
 * who knows names is asked from where the caller is. */
static int ask_both(struct question *q, int netns_fd)
{
	int rc;

	/* To libc it is no host at all. */
	if (!strcmp(q->host, "*"))
		return -ENOENT;
	q->hints.ai_flags |= AI_NUMERICHOST;
	if (netns_fd > 0 && strchr(q->host, '%'))
		rc = netns_do_fd(netns_fd, ask, q);
	else
		rc = ask(NULL, q);
	if (rc != -ENOENT || !*q->host || q->list->count)
		return rc;
	q->hints.ai_flags &= ~AI_NUMERICHOST;
	q->hints.ai_family = q->family;
	return ask(NULL, q);
}

static bool is_any(const struct conn_addr *addr)
{
	const struct sockaddr_in *in = (const void *)&addr->room;
	const struct sockaddr_in6 *in6 = (const void *)&addr->room;

	return addr->any.sa_family == AF_INET ?
		       in->sin_addr.s_addr == htonl(INADDR_ANY) :
		       IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static in_port_t port_of(const struct conn_addr *addr)
{
	/* It is at the same place in both. */
	return ((const struct sockaddr_in *)&addr->room)->sin_port;
}

/* Of no host: all addresses, and those of IPv4 if there is no IPv6; or to dial,
 * our own */
static void widen(struct reuseport_list *list, int family, bool passive)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = port_of(&list->addrs[0]) };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = in6.sin6_port };
	struct conn_addr six = { .len = sizeof(in6) },
			 four = { .len = sizeof(in) };

	if (!passive) {
		in6.sin6_addr = in6addr_loopback;
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	memcpy(&six.room, &in6, sizeof(in6));
	memcpy(&four.room, &in, sizeof(in));
	list->count = 0;
	list->any = passive;
	if (family == AF_INET6 || (family == AF_UNSPEC && passive))
		add(list, &six);
	if (family != AF_INET6)
		add(list, &four);
	if (family == AF_UNSPEC && !passive)
		add(list, &six);
}

int reuseport_look_up(const struct reuseport_network *network,
	const char *address, bool passive, int netns_fd,
	struct reuseport_list *list)
{
	struct question q = { .family = network->family,
		.hints = { .ai_socktype = network->type },
		.list = list };
	int rc = address ? 0 : -EINVAL;

	*list = (struct reuseport_list){ 0 };
	/* To listen, no address at all is any host, and any port. */
	if (!rc)
		rc = split(passive && !*address ? ":" : address, &q);
	if (!rc && !*q.host) {
		q.hints.ai_flags = AI_PASSIVE;
		q.family = AF_UNSPEC;
	}
	if (!rc)
		rc = ask_both(&q, netns_fd);
	/* The kernel dials ourselves for 0.0.0.0 and ::, too. */
	if (!rc && (passive ? is_any(&list->addrs[0]) : !*q.host))
		widen(list, network->family, passive);
	return rc;
}

const struct conn_addr *reuseport_first(const struct reuseport_list *list)
{
	for (unsigned int i = 0; i < list->count && !list->any; i++)
		if (list->addrs[i].any.sa_family == AF_INET)
			return &list->addrs[i];
	return &list->addrs[0];
}

int reuseport_resolve(const char *network, const char *address, bool passive,
	struct conn_addr *addr)
{
	UNCANCELLED();
	const struct reuseport_network *n = reuseport_network(network);
	struct reuseport_list list;
	int rc = -EPROTONOSUPPORT;

	if (n)
		rc = addr ? reuseport_look_up(n, address, passive, -1, &list) :
			    -EINVAL;
	if (rc)
		return rc;
	*addr = *reuseport_first(&list);
	return 0;
}
