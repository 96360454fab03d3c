/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_udp.h - may this UDP socket have this port? (private to spec)
 */
#ifndef SPEC_UDP_H
#define SPEC_UDP_H

#include "spec_state.h"

/** spec_udp_ask() - May a socket have this port? The rule that decides */
enum spec_rule spec_udp_ask(struct spec *spec, const struct spec_socket *s,
	uint16_t port);

/**
 * spec_udp_choose() - Which port may it have? As spec_choose_for_bind()
 * @also:	Who must be able to have it, too; may be @s. No Linux asks for
 *		two.
 */
enum spec_rule spec_udp_choose(struct spec *spec, const struct spec_socket *s,
	const struct spec_socket *also, uint16_t *port);

/** spec_udp_take() - Put a socket into the lists of UDP, at this port */
void spec_udp_take(struct spec *spec, struct spec_socket *s, uint16_t port);

/** spec_udp_leave() - Give the port back, if it has one */
void spec_udp_leave(struct spec *spec, struct spec_socket *s);

/** spec_udp_move() - Its address has changed: it is asked first again */
void spec_udp_move(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_UDP_H */
