// SPDX-License-Identifier: Apache-2.0
/*
 * test_pitfalls_link.c - what goes wrong with devices if it is done the obvious
 * way (pitfall.h)
 *
 * main() leaves the machine's network before anything else, and each test goes
 * on to an empty one.
 */
#include "pitfall.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"

/* A thread that is elsewhere makes something there. */
struct elsewhere {
	bool naive, right;
};

/* On to an empty namespace */
static struct link_session *fresh(void)
{
	struct link_session *session;

	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_up(session, OWN_NETNS_LO), 0);
	return session;
}

static struct nl_sock *route_socket(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	assert_non_null(sk);
	assert_int_equal(nl_connect(sk, NETLINK_ROUTE), 0);
	return sk;
}

/* By way of a gateway that nobody can reach */
static int add_lost_route(struct nl_sock *sk)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *to, *via;
	int rc;

	assert_int_equal(nl_addr_parse("198.51.100.0/24", AF_INET, &to), 0);
	assert_int_equal(nl_addr_parse("192.0.2.1", AF_INET, &via), 0);
	rtnl_route_set_dst(route, to);
	rtnl_route_nh_set_gateway(hop, via);
	rtnl_route_add_nexthop(route, hop);
	rc = rtnl_route_add(sk, route, NLM_F_CREATE);
	nl_addr_put(to);
	nl_addr_put(via);
	rtnl_route_put(route);
	return rc;
}

static bool the_kernels_error_is_told(bool naive)
{
	const struct link_route lost = { .to = own_netns_addr("198.51.100.0"),
		.prefix = 24,
		.via = own_netns_addr("192.0.2.1") };
	struct link_session *session = fresh();
	struct nl_sock *sk = route_socket();
	int rc = naive ? add_lost_route(sk) : link_add_route(session, &lost);

	nl_socket_free(sk);
	link_close(session);
	return rc == -ENETUNREACH;
}

static const struct link_end ends[] = { { .name = "v0", .index = 20 },
	{ .name = "v1", .index = 21 } };

static bool both_ends_come_up(bool naive)
{
	struct link_session *session = fresh();
	struct nl_sock *sk = route_socket();
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
	int rc;

	rtnl_link_set_name(link, "v0");
	rtnl_link_set_flags(link, IFF_UP);
	rtnl_link_set_name(peer, "v1");
	rtnl_link_set_flags(peer, IFF_UP);
	if (naive)
		rc = rtnl_link_add(sk, link, NLM_F_CREATE | NLM_F_EXCL);
	else
		rc = link_add_veth(session, &ends[0], &ends[1]) ||
		     link_up(session, 20) || link_up(session, 21);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	nl_socket_free(sk);
	link_close(session);
	return !rc;
}

static void add_addr_by_hand(const char *text, int index)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_sock *sk = route_socket();
	struct nl_addr *local;

	assert_int_equal(nl_addr_parse(text, AF_INET6, &local), 0);
	rtnl_addr_set_ifindex(addr, index);
	rtnl_addr_set_local(addr, local);
	assert_int_equal(rtnl_addr_add(sk, addr, NLM_F_CREATE), 0);
	nl_addr_put(local);
	rtnl_addr_put(addr);
	nl_socket_free(sk);
}

static bool an_address_is_usable_at_once(bool naive)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct link_session *session = fresh();
	struct addr addr = own_netns_addr("fd01::1");
	int fd, rc;

	assert_int_equal(link_add_veth(session, &ends[0], &ends[1]), 0);
	assert_int_equal(link_up(session, 20), 0);
	assert_int_equal(link_up(session, 21), 0);
	if (naive)
		add_addr_by_hand("fd01::1/64", 20);
	else
		assert_int_equal(link_add_addr(session, 20, &addr, 64), 0);
	fd = pitfall_raw(AF_INET6, SOCK_DGRAM);
	memcpy(&in6.sin6_addr, addr.bytes, sizeof(in6.sin6_addr));
	rc = bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	close(fd);
	link_close(session);
	return !rc;
}

/* A thread that is elsewhere makes a pair, both ends in its own place. */
static void *two_subjects_elsewhere(void *arg)
{
	struct elsewhere *where = arg;
	struct link_session *session = NULL;
	struct nl_sock *sk = NULL;
	struct netns *ns = NULL;
	struct link_end peer = ends[1];
	int index, rc = unshare(CLONE_NEWNET) ? -errno : link_open(&session);

	if (!rc)
		rc = netns_current(&ns);
	peer.netns = ns;
	if (!rc && where->naive) {
		sk = nl_socket_alloc();
		rc = nl_connect(sk, NETLINK_ROUTE);
		if (!rc)
			rc = rtnl_link_veth_add(sk, "v0", "v1", getpid());
	} else if (!rc) {
		rc = link_add_veth(session, &ends[0], &peer);
	}
	where->right = !rc && !link_index(session, "v0", &index) &&
		       !link_index(session, "v1", &index);
	nl_socket_free(sk);
	netns_free(ns);
	link_close(session);
	return NULL;
}

static bool a_pair_is_where_its_thread_is(bool naive)
{
	struct elsewhere where = { .naive = naive };
	struct link_session *session = fresh();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, two_subjects_elsewhere,
				 &where),
		0);
	pthread_join(thread, NULL);
	link_close(session);
	return where.right;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PITFALL(20, the_kernels_error_is_told),
		PITFALL(21, both_ends_come_up),
		PITFALL(22, an_address_is_usable_at_once),
		PITFALL(29, a_pair_is_where_its_thread_is),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
