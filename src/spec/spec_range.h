/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_range.h - the ports that the kernel chooses from (private to spec)
 *
 * The kernel does not always tell which port it has chosen: a connect that
 * nobody answers leaves the socket with one, and the leader's outcome has only
 * an errno. Such a port is *untold*. From then on every port of that range may
 * be taken or free, and questions about it are answered with not_modelled.
 */
#ifndef SPEC_RANGE_H
#define SPEC_RANGE_H

#include "spec_state.h"

/** struct spec_range - Ports to choose from, both ends included */
struct spec_range {
	uint16_t low, high;
};

/** spec_range_of() - The sysctl's range, narrowed by the socket's own */
struct spec_range spec_range_of(struct spec *spec, const struct spec_socket *s);

/** spec_range_has() - Is a port in a range? */
static inline bool spec_range_has(struct spec_range range, uint16_t port)
{
	return port >= range.low && port <= range.high;
}

/** spec_range_is_odd() - Has it an odd number of ports, and more than one? */
static inline bool spec_range_is_odd(struct spec_range range)
{
	return range.high > range.low && (range.high - range.low + 1) % 2;
}

/** spec_range_is_reserved() - Is a port one that is never chosen, or one that a
 * snapshot says is not free? */
bool spec_range_is_reserved(struct spec *spec, uint16_t port);

/**
 * spec_range_add_untold() - The kernel chose a port for a socket, and told none
 * @s:		The socket; its name is known if there was one port only
 */
void spec_range_add_untold(struct spec *spec, struct spec_socket *s);

/** spec_range_may_be_untold() - May a socket have this port, untold? */
static inline bool spec_range_may_be_untold(const struct spec *spec,
	uint16_t port)
{
	return port >= spec->untold_low && port <= spec->untold_high;
}

/**
 * spec_range_may_be_full() - May all its ports be taken, untold?
 *
 * One untold port in a large range does not make it impossible to choose
 * another, so this is asked of small ranges only.
 */
bool spec_range_may_be_full(const struct spec *spec, struct spec_range range);

#endif /* SPEC_RANGE_H */
