/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_tcp.h - may this TCP socket have this port? (private to spec)
 */
#ifndef SPEC_TCP_H
#define SPEC_TCP_H

#include "spec_state.h"

/**
 * enum spec_tcp_asking - Does a call name the port, or search for one?
 *
 * A call that names it may share by either option. A search takes any overlap
 * for a conflict; the second one, of ip_autobind_reuse, shares by SO_REUSEADDR.
 */
enum spec_tcp_asking {
	ASK_EXPLICIT,
	ASK_LISTEN,
	ASK_CONNECT,
	ASK_SEARCH,
	ASK_AGAIN,
};

/**
 * spec_tcp_ask_owners() - Compare with the owners of a port, one by one
 *
 * Return: The first refusal of all, or the rule that lets it in
 */
enum spec_rule spec_tcp_ask_owners(struct spec *spec,
	const struct spec_socket *a, uint16_t port, enum spec_tcp_asking how);

/**
 * spec_tcp_ask() - May a socket have this port? Caches are asked before owners
 * @a:		Its address is set
 * @port:	Not 0
 * @listening:	It is about to listen
 *
 * Return: The rule that decides
 */
enum spec_rule spec_tcp_ask(struct spec *spec, const struct spec_socket *a,
	uint16_t port, bool listening);

/** spec_tcp_ask_listeners() - Not of Linux: who has a port, and is to listen
 * there, is compared with listeners only */
enum spec_rule spec_tcp_ask_listeners(struct spec *spec,
	const struct spec_socket *a);

#endif /* SPEC_TCP_H */
