/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why.h - would this bind work here and now, and if not, why?
 *
 * DOC: Theory of Operation
 *
 * First look: the *situation* is what counts of a network, whoever asks. It has
 * the sysctls, the devices, what is local by which table, and every socket that
 * holds a port, with its options where they can be read. Then answer: a
 * question is put to the specification, whose state is made of the situation
 * (spec_snapshot.h). Nothing is bound, and nothing is changed.
 *
 * Not all can be read. Nobody tells the options of TIME_WAIT, of orphans, and
 * of processes that we may not look into; nor in which order an IPv4 and an
 * IPv6 socket of UDP were bound; nor what a port of TCP remembers of sockets
 * that have gone or have changed their options. What is not known is played
 * through. If all that is possible gives one answer, it is certain. Otherwise
 * there are two, each with what it depends on, and the likelier one is first.
 */
#ifndef WHY_H
#define WHY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "net/procfile.h"
#include "net/sockdiag.h"
#include "program/program.h"

enum {
	WHY_COMMAND_MAX = PROCFILE_COMMAND_MAX,
	WHY_DEVICE_MAX = 17,
	WHY_KIND_MAX = 16,
	WHY_PORTS = 65536,
	WHY_SLOTS = 256, /* the least that the kernel's table of UDP has */
	WHY_UNIT_MAX = 96,
};

/**
 * struct why_ports - A set of ports
 */
struct why_ports {
	uint64_t bits[WHY_PORTS / 64];
};

/**
 * struct why_device - A network device
 * @vrf:	The ifindex of the VRF that it is, or is in, or 0
 * @table:	Of that VRF
 * @kind:	Such as "vxlan", or ""
 * @udp_port:	Of a tunnel, the port that the kernel has for it, or 0
 */
struct why_device {
	uint32_t ifindex, vrf, table;
	char name[WHY_DEVICE_MAX], kind[WHY_KIND_MAX];
	uint16_t udp_port;
};

/**
 * struct why_route - What a table says of a network of IPv4 addresses
 * @local:	They can be bound
 */
struct why_route {
	uint32_t table;
	struct addr to;
	uint8_t prefix;
	bool local;
};

/**
 * struct why_address - An IPv6 address of a device
 * @usable:	It is not tentative, or may be used though it is
 * @everywhere:	It can be bound by a socket on another device, too
 */
struct why_address {
	struct addr addr;
	uint32_t ifindex;
	bool usable, everywhere;
};

/** struct why_owner - A descriptor of a socket */
struct why_owner {
	uint32_t holder;
	pid_t pid;
	int fd;
	char command[WHY_COMMAND_MAX];
};

/**
 * struct why_holder - A socket that has a port
 * @row:	As the kernel lists it; of MPTCP, the socket below
 * @known:	Could its options be read?
 * @v6only_known: Is @row.v6only true to it?
 * @mptcp:	It is of MPTCP
 * @vrf:	The VRF that its port belongs to, or 0
 * @owner, @owners: Its first descriptor in the list, and how many there are
 */
struct why_holder {
	struct sockdiag_row row;
	bool known, reuseaddr, reuseport, v6only_known, mptcp;
	uint32_t vrf, owner, owners;
};

/**
 * enum why_seen - Was each process looked into?
 * @WHY_SEEN_SOME: Not those that we may not look into
 * @WHY_SEEN_ALL: Yes
 * @WHY_SEEN_FAILED: Not those where looking has failed
 */
enum why_seen { WHY_SEEN_SOME, WHY_SEEN_ALL, WHY_SEEN_FAILED };

/**
 * struct why_situation - What counts of a network
 * @version:	SPEC_VERSION() of the kernel
 * @reserved:	Ports that the kernel does not choose
 * @vrf_shared:	Sockets of all VRFs share the ports of TCP
 * @seen:	An enum why_seen
 * @udp_near:	UDP sockets whose ports may share a slot of the kernel's table
 * @limits:	A bit for each enum why_limit that is in force
 * @saved:	It was read from a file: its processes are not those of now
 * @uid, @capable: Who asks; see why_rights()
 * @asker:	The process that asks, if it may have sockets of its own here
 */
