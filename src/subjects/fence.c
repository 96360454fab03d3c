// SPDX-License-Identifier: Apache-2.0
/*
 * fence.c - a process that cannot leave its network, nor start a program
 */
#include "fence.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "util.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static const int refused[] = {
	SYS_setns,
	/* A socket or a process that is elsewhere, and what no filter sees */
	SYS_pidfd_getfd,
	SYS_process_vm_writev,
	SYS_io_uring_setup,
	/* What all share */
	SYS_mount,
	SYS_umount2,
	SYS_move_mount,
	SYS_pivot_root,
	SYS_bpf,
	SYS_init_module,
	SYS_finit_module,
#ifndef SANITIZED
	/* AddressSanitizer asks a program for the lines of a report, which then
	 * is inside of the fence; and it looks for leaks by ptrace. */
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
#endif
};

#ifdef ARCH

/* The arch, the number, a comparison for each, and the two ends */
enum { CODE_MAX = 8 + ARRAY_SIZE(refused) };

static void add(struct sock_fprog *program, struct sock_filter code)
{
	ASSERT(program->len < CODE_MAX);
	program->filter[program->len++] = code;
}

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

static struct sock_filter end(uint32_t with)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, with);
}

/* Go on behind so many more if it is this, or with the next one */
static struct sock_filter is(uint32_t value, size_t skip)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
		skip, 0);
}

/* Return: 0 or an errno */
static int install(void)
{
	const size_t count = ARRAY_SIZE(refused);
	struct sock_filter code[CODE_MAX];
	struct sock_fprog program = { .filter = code };

	/* Calls of another architecture have other numbers. */
	add(&program, load(offsetof(struct seccomp_data, arch)));
	add(&program, is(ARCH, 1));
	add(&program, end(SECCOMP_RET_KILL_PROCESS));
	add(&program, load(offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < count; i++)
		add(&program, is(refused[i], count - i));
	add(&program, end(SECCOMP_RET_ALLOW));
	add(&program, end(SECCOMP_RET_KILL_PROCESS));
	/* Without a flag for that, older kernels slow the whole process down,
	 * against attacks by speculation. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program))
		return errno;
	return 0;
}

#else

static int install(void)
{
	(void)refused;
	return ENOSYS;
}

#endif

int fence_up(void)
{
	static bool up; /* what is forked has it, too */
	int error = up ? 0 : install();

	up = !error;
	return -error;
}
