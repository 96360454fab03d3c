/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint.h - gVisor's endpoints, as far as ports are concerned
 *
 * DOC: Theory of Operation
 *
 * An endpoint is what gVisor has under a socket. It decides what to ask of the
 * port manager, and when to give it back. Most differences between gVisor and
 * Linux come from here, and not from the port manager. So these are gVisor's
 * steps in gVisor's order: where it changes a field before it can fail, and
 * does not change it back, so do we. Its leaks then follow, and need not be
 * written down one by one. Each step names its rule (gvisor.h), and is skipped
 * without it.
 *
 * The network is a constant (see world.h). Packets go only from and to our own
 * addresses, since nobody has asked gVisor about others. They arrive at once
 * and time does not pass: FIN_WAIT1, LAST_ACK and such are over before the call
 * is, and TIME_WAIT never ends.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "demux.h"
#include "gvisor.h"
#include "ports/portman.h"

/* Every socket and every connection that is waiting to be accepted */
enum { ENDPOINTS_MAX = 128 };

/*
 * What a call on an endpoint returns: 0, a positive errno that the call fails
 * with, this if nobody can know, or a negative errno if it could not be run.
 */
enum { ENDPOINT_UNKNOWN = 10000 };

/**
 * enum endpoint_state - What an endpoint is doing, and what it then has
 * @EP_INITIAL:	No port
 * @EP_BOUND:	A reservation; UDP is also registered, TCP is not
 * @EP_LISTEN:	A reservation, and is registered
 * @EP_SYN_SENT: As below; nobody answers
 * @EP_CONNECTED: A reservation, and is registered with both ends. For TCP the
 *		peer is there too, connected or in @EP_FIN_WAIT
 * @EP_FIN_WAIT: We have closed first, the peer is in @EP_CLOSE_WAIT
 * @EP_CLOSE_WAIT: The peer has closed first and is in @EP_FIN_WAIT
 * @EP_TIME_WAIT: Both have closed, we first; the peer is gone
 * @EP_CLOSED:	Nothing, for good
 * @EP_ERROR:	Nothing, for good, and an error is or was to be told
 */
enum endpoint_state {
	EP_INITIAL,
	EP_BOUND,
	EP_LISTEN,
	EP_SYN_SENT,
	EP_CONNECTED,
	EP_FIN_WAIT,
	EP_CLOSE_WAIT,
	EP_TIME_WAIT,
	EP_CLOSED,
	EP_ERROR,
};

/* Where to bind or to connect; no address is the wildcard */
struct full_addr {
	struct addr addr;
	uint16_t port;
	int32_t nic;
};

/**
 * struct endpoint - One end
 * @transport:	TCP or UDP, as in IP
 * @network:	4 or 6: of the socket
 * @state:	An endpoint_state
 * @v6only:	The option
 * @linger0:	Close sends RST
 * @flags:	RES_* bits to reserve with, as the options are now
 * @device:	Device to reserve with, as the option is now
 * @held:	What it will release: networks, flags, device and destination
 *		from when it reserved, the other fields not used
 * @owed, @owes: Valid if @owes, which only a rule that is taken away sets: the
 *		address and the networks of @owed will be released instead
 * @reserved:	TCP: @held is valid
 * @registered:	TCP: it is in the demuxer
 * @id:		Both ends
 * @nic:	The device of its address (TCP), or the one written (UDP)
 * @bind_addr:	UDP: the address it was bound to
 * @source:	UDP: the address it sends from, once connected
 * @was_bound:	UDP: by bind, not by connect
 * @shut:	TCP: bits 1 read, 2 write: what shutdown was called with
 * @read_closed: TCP: a listener that refuses
 * @capacity:	TCP: how many may wait to be accepted
 * @waiting:	TCP: how many do
 * @queue, @next: TCP: the first of them, and the next in that queue
 * @failed:	A connect failed: its later behaviour is not known
 * @was_reset:	The error of a reset waits to be told
 * @peer:	TCP: the other end
 */
struct endpoint {
	uint8_t transport, network, state;
	bool v6only, linger0;
	uint8_t flags;
	int32_t device;
	struct reservation held, owed;
	bool owes;
	bool reserved, registered;
	struct endpoint_id id;
	int32_t nic;
	struct addr bind_addr, source;
	bool was_bound;
	uint8_t shut;
	bool read_closed;
	unsigned int capacity, waiting;
	struct endpoint *queue, *next;
	bool failed, was_reset;
	struct endpoint *peer;
};

/**
 * struct stack - All of gVisor's network stack that matters here
 * @ports:	The port manager
 * @demux:	Who is registered
 * @random:	The next start for choosing a port
 * @gvisor:	The rules, and what an op has met of them
 * @steer:	Not 0: if a port is to be chosen, it is this one or none
 * @untold:	The leader chooses none here: take the last one that is free,
 *		since it will choose others later
 * @count:	How many endpoints there are; they stay, also when closed
 * @endpoints:	They are referred to by address
 */
struct stack {
	struct portman *ports;
	struct demux demux;
	uint32_t random;
	struct gvisor gvisor;
	uint16_t steer;
	bool untold;
	unsigned int count;
	struct endpoint endpoints[ENDPOINTS_MAX];
};

/** stack_reset() - No endpoints; touches neither rules nor the port manager */
void stack_reset(struct stack *stack);

/** endpoint_new() - A new endpoint; there is room for each of a program */
struct endpoint *endpoint_new(struct stack *stack, uint8_t transport,
	uint8_t network);

/**
 * endpoint_resolve() - The network that an address means
 * @addr:	A mapped address becomes an IPv4 one
 * @network:	4 or 6
 *
 * Return: 0, the positive errno that bind and connect fail with, or
 *	   ENDPOINT_UNKNOWN
 */
