/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_ports.h - the ports that a program had to do with, and are they free?
 *
 * For a network that can neither be made anew nor be listed: what a program
 * has left there is found by what it is in the way of.
 */
#ifndef KERNEL_PORTS_H
#define KERNEL_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "program/program.h"

enum { KERNEL_PORTS_MAX = 64 };

/**
 * struct kernel_ports - Ports, each once
 * @count:	Of @spans; more than KERNEL_PORTS_MAX if they were too many
 * @spans:	Ports from @low to @high each
 */
struct kernel_ports {
	unsigned int count;
	struct {
		uint16_t low, high;
	} spans[KERNEL_PORTS_MAX];
};

/**
 * kernel_ports_note() - Add what an op had to do with
 * @ports:	Ports; all zero at first
 * @op:		Op
 * @out:	Its outcome
 *
 * A range of 64 ports or more is the world's own, and not noted: what is chosen
 * from it is found in an outcome.
 */
void kernel_ports_note(struct kernel_ports *ports, const struct op *op,
	const struct outcome *out);

/**
 * kernel_ports_are_free() - Can each be bound, at all addresses, by a socket
 *			     that shares with nobody?
 * @ports:	Ports; all descriptors of the program must have been closed
 * @v6:		Is there any IPv6?
 *
 * What is closed may hold its port for a moment, so it waits up to 20 ms. It
 * must be called in the program's network.
 */
bool kernel_ports_are_free(const struct kernel_ports *ports, bool v6);

#endif /* KERNEL_PORTS_H */
