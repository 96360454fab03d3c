/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_private.h - the state of the specification, and who asks whom
 *
 * Read spec.h first, then down the files as they ask each other:
 *
 *	spec.c		 one op: sockets, options, names
 *	spec_bind.c	 what bind asks before it asks for a port
 *	spec_connect.c	 what connect asks; routes are in spec_route.c
 *	spec_open.c	 how a connection begins, and who answers
 *	spec_flow.c	 how it ends: FIN, RST, TIME_WAIT
 *	spec_tcp.c	 may this TCP socket have this port?
 *	spec_choose.c	 which port may be chosen for it?
 *	spec_bucket.c	 what a TCP port remembers of who had it
 *	spec_udp.c	 the same for UDP
 *	spec_addr.c	 addresses: kinds, which are local, which overlap
 *
 * The functions that answer an op ask the kernel's questions in its order, and
 * each question is one line: RETURN_IF(spec, condition, rule). It *returns*
 * from the function with the rule, unless the condition is false or the rule
 * is switched off; then the next line is asked. ANSWER(spec, rule) is a value,
 * and stands where no question is left. SPEC_NO_RULE says that no rule decided.
 */
#ifndef SPEC_PRIVATE_H
#define SPEC_PRIVATE_H

#include "spec.h"
#include "spec_addr.h"
#include "util.h"
#include "world.h"

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

/* What the calls of a stream socket believe, apart from its tcp_state */
enum call_state { UNCONNECTED, CONNECTING, CONNECTED };

/* What stays when a port or an address is given back (ST-01) */
enum { ADDR_LOCK = 1, PORT_LOCK = 2, CONNECT_BOUND = 4 };

/* Values of struct spec_socket.reuse */
enum { NO_REUSE, CAN_REUSE, FORCE_REUSE };

/* Which halves are shut down */
enum { SHUT_RCV = 1, SHUT_SEND = 2 };

/* "127.0.0.6", which an AF_INET6 socket has as IPv4 address if it has none */
#define DUMMY4 0x7f000006u
#define LOOPBACK4 0x7f000001u

/**
 * struct spec_socket - One socket, orphan or TIME_WAIT
 * @rcv:	Address it receives at: bound to, or the source of a connection
 * @source:	AF_INET6: address to send from, if not @rcv
 * @peer_addr:	The other end
 * @rcv4:	The same as @rcv for IPv4: DUMMY4 if it is no IPv4 address
 * @source4:	The same as @source for IPv4
 * @uid:	Owner
 * @device:	Bound to, or 0
 * @port:	Local port, 0 for none (inet_num)
 * @name_port:	What getsockname tells (inet_sport), which may be stale
 * @peer_port:	The other end's
 * @low, @high:	IP_LOCAL_PORT_RANGE
 * @type:	A socket_type
 * @state:	A tcp_state; a connected UDP socket is ESTABLISHED
 * @call:	A call_state
 * @reuse:	NO_REUSE, CAN_REUSE or FORCE_REUSE
 * @locks:	ADDR_LOCK, PORT_LOCK, CONNECT_BOUND
 * @shut:	SHUT_RCV, SHUT_SEND
 * @held:	TCP: it is in a port bucket; UDP: it is in the list
 * @v4_ops:	AF_INET6: packets go out by IPv4 since a mapped connect
 * @orphan:	Its descriptor is closed
 * @name_unknown: The kernel chose @name_port and nobody was told
 * @peer:	1 + index of the other end, 0 for none
 * @listener:	1 + index of who has it in its accept queue, 0 for none
 * @turn:	Its turn in that queue
 * @backlog:	Of a listener
 * @waiting:	How many are in its queue
 * @made:	MPTCP: there is a TCP socket below, which has all of the above
 * @told_v6only...@told: MPTCP: what it itself knows of these, and tells
 */
struct spec_socket {
	struct in16 rcv, source, peer_addr;
	uint32_t rcv4, source4;
	uint32_t uid;
	uint32_t device;
	uint16_t port, name_port, peer_port;
	uint16_t low, high;
	uint8_t type, state, call, reuse, locks, shut;
	bool reuseport, v6only, freebind, transparent, no_port, linger0, repair;
	bool held, v4_ops, orphan, name_unknown;
	uint8_t peer, listener;
	uint16_t turn, backlog, waiting;
	bool made, told_v6only;
	uint32_t told_uid, told_device;
	struct in16 told;
};

/* -1 is "connect-bound only", and for sharing as good as 0 (TCP-14) */
struct fast {
	int8_t reuse, reuseport;
};

/* Values of struct fast.reuseport */
enum { FAST_NONE = 0, FAST_ANY = 1, FAST_STRICT = 2 };

/**
 * struct spec_port - A port bucket of TCP (ST-04)
 * @uid...@v6only: Of the socket that the cache remembers
 */
struct spec_port {
	struct in16 rcv;
	uint32_t uid, rcv4;
	uint16_t port;
	struct fast fast;
	bool v6, v6only;
};

