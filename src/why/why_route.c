// SPDX-License-Identifier: Apache-2.0
/*
 * why_route.c - which way would a connection go, and from which address?
 *
 * Some destinations are refused by connect itself, before it looks for a way or
 * after: to many at once, to a broadcast address, to a link that is not named.
 * For the way the kernel is asked, by what this one connection would be.
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

#include "world.h"
#include "net/netlink.h"

/**
 * struct way - What the kernel says of one
 * @source:	The address that is sent from, if it chooses
 * @device:	By which it goes
 * @type:	RTN_UNICAST, RTN_LOCAL, ...
 */
struct way {
	struct addr source;
	uint32_t device;
	uint8_t type;
};

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct way *out = arg;
	struct nlattr *source, *device;

	if (header->nlmsg_type != RTM_NEWROUTE ||
		!nlmsg_valid_hdr(header, sizeof(struct rtmsg)))
		return NL_OK;
	source = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_PREFSRC);
	device = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_OIF);
	if (device)
		out->device = nla_get_u32(device);
	out->type = ((struct rtmsg *)nlmsg_data(header))->rtm_type;
	if (source && (nla_len(source) == 4 || nla_len(source) == 16)) {
		out->source.len = nla_len(source);
		memcpy(out->source.bytes, nla_data(source), out->source.len);
	}
	return NL_OK;
}

/* Rules may look at all of this. */
static bool is_filled(struct nl_msg *msg, const struct why_question *q,
	const struct addr *to, const struct addr *from)
{
	uint32_t device = why_bound_device(q);
	struct rtmsg header = {
		.rtm_family = to->len == 4 ? AF_INET : AF_INET6,
		.rtm_dst_len = 8 * to->len,
		.rtm_src_len = 8 * from->len,
	};

	return !nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) &&
	       !nla_put(msg, RTA_DST, to->len, to->bytes) &&
	       (!from->len || !nla_put(msg, RTA_SRC, from->len, from->bytes)) &&
	       (!device || !nla_put_u32(msg, RTA_OIF, device)) &&
	       !nla_put_u32(msg, RTA_UID, q->uid) &&
	       !nla_put_u8(msg, RTA_IP_PROTO, q->protocol) &&
	       (!q->port || !nla_put_u16(msg, RTA_SPORT, htons(q->port))) &&
	       !nla_put_u16(msg, RTA_DPORT, htons(q->peer_port));
}

/* The kernel's answer goes to @refused, and to @way if that is 0. Return: 0, or
 * a negative errno if it could not be asked */
static int ask(const struct why_question *q, const struct addr *to,
	const struct addr *from, struct way *way, int *refused)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	struct netlink nl;
	int rc = msg && is_filled(msg, q, to, from) ? 0 : -ENOMEM;

	memset(way, 0, sizeof(*way));
	if (!rc)
		rc = netlink_open(&nl, NETLINK_ROUTE);
	if (!rc) {
		nl_socket_modify_cb(nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_route,
			way);
		rc = nl_send_auto(nl.sk, msg);
		if (rc >= 0)
			rc = nl_recvmsgs_default(nl.sk);
		if (rc >= 0)
			rc = nl_wait_for_ack(nl.sk);
		*refused = nl.error;
		rc = netlink_result(&nl, rc);
		netlink_close(&nl);
		rc = *refused ? 0 : rc;
	}
	nlmsg_free(msg);
	return rc;
}

/* An AF_INET6 socket has IPv4 addresses in their mapped form. */
static struct addr for_family(uint8_t family, const struct addr *addr)
{
	struct addr out = { 16, { [10] = 0xff, [11] = 0xff } };

	if (family != AF_INET6 || addr->len != 4)
		return *addr;
	memcpy(out.bytes + 12, addr->bytes, 4);
	return out;
}

/* Of a socket on a device, the kernel says which of its addresses that is. */
static int find_own4(const struct why_question *q, struct addr *own)
{
	static const struct addr none = { 0 }, any = { .len = 4 };
	struct way way;
	int refused, rc;

	*own = (struct addr){ 4, { 127, 0, 0, 1 } };
	if (!why_bound_device(q))
		return 0;
	rc = ask(q, &any, &none, &way, &refused);
	if (rc || refused || way.source.len != 4)
		return rc;
	*own = way.source;
	return 0;
}

