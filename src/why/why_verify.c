// SPDX-License-Identifier: Apache-2.0
/*
 * why_verify.c - make the situation again, and really ask
 */
#include "why_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "process.h"
#include "world.h"
#include "net/link.h"
#include "net/netns.h"
#include "why_private.h"
#include "why_remake.h"

/* A file of /proc/sys; of one that is not written, the default stays. */
static void write_sysctl(enum sysctl_key key, uint32_t value)
{
	int fd = open(world_sysctls[key].path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "%u", value);
		close(fd);
	}
}

static void make_range(const struct why_situation *s)
{
	int fd = open(world_sysctls[SYSCTL_PORT_RANGE].path,
		O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "%u %u", s->low, s->high);
		close(fd);
	}
}

/* All of them are written at once. */
static void make_reserved(const struct why_situation *s)
{
	int fd = open(world_sysctls[SYSCTL_RESERVED_PORTS].path,
		O_WRONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (uint32_t port = 1; file && port < WHY_PORTS; port++)
		if (why_ports_has(&s->reserved, port))
			fprintf(file, "%u,", port);
	if (file && !fclose(file) && size && fd >= 0 &&
		write(fd, text, size - 1) < 0)
		errno = 0;
	free(text);
	if (fd >= 0)
		close(fd);
}

static void make_sysctls(const struct why_situation *s)
{
	write_sysctl(SYSCTL_UNPRIVILEGED_START, s->unprivileged);
	write_sysctl(SYSCTL_AUTOBIND_REUSE, s->autobind_reuse);
	write_sysctl(SYSCTL_NONLOCAL4, s->nonlocal4);
	write_sysctl(SYSCTL_NONLOCAL6, s->nonlocal6);
	make_reserved(s);
}

static bool has_own6(const struct why_situation *s)
{
	static const struct addr own6 = { 16, { [15] = 1 } };

	for (unsigned int i = 0; i < s->address_count; i++)
		if (addr_equal(&s->addresses[i].addr, &own6))
			return s->addresses[i].usable;
	return false;
}

/* It has ::1 as soon as it is up, if it is not told otherwise. */
static void make_lo(struct link_session *link, const struct why_situation *s)
{
	int fd = has_own6(s) ? -1 :
			       open("/proc/sys/net/ipv6/conf/lo/disable_ipv6",
				       O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		dprintf(fd, "1");
		close(fd);
	}
	link_up(link, WORLD_LO);
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
	uint32_t device = why_bound_device(q);
	uint32_t owner = WORLD_LO;

	if (addr_is_any(&addr) || !why_is_local(s, &addr, device))
		return;
	for (unsigned int i = 0; i < s->address_count && owner != device; i++)
		if (addr_equal(&s->addresses[i].addr, &addr))
			owner = s->addresses[i].ifindex;
	make_device(link, s, owner);
	link_add_addr(link, owner, &addr, 8 * addr.len);
}

/* A peer can be anywhere: all ways lead to one device, and it is sent from an
 * address that is there. */
static void make_ways(struct link_session *link, const struct why_question *q)
{
	const struct addr own6 = { 16, { 0xfd, [15] = 1 } };
	uint32_t device = why_bound_device(q);
	struct link_route out = { .to.len = 4,
		.index = device ? device : WORLD_LO };

	if (q->connects && q->family == AF_INET6)
		link_add_addr(link, out.index, &own6, 128);
	link_add_route(link, &out);
	out.to.len = 16;
	link_add_route(link, &out);
}

static int make_network(const struct why_remade *remade,
	const struct why_question *q)
{
	const struct why_situation *s = remade->situation;
	struct link_session *link;
	int rc = netns_unshare();

	if (rc >= 0)
		rc = link_open(&link);
	if (rc)
		return rc;
	make_lo(link, s);
	make_sysctls(s);
	make_device(link, s, q->ifindex);
	make_device(link, s, q->scope);
	make_device(link, s, q->peer_scope);
	for (unsigned int i = 0; i < remade->count; i++)
		make_device(link, s,
			s->holders[remade->holders[i]].row.ifindex);
	make_address(link, s, q);
	make_ways(link, q);
	link_close(link);
	return 0;
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
	return (!q->reuseaddr ||
		       why_remake_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) &&
	       (!q->reuseport ||
		       why_remake_set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	       (q->family != AF_INET6 ||
		       why_remake_set(fd, SOL_IPV6, IPV6_V6ONLY, q->v6only)) &&
	       (!q->freebind || why_remake_set(fd, SOL_IP, IP_FREEBIND, 1)) &&
	       (!q->transparent ||
		       why_remake_set(fd, SOL_IP, IP_TRANSPARENT, 1)) &&
	       (!q->broadcast ||
		       why_remake_set(fd, SOL_SOCKET, SO_BROADCAST, 1));
}

/* Bind, and listen if it is to */
static void try_bind(int fd, const struct why_question *q,
	struct why_verified *out)
{
	struct why_name name = why_remake_name(&q->addr, q->port, q->scope);

	if (bind(fd, &name.any, name.size)) {
		out->error = errno;
	} else if (q->protocol == IPPROTO_TCP && q->listens && listen(fd, 1)) {
		out->error = errno;
		out->listen = true;
	}
}

/* Connect, from where it is said to be bound, or else from the address that the
 * kernel would choose. That nobody answers is no matter. */
static void try_connect(int fd, const struct why_question *q,
	struct why_verified *out)
{
	struct why_name own = why_remake_name(&q->addr, q->port, q->scope);
	struct why_name peer = why_remake_name(&q->peer, q->peer_port,
		q->peer_scope);

	if (!q->placed)
		why_remake_set(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if ((q->placed || !addr_is_any(&q->addr)) &&
		bind(fd, &own.any, own.size)) {
		out->error = errno;
		return;
	}
	if (connect(fd, &peer.any, peer.size) && errno != EINPROGRESS &&
		errno != ECONNREFUSED)
		out->error = errno;
}

/* 0, or a negative errno if it could not be asked */
static int ask_kernel(const struct why_remade *remade,
	const struct why_question *q, struct why_verified *out)
{
	uint8_t protocol = q->mptcp ? (uint8_t)IPPROTO_MPTCP : q->protocol;
	int fd = why_remake_socket(remade, protocol, q->family, q->uid,
		q->ifindex);

	if (fd < 0 || (!q->capable && !drop_right()) || !set_asked(fd, q))
		return -errno;
	(q->connects ? try_connect : try_bind)(fd, q, out);
	/* That is no answer, but what we lack. */
	return out->error == ENOMEM ? -ENOMEM : 0;
}

/* The last ones are made first, for there may be too many; but in UDP their
 * order counts. */
static bool is_turn(const struct why_question *q, uint8_t blocks, int turn)
{
	return q->protocol == IPPROTO_UDP ? turn == WHY_APART : blocks == turn;
}

/* Of port 0, who has one that can be chosen is not listed in the answer. */
static int find_holders(const struct why_question *q,
	const struct why_answer *answer, struct why_remade *remade)
{
	const struct why_situation *s = remade->situation;
	uint32_t *list = malloc((s->holder_count + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (int blocks = WHY_APART; q->port && blocks <= WHY_BLOCKS; blocks++)
		for (unsigned int i = 0; i < answer->count; i++)
			if (is_turn(q, answer->blocks[i], blocks))
				list[remade->count++] = answer->holders[i];
	for (uint32_t i = 0; !q->port && i < s->holder_count; i++) {
		const struct sockdiag_row *row = &s->holders[i].row;

		if (row->protocol == q->protocol && row->port >= s->low &&
			row->port <= s->high &&
			!why_is_half_open(&s->holders[i]))
			list[remade->count++] = i;
	}
	remade->holders = list;
	return 0;
}

/* In a process of its own: it never goes back. */
static int in_child(const struct why_situation *s, const struct why_question *q,
	const struct why_answer *answer, struct why_verified *out)
{
	struct why_remade remade = {
		.situation = s,
		.was = geteuid(),
		.clients = q->connects && q->protocol == IPPROTO_TCP,
	};
	int rc = find_holders(q, answer, &remade);

	if (!rc)
		rc = make_network(&remade, q);
	if (!rc)
		rc = why_remake_all(&remade);
	if (!rc) {
		make_range(s);
		rc = ask_kernel(&remade, q, out);
	}
	out->made = remade.made;
	out->missing = remade.missing;
	return rc;
}

/* What is not made again decides; or NULL */
static const char *why_not(const struct why_situation *s,
	const struct why_question *q)
{
	uint32_t device = why_bound_device(q);
	struct addr peer = addr_unmapped(&q->peer);

	if (q->unreachable && q->by_way)
		return "that is for the routes, rules and addresses of this "
		       "network to say, and they are not made again";
	if (q->connects && q->many)
		return "the address is of many, and the routes of this network "
		       "say which other one is sent from";
	if (q->connects && device && peer.len == 4 && why_is_local(s, &peer, 0))
		return "the peer is an address of this network, and which "
		       "device has it is not made again";
	if (why_vrf(s, device))
		return "a VRF is not made again";
	return NULL;
}

int why_verify(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	struct why_verified *verified)
{
	int ends[2], rc = -EIO, status;
	pid_t pid;

	memset(verified, 0, sizeof(*verified));
	verified->unasked = why_not(situation, question);
	if (verified->unasked)
		return 0;
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
