// SPDX-License-Identifier: Apache-2.0
/*
 * test_kernel.c - the kernel as a subject, and its world
 *
 * Opening the subject leaves the machine's network, so nothing here is ever
 * bound in it. All works without root, too, except where it says so.
 */
#include "case_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "world.h"
#include "net/netns.h"
#include "net/sockdiag.h"
#include "program/text.h"
#include "subjects/subjects.h"

enum { NOBODY = 65534 };

static struct subject linux_;

/* The outcomes written in @text must be those of the kernel */
static void holds(const char *text)
{
	struct case_text want = case_test_parsed(text);
	struct trace got;

	assert_int_equal(subject_run(&linux_, &want.program, 1, NULL, &got), 0);
	for (unsigned int i = 0; i < got.count; i++)
		if (!outcome_holds(&want.expect[i].outcome, &got.outcomes[i]))
			case_test_fail(&want.program, &got, NULL, i);
}

static int count_row(const struct sockdiag_row *row, void *arg)
{
	(void)row;
	++*(unsigned int *)arg;
	return 0;
}

static unsigned int left_over(void)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct sockdiag *diag;
	unsigned int count = 0;

	assert_int_equal(sockdiag_open(&diag), 0);
	for (int i = 0; i < 4; i++)
		assert_true(sockdiag_each(diag, protocols[i / 2],
				    i % 2 ? AF_INET : AF_INET6, SOCKDIAG_ALL,
				    count_row, &count) >= 0);
	sockdiag_close(diag);
	return count;
}

static int close_subject(void **state)
{
	(void)state;
	subject_close(&linux_);
	return 0;
}

static void every_address_is_usable_at_once(void **state)
{
	static const char *const places[][3] = {
		{ "tcp4", "udp4", "127.0.0.1" },
		{ "tcp4", "udp4", "127.1.2.3" },
		{ "tcp4", "udp4", "10.0.0.1" },
		{ "tcp4", "udp4", "10.0.0.2" },
		{ "tcp6", "udp6", "[::1]" },
		{ "tcp6", "udp6", "[fd00::1]" },
		{ "tcp6", "udp6", "[fd00::2]" },
		{ "tcp6", "udp6", "[fe80::2%veth0]" },
		{ "tcp6", "udp6", "[::ffff:10.0.0.1]" },
		{ "tcp6", "udp6", "[fe80::2%10]" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(places); i++) {
		const char *const *place = places[i / 2];
		char text[400];

		/* An abandoned connect makes the next world a new one. */
		holds("socket a tcp4\n"
		      "connect a 10.0.0.9:1 = EINPROGRESS\n");
		snprintf(text, sizeof(text),
			"socket a %s\nbind a %s:80\n"
			"socket b tcp%c\nconnect b %s:81 = ECONNREFUSED\n",
			place[i % 2], place[2], place[0][3], place[2]);
		holds(text);
	}
	holds("socket a tcp4\nbind a 192.0.2.1:80 = EADDRNOTAVAIL\n"
	      "connect a 192.0.2.1:80 = ENETUNREACH\n"
	      "socket b tcp6\nbind b [2001:db8::1]:80 = EADDRNOTAVAIL\n"
	      "bind b [fe80::2%lo]:80 = EADDRNOTAVAIL\n"
	      "get b dev = ok:lo\n"
	      "set b dev=veth1\nget b dev = ok:veth1\n"
	      "set b dev=missing = ENODEV\nset b dev=\nget b dev = ok:-\n");
}

/* What leaves something in the kernel, or changes it; what each op answers is
 * said in the corpus */
static const char *const leavers[] = {
	/* TIME_WAIT */
	"socket a tcp4\nbind a 127.0.0.1:7000\nlisten a\n"
	"socket b tcp4\nbind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\n"
	"accept a c\nclose c\nclose b\nclose a\n"
	"socket d tcp4\nbind d 127.0.0.1:7000 = EADDRINUSE\n"
	"bind d 127.0.0.1:7001\n",

	/* A connection that nobody accepts, and orphans */
	"socket a tcp4\nbind a 127.0.0.1:7000\nlisten a 0\n"
	"socket b tcp4\nbind b 127.0.0.1:7001\nconnect b 127.0.0.1:7000\n"
	"close b\n",

	"socket a tcp6\nbind a [::1]:7000\nlisten a\n"
	"socket b tcp6\nbind b [::1]:7001\nconnect b [::1]:7000\n"
	"accept a c\nclose b\nclose a\n",

	/* A connection without a peer */
	"socket a tcp4\nset a repair\nbind a 127.0.0.1:7000\n"
	"connect a 127.0.0.1:1\n",

	"socket a mptcp4\nbind a 127.0.0.1:7000\nlisten a\n"
	"socket b mptcp4\nconnect b 127.0.0.1:7000\naccept a c\n"
	"close c\nclose b\n",

	/* sysctls */
	"sysctl ip_local_port_range=7000-7000\n"
	"sysctl ip_local_reserved_ports=7000-7001\nsocket a tcp4\n"
	"bind a 0.0.0.0:0 = EADDRINUSE\n",

	"sysctl ip_nonlocal_bind=1\nsysctl ipv6_nonlocal_bind=1\n"
	"sysctl bindv6only=1\nsysctl ip_autobind_reuse=1\n"
	"socket a tcp4\nbind a 192.0.2.1:1\n",

	/* What any of them would disturb */
	"socket a tcp6\nget a v6only = ok:0\nbind a [::]:7000\n"
	"socket b tcp4\nbind b 127.0.0.1:7001\n"
	"socket c udp4\nbind c 192.0.2.1:80 = EADDRNOTAVAIL\n"
	"socket d udp4\nbind d 0.0.0.0:7000\n",
};

static void a_port_that_was_written_is_not_told(void **state)
{
	static const char text[] =
		"socket a tcp4\nbind a 127.0.0.1:7000\nlisten a\n"
		"socket b tcp4\nbind b 127.0.0.1:7001\n"
		"connect b 127.0.0.1:7000\naccept a c\ndisconnect b\n"
		"connect b 127.0.0.1:7000\n"
		"socket d udp6\nbind d [::1]:7001\nconnect d [::1]:7002\n";
	static struct case_text written;
	struct text_error error;
	struct trace trace;

	(void)state;
	assert_int_equal(text_parse(text, strlen(text), &written, &error), 0);
	assert_int_equal(subject_run(&linux_, &written.program, 1, NULL,
				 &trace),
		0);
	for (unsigned int i = 0; i < trace.count; i++) {
		assert_int_equal(trace.outcomes[i].kind, OUTCOME_OK);
		assert_int_equal(trace.outcomes[i].value, VALUE_NONE);
	}
}

static void programs_do_not_feel_each_other(void **state)
{
	(void)state;
	/* All use the same ports, in any order, some more than once. */
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_SIZE(leavers); i++) {
			holds(leavers[i]);
			if (round)
				holds(leavers[i]);
			assert_int_equal(left_over(), 0);
		}
}

