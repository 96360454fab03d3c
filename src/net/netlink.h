/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - a libnl socket that keeps the kernel's own errno
 *
 * libnl turns errnos into fewer codes of its own (ENETUNREACH and ENOTCONN are
 * both "unspecific failure"), so the answer is kept before it does. link and
 * sockdiag have this in common; no other file needs it.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <stdint.h>

struct nl_sock;
struct nlattr;

/**
 * struct netlink - A netlink socket in the namespace it was opened in
 * @sk:		libnl's socket, or NULL
 * @error:	The kernel's last refusal, a negative errno
 */
struct netlink {
	struct nl_sock *sk;
	int error;
};

/**
 * netlink_open() - Open a netlink socket in the thread's namespace
 * @nl:		Filled in; must not move until netlink_close()
 * @protocol:	NETLINK_ROUTE, ...
 *
 * Open it after fork, not before, and use it in one thread only.
 *
 * Return: 0, -EPROTONOSUPPORT (not in this kernel), or another negative errno
 */
int netlink_open(struct netlink *nl, int protocol);

/** netlink_close() - Close it; again, or if it never opened, does nothing */
void netlink_close(struct netlink *nl);

/**
 * netlink_result() - What a call of libnl really came to
 * @nl:		The socket it was made on
 * @rc:		What it returned; it does not tell whether a list is whole
 *
 * Return: 0, the kernel's negative errno, or -ENOMEM or -EIO for a request
 *	   that never reached the kernel
 */
int netlink_result(struct netlink *nl, int rc);

/**
 * netlink_number() - The number in an attribute of 1, 2 or 4 bytes
 *
 * libnl reads it whatever there is, and so beyond what came.
 *
 * Return: The number, or @other if there is no attribute, or of another size
 */
uint32_t netlink_number(const struct nlattr *attr, uint32_t other);

#endif /* NETLINK_H */
