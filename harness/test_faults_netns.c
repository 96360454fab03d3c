// SPDX-License-Identifier: Apache-2.0
/*
 * test_faults_netns.c - each call that netns, link, sockdiag and wait make
 * fails once (fault_test.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "fault_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "net/sockdiag.h"

enum { SHORT_MS = 5 };

static char folder[] = "/tmp/portclash-XXXXXX";
static bool has_mounts;

static int nothing(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return 0;
}

static int handles(void)
{
	int pidfd = SPARED(syscall(SYS_pidfd_open, getpid(), 0));
	int sock = SPARED(pitfall_raw(AF_INET, SOCK_DGRAM)), rc;
	struct netns *ns[5] = { NULL };
	uint64_t id;

	TRY_OR_OUT(netns_current(&ns[0]));
	TRY_OR_OUT(netns_open("/proc/self/ns/net", &ns[1]));
	TRY_OR_OUT(netns_open_pid(getpid(), &ns[2]));
	TRY_OR_OUT(netns_open_pidfd(pidfd, &ns[3]));
	TRY_OR_OUT(netns_open_socket(sock, &ns[4]));
	TRY_OR_OUT(netns_check("/proc/self/ns/net"));
	TRY_OR_OUT(netns_equal(ns[0], ns[1]));
	TRY_OR_OUT(netns_id(ns[0], &id));
	TRY_OR_OUT(netns_id_current(&id));
	TRY_OR_OUT(netns_set_mark(sock));
out:
	for (size_t i = 0; i < ARRAY_SIZE(ns); i++)
		netns_free(ns[i]);
	close(sock);
	close(pidfd);
	return rc;
}

static int places(void)
{
	struct netns *ns = NULL;
	int rc;

	TRY_OR_OUT(netns_new(&ns));
	TRY_OR_OUT(netns_do(ns, nothing, NULL));
	TRY_OR_OUT(netns_do_path(netns_path(ns), nothing, NULL));
out:
	netns_free(ns);
	return rc;
}

/* In a child, for where there is no way back it ends the process. */
static int place_inline(void)
{
	struct netns *ns;
	int status, rc = netns_new(&ns);
	pid_t pid;

	if (rc)
		return rc;
	pid = fork();
	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		_exit(-netns_do_inline(ns, nothing, NULL));
	}
	waitpid(pid, &status, 0);
	netns_free(ns);
	return WIFEXITED(status)	   ? -WEXITSTATUS(status) :
	       WTERMSIG(status) == SIGABRT ? -EXFULL :
					     -EPROTO;
}

static int move_away(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return netns_unshare();
}

static int unsharing(void)
{
	struct netns *ns;
	int rc = netns_current(&ns);

	if (rc)
		return rc;
	rc = netns_do(ns, move_away, NULL);
	netns_free(ns);
	return rc;
}

static int named(void)
{
	struct netns *ns = NULL, *again = NULL;
	struct fault fault;
	int rc;

	if (!has_mounts)
		case_test_skip("the root is no mount, as in a chroot");
	TRY_OR_OUT(netns_new_named(folder, "name", &ns));
	TRY_OR_OUT(netns_open_named(folder, "name", &again));
	TRY_OR_OUT(netns_delete_named(folder, "name"));
out:
	netns_free(ns);
	netns_free(again);
	/* If it failed before that, there is no name, or it is still whole. */
	if (rc && faults_disarm(&fault)) {
		int left = netns_delete_named(folder, "name");

		assert_true(!left || left == -ENOENT);
	}
	return rc;
}

static int devices(void)
{
	const struct link_end a = { .name = "v0", .index = 20 };
	const struct link_end bridge = { .name = "br0", .index = 22 };
	const struct link_end vrf = { .name = "vrf0", .index = 23 };
	struct link_end b = { .name = "v1", .index = 21 };
	struct addr addr = own_netns_addr("10.1.0.1"),
		    addr6 = own_netns_addr("fd01::1");
	const struct link_route route = { .to = own_netns_addr("10.2.0.0"),
		.prefix = 16,
		.via = own_netns_addr("10.1.0.2"),
		.index = 20 };
	struct link_session *session = NULL;
	struct netns *there = NULL;
	int index, rc;

	TRY_OR_OUT(link_open(&session));
	TRY_OR_OUT(netns_new(&there));
	TRY_OR_OUT(link_add_veth(session, &a, &b));
	TRY_OR_OUT(link_addr_gen_none(session, 20));
	TRY_OR_OUT(link_up(session, 20));
	TRY_OR_OUT(link_up(session, 21));
	TRY_OR_OUT(link_add_addr(session, 20, &addr, 24));
	TRY_OR_OUT(link_add_addr(session, 20, &addr6, 64));
	TRY_OR_OUT(link_add_route(session, &route));
	TRY_OR_OUT(link_index(session, "v0", &index));
	TRY_OR_OUT(link_add_bridge(session, &bridge));
	TRY_OR_OUT(link_set_master(session, 21, 22));
	rc = link_add_vrf(session, &vrf, 10);
	TRY_OR_OUT(rc == -EOPNOTSUPP ? 0 : rc);
	TRY_OR_OUT(link_delete(session, 20));
	b.netns = there;
	TRY_OR_OUT(link_add_veth(session, &a, &b));
out:
	link_close(session);
	netns_free(there);
	return rc;
}