static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, line, size - 1);

	assert_true(n >= 0);
	line[n] = '\0';
	close(fd);
}

static void sysctls_have_their_defaults(void **state)
{
	char line[64], want[64];

	(void)state;
	for (int i = 0; i < SYSCTLS; i++) {
		const struct world_sysctl *sysctl = &world_sysctls[i];

		snprintf(want, sizeof(want), "%u\n", sysctl->value);
		if (i == SYSCTL_PORT_RANGE)
			snprintf(want, sizeof(want), "%u\t%u\n", sysctl->value,
				sysctl->high);
		if (i == SYSCTL_RESERVED_PORTS)
			strcpy(want, "\n");
		read_line(sysctl->path, line, sizeof(line));
		assert_string_equal(line, want);
	}
}

static void sysctls_are_restored(void **state)
{
	char before[SYSCTLS][64], after[64];
	uint64_t id, again;

	(void)state;
	for (int i = 0; i < SYSCTLS; i++)
		read_line(world_sysctls[i].path, before[i], sizeof(before[i]));
	assert_int_equal(netns_id_current(&id), 0);
	holds("sysctl ip_unprivileged_port_start=0\n"
	      "sysctl ip_local_port_range=500-600\n"
	      "sysctl ip_local_reserved_ports=7000\n"
	      "sysctl ip_autobind_reuse=1\nsysctl ip_nonlocal_bind=1\n"
	      "sysctl ipv6_nonlocal_bind=1\nsysctl bindv6only=1\n");
	for (int i = 0; i < SYSCTLS; i++) {
		read_line(world_sysctls[i].path, after, sizeof(after));
		assert_string_equal(after, before[i]);
	}
	/* Here the range can only go back after the other. */
	holds("sysctl ip_local_port_range=50000-50010\n"
	      "sysctl ip_unprivileged_port_start=40000\n");
	/* Not by giving up the world */
	assert_int_equal(netns_id_current(&again), 0);
	assert_true(id == again);
	holds("socket a tcp4\nconnect a 10.0.0.9:1 = EINPROGRESS\n");
	assert_int_equal(netns_id_current(&again), 0);
	assert_false(id == again);
}

