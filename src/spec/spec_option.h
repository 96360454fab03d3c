/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_option.h - options, properties and sysctls (private to spec)
 *
 * Each function returns the rule that answers the op.
 */
#ifndef SPEC_OPTION_H
#define SPEC_OPTION_H

#include "spec_state.h"

/** spec_option_set() - setsockopt(2), or fchown(2) for the owner */
enum spec_rule spec_option_set(struct spec *spec, struct spec_socket *s,
	const struct op *op);

/**
 * spec_option_get() - getsockname(2) or getsockopt(2)
 * @out:	Already ok; gets the value
 */
enum spec_rule spec_option_get(struct spec *spec, const struct spec_socket *s,
	const struct op *op, struct outcome *out);

/** spec_option_sysctl() - A write to a file of /proc/sys/net */
enum spec_rule spec_option_sysctl(struct spec *spec, const struct op *op);

#endif /* SPEC_OPTION_H */
