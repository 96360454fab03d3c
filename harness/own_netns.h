/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_netns.h - for tests: leave the machine's network before anything else
 */
#ifndef OWN_NETNS_H
#define OWN_NETNS_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"
#include "net/link.h"
#include "net/netns.h"

/* The index of lo in every namespace */
enum { OWN_NETNS_LO = 1 };

static inline struct addr own_netns_addr(const char *text)
{
	struct addr addr;

	ASSERT(!addr_parse(text, &addr));
	return addr;
}

/* Move to a network of our own with lo up; if not, tell pytest why */
static inline bool own_netns_enter(void)
{
	struct link_session *session;
	int rc = netns_unshare();

	if (rc < 0) {
		printf("skipped: no network namespace: %s\n", strerror(-rc));
		return false;
	}
	ASSERT(!link_open(&session));
	ASSERT(!link_up(session, OWN_NETNS_LO));
	link_close(session);
	return true;
}

/* Have mounts of our own, which are gone with this process. A chroot cannot do
 * so: its root is no mount, and mounts made there are seen outside. */
static inline bool own_netns_with_mounts(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount("", "/", "none", MS_REC | MS_PRIVATE, NULL);
}

/* In a chroot, or by a sysctl, the kernel makes no user namespaces. */
static inline bool own_netns_may_have_users(void)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid)
		_exit(unshare(CLONE_NEWUSER) != 0);
	waitpid(pid, &status, 0);
	return !status;
}

#endif /* OWN_NETNS_H */