struct why_situation {
	uint32_t version;
	uint16_t low, high, unprivileged;
	bool autobind_reuse, nonlocal4, nonlocal6, bindv6only, vrf_shared;
	bool capable, saved;
	uint8_t seen;
	uint32_t uid;
	pid_t asker;
	struct why_ports reserved;
	struct why_device *devices;
	struct why_route *routes;
	struct why_address *addresses;
	struct why_holder *holders;
	struct why_owner *owners;
	unsigned int device_count, route_count, address_count, holder_count;
	unsigned int owner_count, limits;
	uint32_t udp_near[WHY_SLOTS];
};

/* What else may refuse a bind, and is not looked at */
enum why_limit {
	WHY_LIMIT_CGROUP,
	WHY_LIMIT_SECCOMP,
	WHY_LIMIT_LANDLOCK,
	WHY_LIMIT_SELINUX,
	WHY_LIMIT_APPARMOR,
	WHY_LIMIT_WSL,
	WHY_LIMIT_BOUND,
	WHY_LIMIT_UNREAD,
	WHY_LIMITS,
};

/**
 * struct why_question - Who would like to have a port, and which
 * @protocol:	IPPROTO_TCP or IPPROTO_UDP
 * @family:	AF_INET or AF_INET6
 * @addr:	Of that family
 * @scope:	The device that is written behind @addr, if that is
 *		why_is_of_link(); or 0
 * @peer_scope:	The same of @peer
 * @port:	0: one that the kernel chooses
 * @listens:	It is to listen then
 * @mptcp:	The socket is of MPTCP
 * @ifindex:	The device it is bound to, or 0
 * @uid:	Of the socket
 * @capable:	The caller has CAP_NET_BIND_SERVICE there
 * @connects:	It is to connect to @peer, and not to bind; @addr is what it
 *		sends from, and @port the one that it is bound to, or 0
 * @broadcast:	SO_BROADCAST is set
 * @ranged:	IP_LOCAL_PORT_RANGE is set, and the situation has that range
 * @unreachable: Then, the negative errno that it fails with whatever port it
 *		has, or 0; see why_route()
 * @refusal:	Why, if there is more to say than the errno does
 * @many:	@addr is of many, and so not what is sent from
 * @by_way:	It depends on routes, rules and addresses of this network
 * @placed:	With @connects: it is bound to @addr and @port before that; else
 *		the kernel chooses them when it connects. Without, it connects
 *		when it is bound
 * @then:	Of such a bind, the negative errno that connect fails with
 *		behind it, whatever the port, or 0
 */
struct why_question {
	uint8_t protocol, family;
	struct addr addr;
	uint32_t scope, peer_scope;
	uint16_t port;
	bool reuseaddr, reuseport, v6only, freebind, transparent;
	bool listens, mptcp, capable, connects, broadcast;
	bool ranged, by_way, placed, many;
	uint32_t ifindex, uid;
	struct addr peer;
	uint16_t peer_port;
	int unreachable, then;
	const char *refusal;
};

/**
 * why_route() - Where would a connection be sent from?
 * @question:	Its @unreachable and @many are filled in. Of TCP, a wildcard as
 *		@addr becomes the address that is sent from, and a @peer that is
 *		one what connect takes it for
 *
 * The thread's network is asked for its route.
 *
 * Return: 0, or a negative errno if it could not be asked
 */
int why_route(const struct why_situation *situation,
	struct why_question *question);

/* What an answer can depend on: bits */
enum why_unknown {
	WHY_ENDED = 1,	  /* options of TIME_WAIT and of orphans */
	WHY_OPTIONS = 2,  /* options of sockets of others */
	WHY_ORDER = 4,	  /* which of two sockets of UDP came first */
	WHY_CROWD = 8,	  /* how many sockets of UDP are elsewhere */
	WHY_HISTORY = 16, /* sockets that have gone, options of before */
	WHY_CHANCE = 32,  /* where the kernel begins to look for a port */
};

enum { WHY_UNKNOWNS = 6 };

/**
 * struct why_outcome - What can happen
 * @listen:	It is listen that fails, and not bind
 * @outcome:	Its rule says why
 */
struct why_outcome {
	bool listen;
	struct outcome outcome;
};

/* Is a socket in the way, all by itself? */
enum why_blocks { WHY_APART, WHY_MAY_BLOCK, WHY_BLOCKS };

/**
 * struct why_answer - What the specification says
 * @first:	What happens, or what is likelier
 * @other:	What may happen, too, if @depends
 * @depends:	On which enum why_unknown
 * @holders:	Of the holders of the port, one after the other: their number
 *		in the situation
 * @blocks:	An enum why_blocks for each of @holders
 * @count:	How many of @holders
 * @free, @taken, @reserved: Of port 0: the ports of the range
 */
