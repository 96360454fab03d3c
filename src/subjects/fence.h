/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fence.h - a process that cannot leave its network, nor start a program
 *
 * DOC: Theory of Operation
 *
 * Whoever asks this kernel has moved to a network of its own, and from there on
 * makes sockets and writes sysctls. A fault of ours must not bring it back, and
 * there are few ways: setns(); a socket, or the whole of a process, that is
 * elsewhere; and calls that no filter sees. A seccomp filter ends the process
 * that tries one of them (SIGSYS), since an error might go unnoticed. Neither
 * may it start a program, nor change what all networks share: mounts, modules,
 * programs of the kernel's.
 *
 * The list is of what is refused, since what a libc or a sanitizer needs is
 * nobody's to know. So most calls are the same whatever their arguments, and
 * the kernel remembers that: it asks no filter about them.
 *
 * What is forked has the fence, too. Therefore a process that may have to start
 * an agent again has none: the agent, which might be a machine, would be inside
 * of it. Nor has one that stays in a sandbox: that is its fence.
 */
#ifndef FENCE_H
#define FENCE_H

/**
 * fence_up() - From now on, and for all that this process forks
 *
 * Return: 0, also if there is one already, or a negative errno: this kernel has
 *	   no seccomp
 */
int fence_up(void);

#endif /* FENCE_H */
