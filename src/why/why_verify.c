// SPDX-License-Identifier: Apache-2.0
/*
 * why_verify.c - make the situation again, and really ask
 *
 * A socket under repair (TCP_REPAIR) can be bound over any other, and is
 * connected without a packet. When the repair is over, it has the options that
 * are then set. UDP has no such thing: there SO_REUSEADDR is set on all until
 * all are there.
 */
#include "why_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "process.h"
#include "util.h"
#include "world.h"
#include "net/link.h"
#include "net/netns.h"
#include "why_private.h"

enum { HOLDERS_MAX = 512, REPAIR_OFF_QUIETLY = -1 };

/* Who we were before we had a network of our own: without root, the only user
 * that there is in it, and by another number. */
static uid_t was;

/** struct name - The argument of bind or connect */
struct name {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t size;
};

static struct name name_of(const struct addr *addr, uint16_t port,
	uint32_t scope)
{
	struct name name = { .size = sizeof(name.in) };

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

static bool set(int fd, int level, int option, int value)
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

/* A file of /proc/sys; of one that is not written, the default stays. */
static void write_sysctl(enum sysctl_key key, uint32_t value)
{
	int fd = open(world_sysctls[key].path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "%u", value);
		close(fd);
	}
}

static void make_sysctls(const struct why_situation *s)
{
	int fd = open(world_sysctls[SYSCTL_PORT_RANGE].path,
		O_WRONLY | O_CLOEXEC);

	write_sysctl(SYSCTL_UNPRIVILEGED_START, s->unprivileged);
	write_sysctl(SYSCTL_AUTOBIND_REUSE, s->autobind_reuse);
	write_sysctl(SYSCTL_NONLOCAL4, s->nonlocal4);
	write_sysctl(SYSCTL_NONLOCAL6, s->nonlocal6);
	if (fd >= 0) {
		dprintf(fd, "%u %u", s->low, s->high);
		close(fd);
	}
}

/* The device by its name and number, as a bridge; lo is there. */
static void make_device(struct link_session *link,
	const struct why_situation *s, uint32_t ifindex)
{
	const struct why_device *device = why_device(s, ifindex);
	struct link_end bridge = { .index = ifindex };

	if (!device || ifindex == WORLD_LO)
		return;
	bridge.name = device->name;
	if (!link_add_bridge(link, &bridge)) {
		link_addr_gen_none(link, ifindex);
		link_up(link, ifindex);
	}
}

/* What can be bound here can be there: the address is one of a device's. */
static void make_address(struct link_session *link,
	const struct why_situation *s, const struct why_question *q)
{
	struct addr addr = addr_unmapped(&q->addr);
	uint32_t device = q->scope ? q->scope : q->ifindex;
	uint32_t owner = WORLD_LO;

	if (addr_is_any(&addr) || !why_is_local(s, &addr, device))
		return;
	for (unsigned int i = 0; i < s->address_count; i++)
		if (addr_equal(&s->addresses[i].addr, &addr))
			owner = s->addresses[i].ifindex;
	make_device(link, s, owner);
	link_add_addr(link, owner, &addr, 8 * addr.len);
}

static int make_network(const struct why_situation *s,
	const struct why_question *q, const struct why_answer *answer)
{
	struct link_route out = { .to.len = 4, .index = WORLD_LO };
	struct link_session *link;
	int rc = netns_unshare();

	if (rc >= 0)
		rc = link_open(&link);
	if (rc)
		return rc;
	link_up(link, WORLD_LO);
	make_sysctls(s);
	make_device(link, s, q->ifindex);
	make_device(link, s, q->scope);
	for (unsigned int i = 0; i < answer->count; i++)
		make_device(link, s,
			s->holders[answer->holders[i]].row.ifindex);
	make_address(link, s, q);
	/* A peer can be anywhere. */
	link_add_route(link, &out);
	out.to.len = 16;
	link_add_route(link, &out);
	link_close(link);
	return 0;
}

