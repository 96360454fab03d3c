/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twins.h - the twins, tokens and addresses that calls of an input may name
 */
#ifndef TWINS_H
#define TWINS_H

#include "twin_calls.h"

enum { TWINS_SLOTS = 6, TWINS_TOKENS = 3 };

/** twins_begin() - New tokens; no twin is open */
void twins_begin(void);

/** twins_end() - Close all twins, and free the tokens */
void twins_end(void);

/** twins_at() - The twin of a slot, by any number */
struct twin *twins_at(uint8_t slot);

/** twins_token() - Where a token is, by any number */
struct wait_token **twins_token(uint8_t number);

/**
 * twins_addrs() - The address that a call names
 * @addrs:	Set to one of few, on both sides; or to the own address of a
 *		twin, on each side its own
 */
void twins_addrs(struct call call, struct conn_addr addrs[2]);

#endif /* TWINS_H */
