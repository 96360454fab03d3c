// SPDX-License-Identifier: Apache-2.0
/*
 * link.c - a pair of devices between two namespaces, with an address
 *
 * Prints: veth 0, up 0, address 0, again -17
 */
#include <stdio.h>

#include <portclash/link.h>

int main(void)
{
	struct link_end here = { .name = "here", .index = 10 };
	struct link_end there = { .name = "there" };
	struct link_session *session;
	struct netns *ns;
	struct addr addr;

	if (netns_unshare() < 0 || netns_new(&ns) || link_open(&session) ||
		addr_parse("fd00::1", &addr))
		return 1;
	there.netns = ns;
	printf("veth %d, ", link_add_veth(session, &here, &there));
	printf("up %d, ", link_up(session, 1));
	/* Usable at once, though it is IPv6; and taken only once */
	printf("address %d, ", link_add_addr(session, 1, &addr, 64));
	printf("again %d\n", link_add_addr(session, 1, &addr, 64));
	link_close(session);
	netns_free(ns);
	return 0;
}
