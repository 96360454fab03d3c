// SPDX-License-Identifier: Apache-2.0
/*
 * process.c - what a process inherits, and what it leaves behind
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

/* A user who asked a shell or nohup to ignore these meant it. */
static bool is_users(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT ||
	       number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* The C library keeps two signals to itself and does not let go of them, so
 * the kernel is asked. Its struct has the handler, flags, restorer and mask. */
static void default_signal(int number)
{
	unsigned long action[8] = { 0 };
	const size_t mask_size = _NSIG / 8;

	if (syscall(SYS_rt_sigaction, number, NULL, action, mask_size) ||
		action[0] != (unsigned long)SIG_IGN)
		return;
	memset(action, 0, sizeof(action));
	syscall(SYS_rt_sigaction, number, action, NULL, mask_size);
}

/* Handlers, such as a sanitizer's, are not inherited: they are our own. */
static void default_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		if (!is_users(number))
			default_signal(number);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What is opened gets the lowest number, so these are taken one by one. */
static void take_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* Whoever closed stderr does not want what is said there. But
		 * a machine that has just begun has no /dev. */
		if (fd == STDERR_FILENO && open("/dev/null", O_WRONLY) >= 0)
			continue;
		/* It is a folder, so nobody can write to it, not even by
		 * opening /dev/stdout. */
		if (open("/", O_PATH | O_DIRECTORY) < 0)
			return;
	}
}

void process_begin(void)
{
	take_descriptors();
	default_signals();
	signal(SIGXFSZ, SIG_IGN);
}

bool process_lacks(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	       error == ENOBUFS;
}

void process_exec(void)
{
	default_signals();
	signal(SIGXFSZ, SIG_DFL);
}

pid_t process_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL)) {
		fprintf(stderr, "a process would outlive its parent: %s\n",
			strerror(errno));
		_exit(PROCESS_LOST);
	}
	/* If the parent has ended already, the signal never comes. */
	if (getppid() != parent)
		_exit(PROCESS_LOST);
	return 0;
}

const char *process_meant(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ?
		       ": it tried to leave its world" :
		       "";
}

int process_end(const char *name, int code)
{
	bool lost = ferror(stdout);

	/* If it failed before, errno is of something else by now. */
	errno = 0;
	if (!(fclose(stdout) || lost))
		return code;
	fprintf(stderr, "%s: cannot write to stdout%s%s\n", name,
		errno ? ": " : "", errno ? strerror(errno) : "");
	return PROCESS_LOST;
}
