// SPDX-License-Identifier: Apache-2.0
/*
 * test_netns.c - namespaces, links and sock_diag
 *
 * main() leaves the machine's network before anything else, and tests that need
 * an empty one go on to another. All work without root, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "link.h"
#include "netns.h"
#include "sockdiag.h"
#include "util.h"

static void a_namespace_has_a_number_of_its_own(void **state)
{
	struct netns *first = NULL, *second = NULL;
	uint64_t here, id;

	(void)state;
	assert_int_equal(netns_current(&first), 0);
	assert_int_equal(netns_id_current(&here), 0);
	assert_int_equal(netns_id(first, &id), 0);
	assert_true(id == here);
	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(netns_id_current(&id), 0);
	assert_false(id == here);
	assert_int_equal(netns_current(&second), 0);

	assert_int_equal(netns_setns(first), 0);
	assert_int_equal(netns_id_current(&id), 0);
	assert_true(id == here);
	assert_int_equal(netns_id(second, &id), 0);
	assert_false(id == here);
	/* To ask for it, this thread did not move. */
	assert_int_equal(netns_id_current(&id), 0);
	assert_true(id == here);
	first = netns_free(first);
	second = netns_free(second);
	assert_null(first);
}

static void only_network_namespaces_are_opened(void **state)
{
	static const struct {
		const char *path;
		int rc;
	} paths[] = {
		{ "/proc/self/ns/net", 0 },
		{ "/proc/self/ns/none", -ENOENT },
		{ "/proc/self/ns/mnt", -EINVAL },
		{ "/proc/self/ns/user", -EINVAL },
		{ "/proc/self/status", -ENOTTY },
		{ "/proc/self/ns", -ENOTTY },
		{ "/proc/sys/net", -ENOTTY },
		{ "/dev/null", -ENOTTY },
		{ "/", -ENOTTY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct netns *ns = NULL;

		if (netns_open(paths[i].path, &ns) != paths[i].rc)
			fail_msg("%s", paths[i].path);
		assert_int_equal(!ns, !!paths[i].rc);
		netns_free(ns);
	}
}

static void a_handle_closes_once(void **state)
{
	struct netns *ns;
	uint64_t id;

	(void)state;
	assert_int_equal(netns_current(&ns), 0);
	assert_true(netns_fd(ns) >= 0);
	assert_true(fcntl(netns_fd(ns), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(netns_close(ns), 0);
	assert_int_equal(netns_close(ns), -EBADF);
	assert_int_equal(netns_fd(ns), -EBADF);
	assert_int_equal(netns_setns(ns), -EBADF);
	assert_int_equal(netns_id(ns, &id), -EBADF);
	netns_free(ns);
	netns_free(NULL);
}

static void links_give_the_errors_of_the_kernel(void **state)
{
	const struct link_end a = { "v0", 20, { 2, 0, 0, 0, 0, 20 },
		NULL };
	const struct link_end b = { "v1", 21, { 2, 0, 0, 0, 0, 21 },
		NULL };
	const struct link_end c = { "v2", 20, { 2, 0, 0, 0, 0, 22 },
		NULL };
	const struct link_end d = { "v3", 23, { 2, 0, 0, 0, 0, 23 },
		NULL };
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

struct seen {
	unsigned int count;
	struct sockdiag_row last;
};

static void see(const struct sockdiag_row *row, void *arg)
{
	struct seen *seen = arg;

	seen->count++;
	seen->last = *row;
}

static unsigned int look(struct sockdiag *diag, int protocol, uint32_t states,
	struct seen *seen)
{
	int count;

	*seen = (struct seen){ 0 };
	count = sockdiag_each(diag, protocol, AF_INET, states, see, seen);
	assert_int_equal(count, seen->count);
	return count;
}

static int bound(int type, uint16_t port)
{
	const struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name,
		sizeof(name)), 0);
	return fd;
}

static struct sockdiag *fresh_diag(void)
{
	struct link_session *session;
	struct sockdiag *diag;

	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_up(session, 1), 0);
	link_close(session);
	assert_int_equal(sockdiag_open(&diag), 0);
	return diag;
}

static void sockets_that_are_only_bound_are_listed(void **state)
{
	struct sockdiag *diag = fresh_diag();
	struct seen seen;
	int fd;

	(void)state;
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	fd = bound(SOCK_STREAM, 7000);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(seen.last.port, 7000);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_CONNECTED, &seen),
		0);
	close(fd);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	fd = bound(SOCK_DGRAM, 7001);
	assert_int_equal(look(diag, IPPROTO_UDP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(seen.last.port, 7001);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	close(fd);
	assert_int_equal(sockdiag_each(diag, 99, AF_INET, SOCKDIAG_ALL, see,
		&seen), -ENOENT);
	sockdiag_close(diag);
	sockdiag_close(NULL);
}

static void what_nobody_owns_is_listed_and_destroyed(void **state)
{
	struct sockdiag *diag = fresh_diag();
	int listener = bound(SOCK_STREAM, 7000), client, child;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	struct seen seen;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	client = bound(SOCK_STREAM, 7001);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len),
		0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);
	child = accept(listener, NULL, NULL);
	close(listener);
	close(client);
	close(child);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_CONNECTED, &seen),
		1);
	assert_int_equal(seen.last.state, SOCKDIAG_TIME_WAIT);
	assert_int_equal(sockdiag_destroy(diag, &seen.last), 0);
	assert_int_equal(sockdiag_destroy(diag, &seen.last),
		-ENOENT);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	/* The answers are still in step with the questions. */
	client = bound(SOCK_STREAM, 7001);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 1);
	close(client);
	sockdiag_close(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_namespace_has_a_number_of_its_own),
		cmocka_unit_test(only_network_namespaces_are_opened),
		cmocka_unit_test(a_handle_closes_once),
		cmocka_unit_test(links_give_the_errors_of_the_kernel),
		cmocka_unit_test(sockets_that_are_only_bound_are_listed),
		cmocka_unit_test(what_nobody_owns_is_listed_and_destroyed),
	};

	if (netns_unshare() < 0) {
		fprintf(stderr, "skipped: no network namespaces for us\n");
		return 4;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
