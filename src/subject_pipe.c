// SPDX-License-Identifier: Apache-2.0
/*
 * subject_pipe.c - a command that speaks the agent protocol, as a subject
 *
 * DOC: Theory of Operation
 *
 * Programs are sent as fast as the agent takes them, and traces are read
 * meanwhile, so a batch costs no round trips. An agent that is silent for
 * PIPE_WAIT_MS is taken for dead; how long a batch takes as a whole says
 * nothing, and an empty line is a sign of life. Its first word may take longer,
 * as a machine may have to boot.
 *
 * The agent is never asked what it did not say that it can: a program is cut
 * before such an op, and the rest is n/a.
 *
 * Whatever goes wrong is final: the reason names the command and what was
 * found, and the agent is killed. If all is well it has a little time to end
 * by itself, so that it may take down a machine or a world of its own.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "child.h"
#include "program_text.h"
#include "subject.h"
#include "util.h"

enum {
	PIPE_WAIT_MS = 10 * 1000,
	PIPE_HELLO_WAIT_MS = 120 * 1000,
	PIPE_END_WAIT_MS = 2000,
	PIPE_EMPTY_MAX = 1000,	/* empty lines in a row */
	PIPE_QUOTE_MAX = 64,

	/* What a program can take: its ops, each with a "\n", and the dot */
	PIPE_OP_MAX = 257,
	PIPE_PROGRAM_MAX = PROGRAM_OPS_MAX * PIPE_OP_MAX + 2,
};

_Static_assert((int)PIPE_PROGRAM_MAX <= (int)CHILD_BUFFER, "a program fits in");

/**
 * struct pipe - An agent
 * @command:	What it is called in messages
 * @wait_ms:	How long it may be silent
 * @failed:	Why it does not work any more: a negative errno
 * @child:	Its process, and what is on its way
 */
struct pipe {
	char command[PIPE_QUOTE_MAX];
	int wait_ms;
	int failed;
	struct child child;
};

/* Say why this agent does not work, and never will again */
__attribute__((format(printf, 3, 4)))
static int fail(struct subject *subject, int error, const char *format, ...)
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

/* What an agent said, fit for a message */
static const char *quoted(const char *line, char *text)
{
	snprintf(text, PIPE_QUOTE_MAX, strlen(line) < PIPE_QUOTE_MAX ? "%s" :
			"%.60s...", line);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return text;
}

static int fail_ended(struct subject *subject)
{
	struct pipe *agent = subject->state;
	int status;

	if (!child_end(&agent->child, PIPE_END_WAIT_MS, &status))
		return fail(subject, -EPIPE, "closed its output");
	if (WIFSIGNALED(status))
		return fail(subject, -EPIPE, "ended too early (signal %d)",
			WTERMSIG(status));
	return fail(subject, -EPIPE, "ended too early (exit status %d)",
		WEXITSTATUS(status));
}

static int next_line(struct subject *subject, int wait_ms, char **line)
{
	struct pipe *agent = subject->state;
	int rc = child_line(&agent->child, wait_ms, line);

	switch (rc) {
	case 0: return 0;
	case -EPIPE: return fail_ended(subject);
	case -ETIMEDOUT:
		return fail(subject, rc, "was silent for %d ms", wait_ms);
	case -EMSGSIZE:
		return fail(subject, rc, "is not a portclash agent: it said a "
			"line of more than %d bytes", CHILD_LINE_MAX);
	}
	return fail(subject, rc, "cannot be read: %s", strerror(-rc));
}

static int shake_hands(struct subject *subject, int wait_ms)
{
	char *line, text[PIPE_QUOTE_MAX];
	int rc = next_line(subject, wait_ms, &line);

	if (rc)
		return rc;
	if (strncmp(line, AGENT_HELLO, strlen(AGENT_HELLO)))
		return fail(subject, -EPROTO, "is not a portclash agent: "
			"expected '" AGENT_HELLO "NAME', it said '%s'",
			quoted(line, text));
	rc = next_line(subject, wait_ms, &line);
	if (!rc && agent_parse_can(line, &subject->can))
		rc = fail(subject, -EPROTO, "is not a portclash agent: "
			"expected 'can WORD...', it said '%s'",
			quoted(line, text));
	return rc;
}

