// SPDX-License-Identifier: Apache-2.0
/*
 * uml-xstate.c - all registers, for a user-mode Linux that knows some of them
 *
 * UML sets the floating point registers of its processes as large as it knows
 * them. A processor with more (AVX-512, AMX) has more, and since Linux 5.14
 * ptrace(2) takes all or none. So what is set is completed by what is there.
 * Preloaded by in-uml.
 */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

enum { REGISTERS_MAX = 32768 };

long ptrace(enum __ptrace_request request, ...)
{
	static long (*next)(enum __ptrace_request, ...);
	static char all[REGISTERS_MAX];
	struct iovec whole = { all, sizeof(all) };
	const struct iovec *part;
	void *pid, *addr, *data;
	va_list args;

	va_start(args, request);
	pid = va_arg(args, void *);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (!next)
		next = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT,
			"ptrace");
	if (request != PTRACE_SETREGSET || addr != (void *)NT_X86_XSTATE ||
		next(PTRACE_GETREGSET, pid, addr, &whole))
		return next(request, pid, addr, data);
	part = data;
	if (part->iov_len > whole.iov_len)
		return next(request, pid, addr, data);
	memcpy(all, part->iov_base, part->iov_len);
	return next(request, pid, addr, &whole);
}
