// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_world.c - the world of the kernel subject: made, cleaned, made anew
 */
#include "kernel_world.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "kernel_socket.h"
#include "util.h"
#include "world.h"
#include "net/link.h"
#include "net/netns.h"
#include "net/procfile.h"
#include "net/sockdiag.h"

/* How many sockets one round of cleaning takes, and how many rounds there are.
 * From the second on it waits, in all about 20 ms. */
enum { ROWS_MAX = 128, ROUNDS_MAX = 100, ROUND_WAIT_NS = 200000 };

/* Buckets of the world's own table of connected sockets */
#define TABLE_PATH "/proc/sys/net/ipv4/tcp_child_ehash_entries"
#define TABLE_SIZE "1024"

/* Say why, and pass the errno on */
__attribute__((format(printf, 4, 5))) static int because(char *why, size_t size,
	int rc, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(why, size, format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < size)
		snprintf(why + len, size - len, ": %s", strerror(-rc));
	return rc;
}

/* The number of this namespace; or, if this kernel has none that is never used
 * again, that of its file: of two that exist at one time, it differs. */
static int own_id(uint64_t *id)
{
	int rc = netns_id_current(id);
	struct stat st;

	if (rc != -ENOPROTOOPT)
		return rc;
	if (stat("/proc/self/ns/net", &st))
		return rc;
	*id = st.st_ino;
	return 0;
}

/* Some kernels cannot set lo up, but have it up in a new namespace already. */
static int lo_up(struct link_session *session)
{
	struct ifreq request = { .ifr_name = "lo" };
	int rc = link_up(session, WORLD_LO), fd;

	if (!rc)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &request) &&
		request.ifr_flags & IFF_UP)
		rc = 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int find_types(uint8_t *types)
{
	for (int type = 0; type < SOCKET_TYPES; type++) {
		int has = kernel_socket_has_type(type);

		if (has < 0)
			return has;
		*types |= has << type;
	}
	return 0;
}

static const uint32_t pair[] = { WORLD_VETH0, WORLD_VETH1 };

static int add_pair(struct link_session *session)
{
	struct link_end ends[ARRAY_SIZE(pair)] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(pair); i++) {
		const struct world_device *device = world_device(pair[i]);

		ends[i].name = device->name;
		ends[i].index = device->index;
		memcpy(ends[i].mac, device->mac, sizeof(ends[i].mac));
	}
	return link_add_veth(session, &ends[0], &ends[1]);
}

static int build_veth(struct link_session *session, bool v6, char *why,
	size_t size)
{
	char text[ADDR_TEXT_MAX];
	int rc = add_pair(session);

	if (rc)
		return because(why, size, rc, "cannot make %s and %s",
			world_device(pair[0])->name,
			world_device(pair[1])->name);
	for (size_t i = 0; i < ARRAY_SIZE(pair) && !rc; i++) {
		if (v6)
			rc = link_addr_gen_none(session, pair[i]);
		if (!rc)
			rc = link_up(session, pair[i]);
		if (rc)
			because(why, size, rc, "cannot set up %s",
				world_device(pair[i])->name);
	}
	for (int i = 0; i < WORLD_ADDRS && !rc; i++) {
		const struct world_addr *own = &world_addrs[i];

		if (own->device == WORLD_LO || (own->addr.len == 16 && !v6))
			continue;
		rc = link_add_addr(session, own->device, &own->addr,
			own->prefix);
		if (rc)
			because(why, size, rc, "cannot add the address %s",
				addr_print(&own->addr, text));
	}
	return rc;
}

/* Without veth, lo has the addresses, as far as it takes them. */
static void fill_lo(struct link_session *session)
{
	int index = if_nametoindex(world_device(WORLD_LO)->name);

	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct addr *addr = &world_addrs[i].addr;

		/* Not a whole network: of loopback, all of it would be here. */
		if (world_addrs[i].device != WORLD_LO)
			link_add_addr(session, index, addr, 8 * addr->len);
	}
}

static int build(struct kernel_world *world, char *why, size_t size)
{
	struct link_session *session;
	int rc = link_open(&session);

	if (rc)
		return because(why, size, rc, "cannot use rtnetlink");
	rc = lo_up(session);
	if (rc)
		because(why, size, rc, "cannot set up lo");
	else if (world->pair[0] && world->pair[1])
		rc = 0;
	else
		rc = build_veth(session, world->v6, why, size);
	world->devices = !rc;
	/* Some kernels have no veth. They can still be asked about lo. */
	if (rc == -EOPNOTSUPP) {
		fill_lo(session);
		rc = 0;
	}
	link_close(session);
	return rc;
}

static int leave(char *why, size_t size)
{
	int rc = netns_unshare();

	switch (rc) {
	case -EPERM:
	case -EACCES:
		return because(why, size, rc,
			"no privileges, and unprivileged user namespaces are "
			"off: run as root, or allow them (sysctl "
			"kernel.unprivileged_userns_clone, AppArmor)");
	case -ENOSPC:
		return because(why, size, rc,
			"too many namespaces: raise the sysctls "
			"user.max_net_namespaces and user.max_user_namespaces");
	case -EINVAL:
		return because(why, size, rc,
			"cannot make a network namespace: this process has "
			"threads, or this kernel has none (CONFIG_NET_NS)");
	}
	if (rc < 0)
		return because(why, size, rc,
			"cannot make a network namespace");
	return 0;
}

/* Has it the address on the link that only ours has? */
static bool is_ours(int fd, const struct world_device *device)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s",
		device->name);
	return !ioctl(fd, SIOCGIFHWADDR, &request) &&
	       !memcmp(request.ifr_hwaddr.sa_data, device->mac,
		       sizeof(device->mac));
}

