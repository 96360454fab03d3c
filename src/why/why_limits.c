// SPDX-License-Identifier: Apache-2.0
/*
 * why_limits.c - what else may refuse a bind, and is in force here
 *
 * The specification knows sockets, and nothing of these.
 */
#include "why.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "process.h"
#include "spec/spec.h"

/* The numbers are those of all architectures; headers may be older. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
enum { LANDLOCK_CREATE_RULESET_VERSION = 1, LANDLOCK_OF_NETWORKS = 4 };

/* Something could not be looked at, for want of what that takes */
static bool unread;

static void note_lack(int error)
{
	unread |= process_lacks(error) || error == EIO;
}

/* A file of /proc/PID, or of our own for 0, as text; empty if there is none */
static void read_text(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	fd = open(*name == '/' ? name : path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, size - 1);
	if (n < 0)
		note_lack(errno);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
}

/* The number behind a name of /proc/PID/status */
static unsigned long status_of(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static bool has_programs(int cgroup, enum bpf_attach_type type)
{
	union bpf_attr attr;
	int rc;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = cgroup;
	attr.query.attach_type = type;
	attr.query.query_flags = BPF_F_QUERY_EFFECTIVE;
	rc = syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr));
	if (rc)
		note_lack(errno);
	return !rc && attr.query.prog_cnt;
}

/* Where the control groups of version 2 are: not all systems have only those.
 * False, if they are nowhere. */
static bool find_cgroups(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	bool found = false;

	if (!mounts)
		note_lack(errno);
	while (mounts && !found && (mount = getmntent(mounts))) {
		found = !strcmp(mount->mnt_type, "cgroup2");
		if (found)
			snprintf(path, size, "%s", mount->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

/* Programs on the control group, or above it, that bind asks */
static bool has_cgroup_programs(pid_t pid)
{
	char text[4096], root[4096], path[8192], *at;
	bool found = false;
	int fd;

	read_text(pid, "cgroup", text, sizeof(text));
	at = strstr(text, "0::");
	if (!at || !find_cgroups(root, sizeof(root)))
		return false;
	at[strcspn(at, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s%s", root, at + 3);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		note_lack(errno);
		return false;
	}
	found = has_programs(fd, BPF_CGROUP_INET4_BIND) ||
		has_programs(fd, BPF_CGROUP_INET6_BIND);
	close(fd);
	return found;
}

static bool is_confined(pid_t pid)
{
	char text[256];

	read_text(pid, "attr/apparmor/current", text, sizeof(text));
	return *text && strncmp(text, "unconfined", 10);
}

/* Can it refuse a bind? Whoever is under it had no new privileges, or needed
 * none. */
static bool has_landlock(void)
{
	int version = syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 0)
		note_lack(errno);
	return version >= LANDLOCK_OF_NETWORKS;
}

static bool is_windows(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.release, "microsoft");
}

void why_look_limits(struct why_situation *situation, pid_t pid)
{
	char status[4096], text[256];
	unsigned int out = 0;

	unread = false;
	read_text(pid, "status", status, sizeof(status));
	if (has_cgroup_programs(pid))
		out |= 1u << WHY_LIMIT_CGROUP;
	if (status_of(status, "\nSeccomp:") == 2)
		out |= 1u << WHY_LIMIT_SECCOMP;
	if (status_of(status, "\nNoNewPrivs:") && has_landlock())
		out |= 1u << WHY_LIMIT_LANDLOCK;
	read_text(0, "/sys/fs/selinux/enforce", text, sizeof(text));
	if (*text == '1')
		out |= 1u << WHY_LIMIT_SELINUX;
	if (is_confined(pid))
		out |= 1u << WHY_LIMIT_APPARMOR;
	if (is_windows())
		out |= 1u << WHY_LIMIT_WSL;
	if (situation->version < SPEC_VERSION(6, 8, 0))
		out |= 1u << WHY_LIMIT_BOUND;
	if (unread)
		out |= 1u << WHY_LIMIT_UNREAD;
	situation->limits = out;
}

const char *why_limit(enum why_limit limit)
{
	static const char *const texts[WHY_LIMITS] = {
		[WHY_LIMIT_CGROUP] = "BPF programs on the control group that "
				     "are asked at bind (systemd's "
				     "SocketBindDeny= is one)",
		[WHY_LIMIT_SECCOMP] = "a seccomp filter",
		[WHY_LIMIT_LANDLOCK] = "Landlock, which may be in force",
		[WHY_LIMIT_SELINUX] = "SELinux, which is in force",
		[WHY_LIMIT_APPARMOR] = "a profile of AppArmor",
		[WHY_LIMIT_WSL] = "ports that Windows has: this is WSL",
		[WHY_LIMIT_BOUND] = "TCP sockets that are bound and do not "
				    "listen, which kernels before 6.8 do not "
				    "list",
		[WHY_LIMIT_UNREAD] = ("what could not be read, for want of "
				      "memory or of descriptors"),
	};

	return texts[limit];
}
