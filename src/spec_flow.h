/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_flow.h - connections, from the handshake to TIME_WAIT (private to spec)
 */
#ifndef SPEC_FLOW_H
#define SPEC_FLOW_H

#include "spec_route.h"

/** flow_is_between() - Is it a connection with these ends? */
bool flow_is_between(const struct spec_socket *s, const struct in16 *local,
	uint16_t port, const struct in16 *remote, uint16_t remote_port);

/**
 * flow_is_unique() - Is there no other connection with both of these ends?
 * @s:		Its address and its peer's are set
 * @port:	The local port it would have
 * @recycle:	A connection in TIME_WAIT may be replaced: it then is
 */
bool flow_is_unique(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool recycle);

/** flow_open() - Its port is taken: who answers? */
enum spec_rule flow_open(struct spec *spec, struct spec_socket *s,
	const struct route *route);

/** flow_done() - It is closed (tcp_done) and perhaps keeps its port */
void flow_done(struct spec *spec, struct spec_socket *s);

/** flow_abort() - At once (tcp_disconnect): a connected peer gets a reset */
void flow_abort(struct spec *spec, struct spec_socket *s);

/** flow_reset() - It receives a reset */
void flow_reset(struct spec *spec, struct spec_socket *s);

/** flow_fin() - No more will be sent */
void flow_fin(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_FLOW_H */