int endpoint_resolve(struct stack *stack, const struct endpoint *ep,
	struct full_addr *addr, uint8_t *network);

/** endpoint_shown() - An address as the socket has it, IPv4 mapped in IPv6 */
struct addr endpoint_shown(const struct endpoint *ep, const struct addr *addr);

/**
 * endpoint_read_place() - What gVisor reads from the bytes of an address
 * @op:		A bind
 * @to:		Filled in
 *
 * Return: 0, a positive errno or ENDPOINT_UNKNOWN
 */
int endpoint_read_place(struct stack *stack, const struct endpoint *ep,
	const struct op *op, struct full_addr *to);

/**
 * endpoint_read_peer() - The same of a connect, which is not as strict
 * @op:		A connect: a socket for both families takes either
 */
int endpoint_read_peer(struct stack *stack, const struct endpoint *ep,
	const struct op *op, struct full_addr *to);

/** endpoint_is_group() - Is it a multicast or a broadcast address? */
bool endpoint_is_group(const struct addr *addr);

/** endpoint_is_local() - Is it local, on the device if one is written? */
bool endpoint_is_local(const struct full_addr *addr);

/**
 * endpoint_route() - How to get to an address
 * @local:	The address to send from, or none
 * @nic:	The device to send from, or 0
 * @to:		Where to
 * @network:	4 or 6
 * @source:	The address that is sent from
 * @remote:	The address that is sent to; for the wildcard that is @source,
 *		or the loopback address if there is no @local
 *
 * Return: 0, EHOSTUNREACH or ENDPOINT_UNKNOWN
 */
int endpoint_route(struct stack *stack, const struct addr *local, int32_t nic,
	const struct addr *to, uint8_t network, struct addr *source,
	struct addr *remote);

/**
 * stack_hold_range() - Narrow the range to the steered port
 *
 * Return: false, and nothing is to be undone: it is not in the range
 */
bool stack_hold_range(struct stack *stack, uint16_t *first, uint16_t *last);

/** stack_free_range() - Set it back */
void stack_free_range(struct stack *stack, uint16_t first, uint16_t last);

/**
 * stack_reserve() - Reserve a port, or choose one for port 0
 * @res:	What to reserve
 * @test:	As for portman_reserve()
 * @arg:	For @test
 * @port:	Which it is
 *
 * Cites the rule, unless @test does.
 *
 * Return: 0, EADDRINUSE, EAGAIN (no port), ENDPOINT_UNKNOWN (it chose port 0),
 *	   or a negative errno
 */
int stack_reserve(struct stack *stack, const struct reservation *res,
	int (*test)(uint16_t, void *), void *arg, uint16_t *port);

/** endpoint_reservation() - What an endpoint reserves with its options now */
struct reservation endpoint_reservation(const struct endpoint *ep,
	const uint8_t *networks, uint8_t count, const struct addr *addr,
	uint16_t port);

/** endpoint_held() - What an endpoint believes to have reserved */
struct reservation endpoint_held(const struct endpoint *ep);

/** endpoint_owed() - What an endpoint will release: what it holds, if all rules
 * are in force */
struct reservation endpoint_owed(const struct endpoint *ep);

/** endpoint_release() - Release a reservation, if it is there */
void endpoint_release(struct stack *stack, const struct reservation *res);

/**
 * endpoint_narrow() - Hold a port at one address of one network only
 * @wide:	What is held until now
 *
 * Nothing of gVisor's: for a rule that is taken away.
 */
void endpoint_narrow(struct stack *stack, struct endpoint *ep,
	const struct reservation *wide, const struct addr *addr,
	uint8_t network);

/** endpoint_key() - What to register, on the networks of a reservation */
struct demux_key endpoint_key(const struct reservation *as,
	const struct endpoint_id *id);

/*
 * The calls. Each cites the rule that answers it. bind chooses a port if none
 * is given; which it is, is in ep->id.local_port.
 */
int endpoint_tcp_bind(struct stack *stack, struct endpoint *ep,
	struct full_addr to);
int endpoint_tcp_listen(struct stack *stack, struct endpoint *ep,
	unsigned int backlog);
int endpoint_tcp_connect(struct stack *stack, struct endpoint *ep,
	struct full_addr to);
int endpoint_tcp_accept(struct stack *stack, struct endpoint *ep,
	struct endpoint **child);
int endpoint_tcp_shutdown(struct stack *stack, struct endpoint *ep,
	uint8_t how);
void endpoint_tcp_close(struct stack *stack, struct endpoint *ep);

/** endpoint_tcp_cleanup() - Give back all that the endpoint believes to have */
void endpoint_tcp_cleanup(struct stack *stack, struct endpoint *ep);

/** endpoint_tcp_fail() - The same; its later behaviour is not known */
void endpoint_tcp_fail(struct stack *stack, struct endpoint *ep);

/** endpoint_udp_bind() - The call; see endpoint_tcp_bind() */
int endpoint_udp_bind(struct stack *stack, struct endpoint *ep,
	struct full_addr to);

/** endpoint_udp_connect() - The call; chooses a port if there is none */
int endpoint_udp_connect(struct stack *stack, struct endpoint *ep,
	struct full_addr to);

/** endpoint_udp_disconnect() - connect with AF_UNSPEC */
int endpoint_udp_disconnect(struct stack *stack, struct endpoint *ep);

/** endpoint_udp_shutdown() - The call */
int endpoint_udp_shutdown(struct stack *stack, struct endpoint *ep);

/** endpoint_udp_close() - The call; gives the port back */
void endpoint_udp_close(struct stack *stack, struct endpoint *ep);

#endif /* ENDPOINT_H */
