// SPDX-License-Identifier: Apache-2.0
/*
 * test_pitfalls_netns.c - what goes wrong with namespaces and sock_diag if it
 * is done the obvious way (pitfall.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/magic.h>
#include <linux/sock_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "net/conn.h"
#include "net/sockdiag.h"
#include "subjects/subjects.h"

enum { PORT = 7000, TURNS = 500 };

/* A socket at 127.0.0.1 */
static int bound(int type, uint16_t port)
{
	struct sockaddr_in in = nobody;
	int fd = pitfall_raw(AF_INET, type);

	in.sin_port = htons(port);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static int count_port(const struct sockdiag_row *row, void *arg)
{
	*(int *)arg += row->port == PORT;
	return 0;
}

static bool what_is_only_bound_is_seen(bool naive)
{
	enum { CUSTOMARY = 0xfff };
	int fd = bound(SOCK_STREAM, PORT), count = 0;
	struct sockdiag *diag;

	assert_int_equal(sockdiag_open(&diag), 0);
	assert_true(sockdiag_each(diag, IPPROTO_TCP, AF_INET,
			    naive ? CUSTOMARY : SOCKDIAG_ALL, count_port,
			    &count) >= 0);
	sockdiag_close(diag);
	close(fd);
	return count == 1;
}

/* Our look-up turns the ends of UDP round for the kernel; to turn them round
 * once more is to ask as for TCP. */
static bool a_udp_socket_is_found(bool naive)
{
	int fd = bound(SOCK_DGRAM, PORT), rc;
	struct sockdiag_row row = { .protocol = IPPROTO_UDP,
		.family = AF_INET,
		.addr = own_netns_addr("127.0.0.1"),
		.port = PORT,
		.peer = own_netns_addr("127.0.0.2"),
		.peer_port = 9 };
	struct sockdiag_row turned = row;
	struct sockdiag *diag;

	turned.addr = row.peer;
	turned.port = row.peer_port;
	turned.peer = row.addr;
	turned.peer_port = row.port;
	assert_int_equal(sockdiag_open(&diag), 0);
	rc = sockdiag_find(diag, naive ? &turned : &row);
	sockdiag_close(diag);
	close(fd);
	return !rc;
}

static int note_port(struct nl_msg *msg, void *arg)
{
	const struct inet_diag_msg *m = nlmsg_data(nlmsg_hdr(msg));

	*(uint16_t *)arg = ntohs(m->id.idiag_sport);
	return NL_OK;
}

/* Ask once for a listener, as the manual of libnl has it. Who is found? */
static uint16_t look_up(struct nl_sock *sk, uint16_t port)
{
	struct inet_diag_req_v2 req = { .sdiag_family = AF_INET,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = UINT32_MAX,
		.id = { .idiag_sport = htons(port),
			.idiag_dport = htons(9),
			.idiag_src = { htonl(INADDR_LOOPBACK) },
			.idiag_dst = { htonl(INADDR_LOOPBACK) },
			.idiag_cookie = {
				INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } };
	struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, 0);
	uint16_t found = 0;

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &req, sizeof(req), NLMSG_ALIGNTO),
		0);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, note_port, &found);
	assert_true(nl_send_auto(sk, msg) > 0);
	nl_recvmsgs_default(sk);
	nlmsg_free(msg);
	return found;
}

static bool each_answer_is_to_its_question(bool naive)
{
	int fds[2] = { bound(SOCK_STREAM, PORT), bound(SOCK_STREAM, PORT + 1) };
	struct nl_sock *sk = nl_socket_alloc();
	uint16_t found[2] = { 0 };
	struct sockdiag *diag;

	assert_int_equal(sockdiag_open(&diag), 0);
	assert_int_equal(nl_connect(sk, NETLINK_SOCK_DIAG), 0);
	for (int i = 0; i < 2; i++) {
		struct sockdiag_row row = { .protocol = IPPROTO_TCP,
			.family = AF_INET,
			.addr = own_netns_addr("127.0.0.1"),
			.port = PORT + i,
			.peer = own_netns_addr("127.0.0.1"),
			.peer_port = 9 };

		assert_int_equal(listen(fds[i], 1), 0);
		if (naive)
			found[i] = look_up(sk, PORT + i);
		else if (!sockdiag_find(diag, &row))
			found[i] = row.port;
	}
	nl_socket_free(sk);
	sockdiag_close(diag);
	close(fds[0]);
	close(fds[1]);
	return found[0] == PORT && found[1] == PORT + 1;
}

/* A thread that is elsewhere asks where it is. */
struct elsewhere {
	bool naive, right;
};

