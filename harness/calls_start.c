// SPDX-License-Identifier: Apache-2.0
/*
 * calls_start.c - a command under a filter that hands us its system calls
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>

#include "util.h"

/* Names that Debian's headers are too old for */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#define ARCH 0 /* nobody can be watched */
#endif

enum { CODE_MAX = 64 };

#define CALL(name) { SYS_##name, #name }

static const struct call {
	int number;
	const char *name;
} touching[] = {
	CALL(bind),
	CALL(listen),
	CALL(connect),
	CALL(sendto),
	CALL(sendmsg),
	CALL(sendmmsg),
	CALL(ioctl),
#ifdef SYS_open
	CALL(open),
	CALL(creat),
#endif
	CALL(openat),
	CALL(openat2),
	CALL(io_uring_setup),
}, never[] = {
	/* They do not return, or not to where they were made; or cannot fail,
	 * or not without being done. */
	CALL(exit),
	CALL(exit_group),
	CALL(rt_sigreturn),
	CALL(rt_sigsuspend),
	CALL(restart_syscall),
	CALL(brk),
	CALL(close),
	CALL(munmap),
	CALL(getpid),
	CALL(getppid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
#ifdef SYS_alarm
	CALL(alarm),
#endif
	CALL(umask),
	CALL(uname),
	CALL(sched_yield),
	CALL(set_tid_address),
	CALL(set_robust_list),
}, others[] = {
#ifdef SYS_open /* newer architectures have none of these */
	CALL(access),
	CALL(dup2),
	CALL(poll),
	CALL(readlink),
	CALL(rename),
	CALL(unlink),
#endif
	CALL(accept4),
	CALL(clone),
	CALL(clone3),
	CALL(execve),
	CALL(fcntl),
	CALL(fstat),
	CALL(fsync),
	CALL(ftruncate),
	CALL(futex),
	CALL(getdents64),
	CALL(getsockname),
	CALL(getsockopt),
	CALL(kill),
	CALL(lseek),
	CALL(mmap),
	CALL(mprotect),
	CALL(newfstatat),
	CALL(pidfd_open),
	CALL(pipe2),
	CALL(prctl),
	CALL(ptrace),
	CALL(read),
	CALL(recvmsg),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(setns),
	CALL(setresuid),
	CALL(setsockopt),
	CALL(socket),
	CALL(unshare),
	CALL(wait4),
	CALL(waitid),
	CALL(write),
};

static const char *named(const struct call *calls, size_t count, int number)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

const char *calls_name(int number)
{
	static char text[32];
	const char *name = named(touching, ARRAY_SIZE(touching), number);

	if (!name)
		name = named(others, ARRAY_SIZE(others), number);
	snprintf(text, sizeof(text), "call %d", number);
	return name ? name : text;
}

int calls_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(touching); i++)
		if (!strcmp(touching[i].name, name))
			return touching[i].number;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(others[i].name, name))
			return others[i].number;
	return -1;
}

/* One comparison for each, and two ends */
static int install(bool all)
{
	const struct call *calls = all ? never : touching;
	size_t count = all ? ARRAY_SIZE(never) : ARRAY_SIZE(touching), n = 0;
	uint32_t found = all ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF;
	uint32_t other = all ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
	struct sock_filter code[CODE_MAX];
	struct sock_fprog program;
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd;

	/* What another architecture's calls do, nobody reads: a breach */
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		SECCOMP_RET_USER_NOTIF);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
								 BPF_K,
			calls[i].number, count - i, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, found);
	program = (struct sock_fprog){ n, code };
	/* Root needs no such promise, and then set-user-ID works as ever. */
	if (geteuid() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			&program);
	return fd < 0 ? -errno : fd;
}

/* Until the listener is fetched, no call here may need an answer. */
__attribute__((noreturn)) static void be_command(char *const argv[], bool all,
	int told, const sigset_t *before)
{
	sigset_t mask;
	int fd, error;

	/* Without us, each of its calls would fail. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = install(all);
	sigfillset(&mask);
	sigdelset(&mask, SIGUSR1);
	if (fd < 0) {
		error = -fd;
		_exit(write(told, &error, sizeof(error)) < 0 ? 127 : 126);
	}
	sigsuspend(&mask);
	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(argv[0], argv);
	_exit(127);
}

static void nothing(int number)
{
	(void)number;
}

/* The listener of a process, once it is there, by its number */
static int fetch(int pidfd, int number, int ended)
{
	int fd = -1, error = 0;

	while (fd < 0) {
		fd = pidfd_getfd(pidfd, number, 0);
		if (fd >= 0)
			break;
		if (read(ended, &error, sizeof(error)) > 0)
			return -error;
		usleep(1000);
	}
	return fd;
}

int calls_start(char *const argv[], bool all, int *listener)
{
	struct sigaction action = { .sa_handler = nothing };
	int told[2], pidfd, number, rc;
	sigset_t block, before;
	pid_t pid;

	if (!ARCH)
		return -ENOSYS;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &before);
	sigaction(SIGUSR1, &action, NULL);
	if (pipe2(told, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	/* The lowest number that is free is the listener's. */
	number = fcntl(told[0], F_DUPFD_CLOEXEC, 0);
	close(number);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		be_command(argv, all, told[1], &before);
	pidfd = pidfd_open(pid, 0);
	rc = fetch(pidfd, number, told[0]);
	close(pidfd);
	close(told[0]);
	close(told[1]);
	if (rc < 0)
		return rc;
	*listener = rc;
	kill(pid, SIGUSR1);
	return pid;
}
