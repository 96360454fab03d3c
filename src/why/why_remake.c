// SPDX-License-Identifier: Apache-2.0
/*
 * why_remake.c - sockets as they are in another network
 *
 * A socket under repair (TCP_REPAIR) can be bound over any other, and is
 * connected without a packet. When the repair is over, it has the options that
 * are then set. UDP has no such thing: there SO_REUSEADDR is set on all until
 * all are there.
 */
#include "why_remake.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "world.h"

/* A range that is used up has so many ports. */
enum { HOLDERS_MAX = 70000, SPARE = 64, REPAIR_OFF_QUIETLY = -1 };

struct why_name why_remake_name(const struct addr *addr, uint16_t port,
	uint32_t scope)
{
	struct why_name name = { .size = sizeof(name.in) };

	if (addr->len == 4) {
		name.in.sin_family = AF_INET;
		name.in.sin_port = htons(port);
		memcpy(&name.in.sin_addr, addr->bytes, 4);
		return name;
	}
	name.size = sizeof(name.in6);
	name.in6.sin6_family = AF_INET6;
	name.in6.sin6_port = htons(port);
	name.in6.sin6_scope_id = scope;
	memcpy(&name.in6.sin6_addr, addr->bytes, 16);
	return name;
}

bool why_remake_set(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

static bool set_device(int fd, const struct why_situation *s, uint32_t ifindex)
{
	const struct why_device *device = why_device(s, ifindex);

	return !ifindex ||
	       (device && !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
				  device->name, strlen(device->name) + 1));
}

int why_remake_socket(const struct why_remade *remade, uint8_t protocol,
	uint8_t family, uint32_t uid, uint32_t ifindex)
{
	uid_t owner = uid == remade->was ? geteuid() : uid;
	int fd = socket(family,
		(protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) |
			SOCK_CLOEXEC | SOCK_NONBLOCK,
		protocol);

	if (fd >= 0 && ((owner != geteuid() && fchown(fd, owner, -1)) ||
			       !set_device(fd, remade->situation, ifindex))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static const struct why_holder *holder(const struct why_remade *remade,
	unsigned int i)
{
	return &remade->situation->holders[remade->holders[i]];
}

/* Let the kernel choose this port, and none else. */
static bool set_range(uint16_t port)
{
	int fd = open(world_sysctls[SYSCTL_PORT_RANGE].path,
		O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && dprintf(fd, "%u %u", port, port) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Bind it over all others; it may have any address. One that is of IPv6 and not
 * IPV6_V6ONLY has got its address by a connect. */
static bool place(int fd, const struct why_holder *h, bool chosen)
{
	const struct sockdiag_row *row = &h->row;
	const struct addr any = { .len = 16 };
	bool narrowed = row->peer_port && row->family == AF_INET6 &&
			h->v6only_known && !row->v6only &&
			!addr_is_mapped(&row->addr);
	struct why_name own = why_remake_name(narrowed ? &any : &row->addr,
		chosen ? 0 : row->port, row->ifindex);
	struct why_name peer = why_remake_name(&row->peer, row->peer_port,
		row->ifindex);
	bool tcp = row->protocol == IPPROTO_TCP;

	why_remake_set(fd, SOL_IP, IP_FREEBIND, 1);
	if (row->family == AF_INET6 && h->v6only_known)
		why_remake_set(fd, SOL_IPV6, IPV6_V6ONLY, row->v6only);
	why_remake_set(fd, SOL_SOCKET, SO_REUSEPORT, h->reuseport);
	if (tcp ? !why_remake_set(fd, SOL_TCP, TCP_REPAIR, 1) :
		  !why_remake_set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	if (chosen &&
		(!set_range(row->port) || !why_remake_set(fd, SOL_IP,
						  IP_BIND_ADDRESS_NO_PORT, 1)))
		return false;
	if (bind(fd, &own.any, own.size) ||
		(row->peer_port && connect(fd, &peer.any, peer.size)))
		return false;
	if (tcp && !why_remake_set(fd, SOL_TCP, TCP_REPAIR, REPAIR_OFF_QUIETLY))
		return false;
	return why_remake_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/* The kernel's list of UDP has the newest first, so the last one is made first.
 * What is bound comes before what a connect has chosen a port for. */
static void make_some(struct why_remade *remade, int *fds,
	const struct why_ports *bound, bool chosen)
{
	for (unsigned int i = remade->count; i > 0; i--) {
		const struct why_holder *h = holder(remade, i - 1);
		int fd = -1;

		if (chosen != (bound && !why_ports_has(bound, h->row.port)))
			continue;
		if (!h->row.mini && remade->made < HOLDERS_MAX)
			fd = why_remake_socket(remade, h->row.protocol,
				h->row.family, h->row.uid, h->row.ifindex);
		if (fd >= 0 && !place(fd, h, chosen)) {
			close(fd);
			fd = -1;
		}
		fds[i - 1] = fd;
		remade->made += fd >= 0;
		remade->missing += fd < 0;
	}
}

/* Ports that not only connections have */
static void note_bound(const struct why_remade *remade, struct why_ports *bound)
{
	for (unsigned int i = 0; i < remade->count; i++)
		if (!holder(remade, i)->row.peer_port)
			why_ports_add(bound, holder(remade, i)->row.port);
}

/* All that are there let each other listen, and have their own options then. */
static void finish(struct why_remade *remade, const int *fds)
{
	for (unsigned int i = 0; i < remade->count; i++)
		if (fds[i] >= 0 &&
			holder(remade, i)->row.state == SOCKDIAG_LISTEN &&
			listen(fds[i], 1)) {
			remade->made--;
			remade->missing++;
		}
	for (unsigned int i = 0; i < remade->count; i++) {
		const struct why_holder *h = holder(remade, i);

		if (fds[i] < 0)
			continue;
		why_remake_set(fds[i], SOL_SOCKET, SO_REUSEADDR, h->reuseaddr);
		why_remake_set(fds[i], SOL_SOCKET, SO_REUSEPORT, h->reuseport);
	}
}

/* Each has a descriptor; some are left for who asks then. */
static void raise_limit(rlim_t spare)
{
	const rlim_t want = HOLDERS_MAX + 2 * SPARE;
	const struct rlimit more = { want - spare, want };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
		(limit.rlim_max < want && !setrlimit(RLIMIT_NOFILE, &more)) ||
		limit.rlim_max <= spare)
		return;
	limit.rlim_cur = limit.rlim_max - spare;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int why_remake_all(struct why_remade *remade)
{
	int *fds = malloc((remade->count + 1) * sizeof(*fds));
	struct why_ports *bound = calloc(1, sizeof(*bound));
	int rc = fds && bound ? 0 : -ENOMEM;

	if (!rc) {
		raise_limit(SPARE);
		note_bound(remade, bound);
		make_some(remade, fds, remade->clients ? bound : NULL, false);
		if (remade->clients)
			make_some(remade, fds, bound, true);
		finish(remade, fds);
		raise_limit(0);
	}
	free(bound);
	free(fds);
	return rc;
}
