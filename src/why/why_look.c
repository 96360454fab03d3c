// SPDX-License-Identifier: Apache-2.0
/*
 * why_look.c - who holds a port, here and now
 */
#include "why.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"
#include "world.h"
#include "net/conn.h"

/* The first owner is the one who is asked for the options. */
static void note_owner(pid_t pid, int fd, const char *command, void *arg)
{
	struct why_holder *h = arg;

	if (!h->owners++) {
		h->pid = pid;
		h->fd = fd;
		snprintf(h->command, sizeof(h->command), "%s", command);
	}
}

/* A copy of the owner's descriptor. It is only asked, so that the owner does
 * not see it become non-blocking. */
static int copy_of(const struct why_holder *h)
{
	int fd = syscall(SYS_pidfd_open, h->pid, 0), rc;
	struct conn *process;

	if (fd < 0)
		return -errno;
	rc = conn_adopt(fd, &process);
	if (rc) {
		close(fd);
		return rc;
	}
	rc = conn_pidfd_getfd(process, h->fd, 0);
	conn_free(process);
	return rc;
}

static void ask_owner(struct why_holder *h)
{
	int fd = copy_of(h), reuseaddr, reuseport;
	struct conn *conn;

	if (fd < 0)
		return;
	if (!conn_dup(fd, &conn)) {
		h->known = !conn_get_int(conn, SOL_SOCKET, SO_REUSEADDR,
				   &reuseaddr) &&
			   !conn_get_int(conn, SOL_SOCKET, SO_REUSEPORT,
				   &reuseport);
		h->reuseaddr = h->known && reuseaddr;
		h->reuseport = h->known && reuseport;
		conn_free(conn);
	}
	close(fd);
}

/* Are two holders the same, as far as a bind can tell? */
static bool alike(const struct why_holder *a, const struct why_holder *b)
{
	const struct sockdiag_row *x = &a->row, *y = &b->row;

	return x->protocol == y->protocol && x->family == y->family &&
	       (x->state == SOCKDIAG_LISTEN) == (y->state == SOCKDIAG_LISTEN) &&
	       x->v6only == y->v6only && addr_equal(&x->addr, &y->addr) &&
	       x->ifindex == y->ifindex && x->uid == y->uid &&
	       a->known == b->known && a->reuseaddr == b->reuseaddr &&
	       a->reuseport == b->reuseport;
}

static void note_row(const struct sockdiag_row *row, void *arg)
{
	struct why_holder h = { .row = *row };
	struct why *why = arg;

	if (row->port != why->question.port)
		return;
	if (row->inode && sockdiag_owners(row->inode, note_owner, &h) > 0)
		ask_owner(&h);
	for (unsigned int i = 0; i < why->count; i++) {
		if (alike(&why->holders[i], &h)) {
			why->holders[i].same++;
			return;
		}
	}
	if (why->count < WHY_HOLDERS_MAX)
		why->holders[why->count++] = h;
	else
		why->others++;
}

/* Here and now; where it cannot be read, as in the world */
static uint32_t number_in(enum sysctl_key key)
{
	const struct world_sysctl *sysctl = &world_sysctls[key];
	int fd = open(sysctl->path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return sysctl->value;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		strcpy(text, "");
	close(fd);
	return *text ? strtoul(text, NULL, 10) : sysctl->value;
}

static bool is_of(const struct sockaddr *name, const struct addr *addr)
{
	const void *bytes = NULL;

	if (name && name->sa_family == AF_INET && addr->len == 4)
		bytes = &((const struct sockaddr_in *)name)->sin_addr;
	if (name && name->sa_family == AF_INET6 && addr->len == 16)
		bytes = &((const struct sockaddr_in6 *)name)->sin6_addr;
	return bytes && !memcmp(bytes, addr->bytes, addr->len);
}

/* Is the address foreign? Then no device has it, and it is no exception, as the
 * wildcard is. With IPv6, a socket's own device must be the one to have it. */
static int find_foreign(struct why_question *q)
{
	struct addr addr = addr_unmapped(&q->addr);
	struct ifaddrs *list;

	q->foreign = !addr_is_any(&addr) &&
		     !(addr.len == 4 && addr.bytes[0] == IN_LOOPBACKNET) &&
		     !number_in(addr.len == 4 ? SYSCTL_NONLOCAL4 :
						SYSCTL_NONLOCAL6);
	if (getifaddrs(&list))
		return -errno;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		q->foreign &= !is_of(i->ifa_addr, &addr) ||
			      (addr.len == 16 && q->ifindex &&
				      if_nametoindex(i->ifa_name) !=
					      q->ifindex);
	freeifaddrs(list);
	return 0;
}

int why_look(struct why *why)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct sockdiag *diag;
	int rc = find_foreign(&why->question);

	why->question.unprivileged = number_in(SYSCTL_UNPRIVILEGED_START);
	if (!rc)
		rc = sockdiag_open(&diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(families) && rc >= 0; i++)
		rc = sockdiag_each(diag, why->question.protocol, families[i],
			SOCKDIAG_ALL, note_row, why);
	sockdiag_close(diag);
	return MIN(rc, 0);
}
