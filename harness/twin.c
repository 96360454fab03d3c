// SPDX-License-Identifier: Apache-2.0
/*
 * twin.c - a conn, and beside it the same socket by raw calls
 */
#include "twin.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own_netns.h"
#include "util.h"
#include "world.h"
#include "net/procfile.h"

/* Ports that the kernel chooses begin here. */
enum { CHOSEN_FROM = WORLD_RANGE_FIRST, MOMENT_MS = 5 };

/* Of ours [0] and of the raw side [1], where it is, and elsewhere */
static struct netns *spaces[2][2];

/* A connection that is over leaves nothing behind for the next program. */
static int furnish(struct netns *from, void *arg)
{
	int rc = procfile_write("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
	struct link_session *session;

	(void)from;
	(void)arg;
	if (!rc)
		rc = link_open(&session);
	if (!rc) {
		rc = link_up(session, OWN_NETNS_LO);
		link_close(session);
	}
	return rc;
}

void twin_start(void)
{
	int rc = own_netns_enter() ? netns_current(&spaces[0][0]) : -EPERM;

	for (int i = 1; i < 4 && !rc; i++)
		rc = netns_new(&spaces[i / 2][i % 2]);
	for (int i = 0; i < 4 && !rc; i++)
		rc = netns_do(spaces[i / 2][i % 2], furnish, NULL);
	if (rc) {
		fprintf(stderr, "twin: no namespaces: %s\n", strerror(-rc));
		exit(3);
	}
}

static int raw_open(const struct netns *ns, int domain, int type)
{
	int fd;

	ASSERT(!netns_setns(ns));
	fd = socket(domain, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	ASSERT(!netns_setns(spaces[0][0]));
	return fd;
}

/* A connection that is closed is reset: nothing of it stays. */
static void be_brief(int fd)
{
	static const struct linger at_once = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static int be_brief_too(int fd, void *arg)
{
	(void)arg;
	be_brief(fd);
	return 0;
}

static int open_conn(int domain, int type, const struct netns *ns,
	enum twin_birth birth, struct conn **conn)
{
	struct conn_options options = CONN_OPTIONS;
	int fd, rc;

	if (birth == TWIN_OPEN) {
		if (ns != spaces[0][0])
			options.netns_fd = netns_fd(ns);
		return conn_open(domain, type, 0, &options, conn);
	}
	fd = raw_open(ns, domain, type);
	if (fd < 0)
		return fd;
	rc = birth == TWIN_ADOPT ? conn_adopt(fd, conn) : conn_dup(fd, conn);
	if (rc || birth == TWIN_DUP)
		close(fd);
	return rc;
}

int twin_open(struct twin *twin, int domain, int type, bool there,
	enum twin_birth birth)
{
	struct conn *conn = NULL;
	int fd = raw_open(spaces[1][there], domain, type | SOCK_NONBLOCK);
	int rc = open_conn(domain, type, spaces[0][there], birth, &conn);

	if (rc != MIN(fd, 0)) {
		conn_free(conn);
		if (fd >= 0)
			close(fd);
		return TWIN_DIFFERS;
	}
	if (rc)
		return rc;
	*twin = (struct twin){ conn, fd, domain, type, { false } };
	be_brief(fd);
	return conn_control(conn, be_brief_too, NULL);
}

void twin_keep(struct twin *twin, struct conn *conn, int fd,
	const struct twin *parent)
{
	*twin = (struct twin){ conn, fd, parent->domain, parent->type,
		{ false } };
}

int twin_close(struct twin *twin)
{
	if (twin->fd >= 0)
		ASSERT(!close(twin->fd));
	twin->fd = -1;
	return conn_close(twin->conn);
}

void twin_free(struct twin *twin)
{
	if (!twin->conn)
		return;
	ASSERT(!twin_close(twin));
	conn_free(twin->conn);
	memset(twin, 0, sizeof(*twin));
}

int twin_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	if (!connect(fd, addr, len))
		return 0;
	if (errno != EINPROGRESS && errno != EALREADY)
		return -errno;
	if (!poll(&pfd, 1, MOMENT_MS))
		return -EAGAIN;
	if (!connect(fd, addr, len) || errno == EISCONN)
		return 0;
	return errno == EALREADY ? -EAGAIN : -errno;
}

static uint16_t *port_of(struct conn_addr *addr)
{
	static uint16_t none;

	switch (addr->any.sa_family) {
	case AF_INET: return &((struct sockaddr_in *)&addr->any)->sin_port;
	case AF_INET6: return &((struct sockaddr_in6 *)&addr->any)->sin6_port;
	}
	return &none;
}

bool twin_same_addr(const struct conn_addr *a, const struct conn_addr *b)
{
	struct conn_addr x = *a, y = *b;
	uint16_t *p = port_of(&x), *q = port_of(&y);

	/* Of a Unix socket, the kernel chooses the name. */
	if (x.any.sa_family == AF_UNIX)
		return x.len == y.len && y.any.sa_family == AF_UNIX;
	if (ntohs(*p) >= CHOSEN_FROM && ntohs(*q) >= CHOSEN_FROM)
		*p = *q = 0;
	return x.len == y.len && !memcmp(&x.room, &y.room, x.len);
}

int twin_local(int fd, struct conn_addr *addr)
{
	addr->len = sizeof(addr->room);
	return getsockname(fd, &addr->any, &addr->len) ? -errno : 0;
}

int twin_peer(int fd, struct conn_addr *addr)
{
	addr->len = sizeof(addr->room);
	return getpeername(fd, &addr->any, &addr->len) ? -errno : 0;
}
