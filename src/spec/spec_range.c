// SPDX-License-Identifier: Apache-2.0
/*
 * spec_range.c - the ports that the kernel chooses from
 */
#include "spec_range.h"

struct spec_range spec_range_of(struct spec *spec, const struct spec_socket *s)
{
	struct spec_range range = { spec->low, spec->high };

	if (!s->low && !s->high)
		return range;
	if (spec_range_has(range, s->low) && APPLIES(spec, range_of_socket))
		range.low = s->low;
	if (spec_range_has(range, s->high) && APPLIES(spec, range_of_socket))
		range.high = s->high;
	return range;
}

bool spec_range_is_reserved(struct spec *spec, uint16_t port)
{
	if (spec->taken && spec->taken[port / 64] >> port % 64 & 1)
		return true;
	return spec->reserved_high && port >= spec->reserved_low &&
	       port <= spec->reserved_high &&
	       APPLIES(spec, reserved_not_chosen);
}

void spec_range_add_untold(struct spec *spec, struct spec_socket *s)
{
	struct spec_range range = spec_range_of(spec, s);

	if (range.low == range.high) {
		s->name_unknown = false;
		return;
	}
	if (!spec->untold_high || range.low < spec->untold_low)
		spec->untold_low = range.low;
	spec->untold_high = MAX(spec->untold_high, range.high);
}

bool spec_range_may_be_full(const struct spec *spec, struct spec_range range)
{
	return range.high - range.low < SPEC_SOCKETS_MAX &&
	       range.low <= spec->untold_high && range.high >= spec->untold_low;
}
