// SPDX-License-Identifier: Apache-2.0
/*
 * pipe.c - programs to an agent, and its traces back
 */
#include "pipe.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"
#include "program/text.h"

enum {
	PIPE_END_WAIT_MS = 2000,
	PIPE_EMPTY_MAX = 1000, /* empty lines in a row */
	PIPE_LOG_MAX = 64 * 1024,
	PIPE_CANNOT = 3, /* the exit status of scripts that say why */

	/* Room for any program: its ops, each with a "\n", and the dot */
	PIPE_OP_MAX = 257,
	PIPE_PROGRAM_MAX = PROGRAM_OPS_MAX * PIPE_OP_MAX + 2,
};

_Static_assert((int)PIPE_PROGRAM_MAX <= (int)CHILD_BUFFER, "a program fits in");

int pipe_fail(struct subject *subject, int error, const char *format, ...)
{
	struct pipe *agent = subject->state;
	size_t used;
	va_list args;
	int status;

	used = snprintf(subject->why, sizeof(subject->why), "'%s' ",
		agent->command);
	va_start(args, format);
	vsnprintf(subject->why + used, sizeof(subject->why) - used, format,
		args);
	va_end(args);
	agent->failed = error;
	child_end(&agent->child, 0, &status);
	return error;
}

const char *pipe_quoted(const char *line, char text[PIPE_QUOTE_MAX])
{
	snprintf(text, PIPE_QUOTE_MAX,
		strlen(line) < PIPE_QUOTE_MAX ? "%s" : "%.60s...", line);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return text;
}

/* The last line that the agent wrote for people, or the first that tells of a
 * panic; "" if there is none */