/**
 * struct batch - Programs on their way
 * @count:	How many there are
 * @sent:	How many were put into the buffer of what is to be written
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

	while (i < program->count && subject_can(&subject->can,
			&program->ops[i]))
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
	unsigned int ops = asked(subject, program);
	bool lost = false;

	if (batch->outcomes != ops)
		return fail(subject, -EPROTO, "gave %u outcomes for the %u ops "
			"of program %zu", batch->outcomes, ops,
			batch->answered + 1);
	trace->count = program->count;
	for (unsigned int i = 0; i < trace->count; i++) {
		lost |= i >= ops || trace->outcomes[i].kind == OUTCOME_NA;
		if (lost)
			trace->outcomes[i] = outcome_na();
	}
	batch->answered++;
	batch->outcomes = 0;
	return 0;
}

static int take_answer(struct subject *subject, struct batch *batch,
	const char *line)
{
	struct trace *trace = batch->traces + batch->answered;
	char text[PIPE_QUOTE_MAX];

	batch->empty = *line ? 0 : batch->empty + 1;
	if (batch->empty > PIPE_EMPTY_MAX)
		return fail(subject, -EPROTO, "said %d empty lines in a row",
			PIPE_EMPTY_MAX);
	if (batch->empty)
		return 0;
	if (batch->answered == batch->sent)
		return fail(subject, -EPROTO, "said '%s' without being asked",
			quoted(line, text));
	if (!strcmp(line, "."))
		return finish_trace(subject, batch);
	if (*line == '!')
		return fail(subject, -EREMOTEIO, "could not run program %zu: "
			"%s", batch->answered + 1,
			quoted(line + 1 + strspn(line + 1, " "), text));
	if (batch->outcomes == PROGRAM_OPS_MAX)
		return fail(subject, -EPROTO, "gave more than %d outcomes for "
			"program %zu", PROGRAM_OPS_MAX, batch->answered + 1);
	if (text_parse_outcome(line, &trace->outcomes[batch->outcomes++]))
		return fail(subject, -EPROTO, "expected an outcome such as ok "
			"for op %u of program %zu, it said '%s'",
			batch->outcomes, batch->answered + 1,
			quoted(line, text));
	return 0;
}

static int pipe_run(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces)
{
	struct pipe *agent = subject->state;
	struct child *child = &agent->child;
	struct batch batch = { .programs = programs, .traces = traces,
		.count = count };
	int rc = agent->failed;

	while (!rc && batch.answered < count) {
		char *line;

		if (child->out_next == child->out_used)
			fill(subject, &batch);
		rc = next_line(subject, agent->wait_ms, &line);
		if (!rc)
			rc = take_answer(subject, &batch, line);
	}
	if (!rc && child->in_next < child->in_used)
		rc = fail(subject, -EPROTO, "said more than it was asked");
	return rc;
}

/* $PORTCLASH_PIPE_WAIT_MS is for slow machines, and for impatient tests. */
static int read_wait(struct subject *subject, int *wait_ms)
{
	const char *text = getenv("PORTCLASH_PIPE_WAIT_MS");
	char *end;
	long value;

	if (!text)
		return 0;
	value = strtol(text, &end, 10);
	if (!*text || *end || value < 1 || value > INT_MAX) {
		snprintf(subject->why, sizeof(subject->why),
			"PORTCLASH_PIPE_WAIT_MS: expected milliseconds, found "
			"'%.40s'", text);
		return -EINVAL;
	}
	*wait_ms = value;
	return 0;
}

static void pipe_close(struct subject *subject)
{
	struct pipe *agent = subject->state;
	int status;

	child_end(&agent->child, PIPE_END_WAIT_MS, &status);
	free(agent);
	subject->state = NULL;
}

static int start(struct subject *subject, const char *command,
	char *const argv[])
{
	int wait_ms = 0, rc = read_wait(subject, &wait_ms);
	struct pipe *agent;

	if (rc)
		return rc;
	agent = calloc(1, sizeof(*agent));
	if (!agent) {
		snprintf(subject->why, sizeof(subject->why), "no memory");
		return -ENOMEM;
	}
	subject->state = agent;
	agent->wait_ms = wait_ms ? wait_ms : PIPE_WAIT_MS;
	quoted(command, agent->command);
	rc = child_start(&agent->child, argv);
	if (rc)
		fail(subject, rc, "cannot be started: %s", strerror(-rc));
	else
		rc = shake_hands(subject, wait_ms ? wait_ms :
						    PIPE_HELLO_WAIT_MS);
	if (rc)
		pipe_close(subject);
	return rc;
}

static int pipe_open(struct subject *subject, const char *argument)
{
	char *const argv[] = { "/bin/sh", "-c", (char *)argument, NULL };

	if (!*argument) {
		snprintf(subject->why, sizeof(subject->why),
			"expected a command, such as pipe:'ssh host portclash "
			"serve'");
		return -EINVAL;
	}
	return start(subject, argument, argv);
}

/*
 * Find the program "goports" beside our own, or one directory up, as builds
 * with sanitizers are in a directory of their own
 */
static bool find_goports(char *path)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

	path[MAX(n, 0)] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return false;
		strcpy(slash, "/goports");
		if (!access(path, X_OK))
			return true;
		*slash = '\0';
	}
	return false;
}

static int goports_open(struct subject *subject, const char *argument)
{
	const char *given = getenv("PORTCLASH_GOPORTS");
	char path[PATH_MAX + sizeof("/goports")];
	char *const argv[] = { path, NULL };

	(void)argument;
	if (given)
		snprintf(path, sizeof(path), "%s", given);
	if (given ? !access(path, X_OK) : find_goports(path))
		return start(subject, "goports", argv);
	if (given)
		snprintf(subject->why, sizeof(subject->why),
			"PORTCLASH_GOPORTS: '%.100s' is no program", given);
	else
		snprintf(subject->why, sizeof(subject->why),
			"build/goports is missing: install Go with "
			"'ci/setup go', then 'make'");
	return -ENOENT;
}

const struct subject_type subject_pipe = {
	.name = "pipe:",
	.prefix = true,
	.open = pipe_open,
	.close = pipe_close,
	.run = pipe_run,
};

const struct subject_type subject_goports = {
	.name = "goports",
	.open = goports_open,
	.close = pipe_close,
	.run = pipe_run,
};