/* Nobody is told apart from oneself: of IPv4, by the address sent from. */
static int find_peer(struct why_question *q)
{
	static const struct addr own4 = { 4, { 127, 0, 0, 1 } };
	static const struct addr own6 = { 16, { [15] = 1 } };
	struct addr from = addr_unmapped(&q->addr),
		    to = addr_unmapped(&q->peer);
	bool mapped = addr_is_mapped(&q->addr);
	int rc = 0;

	if (!addr_is_any(&to))
		return 0;
	if (to.len == 16) {
		q->peer = mapped ? for_family(q->family, &own4) : own6;
		return 0;
	}
	if (from.len != 4 || addr_is_any(&from))
		rc = find_own4(q, &from);
	q->addr = q->peer = for_family(q->family, &from);
	return rc;
}

static bool is_multicast(const struct addr *a)
{
	return a->len == 4 ? a->bytes[0] >> 4 == 14 : a->bytes[0] == 0xff;
}

static void refuse(struct why_question *q, int error, const char *text)
{
	q->unreachable = -error;
	q->refusal = text;
}

/* What connect refuses whatever way there is
 * @own:	The address that the socket is bound to */
static void judge_peer(struct why_question *q, const struct addr *own)
{
	struct addr to = addr_unmapped(&q->peer);
	bool tcp = q->protocol == IPPROTO_TCP;
	bool own6 = !addr_is_any(own) && !addr_is_mapped(own);

	if (q->family != AF_INET6)
		return;
	if (tcp && to.len == 16 && is_multicast(&to))
		refuse(q, ENETUNREACH, "TCP has one peer, and not many");
	else if (why_is_of_link(&to) && !why_bound_device(q))
		refuse(q, EINVAL,
			"the address is of one link, and no device says which: "
			"write it as [ADDRESS%DEVICE]");
	else if (q->peer_scope && q->peer_scope != why_bound_device(q))
		refuse(q, EINVAL, "the socket is bound to another device");
	else if (to.len == 4 && (q->v6only || own6))
		refuse(q, ENETUNREACH, "the socket is for IPv6 only");
}

/* What connect refuses when it knows the way */
static void judge_way(struct why_question *q, const struct way *way)
{
	struct addr to = addr_unmapped(&q->peer);
	bool many = way->type == RTN_BROADCAST || way->type == RTN_MULTICAST;

	if (to.len == 16 && addr_is_mapped(&q->addr))
		refuse(q, EAFNOSUPPORT,
			"from an address of IPv4 nothing is sent by IPv6");
	else if (to.len == 4 && many && q->protocol == IPPROTO_TCP)
		refuse(q, ENETUNREACH, "TCP has one peer, and not many");
	else if (to.len == 4 && way->type == RTN_BROADCAST && !q->broadcast)
		refuse(q, EACCES,
			"it is a broadcast address: set SO_BROADCAST before "
			"connect");
}

/* Whose is an address of IPv4? RTN_LOCAL, RTN_BROADCAST; no device says. */
static int ask_whose(const struct why_question *q, const struct addr *own,
	uint8_t *type)
{
	static const struct addr none = { 0 };
	struct why_question anywhere = *q;
	struct way way;
	int refused = 0, rc;

	anywhere.ifindex = anywhere.scope = anywhere.peer_scope = 0;
	rc = ask(&anywhere, own, &none, &way, &refused);
	*type = rc || refused ? RTN_UNREACHABLE : way.type;
	return rc;
}

static bool is_all_ones(const struct addr *a)
{
	static const struct addr ones = { 4, { 255, 255, 255, 255 } };

	return addr_equal(a, &ones);
}

/* Who is bound to an address of many has chosen none to send from; but an IPv6
 * socket would send from the one of IPv4, and the kernel refuses the way. */
static int forget_many(struct why_question *q)
{
	static const struct addr any = { .len = 4 }, any6 = { .len = 16 };
	struct addr own = addr_unmapped(&q->addr);
	uint8_t type = RTN_BROADCAST;
	int rc = 0;

	if (addr_is_any(&own) || (own.len == 4 && q->family == AF_INET6))
		return 0;
	if (own.len == 4 && !is_multicast(&own) && !is_all_ones(&own))
		rc = ask_whose(q, &own, &type);
	q->many = own.len == 4 ? type == RTN_BROADCAST : is_multicast(&own);
	if (q->many)
		q->addr = own.len == 4 ? any : any6;
	return rc;
}

