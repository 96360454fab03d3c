// SPDX-License-Identifier: Apache-2.0
/*
 * agent.c - programs in, traces out: the server of the agent protocol
 */
#include "agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "quote.h"
#include "util.h"
#include "program/text.h"

enum {
	AGENT_FLUSH_MS = 100,	 /* no answer is held back for longer */
	AGENT_WORD_MAX = 64,	 /* a word of "can", with its NUL */
	AGENT_TTY_WINDOW = 2048, /* half of what it has room for */
};

/* What precedes the size of a window */
#define WINDOW "window:"

/*
 * The words of "can" are numbered, so that one list serves to write and to
 * read. Each word comes with capabilities that have only what it says.
 */
static bool can_word(unsigned int n, struct capabilities *can, char *word)
{
	static const char *const others[] = { "devices", "uids" };
	const char *prefix = "", *rest = NULL;

	memset(can, 0, sizeof(*can));
	if (n < OP_KINDS) {
		can->ops = 1u << n;
		rest = text_kind(n);
	} else if ((n -= OP_KINDS) < SOCKET_TYPES) {
		can->types = 1u << n;
		prefix = "type:";
		rest = text_type(n);
	} else if ((n -= SOCKET_TYPES) < OPTIONS) {
		can->options = 1u << n;
		prefix = "set:";
		rest = text_option(n);
	} else if ((n -= OPTIONS) < SYSCTLS) {
		can->sysctls = 1u << n;
		prefix = "sysctl:";
		rest = text_sysctl(n);
	} else if ((n -= SYSCTLS) < ARRAY_SIZE(others)) {
		can->devices = n == 0;
		can->uids = n == 1;
		rest = others[n];
	}
	if (rest)
		snprintf(word, AGENT_WORD_MAX, "%s%s", prefix, rest);
	return rest != NULL;
}

static bool has(const struct capabilities *can, const struct capabilities *one)
{
	return (can->ops & one->ops) || (can->types & one->types) ||
	       (can->options & one->options) || (can->sysctls & one->sysctls) ||
	       (can->devices && one->devices) || (can->uids && one->uids);
}

/* The line of what a subject can be asked */
static void print_can(const struct capabilities *can, FILE *out)
{
	struct capabilities one;
	char word[AGENT_WORD_MAX];

	fputs("can", out);
	for (unsigned int n = 0; can_word(n, &one, word); n++)
		if (has(can, &one))
			fprintf(out, " %s", word);
	if (can->window)
		fprintf(out, " " WINDOW "%u", can->window);
	fputs("\n", out);
}

static void add(struct capabilities *can, const struct capabilities *one)
{
	can->ops |= one->ops;
	can->types |= one->types;
	can->options |= one->options;
	can->sysctls |= one->sysctls;
	can->devices |= one->devices;
	can->uids |= one->uids;
}

int agent_parse_can(const char *line, struct capabilities *can)
{
	struct capabilities result = { 0 }, one;
	char word[AGENT_WORD_MAX];
	size_t length = strcspn(line, " ");

	if (length != 3 || strncmp(line, "can", 3))
		return -EINVAL;
	for (line += length; *line; line += length) {
		line += strspn(line, " ");
		length = strcspn(line, " ");
		if (!strncmp(line, WINDOW, strlen(WINDOW)))
			result.window =
				MIN(strtoul(line + strlen(WINDOW), NULL, 10),
					UINT16_MAX);
		for (unsigned int n = 0; can_word(n, &one, word); n++)
			if (strlen(word) == length &&
				!strncmp(line, word, length))
				add(&result, &one);
	}
	*can = result;
	return 0;
}

/**
 * struct input - Programs that arrive in pieces
 * @fd:		Where they come from
 * @start:	The program begins here in @text
 * @scan:	The first line that was not looked at yet begins here
 * @used:	There is no text from here on
 * @dropped:	The program is too long, and its beginning is gone
 * @text:	Room for one program of the greatest size, and its end
 */
struct input {
	int fd;
	size_t start, scan, used;
	bool dropped;
	char text[TEXT_SIZE_MAX + 4];
};

/* Look for the dot that ends a program; false: more has to be read */
static bool find_end(struct input *input, size_t *size)
{
	char *line, *end;

	while ((line = input->text + input->scan,
		end = memchr(line, '\n', input->used - input->scan))) {
		size_t length = end - line;

		*size = input->scan - input->start;
		input->scan = end + 1 - input->text;
		if ((length == 1 && *line == '.') ||
			(length == 2 && !memcmp(line, ".\r", 2)))
			return true;
	}
	return false;
}

/* Read more of a program; the count of bytes, 0 at the end, or -errno */
static ssize_t read_more(struct input *input)
{
	ssize_t n;

	if (input->start) {
		input->used -= input->start;
		input->scan -= input->start;
		memmove(input->text, input->text + input->start, input->used);
		input->start = 0;
	} else if (input->used == sizeof(input->text)) {
		/* Keep of the last line what shows whether it is the dot. */
		input->dropped = true;
		input->used = MIN(input->used - input->scan, 3);
		memmove(input->text, input->text + input->scan, input->used);
		input->scan = 0;
	}
	do {
		n = read(input->fd, input->text + input->used,
			sizeof(input->text) - input->used);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	input->used += n;
	return n;
}

static void answer(struct subject *subject, const struct input *input,
	size_t size, FILE *out)
{
	struct text_error error = { 0 };
	struct case_text text;
	struct trace trace;
	char outcome[128];

	if (input->dropped) {
		fprintf(out, "! more than %d bytes\n", TEXT_SIZE_MAX);
	} else if (text_parse(input->text + input->start, size, &text,
			   &error)) {
		quote_printf(out, "! line %u: %s\n", error.line, error.message);
	} else if (subject_run(subject, &text.program, 1, NULL, &trace)) {
		quote_printf(out, "! %s\n", subject->why);
	} else {
		for (int i = 0; i < trace.count; i++) {
			text_outcome(&trace.outcomes[i], outcome,
				sizeof(outcome));
			fputs(outcome, out);
			fputc('\n', out);
		}
	}
	fputs(".\n", out);
}

static void hello(const struct subject *subject, const char *name, int in,
	FILE *out)
{
	struct capabilities can = subject->can;

	/* A terminal drops what it has no room for. */
	if (isatty(in))
		can.window = AGENT_TTY_WINDOW;

	/* For a subject that steps, subject_run() does the repeats. */
	if (subject->type->step)
		can.ops |= 1u << OP_REPEAT;
	quote_printf(out, AGENT_HELLO "%s\n", name);
	print_can(&can, out);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int agent_serve(struct subject *subject, const char *name, FILE *in, FILE *out)
{
	struct input input = { .fd = fileno(in) };
	long flushed = now_ms();
	size_t size;

	hello(subject, name, input.fd, out);
	for (;;) {
		bool waiting = subject->spent || !find_end(&input, &size);
		ssize_t n;

		if (waiting || now_ms() - flushed >= AGENT_FLUSH_MS) {
			if (fflush(out))
				return -errno;
			/* Output was lost before, when the buffer was full. */
			if (ferror(out))
				return -EIO;
			flushed = now_ms();
		}
		if (subject->spent)
			return 0;
		if (waiting) {
			n = read_more(&input);
			if (n <= 0)
				return n;
			continue;
		}
		answer(subject, &input, size, out);
		input.start = input.scan;
		input.dropped = false;
	}
}
