// SPDX-License-Identifier: Apache-2.0
/*
 * test_link.c - devices, addresses, routes
 *
 * main() leaves the machine's network before anything else, and each test goes
 * on to an empty one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"
#include "net/link.h"
#include "net/netns.h"

static struct link_session *fresh_session(void)
{
	struct link_session *session;

	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_up(session, OWN_NETNS_LO), 0);
	return session;
}

static void links_give_the_errors_of_the_kernel(void **state)
{
	const struct link_end a = { "v0", 20, { 2, 0, 0, 0, 0, 20 }, NULL };
	const struct link_end b = { "v1", 21, { 2, 0, 0, 0, 0, 21 }, NULL };
	const struct link_end c = { "v2", 20, { 2, 0, 0, 0, 0, 22 }, NULL };
	const struct link_end d = { "v3", 23, { 2, 0, 0, 0, 0, 23 }, NULL };
	struct link_session *session;
	struct addr addr;

	(void)state;
	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_up(session, 1), 0);
	assert_int_equal(link_up(session, 99), -ENODEV);
	assert_int_equal(link_addr_gen_none(session, 99), -ENODEV);
	assert_int_equal(link_add_veth(session, &a, &b), 0);
	assert_int_equal(link_add_veth(session, &a, &b), -EEXIST);
	assert_int_equal(link_add_veth(session, &c, &d), -EEXIST);
	assert_int_equal(link_addr_gen_none(session, 20), 0);
	/* A device that is down has them at once, too. */
	assert_int_equal(addr_parse("192.0.2.1", &addr), 0);
	assert_int_equal(link_add_addr(session, 20, &addr, 24), 0);
	assert_int_equal(link_up(session, 20), 0);
	assert_int_equal(link_up(session, 21), 0);
	assert_int_equal(addr_parse("fd01::1", &addr), 0);
	assert_int_equal(link_add_addr(session, 20, &addr, 64), 0);
	assert_int_equal(link_add_addr(session, 20, &addr, 64), -EEXIST);
	assert_int_equal(link_add_addr(session, 99, &addr, 64), -ENODEV);
	assert_int_equal(addr_parse("10.1.0.1", &addr), 0);
	assert_int_equal(link_add_addr(session, 20, &addr, 24), 0);
	assert_int_equal(link_add_addr(session, 20, &addr, 24), -EEXIST);
	link_close(session);
}

static void a_device_has_a_name_and_a_number(void **state)
{
	const struct link_end end = { .name = "br0" };
	struct link_session *session = fresh_session();
	int index = 0;

	(void)state;
	assert_int_equal(link_index(session, "lo", &index), 0);
	assert_int_equal(index, OWN_NETNS_LO);
	assert_int_equal(link_index(session, "br0", &index), -ENODEV);
	assert_int_equal(link_index(session, "", &index), -EINVAL);
	assert_int_equal(index, OWN_NETNS_LO);
	assert_int_equal(link_add_bridge(session, &end), 0);
	assert_int_equal(link_add_bridge(session, &end), -EEXIST);
	assert_int_equal(link_index(session, "br0", &index), 0);
	assert_int_equal(link_delete(session, index), 0);
	assert_int_equal(link_delete(session, index), -ENODEV);
	assert_int_equal(link_delete(session, 0), -ENODEV);
	assert_int_equal(link_delete(session, OWN_NETNS_LO), -EOPNOTSUPP);
	assert_int_equal(link_index(session, "br0", &index), -ENODEV);
	link_close(session);
	link_close(NULL);
}

/* Both ends of a pair in one go; @there may be NULL */
static void add_pair(struct link_session *session, int index,
	const struct netns *there)
{
	char names[2][8];
	struct link_end a = { .name = names[0], .index = index };
	struct link_end b = {
		.name = names[1], .index = index + 1, .netns = there
	};

	snprintf(names[0], sizeof(names[0]), "v%d", index);
	snprintf(names[1], sizeof(names[1]), "v%d", index + 1);
	assert_int_equal(link_add_veth(session, &a, &b), 0);
	assert_int_equal(link_up(session, index), 0);
}

static void ports_of_a_bridge(void **state)
{
	const struct link_end end = { .name = "br0", .index = 30 };
	struct link_session *session = fresh_session();

	(void)state;
	assert_int_equal(link_add_bridge(session, &end), 0);
	add_pair(session, 20, NULL);
	assert_int_equal(link_set_master(session, 20, 30), 0);
	assert_int_equal(link_set_master(session, 21, 20), -EOPNOTSUPP);
	assert_int_equal(link_set_master(session, 99, 30), -ENODEV);
	assert_int_equal(link_set_master(session, 20, 99), -ENODEV);
	assert_int_equal(link_set_master(session, 30, 30), -ELOOP);
	assert_int_equal(link_set_master(session, 20, 0), 0);
	link_close(session);
}

/* One port on two devices of one VRF, and on one that is of none */
static void a_vrf_has_ports_of_its_own(void **state)
{
	const struct link_end end = { .name = "vrf0", .index = 30 };
	struct link_session *session = fresh_session();
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(7000) };
	static const int devices[] = { 30, 0 };
	struct conn *conns[2];
	int rc = link_add_vrf(session, &end, 10);

	(void)state;
	if (rc == -EOPNOTSUPP) {
		link_close(session);
		case_test_skip("VRF not in this kernel");
	}
	assert_int_equal(rc, 0);
	add_pair(session, 20, NULL);
	assert_int_equal(link_set_master(session, 20, 30), 0);
	assert_int_equal(link_up(session, 30), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL,
					 &conns[i]),
			0);
		assert_int_equal(conn_bind_device(conns[i], devices[i]), 0);
		rc = conn_bind(conns[i], (struct sockaddr *)&in, sizeof(in));
		assert_int_equal(rc, i ? -EADDRINUSE : 0);
	}
	conn_free(conns[0]);
	conn_free(conns[1]);
	link_close(session);
}

