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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/net.h>
#include <linux/ptrace.h>

#include "answer.h"
#include "cmd_why.h"
#include "process.h"
#include "quote.h"
#include "util.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#define NATIVE 0
#endif

/* Programs of 32 bits have other numbers, and an old call for all of them. */
#if defined(__x86_64__)
#define COMPAT AUDIT_ARCH_I386
enum {
	COMPAT_SOCKETCALL = 102,
	COMPAT_BIND = 361,
	COMPAT_CONNECT = 362,
	COMPAT_LISTEN = 363,
};
#endif

/* As env(1) ends: nothing is there, or it cannot be run */
enum { NOT_FOUND = 127, CANNOT_RUN = 126 };

enum { SYSCALL_STOP = SIGTRAP | 0x80 };

/* A call of x32, which is none of ours */
#define OTHER_CALL UINT64_C(0x40000000)

/* So many threads are in calls of ours at a time; more are passed over */
enum { CALLS_MAX = 1024 };

/* So long those are watched that the command has left behind */
enum { LATE_SECONDS = 3 };

/**
 * struct watch - What is watched
 * @main:	The command itself
 * @failed:	So many of its calls failed
 * @foreign:	It was said that some calls are not watched
 * @calls:	Those that have begun
 */
struct watch {
	const struct options *options;
	pid_t main;
	int code;
	unsigned int failed, count;
	bool ended, foreign;
	struct cmd_why_call calls[CALLS_MAX];
};

static bool is_ours(uint64_t number)
{
	return number == SYS_bind || number == SYS_listen ||
	       number == SYS_connect;
}

static void note_foreign(struct watch *w, pid_t pid)
{
	if (!w->foreign)
		fprintf(stderr,
			"portclash: pid %d makes calls of another "
			"architecture: these are not watched\n",
			pid);
	w->foreign = true;
}

/* A thread that has ended in a call has no part in it any more. */
static void drop_call(struct watch *w, pid_t pid)
{
	for (unsigned int i = 0; i < w->count; i++)
		if (w->calls[i].pid == pid)
			w->calls[i--] = w->calls[--w->count];
}

#ifdef COMPAT
/* socketcall(2) has its arguments in memory. */
static void take_socketcall(struct cmd_why_call *call,
	const struct ptrace_syscall_info *info)
{
	uint32_t args[3] = { 0 };
	struct iovec to = { .iov_base = args, .iov_len = sizeof(args) };
	struct iovec from = { .iov_len = sizeof(args) };
	uint64_t number = info->entry.args[0];

	/* It is a pointer there, and a number here. */
	memcpy(&from.iov_base, &info->entry.args[1], sizeof(from.iov_base));
	if (number == SYS_LISTEN)
		to.iov_len = from.iov_len = 2 * sizeof(*args);
	process_vm_readv(call->pid, &to, 1, &from, 1, 0);
	call->number = number == SYS_BIND    ? SYS_bind :
		       number == SYS_CONNECT ? SYS_connect :
		       number == SYS_LISTEN  ? SYS_listen :
					       0;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		call->args[i] = args[i];
}

static void take_compat(struct cmd_why_call *call,
	const struct ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case COMPAT_SOCKETCALL: take_socketcall(call, info); break;
	case COMPAT_BIND: call->number = SYS_bind; break;
	case COMPAT_CONNECT: call->number = SYS_connect; break;
	case COMPAT_LISTEN: call->number = SYS_listen; break;
	}
}
#endif