static void uids_come_and_go(void **state)
{
	static const char text[] =
		"socket a tcp4 uid=1000\nset a reuseport\n"
		"bind a 127.0.0.1:7000\n"
		"socket b tcp4 uid=7\nset b reuseport\n"
		"bind b 127.0.0.1:7000 = EADDRINUSE\nset b uid=1000\n"
		"bind b 127.0.0.1:7000\n"
		"euid 1000\nsocket c tcp4\nbind c 127.0.0.1:80 = EACCES\n"
		"set c transparent = EPERM\nset c reuseport\n"
		"bind c 127.0.0.1:7000\nsocket f tcp4 uid=7 = EPERM\n"
		"sysctl bindv6only=1 = EACCES\n"
		"euid 7\nsocket d tcp4\nset d reuseport\n"
		"bind d 127.0.0.1:7000 = EADDRINUSE\n"
		"euid 0\nsocket e tcp4\nset e transparent\n"
		"bind e 192.0.2.1:80\neuid 1000\n";
	int death = 0;

	(void)state;
	if (!linux_.can.uids)
		case_test_skip("only one uid is mapped here");
	assert_int_equal(prctl(PR_GET_PDEATHSIG, &death), 0);
	assert_int_equal(death, SIGKILL);
	for (int i = 0; i < 3; i++) {
		holds(text);
		assert_int_equal(geteuid(), 0);
		holds("socket a udp4\nset a transparent\n"
		      "bind a 192.0.2.1:80\n");
	}
	assert_int_equal(prctl(PR_GET_PDEATHSIG, &death), 0);
	assert_int_equal(death, SIGKILL);
}

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	ASSERT(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void no_descriptor_is_lost(void **state)
{
	unsigned int before = count_fds();

	(void)state;
	for (int i = 0; i < UNIT_TIMES(10000); i++)
		holds(leavers[i % ARRAY_SIZE(leavers)]);
	for (int i = 0; i < 5; i++)
		holds("socket a tcp4\nconnect a 10.0.0.9:1 = EINPROGRESS\n");
	assert_int_equal(count_fds(), before);
}

/* Exit status of as_nobody() */
enum { FORBIDDEN = 77 };

/* In a child without privileges: the exit status says what failed */
static int as_nobody(void)
{
	struct subject subject;
	struct program program;
	struct trace trace;
	const struct op ops[] = { op_socket(0, TCP4, UID_NONE),
		op_set(0, OPT_TRANSPARENT, 1),
		op_sysctl(SYSCTL_UNPRIVILEGED_START, 80, 0) };

	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	/* As an exec would have done; else /proc/self is still root's. */
	prctl(PR_SET_DUMPABLE, 1);
	if (!own_netns_may_have_users())
		return FORBIDDEN;
	if (subjects_open(&subject, "linux")) {
		fprintf(stderr, "%s\n", subject.why);
		return 2;
	}
	if (subject.can.uids || !subject.can.devices)
		return 3;
	program_init(&program, LEVEL_SOCKET);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		program_append(&program, &ops[i]);
	if (subject_run(&subject, &program, 1, NULL, &trace))
		return 4;
	for (unsigned int i = 0; i < trace.count; i++)
		if (trace.outcomes[i].kind != OUTCOME_OK)
			return 10 + i;
	subject_close(&subject);
	return 0;
}

static void nobody_can_have_the_kernel_too(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (!linux_.can.uids)
		case_test_skip("the other tests were this one");
	pid = fork();
	if (!pid)
		_exit(as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == FORBIDDEN)
		case_test_skip("nobody may make a user namespace");
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_is_usable_at_once),
		cmocka_unit_test(a_port_that_was_written_is_not_told),
		cmocka_unit_test(programs_do_not_feel_each_other),
		cmocka_unit_test(sysctls_have_their_defaults),
		cmocka_unit_test(sysctls_are_restored),
		cmocka_unit_test(uids_come_and_go),
		cmocka_unit_test(no_descriptor_is_lost),
		cmocka_unit_test(nobody_can_have_the_kernel_too),
	};

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	/* As for a worker; it must survive every change of uid. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (subjects_open(&linux_, "linux")) {
		fprintf(stderr, "skipped: %s\n", linux_.why);
		return 4;
	}
	return cmocka_run_group_tests(tests, NULL, close_subject);
}