static int open_socket(const struct why_situation *s, uint8_t protocol,
	uint8_t family, uint32_t uid, uint32_t ifindex)
{
	uid_t owner = uid == was ? geteuid() : uid;
	int fd = socket(family,
		(protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) |
			SOCK_CLOEXEC | SOCK_NONBLOCK,
		protocol);

	if (fd >= 0 && ((owner != geteuid() && fchown(fd, owner, -1)) ||
			       !set_device(fd, s, ifindex))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Bind it over all others; it may have any address. One that is of IPv6 and not
 * IPV6_V6ONLY has got its address by a connect. */
static bool place_holder(int fd, const struct why_holder *h)
{
	const struct sockdiag_row *row = &h->row;
	const struct addr any = { .len = 16 };
	bool narrowed = row->peer_port && row->family == AF_INET6 &&
			h->v6only_known && !row->v6only &&
			!addr_is_mapped(&row->addr);
	struct name own = name_of(narrowed ? &any : &row->addr, row->port,
		row->ifindex);
	struct name peer = name_of(&row->peer, row->peer_port, row->ifindex);
	bool tcp = row->protocol == IPPROTO_TCP;

	set(fd, SOL_IP, IP_FREEBIND, 1);
	if (row->family == AF_INET6 && h->v6only_known)
		set(fd, SOL_IPV6, IPV6_V6ONLY, row->v6only);
	set(fd, SOL_SOCKET, SO_REUSEPORT, h->reuseport);
	if (tcp ? !set(fd, SOL_TCP, TCP_REPAIR, 1) :
		  !set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	if (bind(fd, &own.any, own.size) ||
		(row->peer_port && connect(fd, &peer.any, peer.size)))
		return false;
	if (tcp && !set(fd, SOL_TCP, TCP_REPAIR, REPAIR_OFF_QUIETLY))
		return false;
	return set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/* The kernel's list of UDP has the newest first, so the last one is made first.
 */
static void make_holders(const struct why_situation *s,
	const struct why_answer *answer, int *fds, struct why_verified *out)
{
	for (unsigned int i = answer->count; i > 0; i--) {
		const struct why_holder *h =
			&s->holders[answer->holders[i - 1]];
		int fd = out->made < HOLDERS_MAX && !h->row.mini ?
				 open_socket(s, h->row.protocol, h->row.family,
					 h->row.uid, h->row.ifindex) :
				 -1;

		fds[i - 1] = fd;
		if (fd >= 0 && !place_holder(fd, h)) {
			close(fd);
			fds[i - 1] = -1;
		}
		out->made += fds[i - 1] >= 0;
		out->missing += fds[i - 1] < 0;
	}
}

/* All that are there let each other listen, and have their own options then. */
static void finish_holders(const struct why_situation *s,
	const struct why_answer *answer, const int *fds,
	struct why_verified *out)
{
	for (unsigned int i = 0; i < answer->count; i++) {
		const struct why_holder *h = &s->holders[answer->holders[i]];

		if (fds[i] >= 0 && h->row.state == SOCKDIAG_LISTEN &&
			listen(fds[i], 1)) {
			out->made--;
			out->missing++;
		}
	}
	for (unsigned int i = 0; i < answer->count; i++) {
		const struct why_holder *h = &s->holders[answer->holders[i]];

		if (fds[i] < 0)
			continue;
		set(fds[i], SOL_SOCKET, SO_REUSEADDR, h->reuseaddr);
		set(fds[i], SOL_SOCKET, SO_REUSEPORT, h->reuseport);
	}
}

/* Who may bind any port here, need not have been allowed to there. */
static bool drop_right(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
	return !syscall(SYS_capset, &header, data);
}

static bool set_asked(int fd, const struct why_question *q)
{
	return (!q->reuseaddr || set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) &&
	       (!q->reuseport || set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	       (q->family != AF_INET6 ||
		       set(fd, SOL_IPV6, IPV6_V6ONLY, q->v6only)) &&
	       (!q->freebind || set(fd, SOL_IP, IP_FREEBIND, 1)) &&
	       (!q->transparent || set(fd, SOL_IP, IP_TRANSPARENT, 1));
}

/* 0, or a negative errno if it could not be asked */
static int ask_kernel(const struct why_situation *s,
	const struct why_question *q, struct why_verified *out)
{
	struct name name = name_of(&q->addr, q->port, q->scope);
	int fd = open_socket(s, q->protocol, q->family, q->uid, q->ifindex);

	if (fd < 0 || (!q->capable && !drop_right()) || !set_asked(fd, q))
		return -errno;
	if (bind(fd, &name.any, name.size))
		out->error = errno;
	else if (q->protocol == IPPROTO_TCP && q->listens && listen(fd, 1)) {
		out->error = errno;
		out->listen = true;
	}
	/* That is no answer, but what we lack. */
	return out->error == ENOMEM ? -ENOMEM : 0;
}

/* In a process of its own: it never goes back. */
static int in_child(const struct why_situation *s, const struct why_question *q,
	const struct why_answer *answer, struct why_verified *out)
{
	int *fds = calloc(answer->count + 1, sizeof(*fds));
	int rc;

	was = geteuid();
	rc = fds ? make_network(s, q, answer) : -ENOMEM;
	if (!rc) {
		make_holders(s, answer, fds, out);
		finish_holders(s, answer, fds, out);
		rc = ask_kernel(s, q, out);
	}
	free(fds);
	return rc;
}

int why_verify(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	struct why_verified *verified)
{
	int ends[2], rc = -EIO, status;
	pid_t pid;

	memset(verified, 0, sizeof(*verified));
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = process_fork();
	if (!pid) {
		rc = in_child(situation, question, answer, verified);
		if (write(ends[1], &rc, sizeof(rc)) < 0 ||
			write(ends[1], verified, sizeof(*verified)) < 0)
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	if (pid > 0) {
		if (read(ends[0], &rc, sizeof(rc)) != sizeof(rc) ||
			read(ends[0], verified, sizeof(*verified)) !=
				sizeof(*verified))
			rc = rc ? rc : -EIO;
		waitpid(pid, &status, 0);
	}
	close(ends[0]);
	return rc;
}
