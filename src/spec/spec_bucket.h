/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_bucket.h - the port and address buckets of TCP (private to spec)
 */
#ifndef SPEC_BUCKET_H
#define SPEC_BUCKET_H

#include "spec_state.h"

/** spec_bucket_find() - The bucket of a port, or NULL if nobody has it */
struct spec_port_bucket *spec_bucket_find(struct spec *spec, uint16_t port);

/** spec_bucket_is_owner() - Is a socket in the bucket of that port? */
bool spec_bucket_is_owner(const struct spec_socket *s, uint16_t port);

/** spec_bucket_is_v6() - Did an IPv6 socket make its address bucket? */
bool spec_bucket_is_v6(struct spec *spec, const struct spec_socket *s);

/** spec_bucket_admits() - Does a port's reuseport cache let a socket in? */
bool spec_bucket_admits(struct spec *spec, const struct spec_port_bucket *port,
	const struct spec_socket *s);

/**
 * spec_bucket_take() - Put a socket into a bucket, as bind and listen do
 * @port:	spec_tcp_ask() said that it may have it
 * @listening:	It is about to listen
 *
 * The caches of the buckets learn of it.
 */
void spec_bucket_take(struct spec *spec, struct spec_socket *s, uint16_t port,
	bool listening);

/**
 * spec_bucket_join() - Put a socket into a bucket, as connect does
 *
 * The caches do not learn of it. Accepted sockets and TIME_WAIT come so, too.
 */
void spec_bucket_join(struct spec *spec, struct spec_socket *s, uint16_t port);

/** spec_bucket_leave() - Give the port back, if it has one */
void spec_bucket_leave(struct spec *spec, struct spec_socket *s);

/** spec_bucket_move_from() - Leave the address bucket before a new address */
void spec_bucket_move_from(struct spec *spec, struct spec_socket *s);

/** spec_bucket_move_to() - Join the address bucket of the new address */
void spec_bucket_move_to(struct spec *spec, struct spec_socket *s);

/** spec_bucket_reset_addr() - Go back to no address, unless it was asked for */
void spec_bucket_reset_addr(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_BUCKET_H */
