/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_state.h - the state of the specification, and how its rules are asked
 *
 * All that the kernel knows of ports is one plain value, struct spec. This file
 * says what is in it. The files that work on it are in ci/modules, each below
 * those that it calls. All of them are private to the specification.
 *
 * The functions that answer an op ask the kernel's questions in its order, and
 * each question is one line: RETURN_IF(spec, condition, rule). It *returns*
 * from the function with the rule, unless the condition is false or the rule
 * is switched off; then the next line is asked. ANSWER(spec, rule) is a value,
 * and stands where no question is left. SPEC_NO_RULE says that no rule decided.
 *
 * APPLIES(spec, rule) asks for an effect. If it is in force, it is noted, and
 * listed beside the decision; so it stands last in a condition. HOLDS() asks
 * without a note.
 */
#ifndef SPEC_STATE_H
#define SPEC_STATE_H

#include "spec.h"
#include "in16.h"
#include "util.h"

enum tcp_state {
	CLOSED,
	LISTEN,
	SYN_SENT,
	ESTABLISHED,
	CLOSE_WAIT,
	FIN_WAIT1,
	LAST_ACK,
	TIME_WAIT,
};

/* The state that the calls of a stream socket go by, beside its tcp_state */
enum call_state { UNCONNECTED, CONNECTING, CONNECTED };

/* Bits of struct spec_socket.locks */
enum {
	ADDR_LOCK = 1,	   /* bind asked for the address, which stays */
	PORT_LOCK = 2,	   /* bind asked for the port, which stays */
	CONNECT_BOUND = 4, /* a connect has chosen the port */
};

/* Values of struct spec_socket.dead: by listen, or by connect */
enum { NOT_DEAD, DEAD_LISTENER, DEAD_CLIENT };

/* UDP sockets, and those whose ports leaked: that takes four ops */
enum { SPEC_UDP_MAX = PROGRAM_SOCKETS_MAX + PROGRAM_OPS_MAX / 4 };

/* Values of struct spec_socket.reuse */
enum { NO_REUSE, CAN_REUSE, FORCE_REUSE };

/* Bits of struct spec_socket.shut: the halves that are shut down */
enum { SHUT_RCV = 1, SHUT_SEND = 2 };

/* 127.0.0.6, the IPv4 address of an AF_INET6 socket at an IPv6 address */
#define DUMMY4 0x7f000006u
#define LOOPBACK4 0x7f000001u

/**
 * struct spec_socket - One socket, orphan or TIME_WAIT
 * @rcv:	Address it receives at: bound to, or the source of a connection
 * @source:	AF_INET6: address to send from, if not @rcv
 * @peer_addr:	The other end; UDP: of the last connect
 * @rcv4:	The same as @rcv for IPv4: DUMMY4 if it is no IPv4 address
 * @source4:	The same as @source for IPv4
 * @uid:	Owner
 * @device:	Bound to, or 0
 * @port:	Local port, 0 for none (inet_num)
 * @name_port:	The port that getsockname tells (inet_sport); may be stale
 * @peer_port:	The other end's port
 * @low, @high:	IP_LOCAL_PORT_RANGE, or 0
 * @type:	A socket_type
 * @state:	A tcp_state; a connected UDP socket is ESTABLISHED
 * @call:	A call_state
 * @reuse:	NO_REUSE, CAN_REUSE or FORCE_REUSE
 * @locks:	ADDR_LOCK, PORT_LOCK, CONNECT_BOUND
 * @shut:	SHUT_RCV, SHUT_SEND
 * @held:	TCP: it is in a port bucket; UDP: it is in the list
 * @was_reset:	No connect has told so yet (connect_was_reset)
 * @dead:	It can do nothing more, as in no Linux (dead_socket_refuses,
 *		ended_socket_is_gone)
 * @ends:	Like @shut, but only what its own shutdowns did
 * @with_peer:	It got its port together with a peer: accepted, or by a connect
 * @taken_reuse, @taken_reuseport, @taken_device, @taken_rcv, @taken_rcv4: As
 *		they were when it got its port; no Linux looks at them
 *		(options_of_bind_count, spec_leak.h)
 * @last_device: UDP: its device at the last connect or disconnect, or when it
 *		got its port
 * @last_reuse, @last_reuseport: UDP: these at the last connect, or when it got
 *		its port
 * @last_v4:	UDP: the last connect was by IPv4
 * @kept:	A bind to, or a connect from @kept_rcv was refused, and it keeps
 *		that (refused_bind_keeps_address, refused_connect_keeps_source)
 * @last_name:	What it told when it died, if that is kept
 * @leak:	It, and what it has left behind, have a number in common, or 0
 * @ahead:	Its connection has taken the place of one in TIME_WAIT, so its
 *		numbers are ahead of those of the next (tcp_twsk_unique())
 * @v4_ops:	AF_INET6: packets go out by IPv4 since a mapped connect
 * @orphan:	Its descriptor is closed
 * @name_unknown: The kernel chose @name_port, and told nobody
 * @peer:	1 + index of the other end, 0 for none
 * @listener:	1 + index of the listener that it waits at, 0 for none
 * @turn:	Its turn in the queue of that listener
 * @backlog:	Listener: the argument of listen(2)
 * @waiting:	Listener: how many connections are in its queue
 * @made:	MPTCP: there is a TCP socket below, which has all of the above
 * @told_v6only...@told: MPTCP: the values of the MPTCP socket itself, which it
 *		tells; those above are of the TCP socket below
 */