/* An address bucket of TCP; @v6: who made it was an IPv6 socket */
struct spec_place {
	struct in16 rcv;
	uint16_t port;
	struct fast fast;
	bool v6;
};

/**
 * struct spec - All there is
 * @leader:	What the kernel answered to the op of this step, or NULL
 * @effects:	A bit for each effect of this op, from SPEC_LAST_DECISION
 * @index:	Socket of each slot of the program
 * @count:	Sockets in use are below; a free one has no type
 * @unknown_low, @unknown_high: The kernel chose a port from there for a socket
 *		that has it still, and nobody was told which
 * @udp:	UDP sockets with a port, in the order they are examined
 * @udp2:	The same in the order of the address table (UDP-07)
 */
struct spec {
	const struct spec_force *force;
	const struct outcome *leader;
	uint64_t effects[2];
	uint32_t euid;
	uint16_t low, high, reserved_low, reserved_high, unprivileged;
	bool autobind_reuse, nonlocal4, nonlocal6, bindv6only;
	uint16_t unknown_low, unknown_high;
	uint16_t turn;
	uint8_t count, udp_count, port_count, place_count;
	uint8_t index[PROGRAM_SOCKETS_MAX];
	uint8_t udp[PROGRAM_SOCKETS_MAX], udp2[PROGRAM_SOCKETS_MAX];
	struct spec_socket sockets[SPEC_SOCKETS_MAX];
	struct spec_port ports[SPEC_SOCKETS_MAX];
	struct spec_place places[SPEC_SOCKETS_MAX];
};

enum { NO_TYPE = 0xff };

/** spec_holds() - Is a rule in force? */
static inline bool spec_holds(const struct spec *spec, enum spec_rule rule)
{
	return spec->force->rule[rule];
}

/** spec_effect() - Is it in force? Then it is said to have had an effect. */
static inline bool spec_effect(struct spec *spec, enum spec_rule rule)
{
	unsigned int bit = rule - SPEC_LAST_DECISION;

	if (!spec_holds(spec, rule))
		return false;
	spec->effects[bit / 64] |= UINT64_C(1) << bit % 64;
	return true;
}

/** spec_decide() - The rule if it is in force, else SPEC_NO_RULE */
static inline enum spec_rule spec_decide(const struct spec *spec,
	enum spec_rule rule)
{
	return spec_holds(spec, rule) ? rule : SPEC_NO_RULE;
}

/* ANSWER() - A decision by its name: what a function has to return last */
#define ANSWER(spec, rule) spec_decide(spec, RULE_##rule)