static int pass_over(const struct sockdiag_row *row, void *arg)
{
	*(uint32_t *)arg = row->inode;
	return 0;
}

static int pass_owner(pid_t pid, int fd, const char *command, void *arg)
{
	(void)pid;
	(void)fd;
	(void)command;
	(void)arg;
	return 0;
}

static int rows(void)
{
	struct sockaddr_in in = nobody;
	struct sockdiag_row row = { .protocol = IPPROTO_UDP,
		.family = AF_INET,
		.addr = own_netns_addr("127.0.0.1"),
		.port = 7000,
		.peer = own_netns_addr("127.0.0.1"),
		.peer_port = 9 };
	int fd = SPARED(pitfall_raw(AF_INET, SOCK_DGRAM)), rc;
	struct sockdiag *diag = NULL;
	uint32_t inode = 0;

	in.sin_port = htons(7000);
	assert_int_equal(SPARED(bind(fd, (struct sockaddr *)&in, sizeof(in))),
		0);
	TRY_OR_OUT(sockdiag_open(&diag));
	TRY_OR_OUT(sockdiag_each(diag, IPPROTO_UDP, AF_INET, SOCKDIAG_ALL,
		pass_over, &inode));
	TRY_OR_OUT(sockdiag_find(diag, &row));
	TRY_OR_OUT(sockdiag_destroy(diag, &row));
out:
	sockdiag_close(diag);
	close(fd);
	return rc;
}

/* The first process of a namespace, in whose /proc there is no other */
static int look_for_owners(void)
{
	struct stat st;
	int fd = pitfall_raw(AF_INET, SOCK_DGRAM), rc;

	if (mount("proc", "/proc", "proc", 0, NULL))
		return -ENOSYS;
	fstat(fd, &st);
	faults_spare(false);
	rc = sockdiag_owners(st.st_ino, pass_owner, NULL);
	faults_spare(true);
	return rc == 1 ? 0 : rc ? rc : -ENOENT;
}

static int cmd_in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(-fn());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		       -WEXITSTATUS(status) :
		       -EPROTO;
}

static int look_in_own_proc(void)
{
	return unshare(CLONE_NEWPID | CLONE_NEWNS) ?
		       -ENOSYS :
		       cmd_in_child(look_for_owners);
}

static int owners(void)
{
	int rc = SPARED(cmd_in_child(look_in_own_proc));

	if (rc == -ENOSYS)
		case_test_skip("no /proc of our own");
	return rc;
}

static int tokens(void)
{
	struct wait_token *token = NULL;
	struct wait wait;
	int rc;

	TRY_OR_OUT(wait_token_new(&token));
	wait = (struct wait){ wait_in_ms(SHORT_MS), wait_token_fd(token) };
	TRY_OR_OUT(wait_check(&wait));
	rc = wait_poll(NULL, 0, &wait);
	rc = rc == -ETIME ? 0 : rc;
out:
	wait_token_free(token);
	return rc;
}

static int open_folder(void **state)
{
	(void)state;
	has_mounts = own_netns_with_mounts();
	return !mkdtemp(folder);
}

static int close_folder(void **state)
{
	(void)state;
	umount2(folder, MNT_DETACH);
	return rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(handles, false),
		FAULT_TEST(places, false),
		FAULT_TEST(place_inline, false),
		FAULT_TEST(unsharing, false),
		FAULT_TEST(named, false),
		FAULT_TEST(devices, true),
		FAULT_TEST(rows, false),
		FAULT_TEST(owners, false),
		FAULT_TEST(tokens, false),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	alarm(FAULT_STUCK_S);
	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
