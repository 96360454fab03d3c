// SPDX-License-Identifier: Apache-2.0
/*
 * test_netns.c - namespaces: handles, names, what is none
 *
 * main() leaves the machine's network before anything else.
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
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/netns.h"

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

static void a_socket_has_a_mark(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mark = 0;
	socklen_t len = sizeof(mark);

	(void)state;
	assert_int_equal(netns_set_mark(fd), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len), 0);
	assert_int_equal(mark, NETNS_SO_MARK);
	close(fd);
	assert_int_equal(netns_set_mark(fd), -EBADF);
	assert_int_equal(netns_set_mark(STDIN_FILENO), -ENOTSOCK);
}

static void *own_id(void *arg)
{
	*(pid_t *)arg = netns_thread_id();
	return NULL;
}

static void a_thread_has_a_number(void **state)
{
	pthread_t thread;
	pid_t other = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, own_id, &other), 0);
	pthread_join(thread, NULL);
	assert_int_equal(netns_thread_id(), getpid());
	assert_true(other > 0);
	assert_int_not_equal(other, getpid());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_namespace_has_a_number_of_its_own),
		cmocka_unit_test(only_network_namespaces_are_opened),
		cmocka_unit_test(a_handle_closes_once),
		cmocka_unit_test(a_socket_has_a_mark),
		cmocka_unit_test(a_thread_has_a_number),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
