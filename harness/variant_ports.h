/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant_ports.h - programs of reservations that are nearly another one
 */
#ifndef VARIANT_PORTS_H
#define VARIANT_PORTS_H

#include "variant.h"

/**
 * variant_ports_make() - Edit a program in some places, or gather holders
 * @random:	What decides how
 * @from:	A program of reservations, with at least one op
 * @to:		The variant, well formed; it may have no op
 */
void variant_ports_make(struct gen_random *random, const struct program *from,
	struct program *to);

#endif /* VARIANT_PORTS_H */
