/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_bind.h - bind and listen (private to spec)
 */
#ifndef SPEC_BIND_H
#define SPEC_BIND_H

#include "spec_state.h"

/**
 * spec_bind() - bind(2)
 * @out:	Already ok; gets the port if the kernel chose it
 *
 * Return: The rule that answers
 */
enum spec_rule spec_bind(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

/** spec_bind_listen() - listen(2), with arguments as above */
enum spec_rule spec_bind_listen(struct spec *spec, struct spec_socket *s,
	const struct op *op, struct outcome *out);

#endif /* SPEC_BIND_H */
