// SPDX-License-Identifier: Apache-2.0
/*
 * why_net.c - devices, and what is local: the kernel's own tables
 *
 * Whether an IPv4 address can be bound is said by a routing table: that of
 * local addresses, or that of the socket's VRF. So networks that are routed to
 * lo can be bound, too, and broadcast addresses. An IPv6 address must be one of
 * a device's, and past duplicate address detection.
 */
#include "why_private.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "util.h"
#include "net/netlink.h"

/**
 * struct dump - A list that the kernel sends
 * @s:		Where it goes to
 * @error:	A negative errno, if it could not be kept
 */
struct dump {
	struct netlink nl;
	struct why_situation *s;
	int error;
};

void *why_grow(void *list, unsigned int count, size_t size)
{
	/* At each power of two it is made twice as large. */
	if (count & (count - 1))
		return list;
	return realloc(list, (count ? 2 * (size_t)count : 1) * size);
}

/* The number of a kind's own attribute, which is deep inside of the others */
static struct nlattr *find_data(struct nlattr *const *kinds, const char *kind,
	int type)
{
	struct nlattr *data = kinds[IFLA_INFO_DATA];

	if (!data || nla_strcmp(kinds[IFLA_INFO_KIND], kind))
		return NULL;
	return nla_find(nla_data(data), nla_len(data), type);
}

static void note_kind(struct why_device *device, struct nlattr *info)
{
	struct nlattr *kinds[IFLA_INFO_MAX + 1], *port;

	if (!info || nla_parse_nested(kinds, IFLA_INFO_MAX, info, NULL) < 0 ||
		!kinds[IFLA_INFO_KIND])
		return;
	nla_strlcpy(device->kind, kinds[IFLA_INFO_KIND], sizeof(device->kind));
	device->table = netlink_number(find_data(kinds, "vrf", IFLA_VRF_TABLE),
		0);
	port = find_data(kinds, "vxlan", IFLA_VXLAN_PORT);
	if (!port)
		port = find_data(kinds, "geneve", IFLA_GENEVE_PORT);
	if (!port)
		port = find_data(kinds, "bareudp", IFLA_BAREUDP_PORT);
	device->udp_port = ntohs(netlink_number(port, 0));
}

static int add_device(struct dump *d, struct nlmsghdr *header)
{
	const struct ifinfomsg *m = nlmsg_data(header);
	struct nlattr *name = nlmsg_find_attr(header, sizeof(*m), IFLA_IFNAME);
	struct why_situation *s = d->s;
	struct why_device *list = why_grow(s->devices, s->device_count,
		sizeof(*list));
	struct why_device device = { .ifindex = m->ifi_index };

	if (!list)
		return -ENOMEM;
	note_kind(&device, nlmsg_find_attr(header, sizeof(*m), IFLA_LINKINFO));
	device.vrf = device.table ?
			     device.ifindex :
			     netlink_number(nlmsg_find_attr(header, sizeof(*m),
						    IFLA_MASTER),
				     0);
	if (name)
		nla_strlcpy(device.name, name, sizeof(device.name));
	s->devices = list;
	s->devices[s->device_count++] = device;
	return 0;
}

static int add_address(struct dump *d, struct nlmsghdr *header)
{
	const struct ifaddrmsg *m = nlmsg_data(header);
	struct nlattr *addr = nlmsg_find_attr(header, sizeof(*m), IFA_ADDRESS);
	struct nlattr *own = nlmsg_find_attr(header, sizeof(*m), IFA_LOCAL);
	struct nlattr *more = nlmsg_find_attr(header, sizeof(*m), IFA_FLAGS);
	uint32_t flags = netlink_number(more, m->ifa_flags);
	struct why_situation *s = d->s;
	struct why_address *list = why_grow(s->addresses, s->address_count,
		sizeof(*list));
	struct why_address *out;

	if (!list)
		return -ENOMEM;
	s->addresses = list;
	addr = own ? own : addr;
	if (m->ifa_family != AF_INET6 || !addr || nla_len(addr) != 16)
		return 0;
	out = &list[s->address_count++];
	*out = (struct why_address){
		.addr.len = 16,
		.ifindex = m->ifa_index,
		.usable = !(flags & IFA_F_TENTATIVE) ||
			  flags & IFA_F_OPTIMISTIC,
		.everywhere = m->ifa_scope != RT_SCOPE_LINK &&
			      m->ifa_scope != RT_SCOPE_HOST,
	};
	memcpy(out->addr.bytes, nla_data(addr), 16);
	return 0;
}

