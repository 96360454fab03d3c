/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_open.h - a TCP connection begins (private to spec)
 */
#ifndef SPEC_OPEN_H
#define SPEC_OPEN_H

#include "spec_route.h"

/**
 * spec_open() - Send the SYN, and see who answers
 * @s:		It has a port, and its peer's address is set
 * @route:	There
 *
 * Return: The rule that answers connect(2)
 */
enum spec_rule spec_open(struct spec *spec, struct spec_socket *s,
	const struct route *route);

#endif /* SPEC_OPEN_H */
