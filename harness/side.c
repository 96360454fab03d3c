// SPDX-License-Identifier: Apache-2.0
/*
 * side.c - what two sides did is compared, and told if that is asked for
 */
#include "side.h"

#include <stdarg.h>
#include <stdio.h>

bool differs, telling;

void side_tell(const char *format, ...)
{
	va_list args;

	if (!telling)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

void side_same(ssize_t raw, ssize_t ours)
{
	side_tell(" raw %zd, ours %zd%s\n", raw, ours, raw == ours ? "" : " !");
	differs |= raw != ours;
}

void side_same_addr(ssize_t raw, const struct conn_addr *a, ssize_t ours,
	const struct conn_addr *b)
{
	side_same(raw, ours);
	if (!raw && !ours && !twin_same_addr(a, b)) {
		side_tell("\tand their addresses differ !\n");
		differs = true;
	}
}
