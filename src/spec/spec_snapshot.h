/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_snapshot.h - the state of the specification as a network is, not as ops
 * have made it
 *
 * DOC: Theory of Operation
 *
 * A program begins in the world, and all that the specification then knows
 * comes from ops. A network that people use is another: nobody saw how its
 * sockets came to be as they are. So its state is put down directly: what the
 * network is like, then each socket that holds a port, and then the socket that
 * asks, for which spec_step() answers ops. What the port of TCP remembers of
 * sockets that came and went is not seen from outside. It is put down, too, as
 * one of the possibilities.
 *
 * A state has room for few sockets, and needs no more. One that does not refuse
 * the asking socket where it is all alone does not where it is one of many; and
 * of those that do, TCP needs one, and UDP the first.
 */
#ifndef SPEC_SNAPSHOT_H
#define SPEC_SNAPSHOT_H

#include "spec.h"

/* Sockets that hold a port in one state */
enum { SPEC_SNAPSHOT_MAX = 14 };

/**
 * struct spec_network - What counts of a network, for one socket that asks
 * @low, @high:	Ports to choose from
 * @unprivileged: The first port that is for all
 * @autobind_reuse, @nonlocal4, @nonlocal6: The sysctls
 * @local:	Is the address that is asked for local, or a group, for a socket
 *		on that device?
 * @no_device:	Does the device of the asking socket not exist?
 * @udp_others:	UDP sockets in the port's slot beside those put down
 * @taken:	Ports that the kernel may not choose for this socket: 65536
 *		bits, which must outlive the state; or NULL
 */
struct spec_network {
	uint16_t low, high, unprivileged;
	bool autobind_reuse, nonlocal4, nonlocal6;
	bool local, no_device;
	unsigned int udp_others;
	const uint64_t *taken;
};

/* How a socket holds its port */
enum spec_holding {
	SPEC_HOLDS_BOUND,
	SPEC_HOLDS_LISTENING,
	SPEC_HOLDS_CONNECTED,
	SPEC_HOLDS_TIME_WAIT,
};

/**
 * struct spec_held - A socket that holds a port, or would like to
 * @type:	A socket_type
 * @how:	An enum spec_holding
 * @addr:	Of its family
 * @port:	Not 0, for one that holds it
 * @peer, @peer_port: The other end, if it is connected
 * @ownerless:	No process has it: an orphan, or not accepted yet
 * @client:	Only a connect has chosen its port
 */
struct spec_held {
	uint8_t type, how;
	struct addr addr, peer;
	uint16_t port, peer_port;
	uint32_t uid, device;
	bool reuseaddr, reuseport, v6only, freebind, transparent;
	bool ownerless, client;
};

/**
 * spec_snapshot_begin() - A network without sockets
 * @spec:	spec_size() bytes
 * @force:	Which rules are in force; must outlive @spec
 * @capable:	May the asking socket have a port below @network->unprivileged?
 */
void spec_snapshot_begin(struct spec *spec, const struct spec_force *force,
	const struct spec_network *network, bool capable);

/**
 * spec_snapshot_hold() - Put down a socket that holds a port
 *
 * UDP sockets are put down in the kernel's order, those that it looks at first
 * being first. There may be SPEC_SNAPSHOT_MAX.
 */
void spec_snapshot_hold(struct spec *spec, const struct spec_held *held);

/**
 * spec_snapshot_remember() - TCP: the port remembers a socket with SO_REUSEPORT
 * @held:	What that socket was like; it has the port no more
 *
 * Somebody has put down a socket that holds the port.
 */
void spec_snapshot_remember(struct spec *spec, const struct spec_held *held);

/** spec_snapshot_ask() - Put down the socket that asks, in slot 0 */
void spec_snapshot_ask(struct spec *spec, const struct spec_held *held);

/**
 * spec_snapshot_connect() - May a socket of TCP connect to its peer?
 * @held:	Its address is the one that it sends from; its port is 0, or the
 *		one that it is bound to
 * @leader:	As for spec_step()
 * @out:	Whether there is a port for it; nothing is sent
 */
void spec_snapshot_connect(struct spec *spec, const struct spec_held *held,
	const struct outcome *leader, struct outcome *out);

#endif /* SPEC_SNAPSHOT_H */
