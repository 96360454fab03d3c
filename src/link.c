// SPDX-License-Identifier: Apache-2.0
/*
 * link.c - network devices and their addresses
 */
#include "link.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink.h"
#include "util.h"

/* How long the kernel may take to make an address usable: 1 s in all */
enum { ADDR_TRIES_MAX = 20000, ADDR_WAIT_NS = 50000 };

/**
 * struct link_session - A netlink socket and what it was answered
 * @route:	Type of the route that was asked for, such as RTN_LOCAL
 */
struct link_session {
	struct netlink nl;
	int route;
};

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct link_session *session = arg;

	if (header->nlmsg_type == RTM_NEWROUTE &&
	    nlmsg_valid_hdr(header, sizeof(struct rtmsg)))
		session->route =
			((struct rtmsg *)nlmsg_data(header))->rtm_type;
	return NL_OK;
}

int link_open(struct link_session **session)
{
	struct link_session *out = calloc(1, sizeof(*out));
	int rc;

	if (!out)
		return -ENOMEM;
	rc = netlink_open(&out->nl, NETLINK_ROUTE);
	if (rc) {
		free(out);
		return rc;
	}
	nl_socket_modify_cb(out->nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_route,
		out);
	*session = out;
	return 0;
}

void link_close(struct link_session *session)
{
	if (!session)
		return;
	netlink_close(&session->nl);
	free(session);
}

/* Takes @changes, which may be NULL for lack of memory */
static int change(struct link_session *session, int index,
	struct rtnl_link *changes)
{
	struct rtnl_link *which = rtnl_link_alloc();
	int rc = -ENOMEM;

	if (which && changes) {
		rtnl_link_set_ifindex(which, index);
		rc = netlink_result(&session->nl,
			rtnl_link_change(session->nl.sk, which, changes, 0));
	}
	rtnl_link_put(which);
	rtnl_link_put(changes);
	return rc;
}

int link_up(struct link_session *session, int index)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (changes)
		rtnl_link_set_flags(changes, IFF_UP);
	return change(session, index, changes);
}

int link_addr_gen_none(struct link_session *session, int index)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (changes && rtnl_link_inet6_set_addr_gen_mode(changes,
			       IN6_ADDR_GEN_MODE_NONE) < 0) {
		rtnl_link_put(changes);
		changes = NULL;
	}
	return change(session, index, changes);
}

static int describe(struct rtnl_link *link, const struct link_end *end)
{
	struct nl_addr *mac = nl_addr_build(AF_LLC, end->mac,
		sizeof(end->mac));

	if (!mac)
		return -ENOMEM;
	rtnl_link_set_name(link, end->name);
	rtnl_link_set_ifindex(link, end->index);
	rtnl_link_set_addr(link, mac);
	nl_addr_put(mac);
	return 0;
}

int link_add_veth(struct link_session *session, const struct link_end *a,
	const struct link_end *b)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer;
	int rc;

	if (!link)
		return -ENOMEM;
	peer = rtnl_link_veth_get_peer(link);
	rc = describe(link, a);
	if (!rc)
		rc = describe(peer, b);
	if (!rc)
		rc = netlink_result(&session->nl,
			rtnl_link_add(session->nl.sk, link,
				NLM_F_CREATE | NLM_F_EXCL));
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return rc;
}

/* Does what is sent to an address come back? 1, 0, or a negative errno */
static int is_local(struct link_session *session, const struct addr *addr)
{
	struct rtmsg header = {
		.rtm_family = addr->len == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = 8 * addr->len,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int rc = -ENOMEM;

	if (msg && !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) &&
	    !nla_put(msg, RTA_DST, addr->len, addr->bytes)) {
		session->route = RTN_UNSPEC;
		rc = nl_send_auto(session->nl.sk, msg);
		if (rc >= 0)
			rc = nl_recvmsgs_default(session->nl.sk);
		if (rc >= 0)
			rc = nl_wait_for_ack(session->nl.sk);
		rc = netlink_result(&session->nl, rc);
	}
	nlmsg_free(msg);
	if (rc == -ENETUNREACH || rc == -EHOSTUNREACH)
		return 0;
	return rc ? rc : session->route == RTN_LOCAL;
}

/* IPv6 can bind an address at once, but the route that lets it be reached is
 * made by a work queue. Until then packets leave, for a neighbour that is not
 * there, and a connect hangs. */
static int wait_local(struct link_session *session, const struct addr *addr)
{
	const struct timespec wait = { .tv_nsec = ADDR_WAIT_NS };

	for (int i = 0; i < ADDR_TRIES_MAX; i++) {
		int rc = is_local(session, addr);

		if (rc)
			return MIN(rc, 0);
		nanosleep(&wait, NULL);
	}
	return -ETIMEDOUT;
}

int link_add_addr(struct link_session *session, int index,
	const struct addr *addr, unsigned int prefix)
{
	int family = addr->len == 4 ? AF_INET : AF_INET6, rc = -ENOMEM;
	struct nl_addr *local = nl_addr_build(family, addr->bytes, addr->len);
	struct rtnl_addr *out = rtnl_addr_alloc();

	ASSERT(addr->len);
	if (local && out) {
		nl_addr_set_prefixlen(local, prefix);
		rtnl_addr_set_ifindex(out, index);
		rtnl_addr_set_local(out, local);
		if (family == AF_INET6)
			rtnl_addr_set_flags(out, IFA_F_NODAD);
		rc = netlink_result(&session->nl,
			rtnl_addr_add(session->nl.sk, out,
				NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_addr_put(out);
	nl_addr_put(local);
	return rc ? rc : wait_local(session, addr);
}
