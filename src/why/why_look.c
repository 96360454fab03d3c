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

/**
 * struct look - A walk over the kernel's list
 * @error:	A negative errno, if a row could not be kept
 */
struct look {
	struct why_situation *s;
	const struct why_ports *ports;
	int error;
};

/* A connection that is half open is a note in its listener's book, and has no
 * port of its own. */
static bool has_port(const struct sockdiag_row *row)
{
	return row->port && !(row->protocol == IPPROTO_TCP && !row->inode &&
				    (row->state == SOCKDIAG_SYN_RECEIVED ||
					    row->state ==
						    SOCKDIAG_NEW_SYN_RECEIVED));
}

/* Of connected sockets the kernel does not tell IPV6_V6ONLY. */
static bool tells_v6only(const struct sockdiag_row *row)
{
	return row->family == AF_INET || (!row->mini &&
						 (row->state == SOCKDIAG_LISTEN ||
						row->state == SOCKDIAG_CLOSE));
}

static void note_row(const struct sockdiag_row *row, void *arg)
{
	struct look *look = arg;
	struct why_situation *s = look->s;
	struct why_holder *list;

	if (!has_port(row) || !why_ports_has(look->ports, row->port))
		return;
	list = why_grow(s->holders, s->holder_count, sizeof(*list));
	if (!list) {
		look->error = -ENOMEM;
		return;
	}
	s->holders = list;
	list[s->holder_count++] = (struct why_holder){
		.row = *row,
		.v6only_known = tells_v6only(row),
		.vrf = row->protocol == IPPROTO_TCP && !s->vrf_shared ?
			       why_vrf(s, row->ifindex) :
			       0,
	};
}

static int look_at_sockets(struct look *look, uint32_t protocols)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t known[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct sockdiag *diag;
	int rc = sockdiag_open(&diag);

	if (rc)
		return rc;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(families); i++) {
		uint8_t protocol = known[i / 2];

		if (!(protocols & 1u << protocol))
			continue;
		rc = sockdiag_each(diag, protocol, families[i % 2],
			SOCKDIAG_ALL, note_row, look);
		/* A kernel without IPv6 has no sockets of it. */
		if (rc < 0 && rc != -ENOENT)
			break;
		rc = 0;
	}
	sockdiag_close(diag);
	return rc ? rc : look->error;
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
