// SPDX-License-Identifier: Apache-2.0
/*
 * test_netns_do.c - to do something in another namespace, and to come back
 *
 * main() leaves the machine's network before anything else.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/netns.h"

enum { MANY = 50, NOBODY = 65534 };

/* Where a function was called, and where its caller was */
struct seen {
	uint64_t here, from;
	int rc;
};

static int look(struct netns *from, void *arg)
{
	struct seen *seen = arg;

	assert_int_equal(netns_id_current(&seen->here), 0);
	assert_int_equal(netns_id(from, &seen->from), 0);
	return seen->rc;
}

static uint64_t current_id(void)
{
	uint64_t id;

	assert_int_equal(netns_id_current(&id), 0);
	return id;
}

static uint64_t id_of(const struct netns *ns)
{
	uint64_t id;

	assert_int_equal(netns_id(ns, &id), 0);
	return id;
}

static void a_function_is_there_and_its_caller_is_not(void **state)
{
	int (*const both[])(const struct netns *, netns_fn *,
		void *) = { netns_do, netns_do_inline };
	uint64_t home = current_id();
	struct seen seen = { 0 };
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_new(&ns), 0);
	assert_string_not_equal(netns_path(ns), "");
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		seen = (struct seen){ .rc = 7 };
		assert_int_equal(both[i](ns, look, &seen), 7);
		assert_true(seen.here == id_of(ns) && seen.here != home);
		assert_true(seen.from == home && current_id() == home);
		seen.rc = -ENOTTY;
		assert_int_equal(both[i](ns, look, &seen), -ENOTTY);
		assert_true(current_id() == home);
		assert_int_equal(both[i](ns, NULL, NULL), -EINVAL);
		assert_int_equal(both[i](NULL, look, &seen), -EINVAL);
	}
	netns_close(ns);
	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		assert_int_equal(both[i](ns, look, &seen), -EBADF);
	netns_free(ns);
}

/* What is given as "from" is where the call was made, also within another. */
static int look_from_there(struct netns *from, void *arg)
{
	struct seen seen = { 0 };
	uint64_t there = current_id();

	(void)arg;
	assert_int_equal(netns_do(from, look, &seen), 0);
	assert_true(seen.from == there && seen.here == id_of(from));
	return 0;
}

static void calls_within_calls(void **state)
{
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_new(&ns), 0);
	assert_int_equal(netns_do(ns, look_from_there, NULL), 0);
	netns_free(ns);
}

static void *visit_and_return(void *arg)
{
	struct seen seen = { 0 };
	uint64_t home = current_id();

	if (netns_do(arg, look, &seen) || seen.from != home ||
		netns_do_inline(arg, look, &seen) || current_id() != home)
		return arg;
	return NULL;
}

static void many_threads_at_once(void **state)
{
	pthread_t threads[MANY];
	struct netns *ns;
	void *wrong;

	(void)state;
	assert_int_equal(netns_new(&ns), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
					 visit_and_return, ns),
			0);
	for (int i = 0; i < MANY; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	netns_free(ns);
}

static int end_thread(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	pthread_exit(NULL);
}

static void a_function_that_ends_its_thread(void **state)
{
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_new(&ns), 0);
	assert_int_equal(netns_do(ns, end_thread, NULL), -ECANCELED);
	netns_free(ns);
}

static int give_up_powers(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	/* Of this thread only, as the kernel has it. */
	return syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) ? -errno : 0;
}

/* Better no process than one in the wrong network. */
static void no_way_back_is_the_end(void **state)
{
	struct netns *ns;
	int status;
	pid_t pid;

	(void)state;
	if (getuid())
		case_test_skip("only one uid is mapped here");
	assert_int_equal(netns_new(&ns), 0);
	pid = fork();
	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		if (give_up_powers(NULL, NULL))
			_exit(77);
		_exit(netns_do_inline(ns, look, NULL) == -EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		netns_free(ns);
		case_test_skip("only one uid is mapped here");
	}
	/* Without powers it does not even go. */
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	pid = fork();
	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		netns_do_inline(ns, give_up_powers, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	netns_free(ns);
}

static void many_ways_to_one_namespace(void **state)
{
	struct netns *current, *other, *ns;
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(netns_current(&current), 0);
	assert_int_equal(netns_open_pid(getpid(), &ns), 0);
	assert_int_equal(netns_equal(current, ns), 1);
	netns_free(ns);
	assert_int_equal(netns_open(netns_path(current), &ns), 0);
	assert_int_equal(netns_equal(current, ns), 1);
	netns_free(ns);
	if (!netns_open_pidfd(pidfd, &ns)) {
		assert_int_equal(netns_equal(current, ns), 1);
		netns_free(ns);
	}
	assert_int_equal(netns_open_socket(sock, &ns), 0);
	assert_int_equal(netns_equal(current, ns), 1);
	netns_free(ns);
	assert_int_equal(netns_new(&other), 0);
	assert_int_equal(netns_equal(current, other), 0);
	netns_close(other);
	assert_int_equal(netns_equal(current, other), -EBADF);
	netns_free(other);
	netns_free(current);
	assert_int_equal(netns_open_pid(-1, &ns), -EINVAL);
	assert_int_equal(netns_open_socket(pidfd, &ns), -ENOTTY);
	assert_int_equal(netns_open_socket(-1, &ns), -EBADF);
	assert_int_equal(netns_open_pidfd(-1, &ns), -EBADF);
	assert_int_equal(netns_open(NULL, &ns), -EINVAL);
	assert_int_equal(netns_check("/proc/self/ns/net"), 0);
	assert_int_equal(netns_check("/proc/self/ns/mnt"), -EINVAL);
	assert_int_equal(netns_check("/proc/self/none"), -ENOENT);
	assert_int_equal(netns_check("/dev/null"), -ENOTTY);
	assert_int_equal(netns_do_path("/dev/null", look, NULL), -ENOTTY);
	close(sock);
	close(pidfd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_there_and_its_caller_is_not),
		cmocka_unit_test(calls_within_calls),
		cmocka_unit_test(many_threads_at_once),
		cmocka_unit_test(a_function_that_ends_its_thread),
		cmocka_unit_test(no_way_back_is_the_end),
		cmocka_unit_test(many_ways_to_one_namespace),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
