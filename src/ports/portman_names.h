/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portman_names.h - short names of IPv6 addresses (private to the port manager)
 *
 * DOC: Theory of Operation
 *
 * There are few addresses and many reservations, so an IPv6 address is kept
 * once, with the number of its users, and these have its number. A number stays
 * the same as long as there are users, and is then given to another address.
 */
#ifndef PORTMAN_NAMES_H
#define PORTMAN_NAMES_H

#include <stdint.h>

enum { NAME_NONE = UINT32_MAX };

/**
 * struct name - An address, or a number that is free
 * @next:	In its chain, or the next free one
 * @users:	0: it is free
 */
struct name {
	uint32_t next, users;
	uint8_t bytes[16];
};

/**
 * struct names - Addresses by their numbers; all zero is empty
 * @all:	@room of them, and behind these the heads of @room chains
 * @used:	How many have users
 * @free:	The first free one
 */
struct names {
	struct name *all;
	uint32_t used, room, free;
};

/** portman_name_find() - The number of an address, or NAME_NONE */
uint32_t portman_name_find(const struct names *names, const uint8_t *bytes);

/** portman_name_get() - The same, with one user more; NAME_NONE: no memory */
uint32_t portman_name_get(struct names *names, const uint8_t *bytes);

/** portman_name_put() - One user less; without any all memory is returned */
void portman_name_put(struct names *names, uint32_t number);

/** portman_names_check() - Abort if it is not as it must be */
void portman_names_check(const struct names *names);

#endif /* PORTMAN_NAMES_H */
