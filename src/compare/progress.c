// SPDX-License-Identifier: Apache-2.0
/*
 * progress.c - how far long work is, on stderr
 */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void progress_start(struct progress *p, uint64_t total, double limit,
	bool quiet)
{
	*p = (struct progress){ .total = total,
		.limit = limit,
		.start = now(),
		.quiet = quiet,
		.tty = isatty(2) };
	p->next = p->start + (p->tty ? 0.2 : 10);
}

double progress_seconds(const struct progress *p)
{
	return now() - p->start;
}

void progress_say(struct progress *p, uint64_t done, const char *format, ...)
{
	double spent = progress_seconds(p), part = 0;
	char extra[160];
	va_list args;

	if (p->quiet || p->start + spent < p->next)
		return;
	p->next = p->start + spent + (p->tty ? 0.2 : 10);
	if (p->total)
		part = (double)done / p->total;
	if (p->limit)
		part = MAX(part, spent / p->limit);
	va_start(args, format);
	vsnprintf(extra, sizeof(extra), format, args);
	va_end(args);
	fprintf(stderr, "%s%llu programs, %.0f/s, %s", p->tty ? "\r\033[K" : "",
		(unsigned long long)done, done / spent, extra);
	if (part > 0)
		fprintf(stderr, ", %.0f %%, %.0f s left", 100 * part,
			spent / part - spent);
	fputs(p->tty ? "" : "\n", stderr);
	p->said = true;
}

void progress_end(struct progress *p)
{
	if (p->said && p->tty)
		fputs("\r\033[K", stderr);
}
