// SPDX-License-Identifier: Apache-2.0
/*
 * test_peers_netns.c - what CNI's pkg/ns and vishvananda/netns test of
 * namespaces, written anew, each test under its words there
 *
 * main() leaves the machine's network before anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/netns.h"

enum { CALLERS = 200, ROUNDS = 20, NS_ALIVE_US = 1000 };

static struct netns *home, *target;

static int two_namespaces(void **state)
{
	(void)state;
	return netns_current(&home) || netns_new(&target);
}

static int leave_them(void **state)
{
	(void)state;
	home = netns_free(home);
	target = netns_free(target);
	return 0;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

static ino_t inode_here(void)
{
	return inode_of("/proc/thread-self/ns/net");
}

static ino_t inode(const struct netns *ns)
{
	struct stat st;

	return fstat(netns_fd(ns), &st) ? 0 : st.st_ino;
}

static int tell_inode(struct netns *from, void *arg)
{
	*(ino_t *)arg = inode_here();
	return from ? 0 : -EINVAL;
}

static void executes_the_callback_within_the_target(void **state)
{
	ino_t seen = 0;

	(void)state;
	assert_int_equal(netns_do(target, tell_inode, &seen), 0);
	assert_true(seen == inode(target));
	assert_true(inode_here() == inode(home));
}

/* From there, go back to where the call came from */
static int go_back(struct netns *from, void *arg)
{
	return inode_here() == inode(target) ? netns_do(from, tell_inode, arg) :
					       -EXDEV;
}

static void provides_the_original_namespace(void **state)
{
	ino_t seen = 0;

	(void)state;
	assert_int_equal(netns_do(target, go_back, &seen), 0);
	assert_true(seen == inode(home));
	assert_true(inode_here() == inode(home));
}

static void *call_nested(void *arg)
{
	ino_t seen = 0;
	int rc = netns_do(target, go_back, &seen);

	return rc || seen != inode(home) || inode_here() != inode(home) ? arg :
									  NULL;
}

static void provides_the_original_namespace_concurrently(void **state)
{
	pthread_t callers[CALLERS];
	void *wrong;

	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i], NULL, call_nested,
					 state),
			0);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i], &wrong);
		assert_null(wrong);
	}
}

static int fail_there(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return -EDOM;
}

static void restores_the_caller_after_an_error(void **state)
{
	(void)state;
	assert_int_equal(netns_do(target, fail_there, NULL), -EDOM);
	assert_true(inode_here() == inode(home));
	assert_int_equal(netns_do_inline(target, fail_there, NULL), -EDOM);
	assert_true(inode_here() == inode(home));
}

static void has_an_inode_of_its_own(void **state)
{
	struct netns *other;

	(void)state;
	assert_int_equal(netns_new(&other), 0);
	assert_true(inode(other) && inode(other) != inode(home));
	assert_true(inode(other) != inode(target));
	netns_free(other);
}

static int nothing(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return 0;
}

/* Every thread of this process is at home. */
static void leaks_no_closed_namespace_onto_a_thread(void **state)
{
	struct netns *ns;
	struct dirent *task;
	unsigned int threads = 0;
	char path[300];
	DIR *tasks;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(netns_new(&ns), 0);
		assert_int_equal(netns_do(ns, nothing, NULL), 0);
		assert_int_equal(netns_close(ns), 0);
		assert_int_equal(netns_do(ns, nothing, NULL), -EBADF);
		netns_free(ns);
	}
	tasks = opendir("/proc/self/task");
	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		ino_t seen;

		snprintf(path, sizeof(path), "/proc/self/task/%s/ns/net",
			task->d_name);
		seen = *task->d_name == '.' ? 0 : inode_of(path);
		/* A thread may end meanwhile; this one does not. */
		assert_true(!seen || seen == inode(home));
		threads += !!seen;
	}
	closedir(tasks);
	assert_true(threads >= 1);
}

static void tells_a_file_from_a_missing_path(void **state)
{
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_open("/etc/passwd", &ns), -ENOTTY);
	assert_int_equal(netns_open("/none/such", &ns), -ENOENT);
	assert_int_equal(netns_check("/etc/passwd"), -ENOTTY);
	assert_int_equal(netns_check("/none/such"), -ENOENT);
	assert_int_equal(netns_check(netns_path(target)), 0);
}

static void a_closed_handle_fails(void **state)
{
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_open(netns_path(target), &ns), 0);
	assert_int_equal(netns_close(ns), 0);
	assert_int_equal(netns_close(ns), -EBADF);
	assert_int_equal(netns_do(ns, nothing, NULL), -EBADF);
	assert_int_equal(netns_setns(ns), -EBADF);
	netns_free(ns);
}

/* vishvananda/netns, from here on */
static void get_new_set_delete(void **state)
{
	char dir[] = "/tmp/portclash-XXXXXX";
	struct netns *named, *again;

	(void)state;
	if (!own_netns_with_mounts())
		case_test_skip("the root is no mount, as in a chroot");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(netns_new_named(dir, "peer", &named), 0);
	assert_true(inode_here() == inode(home));
	assert_int_equal(netns_setns(named), 0);
	assert_true(inode_here() == inode(named));
	assert_int_equal(netns_setns(home), 0);
	assert_int_equal(netns_open_named(dir, "peer", &again), 0);
	assert_int_equal(netns_equal(named, again), 1);
	assert_int_equal(netns_equal(named, home), 0);
	assert_int_equal(netns_delete_named(dir, "peer"), 0);
	assert_int_equal(netns_delete_named(dir, "peer"), -ENOENT);
	netns_free(again);
	netns_free(named);
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void none(void **state)
{
	struct netns *ns;

	(void)state;
	assert_int_equal(netns_current(&ns), 0);
	netns_close(ns);
	assert_int_equal(netns_fd(ns), -EBADF);
	assert_int_equal(netns_equal(ns, home), -EBADF);
	netns_free(ns);
}

static void *move_and_return(void *arg)
{
	struct netns *from = NULL, *ns = NULL;
	int rc = netns_current(&from);

	for (int i = 0; i < ROUNDS && !rc; i++) {
		rc = netns_new(&ns);
		if (!rc)
			rc = netns_setns(ns);
		usleep(NS_ALIVE_US);
		if (!rc && inode_here() != inode(ns))
			rc = -EXDEV;
		if (netns_setns(from))
			rc = -EXDEV;
		ns = netns_free(ns);
	}
	netns_free(from);
	return rc ? arg : NULL;
}

static void threaded(void **state)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t movers[8];
	void *wrong;

	for (int i = 0; i < MIN(cpus, 8); i++)
		assert_int_equal(pthread_create(&movers[i], NULL,
					 move_and_return, state),
			0);
	for (int i = 0; i < MIN(cpus, 8); i++) {
		pthread_join(movers[i], &wrong);
		assert_null(wrong);
	}
	assert_true(inode_here() == inode(home));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(executes_the_callback_within_the_target),
		cmocka_unit_test(provides_the_original_namespace),
		cmocka_unit_test(provides_the_original_namespace_concurrently),
		cmocka_unit_test(restores_the_caller_after_an_error),
		cmocka_unit_test(has_an_inode_of_its_own),
		cmocka_unit_test(leaks_no_closed_namespace_onto_a_thread),
		cmocka_unit_test(tells_a_file_from_a_missing_path),
		cmocka_unit_test(a_closed_handle_fails),
		cmocka_unit_test(get_new_set_delete),
		cmocka_unit_test(none),
		cmocka_unit_test(threaded),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, two_namespaces, leave_them);
}
