/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_world.h - the world of the kernel subject: made, cleaned, made anew
 *
 * DOC: Theory of Operation
 *
 * A fresh world costs a millisecond or two and a program some ten microseconds,
 * so programs share a world that is *proven clean* in between. They may leave
 * two things behind. Sysctls are written back. TCP sockets may outlive their
 * descriptors (TIME_WAIT, orphans, connections that nobody accepted); these are
 * aborted through sock_diag, until it lists none. If that does not work, or
 * something else may be left, such as a half-known neighbour, the world is
 * given up and a new one is made.
 *
 * To list the connected sockets of one namespace, the kernel walks a table that
 * all namespaces share, of 262144 buckets on a machine of 24 GB: 180 us. So
 * the world is made with a small table of its own, for 2 us. That also makes
 * tcp_max_tw_buckets and tcp_max_syn_backlog smaller; but these depend on the
 * memory of the machine anyhow. All other sysctls have their defaults.
 *
 * Some kernels give the pair of devices and a range of ports to their first
 * network only. With PORTCLASH_WORLD=sandbox the process stays in the network
 * that it is in, which is never made anew. Without sock_diag it is proven clean
 * by what it is for (kernel_ports.h). If it is not, the process is of no more
 * use.
 */
#ifndef KERNEL_WORLD_H
#define KERNEL_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "kernel_sysctl.h"

struct sockdiag;

/**
 * struct kernel_world - The network namespace that the process is in
 * @id:		Its number (netns_id_current())
 * @diag:	To clean it with, or NULL if this kernel has no sock_diag
 * @echo:	To see that all that was sent is answered (kernel_socket_echo())
 * @types:	A bit for each socket_type that this kernel has
 * @sysctls:	Which can be written, and their defaults
 * @stays:	It is the one we were started in, for good
 * @devices:	Are veth0 and veth1 there? Else lo has their addresses
 * @pair:	Their numbers here
 * @v6:		Is there any IPv6?
 */
struct kernel_world {
	uint64_t id;
	struct sockdiag *diag;
	int echo;
	uint8_t types;
	struct kernel_sysctls sysctls;
	bool stays;
	bool devices;
	uint32_t pair[2];
	bool v6;
};

/**
 * kernel_world_enter() - Leave the caller's network for a fresh world
 * @world:	Filled in
 * @why:	On failure: the reason, and how to mend it
 * @size:	Of @why
 *
 * Moves the process, which must not have threads. Refuses, by the namespace's
 * number, if it would still be in the network that it came from.
 *
 * With PORTCLASH_WORLD=sandbox it stays in its network. It refuses if that has
 * any device but lo and the world's pair: then it may be somebody's.
 *
 * Return: 0, or a negative errno
 */
int kernel_world_enter(struct kernel_world *world, char *why, size_t size);

/**
 * kernel_world_renew() - Give up the world for a fresh one
 *
 * As for kernel_world_enter(). Sockets of the old world must have been closed.
 */
int kernel_world_renew(struct kernel_world *world, char *why, size_t size);

/**
 * kernel_world_clean() - Abort the TCP sockets that nobody has any more
 * @world:	World; all its descriptors must have been closed
 * @bound:	May any be left that is bound, but not connected? MPTCP does
 *		part of its closing later
 *
 * Return: 0 if sock_diag has listed nothing that is left, -EBUSY if that did
 *	   not come to an end, or another negative errno
 */
int kernel_world_clean(struct kernel_world *world, bool bound);

/** kernel_world_scope() - The number here of a device of the world */
uint32_t kernel_world_scope(const struct kernel_world *world, uint32_t device);

/** kernel_world_close() - Free what it holds; the process stays in it */
void kernel_world_close(struct kernel_world *world);

#endif /* KERNEL_WORLD_H */
