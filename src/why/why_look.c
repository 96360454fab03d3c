// SPDX-License-Identifier: Apache-2.0
/*
 * why_look.c - the situation: every socket that has a port
 */
#include "why_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"
#include "net/sockdiag.h"

/* A walk over the kernel's list */
struct look {
	struct why_situation *s;
	const struct why_ports *ports;
};

bool why_is_half_open(const struct why_holder *holder)
{
	const struct sockdiag_row *row = &holder->row;

	return row->protocol == IPPROTO_TCP && !row->inode &&
	       (row->state == SOCKDIAG_SYN_RECEIVED ||
		       row->state == SOCKDIAG_NEW_SYN_RECEIVED);
}

/* Of connected sockets the kernel does not tell IPV6_V6ONLY. */
static bool tells_v6only(const struct sockdiag_row *row)
{
	return row->family == AF_INET ||
	       (!row->mini && (row->state == SOCKDIAG_LISTEN ||
				      row->state == SOCKDIAG_CLOSE));
}

static int note_row(const struct sockdiag_row *row, void *arg)
{
	struct look *look = arg;
	struct why_situation *s = look->s;
	struct why_holder *list;

	if (row->protocol == IPPROTO_UDP)
		s->udp_near[row->port % WHY_SLOTS]++;
	if (!row->port || !why_ports_has(look->ports, row->port))
		return 0;
	list = why_grow(s->holders, s->holder_count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	s->holders = list;
	list[s->holder_count++] = (struct why_holder){
		.row = *row,
		.v6only_known = tells_v6only(row),
		.vrf = row->protocol == IPPROTO_TCP && !s->vrf_shared ?
			       why_vrf(s, row->ifindex) :
			       0,
	};
	return 0;
}

static bool is_end(const struct sockdiag_row *a, const struct sockdiag_row *b)
{
	return a->family == b->family && a->port == b->port &&
	       (a->state == SOCKDIAG_LISTEN) == (b->state == SOCKDIAG_LISTEN) &&
	       addr_equal(&a->addr, &b->addr) && a->peer_port == b->peer_port &&
	       addr_equal(&a->peer, &b->peer);
}

/* A socket of MPTCP stands for the one of TCP that is below it: it is the one
 * that a process has. */
static int note_mptcp(const struct sockdiag_row *row, void *arg)
{
	struct look *look = arg;
	struct why_situation *s = look->s;

	if (!row->inode || !why_ports_has(look->ports, row->port))
		return 0;
	for (unsigned int i = 0; i < s->holder_count; i++) {
		struct why_holder *h = &s->holders[i];

		if (h->row.protocol != IPPROTO_TCP || h->mptcp ||
			!h->row.inode || !is_end(&h->row, row))
			continue;
		h->mptcp = true;
		h->row.inode = row->inode;
		break;
	}
	return 0;
}

/* A kernel without IPv6, or without MPTCP, has no sockets of it. */
static int each(struct sockdiag *diag, uint8_t protocol, sockdiag_fn *fn,
	struct look *look)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && rc >= 0; i++) {
		rc = sockdiag_each(diag, protocol, families[i], SOCKDIAG_ALL,
			fn, look);
		rc = rc == -ENOENT ? 0 : rc;
	}
	return MIN(rc, 0);
}

static int look_at_sockets(struct look *look, uint32_t protocols)
{
	struct sockdiag *diag;
	int rc = sockdiag_open(&diag);

	if (rc)
		return rc;
	if (protocols & 1u << IPPROTO_TCP)
		rc = each(diag, IPPROTO_TCP, note_row, look);
	/* What it does not say is only not known then. */
	if (!rc && protocols & 1u << IPPROTO_TCP)
		each(diag, SOCKDIAG_MPTCP, note_mptcp, look);
	if (!rc && protocols & 1u << IPPROTO_UDP)
		rc = each(diag, IPPROTO_UDP, note_row, look);
	sockdiag_close(diag);
	return rc;
}

int why_look(struct why_situation *situation, uint32_t protocols,
	const struct why_ports *ports)
{
	struct look look = { .s = situation, .ports = ports };
	int rc;

	memset(situation, 0, sizeof(*situation));
	why_look_sysctls(situation);
	rc = why_look_net(situation);
	if (!rc)
		rc = look_at_sockets(&look, protocols);
	return rc ? rc : why_look_owners(situation);
}

void why_forget(struct why_situation *situation)
{
	free(situation->devices);
	free(situation->routes);
	free(situation->addresses);
	free(situation->holders);
	free(situation->owners);
	memset(situation, 0, sizeof(*situation));
}
