// SPDX-License-Identifier: Apache-2.0
/*
 * fake_child.c - what agents say, without any process
 */
#include "fake_child.h"

#include <errno.h>
#include <string.h>

#include "util.h"
#include "program/text.h"
#include "subjects/child.h"

/* What happens to it, and the status that it ends with */
static const struct {
	int rc, status;
} events[] = { { -EPIPE, 0 }, { -EPIPE, 3 << 8 }, { -EPIPE, 9 },
	{ -ETIMEDOUT, 0 }, { -ETIME, 0 }, { -EMSGSIZE, 0 }, { -EIO, 0 } };

static const uint8_t *said, *end;
static int status_now;

void fake_child_says(const uint8_t *data, size_t size)
{
	said = data;
	end = data + size;
}

int child_start(struct child *child, char *const argv[], int err)
{
	(void)argv;
	(void)err;
	child->guard.pid = 1;
	child->out_next = child->out_used = 0;
	child->in_next = child->in_used = 0;
	return 0;
}

/* It takes all that it is sent: programs, each with its dot. */
static void take(struct child *child)
{
	static struct case_text text;
	char *at = child->out + child->out_next;
	char *stop = child->out + child->out_used;
	struct text_error error;

	while (at < stop) {
		char *dot = at;

		while (memcmp(dot, ".\n", 2))
			dot = (char *)memchr(dot, '\n', stop - dot) + 1;
		ASSERT(!text_parse(at, dot - at, &text, &error));
		at = dot + 2;
	}
	child->out_next = child->out_used;
}

int child_line(struct child *child, int wait_ms, long until, char **line)
{
	const uint8_t *stop = memchr(said, '\n', end - said);
	size_t length = MIN((stop ? stop : end) - said, CHILD_LINE_MAX - 1);
	unsigned int event = said < end ? *said - 1u : 0;

	(void)wait_ms;
	(void)until;
	take(child);
	*line = memcpy(child->in, said, length);
	child->in[length] = '\0';
	said += MIN(length + 1, (size_t)(end - said));
	if (event >= ARRAY_SIZE(events))
		return 0;
	status_now = events[event].status;
	return events[event].rc;
}

long child_now(void)
{
	return 0;
}

bool child_end(struct child *child, int wait_ms, int *status)
{
	bool runs = child->guard.pid;

	(void)wait_ms;
	child->guard.pid = 0;
	*status = status_now;
	return runs;
}
