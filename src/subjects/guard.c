// SPDX-License-Identifier: Apache-2.0
/*
 * guard.c - a command that does not outlive us, and neither does what it starts
 */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "util.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2)
#endif
#if !__GLIBC_PREREQ(2, 34)
enum { CLOSE_RANGE = 436 }; /* on all machines, whether libc knows it or not */

static void closefrom(int first)
{
	syscall(CLOSE_RANGE, first, ~0u, 0);
}
#endif

/* In the new process: become the command, or return the errno */
static int become(const int fds[3], char *const argv[])
{
	if (setpgid(0, 0))
		return errno;
	for (int fd = 0; fd < 3; fd++)
		if (fds[fd] >= 0 && dup2(fds[fd], fd) < 0)
			return errno;
	process_exec();
	execv(argv[0], argv);
	return errno;
}

static int tell(int fd, int number)
{
	return write(fd, &number, sizeof(number)) < 0;
}

/* The command tells its number, and then why it does not run; the guard, if
 * there is no command at all. */
static pid_t start_command(const int fds[3], char *const argv[], int told)
{
	pid_t command = process_fork();

	if (!command)
		_exit(tell(told, getpid()) || tell(told, become(fds, argv)));
	if (command < 0)
		_exit(tell(told, -errno));
	return command;
}

/* Orphans that have ended; but the command keeps its number. */
static void reap_orphans(pid_t command)
{
	siginfo_t info = { 0 };

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
		info.si_pid && info.si_pid != command) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* Until we are gone, or want the end */
static void watch_over(pid_t command)
{
	struct signalfd_siginfo info;
	struct pollfd fds[2] = { { .fd = STDIN_FILENO } };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	fds[1].fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	fds[1].events = POLLIN;
	while (!fds[0].revents) {
		reap_orphans(command);
		poll(fds, ARRAY_SIZE(fds), -1);
		while (read(fds[1].fd, &info, sizeof(info)) > 0)
			;
	}
}

/* How many were there to be killed? None can be seen without /proc. */
static unsigned int kill_children(void)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	unsigned int killed = 0;
	int pid;

	while (file && fscanf(file, "%d", &pid) == 1)
		killed += !kill(pid, SIGKILL);
	if (file)
		fclose(file);
	return killed;
}

/* Of those that are killed one ends, and its orphans come to us first. */
static int end_all(pid_t command)
{
	int status, its = SIGKILL;
	pid_t pid = 0;
	bool there = true;

	while (pid >= 0 && kill_children()) {
		pid = waitpid(-1, &status, 0);
		if (pid != command)
			continue;
		its = status;
		there = false;
	}
	if (there && !kill(-command, SIGKILL))
		waitpid(command, &its, 0);
	return its;
}

/* End as the command did. */
__attribute__((noreturn)) static void end_as(int status)
{
	static const struct rlimit no_core;
	sigset_t none;

	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(WTERMSIG(status), SIG_DFL);
		kill(getpid(), WTERMSIG(status));
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	_exit(WEXITSTATUS(status));
}

/* In the guard, which keeps nothing open but the pipe */
__attribute__((noreturn)) static void be_guard(const int life[2], int told,
	const int fds[3], char *const argv[])
{
	sigset_t all;
	pid_t command;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	setpgid(0, 0);
	close(life[1]);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		_exit(tell(told, -errno));
	command = start_command(fds, argv, told);
	dup2(life[0], STDIN_FILENO);
	closefrom(STDIN_FILENO + 1);
	watch_over(command);
	end_as(end_all(command));
}

/* False at the end */
static bool hear(int fd, int *number)
{
	ssize_t n;

	do {
		n = read(fd, number, sizeof(*number));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(*number);
}

/* Take hold of the command, whose number is its own while the guard lives. The
 * end of the pipe says that it runs. */
static int hold(struct guard *guard, int told)
{
	int number;

	if (!hear(told, &number))
		return -ECHILD;
	if (number < 0)
		return number;
	guard->command = syscall(SYS_pidfd_open, number, 0);
	if (guard->command < 0)
		return -errno;
	return hear(told, &number) ? -number : 0;
}

int guard_start(struct guard *guard, const int fds[3], char *const argv[])
{
	int life[2], told[2], rc;

	guard->pid = 0;
	guard->command = -1;
	if (pipe2(life, O_CLOEXEC))
		return -errno;
	if (pipe2(told, O_CLOEXEC)) {
		rc = -errno;
		close(life[0]);
		close(life[1]);
		return rc;
	}
	guard->life = life[1];
	guard->pid = fork();
	if (!guard->pid)
		be_guard(life, told[1], fds, argv);
	rc = guard->pid < 0 ? -errno : 0;
	close(life[0]);
	close(told[1]);
	if (!rc)
		rc = hold(guard, told[0]);
	close(told[0]);
	if (rc)
		guard_end(guard, NULL);
	return rc;
}

bool guard_wait(const struct guard *guard, int wait_ms)
{
	struct pollfd poll_fd = { .fd = guard->command, .events = POLLIN };
	int n;

	do {
		n = poll(&poll_fd, 1, wait_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

void guard_end(struct guard *guard, int *status)
{
	close(guard->life);
	while (guard->pid > 0 && waitpid(guard->pid, status, 0) < 0 &&
		errno == EINTR)
		;
	if (guard->command >= 0) {
		syscall(SYS_pidfd_send_signal, guard->command, SIGKILL, NULL,
			PIDFD_SIGNAL_PROCESS_GROUP);
		close(guard->command);
	}
	guard->pid = 0;
	guard->command = -1;
}