/* Bind asks for no type of service, so routes of one are not found. */
static int add_route(struct dump *d, struct nlmsghdr *header)
{
	const struct rtmsg *m = nlmsg_data(header);
	struct nlattr *to = nlmsg_find_attr(header, sizeof(*m), RTA_DST);
	struct nlattr *table = nlmsg_find_attr(header, sizeof(*m), RTA_TABLE);
	struct why_situation *s = d->s;
	struct why_route *list = why_grow(s->routes, s->route_count,
		sizeof(*list));
	struct why_route *out;

	if (!list)
		return -ENOMEM;
	s->routes = list;
	if (m->rtm_family != AF_INET || m->rtm_flags & RTM_F_CLONED ||
		m->rtm_tos || m->rtm_dst_len > 32 || (to && nla_len(to) != 4))
		return 0;
	out = &list[s->route_count++];
	*out = (struct why_route){
		.table = netlink_number(table, m->rtm_table),
		.to.len = 4,
		.prefix = m->rtm_dst_len,
		.local = m->rtm_type == RTN_LOCAL ||
			 m->rtm_type == RTN_BROADCAST ||
			 m->rtm_type == RTN_MULTICAST,
	};
	if (to)
		memcpy(out->to.bytes, nla_data(to), 4);
	return 0;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct dump *d = arg;
	int rc = 0;

	if (header->nlmsg_type == RTM_NEWLINK &&
		nlmsg_valid_hdr(header, sizeof(struct ifinfomsg)))
		rc = add_device(d, header);
	if (header->nlmsg_type == RTM_NEWADDR &&
		nlmsg_valid_hdr(header, sizeof(struct ifaddrmsg)))
		rc = add_address(d, header);
	if (header->nlmsg_type == RTM_NEWROUTE &&
		nlmsg_valid_hdr(header, sizeof(struct rtmsg)))
		rc = add_route(d, header);
	d->error = d->error ? d->error : rc;
	return NL_OK;
}

/* Ask for a list; @table: of routes, only those of this one */
static int dump(struct dump *d, int type, void *header, size_t size,
	uint32_t table)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_DUMP);
	int rc = -ENOMEM;

	if (msg && !nlmsg_append(msg, header, size, NLMSG_ALIGNTO) &&
		(!table || !nla_put_u32(msg, RTA_TABLE, table))) {
		rc = nl_send_auto(d->nl.sk, msg);
		if (rc >= 0)
			rc = nl_recvmsgs_default(d->nl.sk);
		rc = netlink_result(&d->nl, rc);
	}
	nlmsg_free(msg);
	return rc ? rc : d->error;
}

/* A table that nobody has filled is not there, and its answer is that all are
 * broadcast addresses: in a new network all can be bound. */
static int note_no_table(struct dump *d, uint32_t table)
{
	struct why_situation *s = d->s;
	struct why_route *list = why_grow(s->routes, s->route_count,
		sizeof(*list));

	if (!list)
		return -ENOMEM;
	s->routes = list;
	list[s->route_count++] = (struct why_route){
		.table = table,
		.to.len = 4,
		.local = true,
	};
	return 0;
}

static int dump_routes(struct dump *d, uint32_t table)
{
	struct rtmsg routes = { .rtm_family = AF_INET };
	int rc = dump(d, RTM_GETROUTE, &routes, sizeof(routes), table);

	return rc == -ENOENT ? note_no_table(d, table) : rc;
}

static int dump_all(struct dump *d)
{
	struct ifinfomsg links = { .ifi_family = AF_UNSPEC };
	struct ifaddrmsg addresses = { .ifa_family = AF_INET6 };
	int rc = dump(d, RTM_GETLINK, &links, sizeof(links), 0);

	/* Without IPv6 there are no addresses of it. */
	if (!rc)
		rc = dump(d, RTM_GETADDR, &addresses, sizeof(addresses), 0);
	if (rc == -EAFNOSUPPORT || rc == -EOPNOTSUPP)
		rc = 0;
	if (!rc)
		rc = dump_routes(d, RT_TABLE_LOCAL);
	for (unsigned int i = 0; i < d->s->device_count && !rc; i++)
		if (d->s->devices[i].table)
			rc = dump_routes(d, d->s->devices[i].table);
	return rc;
}

/* A master counts only if it is a VRF. */
static void keep_vrfs(struct why_situation *s)
{
	for (unsigned int i = 0; i < s->device_count; i++) {
		const struct why_device *master = why_device(s,
			s->devices[i].vrf);

		if (!master || !master->table)
			s->devices[i].vrf = 0;
	}
}