/* Who is transparent sends from what is nobody's, too; but to many only from a
 * device. */
static int ask_transparent(struct why_question *q, const struct addr *to,
	const struct addr *from, struct way *way)
{
	static const struct addr none = { 0 };
	uint8_t type;
	int rc;

	if (from->len != 4 || is_multicast(from) || is_all_ones(from))
		return 0;
	if (!why_bound_device(q) && (is_multicast(to) || is_all_ones(to)))
		return 0;
	rc = ask_whose(q, from, &type);
	if (rc || type == RTN_LOCAL)
		return rc;
	return ask(q, to, &none, way, &q->unreachable);
}

/* A socket on a device takes no way by another one. Of who asks for IPv6, that
 * is true only if he names no address to send from, so both are asked. */
static int ask_by_device(struct why_question *q, const struct addr *to,
	const struct addr *from, struct way *way)
{
	static const struct addr none = { 0 };
	int refused, rc = ask(q, to, &none, way, &q->unreachable);

	if (rc || !q->unreachable)
		return rc;
	rc = ask(q, to, from, way, &refused);
	/* To an address of this network, it names lo, whose that is not. */
	if (!rc && !refused && way->type != RTN_LOCAL &&
		way->device == why_bound_device(q))
		q->unreachable = 0;
	return rc;
}

/* Ask for the way, with the address to send from if there is one */
static int find_way(struct why_question *q)
{
	struct addr from = addr_unmapped(&q->addr),
		    to = addr_unmapped(&q->peer);
	bool any = addr_is_any(&from);
	struct way way;
	int rc;

	if (any || from.len != to.len)
		from.len = 0;
	if (from.len == 16 && why_bound_device(q))
		rc = ask_by_device(q, &to, &from, &way);
	else
		rc = ask(q, &to, &from, &way, &q->unreachable);
	if (!rc && q->unreachable && q->transparent)
		rc = ask_transparent(q, &to, &from, &way);
	if (rc || q->unreachable)
		return rc;
	judge_way(q, &way);
	if (!q->unreachable && any && to.len == 16 && !way.source.len)
		refuse(q, EADDRNOTAVAIL,
			"the device has no address to send from");
	from = way.source;
	if (any && from.len)
		q->addr = for_family(q->family, &from);
	/* With the address that it has chosen, the kernel asks again. */
	if (any && from.len == 4 && !q->unreachable)
		rc = ask(q, &to, &from, &way, &q->unreachable);
	if (any && why_is_of_link(&q->addr))
		q->scope = why_bound_device(q);
	return rc;
}

/* Of IPv6 the source is chosen before it is known whether there is a way: of
 * all devices, or of the one that a peer of its link is on; or of lo, where
 * what goes nowhere goes. */
static bool has_no_source(const struct why_situation *s,
	const struct why_question *q)
{
	struct addr own = addr_unmapped(&q->addr);
	struct addr to = addr_unmapped(&q->peer);
	uint32_t device = why_is_of_link(&to) ? why_bound_device(q) : 0;

	if (to.len == 4 || own.len == 4 || !addr_is_any(&own))
		return false;
	for (unsigned int i = 0; i < s->address_count; i++)
		if (s->addresses[i].usable &&
			(!device || s->addresses[i].ifindex == device ||
				s->addresses[i].ifindex == WORLD_LO))
			return false;
	return true;
}

/* UDP has bound itself, to all addresses or the one that was asked for, before
 * it looks for a way. */
int why_route(const struct why_situation *s, struct why_question *question)
{
	struct why_question q = *question;
	int rc = forget_many(&q);

	if (!rc)
		rc = find_peer(&q);
	if (rc)
		return rc;
	judge_peer(&q, &question->addr);
	if (!q.unreachable) {
		q.by_way = true;
		if (has_no_source(s, &q))
			refuse(&q, EADDRNOTAVAIL,
				"no device has an address to send from");
		else
			rc = find_way(&q);
	}
	if (question->protocol == IPPROTO_UDP)
		q.addr = question->addr;
	*question = q;
	return rc;
}
