/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.h - one address type for every op
 *
 * All functions are thread-safe.
 */
#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portclash.h"

PORTCLASH_BEGIN

/* The longest address in text, with its final NUL */
enum { ADDR_TEXT_MAX = 48 };

/**
 * struct addr - No address, an IPv4 address or an IPv6 address
 * @len:	0 (the port manager's wildcard, written "*"), 4 or 16
 * @bytes:	The address in network order. Bytes beyond @len do not matter;
 *		in a program they are zero, since its ops are compared as memory
 */
struct addr {
	uint8_t len;
	uint8_t bytes[16];
};

/**
 * addr_parse() - Read an IPv4 or an IPv6 address, without brackets or scope
 * @text:	NUL-terminated text
 * @addr:	Where to put it; untouched on failure
 *
 * Return: 0, or -EINVAL, also where a pointer is NULL. The functions below take
 *	   no NULL
 */
int addr_parse(const char *text, struct addr *addr);

/**
 * addr_print() - Write an address; IPv6 without brackets, no address as "*"
 * @addr:	What to write
 * @text:	At least ADDR_TEXT_MAX bytes
 *
 * Return: @text
 */
const char *addr_print(const struct addr *addr, char *text);

/**
 * addr_equal() - Are both the same bytes of the same length?
 *
 * Return: Yes or no
 */
bool addr_equal(const struct addr *a, const struct addr *b);

/**
 * addr_is_any() - Is it 0.0.0.0 or ::?
 *
 * Return: Yes or no
 */
bool addr_is_any(const struct addr *addr);

/**
 * addr_is_mapped() - Is it an IPv4-mapped IPv6 address?
 *
 * Return: Yes or no
 */
bool addr_is_mapped(const struct addr *addr);

/**
 * addr_unmapped() - An address without mapping
 *
 * Return: The IPv4 address within a mapped one; any other as it is
 */
struct addr addr_unmapped(const struct addr *addr);

PORTCLASH_END

#endif /* ADDR_H */