int why_look_net(struct why_situation *situation)
{
	struct dump d = { .s = situation };
	int yes = 1, rc = netlink_open(&d.nl, NETLINK_ROUTE);

	if (rc)
		return rc;
	nl_socket_modify_cb(d.nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, &d);
	/* So that we get one table, and not all. Old kernels do not know it;
	 * then the others come as well, and are not looked at. */
	if (setsockopt(nl_socket_get_fd(d.nl.sk), SOL_NETLINK,
		    NETLINK_GET_STRICT_CHK, &yes, sizeof(yes)) &&
		errno != ENOPROTOOPT)
		rc = -errno;
	else
		rc = dump_all(&d);
	netlink_close(&d.nl);
	keep_vrfs(situation);
	return rc;
}

const struct why_device *why_device(const struct why_situation *situation,
	uint32_t ifindex)
{
	for (unsigned int i = 0; i < situation->device_count; i++)
		if (situation->devices[i].ifindex == ifindex)
			return &situation->devices[i];
	return NULL;
}

const struct why_device *why_device_named(const struct why_situation *situation,
	const char *name)
{
	unsigned long number;
	char *end;

	for (unsigned int i = 0; i < situation->device_count; i++)
		if (!strcmp(situation->devices[i].name, name))
			return &situation->devices[i];
	number = strtoul(name, &end, 10);
	return *name >= '0' && *name <= '9' && !*end && number <= UINT32_MAX ?
		       why_device(situation, number) :
		       NULL;
}

const struct why_device *why_tunnel(const struct why_situation *situation,
	const struct why_holder *holder)
{
	for (unsigned int i = 0; i < situation->device_count; i++)
		if (holder->row.protocol == IPPROTO_UDP && !holder->owners &&
			situation->devices[i].udp_port == holder->row.port)
			return &situation->devices[i];
	return NULL;
}

uint32_t why_vrf(const struct why_situation *situation, uint32_t ifindex)
{
	const struct why_device *device = why_device(situation, ifindex);

	return device ? device->vrf : 0;
}

bool why_is_wildcard(const struct addr *addr)
{
	struct addr a = addr_unmapped(addr);

	return addr_is_any(&a);
}

/* __ipv6_addr_needs_scope_id() */
bool why_is_of_link(const struct addr *addr)
{
	const uint8_t *bytes = addr->bytes;

	if (addr->len != 16)
		return false;
	if (bytes[0] == 0xff)
		return (bytes[1] & 15) == 1 || (bytes[1] & 15) == 2;
	return bytes[0] == 0xfe && bytes[1] >> 6 == 2;
}

static bool is_in(const struct addr *addr, const struct why_route *route)
{
	unsigned int bytes = route->prefix / 8, bits = route->prefix % 8;

	return !memcmp(addr->bytes, route->to.bytes, bytes) &&
	       (!bits || !((addr->bytes[bytes] ^ route->to.bytes[bytes]) >>
				 (8 - bits)));
}

/* inet_addr_type_table(): the longest prefix decides. */
static bool is_local4(const struct why_situation *s, const struct addr *addr,
	uint32_t ifindex)
{
	const struct why_device *vrf = why_device(s, why_vrf(s, ifindex));
	uint32_t table = vrf ? vrf->table : RT_TABLE_LOCAL;
	static const uint8_t ones[4] = { 255, 255, 255, 255 };
	const struct why_route *best = NULL;

	if (addr->bytes[0] >> 4 == 14 || !memcmp(addr->bytes, ones, 4))
		return true;
	for (unsigned int i = 0; i < s->route_count; i++) {
		const struct why_route *route = &s->routes[i];

		if (route->table == table && is_in(addr, route) &&
			(!best || route->prefix > best->prefix))
			best = route;
	}
	return best && best->local;
}

/* ipv6_chk_addr() */
static bool is_local6(const struct why_situation *s, const struct addr *addr,
	uint32_t ifindex)
{
	for (unsigned int i = 0; i < s->address_count; i++) {
		const struct why_address *own = &s->addresses[i];

		if (own->usable && addr_equal(&own->addr, addr) &&
			why_vrf(s, own->ifindex) == why_vrf(s, ifindex) &&
			(!ifindex || own->ifindex == ifindex ||
				own->everywhere))
			return true;
	}
	return false;
}

bool why_is_local(const struct why_situation *situation,
	const struct addr *addr, uint32_t ifindex)
{
	struct addr a = addr_unmapped(addr);

	return addr_is_any(&a) ||
	       (a.len == 4 ? is_local4 : is_local6)(situation, &a, ifindex);
}