static void on_entry(struct watch *w, pid_t pid,
	const struct ptrace_syscall_info *info)
{
	struct cmd_why_call call = { .pid = pid };

	drop_call(w, pid);
	memcpy(call.args, info->entry.args, sizeof(call.args));
	if (info->arch == NATIVE && !(info->entry.nr & OTHER_CALL))
		call.number = info->entry.nr;
#ifdef COMPAT
	else if (info->arch == COMPAT)
		take_compat(&call, info);
#endif
	else
		note_foreign(w, pid);
	if (is_ours(call.number) && w->count < CALLS_MAX)
		w->calls[w->count++] = call;
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

static bool may_trace_all(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return !syscall(SYS_capget, &header, data) &&
	       data[0].effective >> CAP_SYS_PTRACE & 1;
}

/* The kernel gives a program no rights of its own if a tracer could take them.
 */
static void on_exec(pid_t pid)
{
	char path[64], name[4096];
	struct stat st;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (may_trace_all() || stat(path, &st) ||
		(!(st.st_mode & (S_ISUID | S_ISGID)) &&
			getxattr(path, "security.capability", NULL, 0) <= 0))
		return;
	length = readlink(path, name, sizeof(name) - 1);
	name[MAX(length, 0)] = '\0';
	quote_printf(stderr,
		"portclash: %s has rights of its own (set-user-ID, or "
		"capabilities), but not while it is watched by who may not "
		"trace it: try as root\n",
		name);
}

__attribute__((noreturn)) static void cannot_watch(int error)
{
	die(EXIT_CANNOT, "why: cannot watch a command: %s", strerror(error));
}

/* A thread that has been killed does not go on, and one that cannot go on would
 * stand still for ever. */
static void go_on(int request, pid_t pid, int number)
{
	if (ptrace(request, pid, 0, number) && errno != ESRCH)
		cannot_watch(errno);
}

/* A thread stands still: see why, and let it go on. */
static void on_stop(struct watch *w, pid_t pid, int status)
{
	int number = WSTOPSIG(status);

	if (is_group_stop(status)) {
		go_on(PTRACE_LISTEN, pid, 0);
		return;
	}
	if (number == SYSCALL_STOP)
		on_syscall(w, pid);
	if (status >> 16 == PTRACE_EVENT_EXEC)
		on_exec(pid);
	if (number == SYSCALL_STOP || status >> 16)
		number = 0;
	go_on(PTRACE_SYSCALL, pid, number);
}

static void on_status(struct watch *w, pid_t pid, int status)
{
	if (WIFSTOPPED(status)) {
		on_stop(w, pid, status);
		return;
	}
	drop_call(w, pid);
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
	pid = process_fork();
	if (!pid) {
		int error;

		kill(getpid(), SIGSTOP);
		process_exec();
		execvp(args[0], args);
		error = errno;
		fprintf(stderr, "portclash: ");
		quote_printf(stderr, "%s: %s\n", args[0], strerror(error));
		_exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
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
		cannot_watch(error);
	}
	if (kill(pid, SIGCONT))
		cannot_watch(errno);
}

static volatile pid_t receiver;

/* What a terminal sends to all has reached the command already. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number != SIGALRM && info->si_code != SI_KERNEL && receiver > 0)
		kill(receiver, number);
}

static void pass_signals_to(pid_t pid)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGALRM };
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = pass_on;
	receiver = pid;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

/* Until the command has ended, and all that it has started; but not for long
 * after it. False, if there is more to watch */
static bool watch(struct watch *w)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid > 0)
			on_status(w, pid, status);
		else if (errno == ECHILD && w->ended)
			return true;
		else if (errno != EINTR)
			cannot_watch(errno);
		else if (w->ended)
			return false;
		if (pid > 0 && pid == receiver && w->ended) {
			receiver = 0;
			alarm(LATE_SECONDS);
		}
	}
}

static void print_json(const struct watch *w)
{
	struct json_object *answer = answer_new("why");

	answer_text(answer, "command", w->options->args[0]);
	answer_number(answer, "failed", w->failed);
	cmd_why_json_again(answer);
	answer_number(answer, "code", w->code);
	answer_end(answer, true);
}

int cmd_why_watch(const struct options *options)
{
	static struct watch w;

	w.options = options;
	w.main = start(options->args);
	seize(w.main);
	pass_signals_to(w.main);
	if (!watch(&w))
		fputs("portclash: what the command has started goes on, and is "
		      "no longer watched\n",
			stderr);
	cmd_why_say_again();
	if (options->json)
		print_json(&w);
	return w.code;
}