/* RETURN_IF() - Return the decision, if the condition and the rule hold. */
#define RETURN_IF(spec, condition, rule)                                       \
	do {                                                                   \
		if ((condition) && spec_holds(spec, RULE_##rule))              \
			return RULE_##rule;                                    \
	} while (0)

/* APPLIES() - Is the effect in force? Then it is listed beside the decision. */
#define APPLIES(spec, rule) spec_effect(spec, RULE_##rule)

/** spec_v6() - Is it an AF_INET6 socket? */
static inline bool spec_v6(const struct spec_socket *s)
{
	return type_is_v6(s->type);
}

/** spec_is_udp() - Is it a UDP socket? */
static inline bool spec_is_udp(const struct spec_socket *s)
{
	return type_is_udp(s->type);
}

/** spec_owner() - Whose it is, for who compares */
uint32_t spec_owner(struct spec *spec, const struct spec_socket *s);

/** spec_is_mptcp() - Is it an MPTCP socket? */
static inline bool spec_is_mptcp(const struct spec_socket *s)
{
	return s->type == MPTCP4 || s->type == MPTCP6;
}

/** spec_any() - Is it bound to no address of its own? */
static inline bool spec_any(const struct spec_socket *s)
{
	return in16_any(s->rcv) || in16_is(s->rcv, 0);
}

/** spec_overlap() - Does what @a asks for overlap with what @b has (OVL-02)? */
bool spec_overlap(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b);

/** spec_covered() - Does what a port's cache remembers cover @a (TCP-06)? */
bool spec_covered(struct spec *spec, const struct spec_port *port,
	const struct spec_socket *a);

/** spec_devices_meet() - Unless both have one and they differ (OVL-01) */
bool spec_devices_meet(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b);

/** spec_any_again() - To no address, as after a release (inet_reset_saddr) */
void spec_any_again(struct spec_socket *s);

/** spec_set_rcv4() - To an IPv4 address, for both families */
void spec_set_rcv4(struct spec_socket *s, uint32_t v4);

/* spec_bucket.c */

/** spec_port() - The bucket of a port, or NULL */
struct spec_port *spec_port(struct spec *spec, uint16_t port);

/** spec_owns() - Is it TCP and has that port? */
bool spec_owns(const struct spec_socket *s, uint16_t port);

/** spec_place_is_v6() - Did an IPv6 socket make the address bucket it is in? */
bool spec_place_is_v6(struct spec *spec, const struct spec_socket *s);

/** spec_cached() - Does the reuseport cache of a port let it in (TCP-06)? */
bool spec_cached(struct spec *spec, const struct spec_port *port,
	const struct spec_socket *a);

/** tcp_take() - It has the port now; the caches learn of it (TCP-05) */
void tcp_take(struct spec *spec, struct spec_socket *s, uint16_t port,
	bool listening);

/** tcp_join() - It has the port now, and the caches do not learn of it */
void tcp_join(struct spec *spec, struct spec_socket *s, uint16_t port);

/** tcp_leave() - It gives the port back (TCP-13) */
void tcp_leave(struct spec *spec, struct spec_socket *s);

/** tcp_move_from() - It leaves its address bucket, to be set another address */
void tcp_move_from(struct spec *spec, struct spec_socket *s);

/** tcp_move_to() - And joins that of its new address */
void tcp_move_to(struct spec *spec, struct spec_socket *s);

/** tcp_reset_addr() - Back to no address, unless that is locked */
void tcp_reset_addr(struct spec *spec, struct spec_socket *s);

/* spec_tcp.c */

/** enum asking - How a search for a port differs from a question (TCP-01) */
enum asking {
	ASK_EXPLICIT,	/* relax, reuseport ok */
	ASK_SEARCH,	/* neither: any overlap is a conflict */
	ASK_AGAIN,	/* relax only: with ip_autobind_reuse */
};

/** tcp_against_owners() - The first refusal of all, or what lets it in */
enum spec_rule tcp_against_owners(struct spec *spec,
	const struct spec_socket *s, uint16_t port, enum asking how);

/**
 * tcp_ask() - May it have this port?
 * @s:		Its address is set
 * @port:	Not 0
 * @listening:	It is about to listen
 *
 * Return: The rule
 */
enum spec_rule tcp_ask(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool listening);

/* spec_choose.c */

/**
 * tcp_choose() - Which port may it have?
 * @port:	The choice: followed if it may be chosen
 *
 * Return: The rule
 */
enum spec_rule tcp_choose(struct spec *spec, const struct spec_socket *s,
	uint16_t *port);

/** tcp_choose_connect() - The same for a connect (CON-04) */
enum spec_rule tcp_choose_connect(struct spec *spec,
	const struct spec_socket *s, uint16_t *port, bool *known);

/** spec_range() - The ports to choose from, both included */
void spec_range(struct spec *spec, const struct spec_socket *s,
	uint16_t *low, uint16_t *high);

/** spec_lose_port() - The kernel has chosen a port, and nobody is told which */
void spec_lose_port(struct spec *spec, struct spec_socket *s);

/** spec_lost() - May it be such a port? */
bool spec_lost(const struct spec *spec, uint16_t port);

/** spec_lost_of() - May so few ports be all lost? */
bool spec_lost_of(const struct spec *spec, uint16_t low, uint16_t high);

/** spec_reserved() - Is it not to be chosen? */
bool spec_reserved(struct spec *spec, uint16_t port);

/* spec_udp.c */

/** udp_ask() - May it have this port? */
enum spec_rule udp_ask(struct spec *spec, const struct spec_socket *s,
	uint16_t port);

/** udp_choose() - Which port may it have? As tcp_choose() */
enum spec_rule udp_choose(struct spec *spec, const struct spec_socket *s,
	uint16_t *port);

/** udp_take() - It has the port now */
void udp_take(struct spec *spec, struct spec_socket *s, uint16_t port);

/** udp_leave() - It gives the port back */
void udp_leave(struct spec *spec, struct spec_socket *s);

/** udp_readdressed() - Its address has changed */
void udp_readdressed(struct spec *spec, struct spec_socket *s);

/*
 * The calls, in spec_bind.c, spec_connect.c and spec_flow.c. Each returns the
 * rule that answers it; @out already has a value, if there is one.
 */

/** spec_bind() - bind(2) */
enum spec_rule spec_bind(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

/** spec_listen() - listen(2) */
enum spec_rule spec_listen(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

/** spec_connect() - connect(2) */
enum spec_rule spec_connect(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

/** spec_disconnect() - connect(2) with AF_UNSPEC */
enum spec_rule spec_disconnect(struct spec *spec, struct spec_socket *s);

/** spec_accept() - accept(2); @index: where the child is */
enum spec_rule spec_accept(struct spec *spec, struct spec_socket *s,
	uint8_t *index);

/** spec_shutdown() - shutdown(2) */
enum spec_rule spec_shutdown(struct spec *spec, struct spec_socket *s,
	const struct op *op);

/** spec_close() - close(2), which cannot fail */
void spec_close(struct spec *spec, struct spec_socket *s);

/** spec_make_subflow() - MPTCP: the first call that needs it makes it */
void spec_make_subflow(struct spec *spec, struct spec_socket *s);

/** spec_name() - What getsockname has to tell of addresses */
struct in16 spec_name(const struct spec_socket *s);

/** spec_new() - A free socket; all zero but for its type */
struct spec_socket *spec_new(struct spec *spec, uint8_t type);

/** spec_free() - It is no more */
void spec_free(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_PRIVATE_H */