struct spec_socket {
	struct in16 rcv, source, peer_addr, taken_rcv, kept_rcv, last_name;
	uint32_t rcv4, source4, taken_rcv4;
	uint32_t uid;
	uint32_t device;
	uint16_t port, name_port, peer_port;
	uint16_t low, high;
	uint8_t type, state, call, reuse, locks, shut, ends;
	bool reuseport, v6only, freebind, transparent, no_port, linger0, repair;
	bool held, v4_ops, orphan, name_unknown, ahead;
	bool taken_reuseport, last_reuseport, with_peer, last_v4, kept;
	uint8_t dead, leak;
	bool was_reset;
	uint8_t taken_reuse, last_reuse;
	uint32_t taken_device, last_device;
	uint8_t peer, listener;
	uint16_t turn, backlog, waiting;
	bool made, told_v6only;
	uint32_t told_uid, told_device;
	struct in16 told;
};

/**
 * struct fast - What the owners of a bucket have in common (fastreuse)
 * @reuse:	1: all may share by SO_REUSEADDR; 0: not all
 * @reuseport:	FAST_NONE, FAST_ANY or FAST_STRICT
 *
 * Both are -1 while only connects have begun the bucket. A bind takes that for
 * 0. See spec_bucket.c.
 */
struct fast {
	int8_t reuse, reuseport;
};

/* Values of struct fast.reuseport */
enum { FAST_NONE = 0, FAST_ANY = 1, FAST_STRICT = 2 };

/**
 * struct spec_port_bucket - A TCP port that sockets have
 * @rcv:	Address of the socket that the cache remembers
 * @uid, @rcv4, @v6, @v6only: What else is remembered of it
 */
struct spec_port_bucket {
	struct in16 rcv;
	uint32_t uid, rcv4;
	uint16_t port;
	struct fast fast;
	bool v6, v6only;
};

/**
 * struct spec_addr_bucket - An address at which sockets have a TCP port
 * @v6:		An IPv6 socket made it
 */
struct spec_addr_bucket {
	struct in16 rcv;
	uint16_t port;
	struct fast fast;
	bool v6;
};

