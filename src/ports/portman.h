/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman.h - who may have which port, as gVisor's port manager decides
 *
 * A *reservation* names networks, a transport, a local address and port, flags,
 * a device and a destination. The manager says whether it is compatible with
 * all that are held, and holds it. The rules are those of gVisor's
 * package tcpip/ports of December 2022, quirks included; where the newest
 * package differs, the function says so. The older generation of the manager,
 * without flags, is the same with flags 0 (portman_is_available(),
 * PORTMAN_FIRST_EPHEMERAL).
 *
 * Every function is thread-safe, except portman_free(), and happens at one
 * moment. Calls about different ports seldom wait for each other. A tester
 * given to portman_reserve() runs while others wait: for that port, or for all
 * if it is to be chosen. It may call the picks and the range. The other
 * functions see that their thread is a tester of this manager, and answer
 * -EDEADLK, false or 0 instead of waiting for ever.
 *
 * Errors: -EADDRINUSE (in use), -EAGAIN (no port is left), -EINVAL (what is
 * asked makes no sense), -ENOMEM (nothing was changed), or a tester's own.
 */
#ifndef PORTMAN_H
#define PORTMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portclash.h"
#include "reservation.h"

PORTCLASH_BEGIN

#define PORTMAN_FIRST_EPHEMERAL 16000

/**
 * portman_test_fn - May this port be taken?
 *
 * Return: 1 if it is good, 0 if not, a negative errno to stop with
 */
typedef int portman_test_fn(uint16_t port, void *arg);

struct portman;

/**
 * portman_new() - An empty manager, range 16000 to 65535
 *
 * Return: The manager, the caller's to portman_free(), or NULL: no memory
 */
struct portman *portman_new(void);

/**
 * portman_new_strict() - A manager that refuses misuse, changing nothing
 *
 * Misuse that upstream lets pass is an error: to release a reservation that is
 * not held with these very flags on every network (-ENOENT), an empty list of
 * networks, a range that begins at 0 (-EINVAL). And every port of the range is
 * a candidate, where upstream's sum of offset and count may wrap and skip some.
 *
 * Return: As portman_new()
 */
struct portman *portman_new_strict(void);

/** portman_free() - Free it and all it holds; NULL is allowed */
void portman_free(struct portman *pm);

/**
 * portman_reserve() - Reserve a port
 * @pm:		The manager
 * @res:	What to reserve
 * @random:	For port 0: the first candidate is first + random % count
 * @test:	Asked about each port that is free; NULL accepts all
 * @arg:	Passed to @test
 * @port:	Set to the port, and to 0 on any error; may be NULL
 *
 * Return: 0, -EADDRINUSE (that port is in use, or @test said no), -EAGAIN (port
 *	   0: none is left), -EINVAL, -ENOMEM, or @test's error. After an
 *	   error nothing is held that was not before.
 */
int portman_reserve(struct portman *pm, const struct reservation *res,
	uint32_t random, portman_test_fn *test, void *arg, uint16_t *port);

/**
 * portman_reserve_tuple() - Reserve beside all but the very same tuple
 *
 * Only the same tuple can be in the way: other addresses, devices and
 * destinations are not looked at. Port 0 is just a port here.
 *
 * Return: true if it is reserved; false if it is in use or makes no sense
 */
bool portman_reserve_tuple(struct portman *pm, const struct reservation *res);

/**
 * portman_release() - Drop one reference on every network
 *
 * Return: 0, -EINVAL, or -ENOENT: a network holds nothing of the kind. The
 *	   state is as upstream's, where others are released all the same,
 *	   and wrong flags make a count negative. That takes memory: -ENOMEM,
 *	   and nothing was released.
 */
int portman_release(struct portman *pm, const struct reservation *res);

/**
 * portman_pick_ephemeral() - The first good port of the range
 * @random:	The first candidate is first + random % count
 * @test:	NULL accepts all
 * @port:	Set to the port, and to 0 on any error; may be NULL
 *
 * Reserves nothing. The range is read once. That an empty range is
 * -EAGAIN is as upstream's newest; the older one panics.
 *
 * Return: 0, -EAGAIN (none is good), or @test's error
 */
int portman_pick_ephemeral(struct portman *pm, uint32_t random,
	portman_test_fn *test, void *arg, uint16_t *port);

/**
 * portman_pick_ephemeral_stable() - The same, from a hint that moves
 * @offset:	The first candidate is first + (hint + offset) % count; the hint
 *		starts at 0 and grows by one with every success
 *
 * Return: As portman_pick_ephemeral()
 */
int portman_pick_ephemeral_stable(struct portman *pm, uint32_t offset,
	portman_test_fn *test, void *arg, uint16_t *port);

/**
 * portman_range() - First and last ephemeral port, both included
 *
 * Here, no pointer may be NULL. Elsewhere that is refused, as misuse is.
 */
void portman_range(struct portman *pm, uint16_t *first, uint16_t *last);

/**
 * portman_set_range() - Choose ephemeral ports from there from now on
 *
 * The count has 16 bits: 0 to 65535 is accepted, reads back, and has no port.
 *
 * Return: 0, or -EINVAL: @first is above @last (strict: or 0)
 */
int portman_set_range(struct portman *pm, uint16_t first, uint16_t last);

/**
 * portman_is_available() - Would a reserve of that very port pass?
 *
 * The port is taken literally, 0 too.
 *
 * Return: Yes or no; false also if @res makes no sense
 */
bool portman_is_available(struct portman *pm, const struct reservation *res);

/**
 * portman_live() - How many (network, transport, port) keys are held
 *
 * Return: So many
 */
size_t portman_live(struct portman *pm);

/**
 * portman_save() - The whole state of a manager as bytes
 * @data:	The caller frees it
 * @size:	How many bytes
 *
 * Versioned, checksummed, and the same for the same state.
 *
 * Return: 0, -ENOMEM or -EDEADLK
 */
int portman_save(struct portman *pm, uint8_t **data, size_t *size);

/**
 * portman_load() - Become what was saved; strictness stays
 *
 * Return: 0, or -EINVAL (damaged), -ENOMEM, -EDEADLK: nothing was changed
 */
int portman_load(struct portman *pm, const uint8_t *data, size_t size);

/**
 * portman_check() - Abort if the structure is not as it must be
 *
 * For tests and fuzzers: nothing is empty, nothing is there twice, every total
 * is positive, sums are the sums, and what is known to be refused is refused.
 */
void portman_check(struct portman *pm);

PORTCLASH_END

#endif /* PORTMAN_H */
