// SPDX-License-Identifier: Apache-2.0
/*
 * link.c - network devices
 */
#include "link_private.h"
#include "uncancelled.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/link/vrf.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "util.h"

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct link_session *session = arg;

	if (header->nlmsg_type == RTM_NEWROUTE &&
		nlmsg_valid_hdr(header, sizeof(struct rtmsg)))
		session->route = ((struct rtmsg *)nlmsg_data(header))->rtm_type;
	return NL_OK;
}

int link_open(struct link_session **session)
{
	struct link_session *out = session ? calloc(1, sizeof(*out)) : NULL;
	int rc;

	if (!session)
		return -EINVAL;
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
	UNCANCELLED();
	struct rtnl_link *which = rtnl_link_alloc();
	int rc = -ENOMEM;

	if (!session || index < 0) {
		rc = -EINVAL;
	} else if (which && changes) {
		rtnl_link_set_ifindex(which, index);
		rc = netlink_result(&session->nl,
			rtnl_link_change(session->nl.sk, which, changes, 0));
	}
	rtnl_link_put(which);
	rtnl_link_put(changes);
	return rc;
}

static bool is_name(const char *name)
{
	return name && *name && strlen(name) < IFNAMSIZ;
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

int link_index(struct link_session *session, const char *name, int *index)
{
	struct ifreq request = { 0 };

	if (!session || !is_name(name) || !index)
		return -EINVAL;
	strcpy(request.ifr_name, name);
	/* Any socket will do for this request, and this one is in the namespace
	 * to look in. (libnl's own look-up would not tell the errno.) */
	if (ioctl(nl_socket_get_fd(session->nl.sk), SIOCGIFINDEX, &request))
		return -errno;
	*index = request.ifr_ifindex;
	return 0;
}

int link_delete(struct link_session *session, int index)
{
	UNCANCELLED();
	struct rtnl_link *which = rtnl_link_alloc();
	int rc = session && index >= 0 ? -ENOMEM : -EINVAL;

	if (rc != -EINVAL && which) {
		rtnl_link_set_ifindex(which, index);
		rc = index ? netlink_result(&session->nl,
				     rtnl_link_delete(session->nl.sk, which)) :
			     -ENODEV;
	}
	rtnl_link_put(which);
	return rc;
}

/* Is there such a device? 0, -ENODEV or another negative errno */
static int look_for(struct link_session *session, int index)
{
	struct ifreq request = { .ifr_ifindex = index };

	return ioctl(nl_socket_get_fd(session->nl.sk), SIOCGIFNAME, &request) ?
		       -errno :
		       0;
}

int link_set_master(struct link_session *session, int index, int master)
{
	struct rtnl_link *changes;
	int rc;

	if (!session || index < 0 || master < 0)
		return -EINVAL;
	/* The kernel takes the device from its old master before it looks, and
	 * calls one that is not there no master, either. */
	rc = master ? look_for(session, master) : 0;
	if (rc)
		return rc;
	changes = rtnl_link_alloc();
	if (changes)
		rtnl_link_set_master(changes, master);
	return change(session, index, changes);
}

static bool has_mac(const struct link_end *end)
{
	static const uint8_t none[sizeof(end->mac)];

	return memcmp(end->mac, none, sizeof(none));
}

static int describe(struct rtnl_link *link, const struct link_end *end)
{
	struct nl_addr *mac;
	int netns = end->netns ? netns_fd(end->netns) : 0;

	if (!is_name(end->name) || end->index < 0)
		return -EINVAL;
	if (netns < 0)
		return netns;
	rtnl_link_set_name(link, end->name);
	if (end->index)
		rtnl_link_set_ifindex(link, end->index);
	if (end->netns)
		rtnl_link_set_ns_fd(link, netns);
	if (!has_mac(end))
		return 0;
	mac = nl_addr_build(AF_LLC, end->mac, sizeof(end->mac));
	if (!mac)
		return -ENOMEM;
	rtnl_link_set_addr(link, mac);
	nl_addr_put(mac);
	return 0;
}

static int add(struct link_session *session, struct rtnl_link *link)
{
	return netlink_result(&session->nl,
		rtnl_link_add(session->nl.sk, link, NLM_F_CREATE | NLM_F_EXCL));
}

int link_add_veth(struct link_session *session, const struct link_end *a,
	const struct link_end *b)
{
	UNCANCELLED();
	struct rtnl_link *link, *peer;
	int rc;

	if (!session || !a || !b)
		return -EINVAL;
	link = rtnl_link_veth_alloc();
	if (!link)
		return -ENOMEM;
	peer = rtnl_link_veth_get_peer(link);
	rc = describe(link, a);
	if (!rc)
		rc = describe(peer, b);
	if (!rc)
		rc = add(session, link);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return rc;
}

/* Takes @link over, which may be NULL. */
static int add_one(struct link_session *session, struct rtnl_link *link,
	const struct link_end *end)
{
	UNCANCELLED();
	int rc = link ? describe(link, end) : -ENOMEM;

	if (!rc)
		rc = add(session, link);
	rtnl_link_put(link);
	return rc;
}

int link_add_bridge(struct link_session *session, const struct link_end *bridge)
{
	if (!session || !bridge)
		return -EINVAL;
	return add_one(session, rtnl_link_bridge_alloc(), bridge);
}

int link_add_vrf(struct link_session *session, const struct link_end *vrf,
	uint32_t table)
{
	struct rtnl_link *link;

	if (!session || !vrf || !table)
		return -EINVAL;
	link = rtnl_link_vrf_alloc();
	if (link)
		rtnl_link_vrf_set_tableid(link, table);
	return add_one(session, link, vrf);
}
