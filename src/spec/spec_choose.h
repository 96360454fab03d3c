/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_choose.h - which TCP port may the kernel choose? (private to spec)
 */
#ifndef SPEC_CHOOSE_H
#define SPEC_CHOOSE_H

#include "spec_state.h"

/**
 * spec_choose_for_bind() - For bind and listen
 * @s:		Its address is set
 * @port:	The leader's choice if it may be chosen; without a leader, one
 *		that may be
 *
 * Return: The rule; SPEC_NO_RULE if the leader's choice may not be chosen
 */
enum spec_rule spec_choose_for_bind(struct spec *spec,
	const struct spec_socket *s, uint16_t *port);

/**
 * spec_choose_for_connect() - For connect
 * @s:		Its address and its peer's are set
 * @port:	As above
 * @known:	Does the leader's outcome, or the range, tell which port it is?
 *
 * Return: The rule that refuses, or SPEC_NO_RULE: only the connection decides
 */
enum spec_rule spec_choose_for_connect(struct spec *spec,
	const struct spec_socket *s, uint16_t *port, bool *known);

#endif /* SPEC_CHOOSE_H */
