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

#endif /* SPEC_CONNECT_H */
