// SPDX-License-Identifier: Apache-2.0
/*
 * link_route.c - addresses of network devices, and routes
 */
#include "link_private.h"
#include "uncancelled.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "util.h"

/* How long the kernel may take to make an address usable: 1 s in all, after a
 * few times at once */
enum { ADDR_TRIES_MAX = 20000, ADDR_YIELDS = 10, ADDR_WAIT_NS = 50000 };

static int family_of(const struct addr *addr)
{
	return addr->len == 4 ? AF_INET : AF_INET6;
}

static bool is_network(const struct addr *addr, unsigned int prefix)
{
	return addr && (addr->len == 4 || addr->len == 16) &&
	       prefix <= 8u * addr->len;
}

/* Does what is sent to an address come back? 1, 0, or a negative errno */
static int is_local(struct link_session *session, const struct addr *addr)
{
	struct rtmsg header = {
		.rtm_family = family_of(addr),
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
 * there, and a connect hangs. The queue is of this CPU, so it is let run first;
 * to sleep takes twice as long as all that it does. */
static int wait_local(struct link_session *session, const struct addr *addr)
{
	const struct timespec wait = { .tv_nsec = ADDR_WAIT_NS };

	for (int i = 0; i < ADDR_TRIES_MAX; i++) {
		int rc = is_local(session, addr);

		if (rc)
			return MIN(rc, 0);
		if (i < ADDR_YIELDS)
			sched_yield();
		else
			nanosleep(&wait, NULL);
	}
	return -ETIMEDOUT;
}

static struct nl_addr *network(const struct addr *addr, unsigned int prefix)
{
	struct nl_addr *out = nl_addr_build(family_of(addr), addr->bytes,
		addr->len);

	if (out)
		nl_addr_set_prefixlen(out, prefix);
	return out;
}

int link_add_addr(struct link_session *session, int index,
	const struct addr *addr, unsigned int prefix)
{
	UNCANCELLED();
	struct nl_addr *local;
	struct rtnl_addr *out;
	int rc = -ENOMEM;

	if (!session || index < 0 || !is_network(addr, prefix))
		return -EINVAL;
	local = network(addr, prefix);
	out = rtnl_addr_alloc();
	if (local && out) {
		rtnl_addr_set_ifindex(out, index);
		rtnl_addr_set_local(out, local);
		if (addr->len == 16)
			rtnl_addr_set_flags(out, IFA_F_NODAD);
		rc = netlink_result(&session->nl,
			rtnl_addr_add(session->nl.sk, out,
				NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_addr_put(out);
	nl_addr_put(local);
	return rc ? rc : wait_local(session, addr);
}

/* The way that @out goes: a device, a gateway, or both */
static int set_hop(struct rtnl_route *out, const struct link_route *route)
{
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *via = NULL;

	if (route->via.len)
		via = network(&route->via, 8 * route->via.len);
	if (!hop || (route->via.len && !via)) {
		nl_addr_put(via);
		if (hop)
			rtnl_route_nh_free(hop);
		return -ENOMEM;
	}
	if (route->index)
		rtnl_route_nh_set_ifindex(hop, route->index);
	if (via)
		rtnl_route_nh_set_gateway(hop, via);
	nl_addr_put(via);
	rtnl_route_add_nexthop(out, hop);
	return 0;
}

int link_add_route(struct link_session *session, const struct link_route *route)
{
	UNCANCELLED();
	struct nl_addr *to;
	struct rtnl_route *out;
	int rc = -ENOMEM;

	if (!session || !route || route->index < 0 ||
		!is_network(&route->to, route->prefix) ||
		(route->via.len && route->via.len != route->to.len))
		return -EINVAL;
	to = network(&route->to, route->prefix);
	out = rtnl_route_alloc();
	if (to && out && !rtnl_route_set_dst(out, to)) {
		rtnl_route_set_family(out, family_of(&route->to));
		rc = set_hop(out, route);
		if (!rc)
			rc = netlink_result(&session->nl,
				rtnl_route_add(session->nl.sk, out,
					NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_route_put(out);
	nl_addr_put(to);
	return rc;
}
