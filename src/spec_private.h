/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_private.h - the state of the specification, and who asks whom
 *
 * Read spec.h first, then down the files as they ask each other:
 *
 *	spec.c		 one op: sockets, options, sysctls
 *	spec_bind.c	 what bind asks before it asks for a port
 *	spec_connect.c	 what connect asks; routes are in spec_route.c
 *	spec_open.c	 how a connection begins, and who answers
 *	spec_flow.c	 how it ends: FIN, RST, TIME_WAIT
 *	spec_tcp.c	 may this TCP socket have this port?
 *	spec_choose.c	 which port may be chosen for it?
 *	spec_socket.c	 one socket, whose it is and what it is called
 *	spec_range.c	 which ports may be chosen at all
 *	spec_bucket.c	 what a TCP port remembers of who had it
 *	spec_udp.c	 the same for UDP
 *	spec_overlap.c	 do two sockets overlap?
 *	spec_addr.c	 addresses: kinds, which are local
 */
#ifndef SPEC_PRIVATE_H
#define SPEC_PRIVATE_H

#include "spec_overlap.h"
#include "spec_range.h"
#include "spec_socket.h"

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

#endif /* SPEC_PRIVATE_H */