/* The pair, where it has a number that is 0 so far */
static bool take_device(struct kernel_world *world, int fd, const char *name,
	uint32_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
		if (!strcmp(name, world_device(pair[i])->name) &&
			is_ours(fd, world_device(pair[i]))) {
			world->pair[i] = index;
			return true;
		}
	return !strcmp(name, world_device(WORLD_LO)->name);
}

/*
 * $PORTCLASH_WORLD=sandbox: stay in the network that we are in. It must be that
 * of a sandbox: any other has a device besides loopback and the world's pair.
 */
static int stay(struct kernel_world *world, char *why, size_t size)
{
	struct if_nameindex *list = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool alone = list;

	memset(world->pair, 0, sizeof(world->pair));
	for (int i = 0; alone && list[i].if_name; i++)
		alone = take_device(world, fd, list[i].if_name,
			list[i].if_index);
	if (list)
		if_freenameindex(list);
	if (fd >= 0)
		close(fd);
	if (alone)
		return 0;
	return because(why, size, -EPERM,
		"PORTCLASH_WORLD=sandbox: this network has other devices");
}

static bool stays(void)
{
	const char *world = getenv("PORTCLASH_WORLD");

	return world && !strcmp(world, "sandbox");
}

int kernel_world_renew(struct kernel_world *world, char *why, size_t size)
{
	uint64_t before = world->id;
	int rc;

	kernel_world_close(world);
	/* For namespaces made from now on; not before Linux 6.1, thus slow */
	procfile_write(TABLE_PATH, TABLE_SIZE);
	world->stays = stays();
	rc = world->stays ? stay(world, why, size) : leave(why, size);
	if (!rc && (rc = own_id(&world->id)))
		because(why, size, rc,
			"cannot tell namespaces apart: Linux >= 5.14 needed");
	if (!rc && world->id == before && !world->stays)
		rc = because(why, size, -EXDEV,
			"this is still the network it came from");
	if (!rc)
		rc = build(world, why, size);
	if (rc)
		return rc;
	kernel_sysctl_set_range();
	/* Without it, each world with connections is simply given up. */
	if (sockdiag_open(&world->diag))
		world->diag = NULL;
	/* Without it, an answer that is not here at once is waited for. */
	world->echo = kernel_socket_echo();
	return 0;
}

/* Leave the network that is not ours. */
static int leave_home(struct kernel_world *world, char *why, size_t size)
{
	uint64_t home;
	int rc = own_id(&home);

	if (rc)
		return because(why, size, rc,
			"cannot tell namespaces apart: Linux >= 5.14 needed");
	rc = leave(why, size);
	if (!rc && (rc = own_id(&world->id)))
		because(why, size, rc, "cannot tell namespaces apart");
	if (!rc && world->id == home)
		rc = because(why, size, -EXDEV,
			"this is still the machine's own network");
	return rc;
}

int kernel_world_enter(struct kernel_world *world, char *why, size_t size)
{
	int rc = 0;

	memset(world, 0, sizeof(*world));
	/* Twice: the size of a namespace's table is a sysctl of the one it is
	 * made from, and the first is not ours to change. */
	if (!stays())
		rc = leave_home(world, why, size);
	if (rc)
		return rc;
	/* All namespaces of a kernel can do the same, so one is asked. */
	rc = find_types(&world->types);
	if (rc)
		return because(why, size, rc, "cannot make a socket");
	world->v6 = world->types & 1u << TCP6;
	rc = kernel_world_renew(world, why, size);
	if (!rc && (rc = kernel_sysctl_learn(&world->sysctls)))
		because(why, size, rc, "cannot read the sysctls");
	return rc;
}

void kernel_world_close(struct kernel_world *world)
{
	sockdiag_close(world->diag);
	world->diag = NULL;
	if (world->echo > 0)
		close(world->echo);
	world->echo = 0;
}

uint32_t kernel_world_scope(const struct kernel_world *world, uint32_t device)
{
	for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
		if (device == pair[i] && world->pair[i])
			return world->pair[i];
	return device;
}

struct rows {
	unsigned int count;
	struct sockdiag_row rows[ROWS_MAX];
};

static int collect(const struct sockdiag_row *row, void *arg)
{
	struct rows *rows = arg;

	if (rows->count < ROWS_MAX)
		rows->rows[rows->count++] = *row;
	return 0;
}

/* One round: abort all sockets in these states, and return how many */
static int sweep(struct kernel_world *world, uint32_t states)
{
	struct rows rows;
	int rc;

	rows.count = 0;
	rc = sockdiag_each(world->diag, IPPROTO_TCP, AF_INET, states, collect,
		&rows);
	if (rc >= 0 && world->v6)
		rc = sockdiag_each(world->diag, IPPROTO_TCP, AF_INET6, states,
			collect, &rows);
	for (unsigned int i = 0; i < rows.count && rc >= 0; i++) {
		rc = sockdiag_destroy(world->diag, &rows.rows[i]);
		/* The reset from one end has already removed the other. */
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc < 0 ? rc : (int)rows.count;
}

int kernel_world_clean(struct kernel_world *world, bool bound)
{
	const struct timespec wait = { .tv_nsec = ROUND_WAIT_NS };
	uint32_t states = bound ? SOCKDIAG_ALL : SOCKDIAG_CONNECTED;

	if (!world->diag)
		return -EOPNOTSUPP;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int left = sweep(world, states);

		if (left <= 0)
			return left;
		if (round)
			nanosleep(&wait, NULL);
	}
	return -EBUSY;
}
