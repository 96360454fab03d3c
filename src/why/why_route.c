// SPDX-License-Identifier: Apache-2.0
/*
 * why_route.c - which way would a connection go, and from which address?
 */
#include "why.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/rtnetlink.h>

#include "net/netlink.h"

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlattr *source = nlmsg_find_attr(nlmsg_hdr(msg),
		sizeof(struct rtmsg), RTA_PREFSRC);
	struct addr *out = arg;

	if (source && (nla_len(source) == 4 || nla_len(source) == 16)) {
		out->len = nla_len(source);
		memcpy(out->bytes, nla_data(source), out->len);
	}
	return NL_OK;
}

static bool is_filled(struct nl_msg *msg, const struct why_question *q)
{
	struct addr to = addr_unmapped(&q->peer),
		    from = addr_unmapped(&q->addr);
	uint32_t device = q->scope ? q->scope : q->ifindex;
	struct rtmsg header = {
		.rtm_family = to.len == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = 8 * to.len,
		.rtm_src_len = addr_is_any(&from) ? 0 : 8 * from.len,
	};

	return !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) &&
	       !nla_put(msg, RTA_DST, to.len, to.bytes) &&
	       (addr_is_any(&from) ||
		       !nla_put(msg, RTA_SRC, from.len, from.bytes)) &&
	       (!device || !nla_put_u32(msg, RTA_OIF, device));
}

/* An AF_INET6 socket has IPv4 addresses in their mapped form. */
static void take_source(struct why_question *q, const struct addr *source)
{
	if (q->family == AF_INET6 && source->len == 4) {
		q->addr = (struct addr){ 16, { [10] = 0xff, [11] = 0xff } };
		memcpy(q->addr.bytes + 12, source->bytes, 4);
	} else {
		q->addr = *source;
	}
}

int why_route(struct why_question *question)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	struct addr source = { 0 }, from = addr_unmapped(&question->addr);
	struct netlink nl;
	int rc = netlink_open(&nl, NETLINK_ROUTE);

	if (!rc && (!msg || !is_filled(msg, question)))
		rc = -ENOMEM;
	if (!rc) {
		nl_socket_modify_cb(nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_route,
			&source);
		rc = nl_send_auto(nl.sk, msg);
		if (rc >= 0)
			rc = nl_recvmsgs_default(nl.sk);
		if (rc >= 0)
			rc = nl_wait_for_ack(nl.sk);
		rc = netlink_result(&nl, rc);
		netlink_close(&nl);
	}
	nlmsg_free(msg);
	if (!rc && addr_is_any(&from) && source.len)
		take_source(question, &source);
	return rc;
}