/**
 * struct spec - All that the kernel knows of ports
 * @leader:	The leader's outcome of the op of this step, or NULL
 * @effects:	A bit for each effect of this op, from SPEC_LAST_DECISION
 * @index:	Socket of each slot of the program
 * @count:	Sockets in use are below; a free one has no type
 * @leaks:	How many left something behind
 * @untold_low, @untold_high: The kernel chose a port from there for a socket
 *		that has it still, and told nobody which
 * @udp:	UDP sockets with a port, in the order they are examined
 * @udp2:	The same, in the order of the table by address
 * @real:	The network is no world, but one of a snapshot; then
 * @local:	the address that is asked for is local there,
 * @no_device:	the device of the asking socket does not exist,
 * @udp_others:	and so many more UDP sockets are in the slot of its port,
 * @taken:	and these ports are not free for it: 65536 bits, or NULL
 */
struct spec {
	const struct spec_force *force;
	const struct outcome *leader;
	uint64_t effects[2];
	uint32_t euid;
	uint16_t low, high, reserved_low, reserved_high, unprivileged;
	bool autobind_reuse, nonlocal4, nonlocal6, bindv6only;
	bool real, local, no_device;
	uint16_t untold_low, untold_high;
	uint16_t turn;
	uint32_t udp_others;
	const uint64_t *taken;
	uint8_t count, udp_count, port_count, addr_count, leaks;
	uint8_t index[PROGRAM_SOCKETS_MAX];
	uint8_t udp[SPEC_UDP_MAX], udp2[SPEC_UDP_MAX];
	struct spec_socket sockets[SPEC_SOCKETS_MAX];
	struct spec_port_bucket ports[SPEC_SOCKETS_MAX];
	struct spec_addr_bucket addrs[SPEC_SOCKETS_MAX];
};

enum { NO_TYPE = 0xff };

/** spec_state_holds() - Is a rule in force? */
static inline bool spec_state_holds(const struct spec *spec,
	enum spec_rule rule)
{
	/* A spec is there, with or without the peer that was looked for. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	return spec->force->rule[rule];
}

/** spec_state_effect() - Is it in force? Then it is noted for this op. */
static inline bool spec_state_effect(struct spec *spec, enum spec_rule rule)
{
	unsigned int bit = rule - SPEC_LAST_DECISION;

	if (!spec_state_holds(spec, rule))
		return false;
	spec->effects[bit / 64] |= UINT64_C(1) << bit % 64;
	return true;
}

/** spec_state_decide() - The rule if it is in force, else SPEC_NO_RULE */
static inline enum spec_rule spec_state_decide(const struct spec *spec,
	enum spec_rule rule)
{
	return spec_state_holds(spec, rule) ? rule : SPEC_NO_RULE;
}

/* ANSWER() - A decision by its name: what a function has to return last */
#define ANSWER(spec, rule) spec_state_decide(spec, RULE_##rule)

/* RETURN_IF() - Return the decision, if the condition and the rule hold. */
#define RETURN_IF(spec, condition, rule)                                       \
	do {                                                                   \
		if ((condition) && spec_state_holds(spec, RULE_##rule))        \
			return RULE_##rule;                                    \
	} while (0)

/* HOLDS() - Is a rule in force? */
#define HOLDS(spec, rule) spec_state_holds(spec, RULE_##rule)

/* APPLIES() - Is the effect in force? Then it is listed beside the decision. */
#define APPLIES(spec, rule) spec_state_effect(spec, RULE_##rule)

/**
 * spec_state_leader_got_none() - Did the leader go on without any port?
 *
 * No Linux does so unless IP_BIND_ADDRESS_NO_PORT is set. Who has to choose one
 * takes the last that is free: the leader will choose others, and most likely
 * not that one.
 */
static inline bool spec_state_leader_got_none(const struct spec *spec)
{
	return spec->leader && spec->leader->kind == OUTCOME_OK &&
	       spec->leader->value == VALUE_NONE;
}

/**
 * spec_state_leader_port() - Did the leader tell a port that it chose?
 * @port:	Set to it, only if it did
 */
static inline bool spec_state_leader_port(const struct spec *spec,
	uint16_t *port)
{
	const struct outcome *leader = spec->leader;

	if (!leader || leader->kind != OUTCOME_OK ||
		leader->value != VALUE_NUMBER)
		return false;
	*port = leader->a;
	return true;
}

#endif /* SPEC_STATE_H */