struct why_answer {
	struct why_outcome first, other;
	unsigned int depends;
	uint32_t *holders;
	uint8_t *blocks;
	unsigned int count;
	unsigned int free, taken, reserved;
};

/**
 * struct why_who - What people call the process that has a socket
 * @unit:	systemd's unit, or ""
 * @users:	It is one of a user's own systemd
 * @container:	Such as "docker 0123456789ab", or ""
 * @other_netns: It is a process of another network
 */
struct why_who {
	char unit[WHY_UNIT_MAX], container[WHY_UNIT_MAX];
	bool users, other_netns;
};

/** why_ports_has() - Is a port in a set? */
static inline bool why_ports_has(const struct why_ports *ports, uint16_t port)
{
	return ports->bits[port / 64] >> port % 64 & 1;
}

/** why_ports_add() - Put a port into a set */
static inline void why_ports_add(struct why_ports *ports, uint16_t port)
{
	ports->bits[port / 64] |= UINT64_C(1) << port % 64;
}

/**
 * why_look() - Look at the thread's network namespace
 * @situation:	Filled in; the caller's to why_forget(), also on failure
 * @protocols:	Bits 1 << IPPROTO_TCP, 1 << IPPROTO_UDP
 * @ports:	Holders of these are looked at
 *
 * Options of a socket are not listed. They are asked of a copy of its
 * descriptor, if we may have one (PTRACE_MODE_ATTACH).
 *
 * Return: 0, or a negative errno
 */
int why_look(struct why_situation *situation, uint32_t protocols,
	const struct why_ports *ports);

/**
 * why_look_limits() - Which enum why_limit are in force?
 * @situation:	After why_look()
 * @pid:	For this process, or for ourselves if it is 0
 */
void why_look_limits(struct why_situation *situation, pid_t pid);

/** why_limit() - What it is, in words */
const char *why_limit(enum why_limit limit);

/** why_forget() - Free what a situation has */
void why_forget(struct why_situation *situation);

/**
 * why_rights() - Who is a process, and may it bind any port?
 * @pid:	The process, or 0 for ourselves
 * @netns:	A descriptor of the namespace where it would bind
 * @uid:	Its effective user
 * @capable:	Has it CAP_NET_BIND_SERVICE in the user namespace that owns
 *		@netns?
 *
 * Return: 0, -ESRCH (no such process), or another negative errno
 */
int why_rights(pid_t pid, int netns, uint32_t *uid, bool *capable);

/**
 * why_ask() - Ask the specification
 * @answer:	Filled in; the caller's to why_answer_free()
 *
 * Return: 0, or -ENOMEM
 */
int why_ask(const struct why_situation *situation,
	const struct why_question *question, struct why_answer *answer);

/** why_answer_free() - Free what an answer has */
void why_answer_free(struct why_answer *answer);

/** why_device() - The device of this ifindex, or NULL */
const struct why_device *why_device(const struct why_situation *situation,
	uint32_t ifindex);

/** why_device_named() - The device of this name or number, or NULL */
const struct why_device *why_device_named(const struct why_situation *situation,
	const char *name);

/**
 * why_is_half_open() - Is it a connection that nobody can accept yet?
 *
 * It is a note in its listener's book, and has no port of its own: only the
 * same connection cannot be made again.
 */
bool why_is_half_open(const struct why_holder *holder);

/**
 * why_bound_device() - The device that the socket is bound to, or 0
 *
 * It was asked for, or the address names it. Who connects to an address that
 * names a device is bound to that then.
 */
uint32_t why_bound_device(const struct why_question *question);

/** why_tunnel() - The device that the kernel has a UDP socket for, or NULL */
const struct why_device *why_tunnel(const struct why_situation *situation,
	const struct why_holder *holder);

/** why_is_local() - Can the address be bound by a socket on this device? */
bool why_is_local(const struct why_situation *situation,
	const struct addr *addr, uint32_t ifindex);

/**
 * why_is_of_link() - Is it an address of one link only?
 *
 * Then the device counts that is written behind it; otherwise nobody looks.
 */
bool why_is_of_link(const struct addr *addr);

/** why_who() - What is the process of an owner called by people? */
void why_who(const struct why_situation *situation,
	const struct why_owner *owner, struct why_who *who);

#endif /* WHY_H */
