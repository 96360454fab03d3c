/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve.h - ops on reservations, as calls of the port manager
 */
#ifndef RESERVE_H
#define RESERVE_H

#include "gvisor/gvisor.h"
#include "ports/portman.h"
#include "program/program.h"

/**
 * reserve_op() - Do one op on reservations
 * @manager:	What to do it on; save puts another in its place
 * @gvisor:	Its rules; it is told which decide
 * @op:		Any op of LEVEL_RESERVATION
 * @out:	Its outcome
 *
 * Return: 0, or a negative errno if it could not be run
 */
int reserve_op(struct portman **manager, struct gvisor *gvisor,
	const struct op *op, struct outcome *out);

#endif /* RESERVE_H */