static void *ask_elsewhere(void *arg)
{
	struct elsewhere *where = arg;
	struct netns *ns = NULL;
	uint64_t here = 0, told = 0;
	int rc = unshare(CLONE_NEWNET);

	if (!rc)
		rc = where->naive ? netns_open("/proc/self/ns/net", &ns) :
				    netns_current(&ns);
	where->right = !rc && !netns_id(ns, &told) &&
		       !netns_id_current(&here) && here == told;
	netns_free(ns);
	return NULL;
}

static bool a_thread_knows_where_it_is(bool naive)
{
	struct elsewhere where = { .naive = naive };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_elsewhere, &where),
		0);
	pthread_join(thread, NULL);
	return where.right;
}

static bool a_file_of_proc_is_no_namespace(bool naive)
{
	static const char path[] = "/proc/self/status";
	struct statfs fs;

	if (!naive)
		return netns_check(path) == -ENOTTY;
	assert_int_equal(statfs(path, &fs), 0);
	return fs.f_type != NSFS_MAGIC && fs.f_type != PROC_SUPER_MAGIC;
}

static int nothing(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return 0;
}

/* In a user namespace that does not own the network it is in: go to one that
 * it owns, and come back. Returns 0 if we are where we were */
static int visit_without_a_way_back(bool naive)
{
	struct netns *home, *there;
	uint64_t before, after;

	if (netns_current(&home) || netns_id_current(&before))
		return 2;
	if (unshare(CLONE_NEWUSER) || netns_new(&there))
		return 3;
	if (naive) {
		if (netns_setns(there))
			return 4;
		netns_setns(home);
	} else if (netns_do_inline(there, nothing, NULL) != -EPERM ||
		   netns_do(there, nothing, NULL)) {
		return 5;
	}
	return netns_id_current(&after) ? 6 : before != after;
}

static bool nobody_goes_who_cannot_come_back(bool naive)
{
	int status;
	pid_t pid;

	if (!own_netns_may_have_users())
		case_test_skip("no user namespaces, as in a chroot");
	pid = fork();
	if (!pid)
		_exit(visit_without_a_way_back(naive));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) > 1)
		print_message("visit: %d\n", WEXITSTATUS(status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return !WEXITSTATUS(status);
}

static bool two_namespaces_are_told_apart(bool naive)
{
	uint64_t ids[TURNS];

	for (int i = 0; i < TURNS; i++) {
		struct netns *ns;
		struct stat st;

		assert_int_equal(netns_new(&ns), 0);
		assert_int_equal(fstat(netns_fd(ns), &st), 0);
		assert_int_equal(netns_id(ns, &ids[i]), 0);
		netns_free(ns);
		if (naive)
			ids[i] = st.st_ino;
		for (int k = 0; k < i; k++)
			if (ids[k] == ids[i])
				return false;
		/* Until it is gone, which takes its time on a busy machine,
		 * its number is not free. */
		usleep(naive ? 10000 : 1000);
	}
	return true;
}

/* A port in TIME_WAIT, and then the same in a new world */
static bool no_program_sees_the_one_before(bool naive)
{
#define ONCE                                                                   \
	"socket l tcp4\nbind l 127.0.0.1:5000\nlisten l\nsocket c tcp4\n"      \
	"connect c 127.0.0.1:5000\naccept l s\nclose s\nclose c\nclose l\n"
	static const char *const texts[] = { ONCE,
		ONCE "socket b tcp4\nbind b 127.0.0.1:5000\n" };
	struct case_text one = case_test_parsed(texts[0]);
	struct case_text both = case_test_parsed(texts[1]);
	struct case_text bind =
		case_test_parsed("socket b tcp4\nbind b 127.0.0.1:5000\n");
	struct program programs[] = { one.program, bind.program };
	struct trace got[2];
	struct subject subject;
	const struct outcome *last;

	assert_int_equal(subjects_open(&subject, "linux"), 0);
	if (naive)
		assert_int_equal(subject_run(&subject, &both.program, 1, NULL,
					 got),
			0);
	else
		assert_int_equal(subject_run(&subject, programs, 2, NULL, got),
			0);
	subject_close(&subject);
	last = naive ? &got[0].outcomes[got[0].count - 1] : &got[1].outcomes[1];
	return last->kind == OUTCOME_OK;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PITFALL(17, what_is_only_bound_is_seen),
		PITFALL(18, a_udp_socket_is_found),
		PITFALL(19, each_answer_is_to_its_question),
		PITFALL(23, a_thread_knows_where_it_is),
		PITFALL(24, a_file_of_proc_is_no_namespace),
		PITFALL(25, nobody_goes_who_cannot_come_back),
		PITFALL(26, two_namespaces_are_told_apart),
		PITFALL(28, no_program_sees_the_one_before),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
