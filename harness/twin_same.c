// SPDX-License-Identifier: Apache-2.0
/*
 * twin_same.c - what two sides did is compared, and told if that is asked for
 */
#include "twin_same.h"

#include <stdarg.h>
#include <stdio.h>

bool differs, telling;

void tell(const char *format, ...)
{
	va_list args;

	if (!telling)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

void same(ssize_t raw, ssize_t ours)
{
	tell(" raw %zd, ours %zd%s\n", raw, ours, raw == ours ? "" : " !");
	differs |= raw != ours;
}

void same_addr(ssize_t raw, const struct conn_addr *a, ssize_t ours,
	const struct conn_addr *b)
{
	same(raw, ours);
	if (!raw && !ours && !twin_same_addr(a, b)) {
		tell("\tand their addresses differ !\n");
		differs = true;
	}
}
