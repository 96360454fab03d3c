/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_flow.h - TCP connections, from FIN or RST to TIME_WAIT (private to spec)
 */
#ifndef SPEC_FLOW_H
#define SPEC_FLOW_H

#include "spec_state.h"

/** spec_flow_is_between() - Is it a connection with these ends? */
bool spec_flow_is_between(const struct spec_socket *s, const struct in16 *local,
	uint16_t port, const struct in16 *remote, uint16_t remote_port);

/**
 * spec_flow_is_unique() - Is there no other connection with both of these ends?
 * @s:		Its address and its peer's are set
 * @port:	The local port it would have
 * @recycled:	A connection in TIME_WAIT may be replaced, and this tells that
 *		it was; or NULL
 */
bool spec_flow_is_unique(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool *recycled);

/** spec_flow_reset() - A reset arrives */
void spec_flow_reset(struct spec *spec, struct spec_socket *s);

/** spec_flow_fin() - Send a FIN, and do what follows from it at both ends */
void spec_flow_fin(struct spec *spec, struct spec_socket *s);

/** spec_flow_probe() - Ask the other end; if it has forgotten, it resets */
void spec_flow_probe(struct spec *spec, struct spec_socket *s);

/** spec_flow_disconnect() - connect(2) with AF_UNSPEC */
enum spec_rule spec_flow_disconnect(struct spec *spec, struct spec_socket *s);

/** spec_flow_accept() - accept(2); @index: which socket is accepted */
enum spec_rule spec_flow_accept(struct spec *spec, struct spec_socket *s,
	uint8_t *index);

/** spec_flow_shutdown() - shutdown(2) */
enum spec_rule spec_flow_shutdown(struct spec *spec, struct spec_socket *s,
	const struct op *op);

/** spec_flow_close() - close(2), which cannot fail; the rule that answers */
enum spec_rule spec_flow_close(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_FLOW_H */
