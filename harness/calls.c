// SPDX-License-Identifier: Apache-2.0
/*
 * calls.c - look at the system calls of a command, or let one of them fail
 *
 *    calls --log FILE COMMAND...                      which touch this network?
 *    calls --log FILE --fail N [--only CALL] COMMAND...    let the Nth one fail
 *
 * --seconds S ends the command when it has run so long; --only counts the calls
 * of that name, such as socket.
 *
 * Exits as the command does, or with 128 and the signal that ended it. FILE
 * gets a line for each thing that is wrong, or that was done:
 *
 *    breach: WHAT by WHOM         a call touches the network that we are in
 *    failed: NUMBER CALL by WHOM  with --fail: this one did
 *    calls: COUNT                 how many there were; with --fail, behind the
 *                                 first fcntl(), since a loader is not ours
 *    left: WHOM                   it was still there a second behind the end
 *    hang                         the command did not end
 *
 * What is left, or hangs, is killed. N is 0 for none; the error is one that the
 * call can have: EAGAIN of fork(), EIO of read(), EMFILE of open(), or ENOMEM.
 * Exits with 3 if it cannot watch: no seccomp here, or we are watched already.
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "quote.h"
#include "util.h"
#include "net/procfile.h"

/* How long who was started may need to see that the command has ended */
#define LEFT_SECONDS 1.0

/**
 * struct watch - A command that is watched
 * @fail:	The call that is to fail, from 1; 0: none
 * @only:	What is counted, or -1: all
 * @counting:	It has come to what is counted
 */
struct watch {
	FILE *log;
	int listener, status, only;
	pid_t pid;
	bool all, counting, ended;
	unsigned long fail, count;
	double until;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int error_of(int call)
{
	switch (call) {
	case SYS_read:
	case SYS_fsync:
	case SYS_getdents64: return EIO;
	case SYS_clone:
	case SYS_clone3: return EAGAIN;
	case SYS_openat:
	case SYS_pipe2:
	case SYS_pidfd_open: return EMFILE;
	}
	return ENOMEM;
}

/* What becomes of this call? */
static void answer(struct watch *watch, const struct seccomp_notif *call)
{
	struct seccomp_notif_resp reply = { .id = call->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	const char *breach = watch->all ? NULL : calls_breach(call);
	char name[PROCFILE_COMMAND_MAX] = "";
	bool counts;

	watch->counting |= !watch->all ||
			   (call->data.nr == SYS_fcntl &&
				   (pid_t)call->pid == watch->pid);
	counts = watch->counting &&
		 (watch->only < 0 || call->data.nr == watch->only);
	watch->count += counts;
	if (breach || watch->count == watch->fail)
		procfile_command(call->pid, name);
	if (breach)
		quote_printf(watch->log, "breach: %s by %s\n", breach, name);
	if (watch->fail && watch->count == watch->fail && counts) {
		reply.flags = 0;
		reply.error = -error_of(call->data.nr);
		quote_printf(watch->log, "failed: %lu %s by %s\n", watch->count,
			calls_name(call->data.nr), name);
	}
	/* Nobody would see the calls that are made through a ring. */
	if (call->data.nr == SYS_io_uring_setup) {
		reply.flags = 0;
		reply.error = -ENOSYS;
	}
	/* Who was killed meanwhile needs no answer. */
	ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

/* Wait for a call, and answer it; false: there is nobody left to make any */
static bool serve(struct watch *watch, int wait_ms)
{
	struct pollfd fd = { .fd = watch->listener, .events = POLLIN };
	struct seccomp_notif call = { 0 };

	if (poll(&fd, 1, wait_ms) <= 0)
		return true;
	if (fd.revents & POLLIN &&
		!ioctl(watch->listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		answer(watch, &call);
	return !(fd.revents & POLLHUP) || fd.revents & POLLIN;
}

/* Orphans are ours, too. */
static void reap(struct watch *watch)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == watch->pid) {
			watch->ended = true;
			watch->status = status;
		}
}

/* Kill our children, whose children become ours by that; say who they are */
static void kill_children(struct watch *watch, bool tell)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	char name[PROCFILE_COMMAND_MAX];
	int pid;

	while (file && fscanf(file, "%d", &pid) == 1) {
		procfile_command(pid, name);
		if (tell)
			quote_printf(watch->log, "left: %s\n", name);
		kill(pid, SIGKILL);
	}
	if (file)
		fclose(file);
}

static void run(struct watch *watch)
{
	bool there = true, hangs = false, left = false;
	double until = watch->until;

	while (there) {
		there = serve(watch, 50);
		if (!watch->ended) {
			reap(watch);
			if (watch->ended)
				until = now() + LEFT_SECONDS;
		}
		reap(watch);
		if (now() < until)
			continue;
		hangs |= !watch->ended;
		kill_children(watch, watch->ended && !left);
		left |= watch->ended;
	}
	while (!watch->ended)
		reap(watch);
	if (hangs)
		fputs("hang\n", watch->log);
	fprintf(watch->log, "calls: %lu\n", watch->count);
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: calls --log FILE [--fail N] [--only CALL] [--seconds S] "
	      "COMMAND...\n",
		stderr);
	exit(2);
}

static void read_options(struct watch *watch, int argc, char **argv)
{
	static const struct option longs[] = { { "log", 1, NULL, 'l' },
		{ "fail", 1, NULL, 'f' }, { "only", 1, NULL, 'o' },
		{ "seconds", 1, NULL, 's' }, { NULL, 0, NULL, 0 } };
	const char *log = NULL;
	int letter;

	while ((letter = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (letter == 'l')
			log = optarg;
		else if (letter == 's')
			watch->until = now() + atof(optarg);
		else if (letter == 'f')
			watch->fail = strtoul(optarg, NULL, 10);
		else if (letter != 'o' ||
			 (watch->only = calls_number(optarg)) < 0)
			usage();
		watch->all |= letter == 'f';
	}
	if (!log || optind == argc)
		usage();
	watch->log = fopen(log, "we");
	if (watch->log)
		return;
	quote_printf(stderr, "calls: %s: %s\n", log, strerror(errno));
	exit(3);
}

int main(int argc, char **argv)
{
	struct watch watch = { .until = now() + 86400, .only = -1 };

	process_begin();
	if (!calls_home()) {
		fputs("calls: this kernel does not number networks\n", stderr);
		return 3;
	}
	read_options(&watch, argc, argv);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	watch.pid = calls_start(argv + optind, watch.all, &watch.listener);
	if (watch.pid < 0) {
		fclose(watch.log);
		fprintf(stderr, "calls: cannot watch: %s\n",
			strerror(-watch.pid));
		return 3;
	}
	run(&watch);
	if (fclose(watch.log))
		return 3;
	return WIFSIGNALED(watch.status) ? 128 + WTERMSIG(watch.status) :
					   WEXITSTATUS(watch.status);
}
