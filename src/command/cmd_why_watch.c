// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_watch.c - run a command, and watch its calls
 */
#include "cmd_why_watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/ptrace.h>

#include "answer.h"
#include "cmd_why.h"
#include "quote.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#define NATIVE 0
#endif

enum { CANNOT_RUN = 127, SYSCALL_STOP = SIGTRAP | 0x80 };

/* So many threads are in calls of ours at a time; more are passed over */
enum { CALLS_MAX = 1024 };

/**
 * struct watch - What is watched
 * @main:	The command itself
 * @failed:	So many of its calls failed
 * @calls:	Those that have begun
 */
struct watch {
	const struct options *options;
	pid_t main;
	int code;
	unsigned int failed, count;
	bool ended;
	struct cmd_why_call calls[CALLS_MAX];
};

static bool is_ours(uint64_t number)
{
	return number == SYS_bind || number == SYS_listen ||
	       number == SYS_connect;
}

static void on_entry(struct watch *w, pid_t pid,
	const struct ptrace_syscall_info *info)
{
	struct cmd_why_call *call = &w->calls[w->count];

	if (info->arch != NATIVE || !is_ours(info->entry.nr) ||
		w->count == CALLS_MAX)
		return;
	*call = (struct cmd_why_call){ .pid = pid, .number = info->entry.nr };
	memcpy(call->args, info->entry.args, sizeof(call->args));
	w->count++;
}

static void on_exit_of(struct watch *w, pid_t pid, int64_t result)
{
	for (unsigned int i = 0; i < w->count; i++) {
		struct cmd_why_call call = w->calls[i];

		if (call.pid != pid)
			continue;
		w->calls[i] = w->calls[--w->count];
		call.error = result < 0 ? -result : 0;
		if (call.error && cmd_why_explain(w->options, &call))
			w->failed++;
		return;
	}
}

static void on_syscall(struct watch *w, pid_t pid)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(w, pid, &info);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_exit_of(w, pid, info.exit.rval);
}

/* Is it a stop of the whole process, which only SIGCONT ends? */
static bool is_group_stop(int status)
{
	int number = WSTOPSIG(status);

	return status >> 16 == PTRACE_EVENT_STOP &&
	       (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN ||
		       number == SIGTTOU);
}

/* A thread stands still: see why, and let it go on. */
static void on_stop(struct watch *w, pid_t pid, int status)
{
	int number = WSTOPSIG(status);

	if (is_group_stop(status)) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	}
	if (number == SYSCALL_STOP)
		on_syscall(w, pid);
	if (number == SYSCALL_STOP || status >> 16)
		number = 0;
	ptrace(PTRACE_SYSCALL, pid, 0, number);
}

static void on_status(struct watch *w, pid_t pid, int status)
{
	if (WIFSTOPPED(status)) {
		on_stop(w, pid, status);
		return;
	}
	if (pid != w->main)
		return;
	w->ended = true;
	w->code = WIFEXITED(status) ? WEXITSTATUS(status) :
				      128 + WTERMSIG(status);
}

/* It stops before it begins, so that we can take hold of it. */
static pid_t start(char **args)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		kill(getpid(), SIGSTOP);
		execvp(args[0], args);
		fprintf(stderr, "portclash: ");
		quote_printf(stderr, "%s: %s\n", args[0], strerror(errno));
		_exit(CANNOT_RUN);
	}
	return pid;
}

static void seize(pid_t pid)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEEXEC;
	int status;

	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid ||
		!WIFSTOPPED(status) || ptrace(PTRACE_SEIZE, pid, 0, options)) {
		int error = errno;

		if (pid > 0)
			kill(pid, SIGKILL);
		die(EXIT_CANNOT, "why: cannot watch a command: %s",
			strerror(error));
	}
	kill(pid, SIGCONT);
}

static void print_json(const struct watch *w)
{
	struct json_object *answer = answer_new("why");

	answer_text(answer, "command", w->options->args[0]);
	answer_number(answer, "failed", w->failed);
	answer_number(answer, "code", w->code);
	answer_end(answer, true);
}

int cmd_why_watch(const struct options *options)
{
	static struct watch w;

	w.options = options;
	w.main = start(options->args);
	seize(w.main);
	/* What a terminal sends to all is the command's to answer. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (!w.ended) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid > 0)
			on_status(&w, pid, status);
		else if (errno != EINTR)
			break;
	}
	if (options->json)
		print_json(&w);
	return w.code;
}
