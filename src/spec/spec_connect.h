/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_connect.h - connect (private to spec)
 */
#ifndef SPEC_CONNECT_H
#define SPEC_CONNECT_H

#include "spec_state.h"

/**
 * spec_connect() - connect(2)
 * @out:	Already ok; gets the port if the kernel chose it
 *
 * Return: The rule that answers
 */
enum spec_rule spec_connect(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

/**
 * spec_connect_port() - Get a port for a connection, unless the socket has one
 * @s:		Its address and its peer's are set
 *
 * Return: The rule that refuses, or SPEC_NO_RULE: no other connection has the
 *	   same ends
 */
enum spec_rule spec_connect_port(struct spec *spec, struct spec_socket *s);

#endif /* SPEC_CONNECT_H */
