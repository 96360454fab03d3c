/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - the system calls of a command and of all that it starts
 *
 * DOC: Theory of Operation
 *
 * A seccomp filter stops the calls that matter, and hands each to us before the
 * kernel does it (SECCOMP_RET_USER_NOTIF). What the command forks or executes
 * has that filter, too. We look at the call, and say whether it is to be done,
 * or is to fail. Nobody is traced, so that who is watched may trace others.
 *
 * Which network a call touches is a question about its socket: a socket stays
 * in the network that it was made in, wherever its process has gone since. The
 * kernel tells the number of that network (SO_NETNS_COOKIE), so nobody has to
 * follow who went where.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/seccomp.h>

/**
 * calls_start() - Run a command whose calls are handed to us
 * @argv:	The command, which is looked for on the path
 * @all:	All calls, but for those that cannot fail; else those that can
 *		touch a network
 * @listener:	Filled in: where calls come from
 *
 * Return: its pid, or a negative errno: -EBUSY if we are watched ourselves
 */
int calls_start(char *const argv[], bool all, int *listener);

/** calls_name() - What a system call is called; of most, "call NUMBER" */
const char *calls_name(int number);

/** calls_number() - The call of that name; -1 if it has none here */
int calls_number(const char *name);

/** calls_home() - Remember the network that we are in */
bool calls_home(void);

/**
 * calls_breach() - Does this call touch the network that we are in?
 *
 * To bind, listen, connect or send, to change devices, addresses or routes, to
 * destroy sockets, and to write a sysctl does so. To ask does not, nor does
 * whatever is done with sockets of AF_UNIX.
 *
 * Return: what it does, or NULL; valid until the next call
 */
const char *calls_breach(const struct seccomp_notif *call);

#endif /* CALLS_H */