static void routes_have_a_device_or_a_gateway(void **state)
{
	struct link_session *session = fresh_session();
	struct addr here = own_netns_addr("10.1.0.1"),
		    six = own_netns_addr("fd01::1");
	struct link_route by_device = { own_netns_addr("192.0.2.0"), 24, { 0 },
		20 };
	struct link_route by_gateway = { own_netns_addr("198.51.100.0"), 24,
		own_netns_addr("10.1.0.9"), 0 };
	struct link_route any = { own_netns_addr("::"), 0,
		own_netns_addr("fd01::9"), 20 };
	struct link_route wrong = by_gateway;

	(void)state;
	add_pair(session, 20, NULL);
	assert_int_equal(link_up(session, 21), 0);
	assert_int_equal(link_add_addr(session, 20, &here, 24), 0);
	assert_int_equal(link_add_addr(session, 20, &six, 64), 0);
	assert_int_equal(link_add_route(session, &by_device), 0);
	assert_int_equal(link_add_route(session, &by_device), -EEXIST);
	assert_int_equal(link_add_route(session, &by_gateway), 0);
	assert_int_equal(link_add_route(session, &any), 0);
	/* libnl would call both of the next "unspecific failure". */
	wrong.via = own_netns_addr("203.0.113.1");
	wrong.to = own_netns_addr("203.0.113.0");
	assert_int_equal(link_add_route(session, &wrong), -ENETUNREACH);
	wrong.via = own_netns_addr("fd01::9");
	assert_int_equal(link_add_route(session, &wrong), -EINVAL);
	by_device.to = own_netns_addr("203.0.113.0");
	by_device.index = 99;
	assert_int_equal(link_add_route(session, &by_device), -ENODEV);
	by_device.prefix = 33;
	assert_int_equal(link_add_route(session, &by_device), -EINVAL);
	link_close(session);
}

/* Set up the other end, in its own namespace, and listen there */
static int be_the_other_end(struct netns *from, void *arg)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(80) };
	struct addr there = own_netns_addr("10.1.0.2");
	struct conn **listener = arg;
	struct link_session *session;
	int rc = link_open(&session);

	(void)from;
	if (rc)
		return rc;
	rc = link_up(session, 21);
	if (!rc)
		rc = link_add_addr(session, 21, &there, 24);
	link_close(session);
	if (!rc)
		rc = conn_open(AF_INET, SOCK_STREAM, 0, NULL, listener);
	if (!rc)
		rc = conn_bind(*listener, (struct sockaddr *)&in, sizeof(in));
	return rc ? rc : conn_listen(*listener, 1);
}

static void a_pair_across_namespaces(void **state)
{
	struct link_session *session = fresh_session();
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(80),
		.sin_addr.s_addr = htonl(0x0a010002) };
	struct addr here = own_netns_addr("10.1.0.1");
	struct conn *listener, *client;
	struct netns *there;
	int index;

	(void)state;
	assert_int_equal(netns_new(&there), 0);
	add_pair(session, 20, there);
	assert_int_equal(link_index(session, "v21", &index), -ENODEV);
	assert_int_equal(link_add_addr(session, 20, &here, 24), 0);
	assert_int_equal(netns_do(there, be_the_other_end, &listener), 0);
	assert_int_equal(conn_open(AF_INET, SOCK_STREAM, 0, NULL, &client), 0);
	assert_int_equal(conn_connect(client, (struct sockaddr *)&to,
				 sizeof(to), NULL, NULL),
		0);
	conn_free(client);
	conn_free(listener);
	/* One end takes the other with it. */
	assert_int_equal(link_delete(session, 20), 0);
	netns_close(there);
	assert_int_equal(link_add_veth(session,
				 &(struct link_end){ "a", 0, { 0 }, there },
				 &(struct link_end){ .name = "b" }),
		-EBADF);
	netns_free(there);
	link_close(session);
}

static void no_name_and_no_ifindex(void **state)
{
	const struct link_end empty = { .name = "" };
	const struct link_end negative = { .name = "v0", .index = -1 };
	struct addr addr = own_netns_addr("192.0.2.7");
	const struct link_route back = { .to = addr, .index = -1 };
	struct link_session *here;
	int index;

	(void)state;
	assert_int_equal(link_open(&here), 0);
	assert_int_equal(link_index(here, "", &index), -EINVAL);
	assert_int_equal(link_add_bridge(here, &empty), -EINVAL);
	assert_int_equal(link_add_bridge(here, &negative), -EINVAL);
	assert_int_equal(link_set_master(here, 1, -1), -EINVAL);
	assert_int_equal(link_add_addr(here, -1, &addr, 8), -EINVAL);
	assert_int_equal(link_add_route(here, &back), -EINVAL);
	link_close(here);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_and_no_ifindex),
		cmocka_unit_test(links_give_the_errors_of_the_kernel),
		cmocka_unit_test(a_device_has_a_name_and_a_number),
		cmocka_unit_test(ports_of_a_bridge),
		cmocka_unit_test(a_vrf_has_ports_of_its_own),
		cmocka_unit_test(routes_have_a_device_or_a_gateway),
		cmocka_unit_test(a_pair_across_namespaces),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
