// SPDX-License-Identifier: Apache-2.0
/*
 * test_fence.c - who asks this kernel cannot leave its world any more
 *
 * Each try is a process of its own, which the fence ends.
 */
#include "case_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "subjects/subjects.h"

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int home; /* the network that all was started in */
static struct subject linux_;

static void go_home(void)
{
	setns(home, CLONE_NEWNET);
}

static void go_to_our_parent(void)
{
	syscall(SYS_pidfd_getfd, -1, 0, 0);
	_exit(0);
}

static void write_to_a_process(void)
{
	syscall(SYS_process_vm_writev, 0, NULL, 0, NULL, 0, 0);
}

static void make_a_ring(void)
{
	syscall(SYS_io_uring_setup, 0, NULL);
}

static void mount_something(void)
{
	mount("none", "/nonexistent", "tmpfs", 0, NULL);
}

static void load_a_program_for_the_kernel(void)
{
	syscall(SYS_bpf, -1, NULL, 0);
}

static void become_another(void)
{
	execl("/nonexistent", "nonexistent", (char *)NULL);
}

static void trace_a_process(void)
{
	ptrace(PTRACE_PEEKDATA, 0, NULL, NULL);
}

static const struct {
	void (*does)(void);
	bool sanitizers; /* need it */
} tries[] = { { go_home, false }, { go_to_our_parent, false },
	{ write_to_a_process, false }, { make_a_ring, false },
	{ mount_something, false }, { load_a_program_for_the_kernel, false },
	{ become_another, true }, { trace_a_process, true } };

/* How a process ends that does this, in a world with the fence or without */
static int tried(void (*does)(void), bool fence)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (subjects_open(&linux_, "linux"))
			_exit(3);
		if (fence && subject_confine(&linux_, 1))
			_exit(4);
		does();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void each_way_out_ends_the_process(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		int status = tried(tries[i].does, true);

		assert_int_equal(tried(tries[i].does, false), 0);
		if (SANITIZED && tries[i].sanitizers)
			assert_int_equal(status, 0);
		else
			assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* A world that is given up, uids and sysctls, and a child */
static void ask_all(void)
{
	static const char all[] = "socket a tcp4 uid=7\n"
				  "connect a 10.0.0.77:7000 = EINPROGRESS\n"
				  "sysctl ip_autobind_reuse=1\n"
				  "euid 7\n"
				  "socket b tcp6\n"
				  "bind b [::]:80 = EACCES\n";
	struct case_text want = case_test_parsed(all);
	struct trace got;

	if (!linux_.can.uids)
		want.program.count = 0;
	for (int i = 0; i < 3; i++)
		if (subject_run(&linux_, &want.program, 1, NULL, &got))
			_exit(10);
	for (unsigned int i = 0; i < got.count; i++)
		if (!outcome_holds(&want.expect[i].outcome, &got.outcomes[i]))
			_exit(20 + i);
}

static void fork_and_ask(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		/* As a child of the fork server of AFL++ */
		subject_close(&linux_);
		if (subjects_open(&linux_, "linux") ||
			subject_confine(&linux_, 1))
			_exit(5);
		ask_all();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void all_that_programs_need_is_inside(void **state)
{
	(void)state;
	assert_int_equal(tried(ask_all, true), 0);
	assert_int_equal(tried(fork_and_ask, true), 0);
}

/* From now on it is a kernel that was built without seccomp. */
static int forget_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void go_on_without(void)
{
	if (forget_seccomp())
		_exit(6);
	if (subject_confine(&linux_, 1) != -EINVAL)
		_exit(7);
	ask_all();
}

static void without_seccomp_it_goes_on(void **state)
{
	(void)state;
	assert_int_equal(tried(go_on_without, false), 0);
}

/* An agent may have to be started again, and would be inside. */
static void beside_an_agent_there_is_none(void)
{
	struct subject both[2] = { linux_,
		{ .type = &subject_pipe, .name = "agent" } };

	if (subject_confine(both, 2))
		_exit(8);
	execl("/bin/true", "true", (char *)NULL);
	_exit(9);
}

static void an_agent_is_not_inside(void **state)
{
	(void)state;
	assert_int_equal(tried(beside_an_agent_there_is_none, false), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_out_ends_the_process),
		cmocka_unit_test(all_that_programs_need_is_inside),
		cmocka_unit_test(without_seccomp_it_goes_on),
		cmocka_unit_test(an_agent_is_not_inside),
	};
	int status;

	if (UNIT_LISTED(argc, argv, tests))
		return 0;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	status = tried(ask_all, false);
	if (WEXITSTATUS(status) == 3) {
		fputs("skipped: no world can be made here\n", stderr);
		return 4;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