static const char *last_said(const struct pipe *agent, char said[PIPE_SAID_MAX])
{
	static char text[PIPE_LOG_MAX + 1];
	off_t size = agent->err < 0 ? 0 : lseek(agent->err, 0, SEEK_END);
	off_t from = MAX(size - PIPE_LOG_MAX, 0);
	ssize_t n = size > 0 ? pread(agent->err, text, PIPE_LOG_MAX, from) : 0;
	char *rest = text, *line;
	bool panics = false;

	*said = '\0';
	text[MAX(n, 0)] = '\0';
	while ((line = strsep(&rest, "\r\n"))) {
		if (panics || !line[strspn(line, " \t")])
			continue;
		panics = strstr(line, "panic - ") ||
			 !strncmp(line, "panic:", 6);
		snprintf(said, PIPE_SAID_MAX, "%s", line);
	}
	for (char *c = said; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return said;
}

static int fail_ended(struct subject *subject)
{
	struct pipe *agent = subject->state;
	bool ended;
	char said[PIPE_SAID_MAX], before[PIPE_SAID_MAX + 2] = "";
	int status;

	ended = child_end(&agent->child, PIPE_END_WAIT_MS, &status);
	if (*last_said(agent, said))
		snprintf(before, sizeof(before), ": %s", said);
	if (!ended)
		return pipe_fail(subject, -EPIPE, "closed its output%s",
			before);
	if (WIFSIGNALED(status))
		return pipe_fail(subject, -EPIPE,
			"ended too early (signal %d)%s", WTERMSIG(status),
			before);
	if (!WEXITSTATUS(status) && agent->works)
		return pipe_fail(subject, -ERESTART, "ended by itself");
	pipe_fail(subject, -EPIPE, "ended too early (exit status %d)%s",
		WEXITSTATUS(status), before);
	/* With this status the agent says that this machine cannot, and why. */
	if (*said && WEXITSTATUS(status) == PIPE_CANNOT)
		strcpy(subject->why, said);
	return -EPIPE;
}

static int fail_silent(struct subject *subject, int wait_ms)
{
	char said[PIPE_SAID_MAX];

	last_said(subject->state, said);
	return pipe_fail(subject, -ETIMEDOUT, "was silent for %d ms%s%s",
		wait_ms, *said ? "; before: " : "", said);
}

int pipe_line(struct subject *subject, int wait_ms, char **line)
{
	struct pipe *agent = subject->state;
	int rc = child_line(&agent->child, wait_ms, agent->until, line);

	switch (rc) {
	case 0: return 0;
	case -EPIPE: return fail_ended(subject);
	case -ETIMEDOUT: return fail_silent(subject, wait_ms);
	case -ETIME:
		return pipe_fail(subject, -ETIMEDOUT,
			"was not silent, but gave no whole answer in time");
	case -EMSGSIZE:
		return pipe_fail(subject, rc,
			"is not a portclash agent: it said a "
			"line of more than %d bytes",
			CHILD_LINE_MAX);
	}
	return pipe_fail(subject, rc, "cannot be read: %s", strerror(-rc));
}

/**
 * struct batch - Programs on their way
 * @count:	How many there are
 * @sent:	How many were put into the buffer to be written
 * @answered:	How many traces are complete
 * @outcomes:	How many outcomes of the next trace there are
 * @empty:	How many empty lines there were since the last that was not
 */
struct batch {
	const struct program *programs;
	struct trace *traces;
	size_t count, sent, answered;
	unsigned int outcomes, empty;
};

/* How many ops of a program the agent is asked */
static unsigned int asked(const struct subject *subject,
	const struct program *program)
{
	unsigned int i = 0;

	while (i < program->count &&
		subject_can(&subject->can, &program->ops[i]))
		i++;
	return i;
}

/* Put as many programs as fit into an empty buffer */
static void fill(const struct subject *subject, struct batch *batch)
{
	struct child *child = &((struct pipe *)subject->state)->child;

	child->out_next = child->out_used = 0;
	if (subject->can.window && batch->answered < batch->sent)
		return;
	while (batch->sent < batch->count &&
		(!subject->can.window ||
			child->out_used <= subject->can.window / 2) &&
		sizeof(child->out) - child->out_used >= PIPE_PROGRAM_MAX) {
		const struct program *program = batch->programs + batch->sent++;
		unsigned int ops = asked(subject, program);
		char *out = child->out + child->out_used;

		for (unsigned int i = 0; i < ops; i++) {
			text_op(program, &program->ops[i], out,
				PIPE_OP_MAX - 1);
			out += strlen(out);
			*out++ = '\n';
		}
		*out++ = '.';
		*out++ = '\n';
		child->out_used = out - child->out;
	}
}

/* The dot: all outcomes are there, or those from the first n/a on */
static int finish_trace(struct subject *subject, struct batch *batch)
{
	const struct program *program = batch->programs + batch->answered;
	struct trace *trace = batch->traces + batch->answered;
	struct pipe *agent = subject->state;
	unsigned int ops = asked(subject, program);
	bool lost = false;

	if (batch->outcomes != ops)
		return pipe_fail(subject, -EPROTO,
			"gave %u outcomes for the %u ops "
			"of program %zu",
			batch->outcomes, ops, batch->answered + 1);
	trace->count = program->count;
	for (unsigned int i = 0; i < trace->count; i++) {
		lost |= i >= ops || trace->outcomes[i].kind == OUTCOME_NA;
		if (lost)
			trace->outcomes[i] = outcome_na();
	}
	batch->answered++;
	batch->outcomes = 0;
	agent->works = true;
	return 0;
}

static int take_answer(struct subject *subject, struct batch *batch,
	const char *line)
{
	struct trace *trace = batch->traces + batch->answered;
	char text[PIPE_QUOTE_MAX];

	batch->empty = *line ? 0 : batch->empty + 1;
	if (batch->empty > PIPE_EMPTY_MAX)
		return pipe_fail(subject, -EPROTO,
			"said %d empty lines in a row", PIPE_EMPTY_MAX);
	if (batch->empty)
		return 0;
	if (batch->answered == batch->sent)
		return pipe_fail(subject, -EPROTO,
			"said '%s' without being asked",
			pipe_quoted(line, text));
	if (!strcmp(line, "."))
		return finish_trace(subject, batch);
	if (*line == '!')
		return pipe_fail(subject, -EREMOTEIO,
			"could not run program %zu: "
			"%s",
			batch->answered + 1,
			pipe_quoted(line + 1 + strspn(line + 1, " "), text));
	if (batch->outcomes == PROGRAM_OPS_MAX)
		return pipe_fail(subject, -EPROTO,
			"gave more than %d outcomes for "
			"program %zu",
			PROGRAM_OPS_MAX, batch->answered + 1);
	if (text_parse_outcome(line, &trace->outcomes[batch->outcomes++]))
		return pipe_fail(subject, -EPROTO,
			"expected an outcome such as ok "
			"for op %u of program %zu, it said '%s'",
			batch->outcomes, batch->answered + 1,
			pipe_quoted(line, text));
	return 0;
}

int pipe_ask(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces, struct pipe_count *done)
{
	struct pipe *agent = subject->state;
	struct child *child = &agent->child;
	struct batch batch = {
		.programs = programs, .traces = traces, .count = count
	};
	size_t answered = SIZE_MAX;
	int rc = agent->failed;

	while (!rc && batch.answered < count) {
		char *line;

		if (child->out_next == child->out_used)
			fill(subject, &batch);
		if (answered != batch.answered)
			agent->until = child_now() +
				       PIPE_WHOLE_TIMES * (long)agent->wait_ms;
		answered = batch.answered;
		rc = pipe_line(subject, agent->wait_ms, &line);
		if (!rc)
			rc = take_answer(subject, &batch, line);
	}
	/* In the middle of an answer it was a death. */
	if (rc == -ERESTART && batch.outcomes)
		rc = agent->failed = -EPIPE;
	if (!rc && child->in_next < child->in_used)
		rc = pipe_fail(subject, -EPROTO, "said more than it was asked");
	*done = (struct pipe_count){ batch.answered, batch.sent };
	return rc;
}
