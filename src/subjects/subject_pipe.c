// SPDX-License-Identifier: Apache-2.0
/*
 * subject_pipe.c - a command that speaks the agent protocol, as a subject
 *
 * DOC: Theory of Operation
 *
 * An agent that dies, or falls silent for PIPE_WAIT_MS, is an outcome: crash,
 * or hang. Which op did it? A batch is on its way when it happens, so the agent
 * is started again, and what was not answered is asked one program at a time.
 * The one that does it again is asked op by op, as ever longer programs, and
 * the op that makes the difference has the outcome; after it all is n/a. If
 * none does it again, somebody else killed the agent, and the answers count.
 *
 * An agent that ends by itself behind an answer, with status 0, did not die:
 * its world was used up. It is started again, and asked the rest.
 *
 * An agent that does not even survive a program without ops does not work. Nor
 * does one that breaks the protocol. That is final: the reason names the
 * command and what was found, and the agent is killed. An agent that works has
 * a little time to end by itself, so that it may take down a machine or a world
 * of its own.
 *
 * A command that is no agent often says nothing, and waits for us. After a
 * second people are told what it should say, though it may still do so: ssh is
 * slow. And it is sent an empty program. An agent answers that after it has
 * greeted; what only repeats, such as cat, repeats it, and is found out.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"
#include "pipe.h"
#include "quote.h"
#include "util.h"
#include "program/text.h"

enum {
	PIPE_WAIT_MS = 10 * 1000,
	PIPE_HELLO_WAIT_MS = 120 * 1000,
	PIPE_TOLD_MS = 1000, /* without a greeting, people are told */
	PIPE_END_WAIT_MS = 2000,
};

/* The first word of a greeting, if it can be a name; what follows is for people
 */
static void read_name(const char *text, char name[SUBJECT_NAME_MAX])
{
	size_t length = text_name_length(text);
	bool ends = !text[length] || text[length] == ' ';

	snprintf(name, SUBJECT_NAME_MAX, "%.*s", (int)length, text);
	if (!length || length >= WHO_MAX || !ends)
		strcpy(name, "pipe");
}

/* No agent says what does not begin so, be it a whole line or not. */
static int check_hello(struct subject *subject, const char *line, size_t length)
{
	char text[PIPE_QUOTE_MAX];

	if (!strncmp(line, AGENT_HELLO, MIN(length, strlen(AGENT_HELLO))))
		return 0;
	return pipe_fail(subject, -EPROTO,
		"is not a portclash agent: "
		"expected '" AGENT_HELLO "NAME', it said '%s'",
		pipe_quoted(line, text));
}

/* It said nothing yet, or no whole line. Machines take their time. */
static int tell(struct subject *subject, bool *probed)
{
	static bool told; /* workers know what their parent told */
	struct pipe *agent = subject->state;
	struct child *child = &agent->child;
	size_t length = child->in_used - child->in_next;
	char said[PIPE_QUOTE_MAX] = "";

	snprintf(said, sizeof(said), "%.*s", (int)MIN(length, sizeof(said) - 1),
		child->in + child->in_next);
	if (check_hello(subject, said, length))
		return agent->failed;
	*probed = agent->err < 0;
	if (!*probed)
		return 0;
	if (!told)
		quote_printf(stderr,
			"portclash: '%s' says nothing: expected '" AGENT_HELLO
			"NAME'; waiting for %d s at most\n",
			agent->command, agent->hello_ms / 1000);
	told = true;
	child->out_used = snprintf(child->out, sizeof(child->out), ".\n");
	return 0;
}

/* Wait for the first line, and tell if it does not come */
static int hear_hello(struct subject *subject, char **line, bool *probed)
{
	struct pipe *agent = subject->state;
	int rc = 0;

	agent->until = child_now() + agent->hello_ms;
	if (agent->hello_ms > PIPE_TOLD_MS) {
		rc = child_line(&agent->child, PIPE_TOLD_MS,
			child_now() + PIPE_TOLD_MS, line);
		if (!rc)
			return 0;
		rc = rc == -ETIMEDOUT || rc == -ETIME ? tell(subject, probed) :
							0;
	}
	return rc ? rc : pipe_line(subject, agent->hello_ms, line);
}

static int shake_hands(struct subject *subject)
{
	struct pipe *agent = subject->state;
	bool probed = false;
	char *line, text[PIPE_QUOTE_MAX];
	int rc = hear_hello(subject, &line, &probed);

	if (!rc)
		rc = check_hello(subject, line, strlen(line) + 1);
	if (rc)
		return rc;
	read_name(line + strlen(AGENT_HELLO), agent->greeted);
	agent->until = child_now() + agent->hello_ms;
	rc = pipe_line(subject, agent->hello_ms, &line);
	if (!rc && agent_parse_can(line, &subject->can))
		return pipe_fail(subject, -EPROTO,
			"is not a portclash agent: "
			"expected 'can WORD...', it said '%s'",
			pipe_quoted(line, text));
	if (!rc && probed)
		rc = pipe_line(subject, agent->wait_ms, &line);
	if (!rc && probed && strcmp(line, "."))
		rc = pipe_fail(subject, -EPROTO,
			"is not a portclash agent: expected '.' for a program "
			"without ops, it said '%s'",
			pipe_quoted(line, text));
	return rc;
}

static int start(struct subject *subject)
{
	struct pipe *agent = subject->state;
	int rc;

	agent->failed = 0;
	agent->works = false;
	if (agent->err >= 0 && ftruncate(agent->err, 0))
		return pipe_fail(subject, -errno, "has no log");
	rc = child_start(&agent->child, agent->argv, agent->err);
	if (rc)
		return pipe_fail(subject, rc, "cannot be started: %s",
			strerror(-rc));
	return shake_hands(subject);
}

/* As pipe_ask(), of as many agents as it takes: each answers once at least */
static int ask(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces, struct pipe_count *done)
{
	struct pipe_count part;
	size_t answered = 0;
	int rc;

	do {
		rc = pipe_ask(subject, programs + answered, count - answered,
			traces + answered, &part);
		*done = (struct pipe_count){ answered + part.answered,
			answered + part.sent };
		answered += part.answered;
		if (rc != -ERESTART)
			return rc;
		subject->restarts++;
		rc = start(subject);
	} while (!rc);
	return rc;
}

static bool is_death(int rc)
{
	return rc == -EPIPE || rc == -ETIMEDOUT;
}

/* After a death. If the agent survives an empty program now, it works, and so a
 * program killed it. */
static int start_again(struct subject *subject)
{
	struct program empty;
	struct trace trace;
	struct pipe_count done;
	int rc = start(subject);

	program_init(&empty, LEVEL_SOCKET);
	return rc ? rc : ask(subject, &empty, 1, &trace, &done);
}

/* Find the op of this program that kills the agent. If none does, the trace is
 * that of a program that was answered. */
static int blame(struct subject *subject, const struct program *program,
	struct trace *trace)
{
	struct program part = *program;
	struct pipe_count done;
	bool lost = false;
	int rc = 0;

	for (part.count = 1; part.count <= program->count; part.count++) {
		struct trace answer = { 0 };

		rc = ask(subject, &part, 1, &answer, &done);
		if (rc)
			break;
		*trace = answer;
	}
	if (!is_death(rc))
		return rc;
	/* After an n/a there is nothing but n/a, not even a death. */
	for (unsigned int i = 0; i + 1 < part.count; i++)
		lost |= trace->outcomes[i].kind == OUTCOME_NA;
	for (int i = part.count - 1; i < program->count; i++)
		trace->outcomes[i] = outcome_na();
	if (!lost)
		trace->outcomes[part.count - 1].kind = rc == -EPIPE ?
							       OUTCOME_CRASH :
							       OUTCOME_HANG;
	trace->count = program->count;
	return start_again(subject);
}

/* Ask one program at a time, up to the one that the agent does not survive */
static int one_by_one(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces, size_t *answered)
{
	for (*answered = 0; *answered < count; (*answered)++) {
		const struct program *program = programs + *answered;
		struct trace *trace = traces + *answered;
		struct pipe_count done;
		int rc = ask(subject, program, 1, trace, &done);

		if (!rc)
			continue;
		if (is_death(rc))
			rc = start_again(subject);
		if (!rc)
			rc = blame(subject, program, trace);
		*answered += !rc;
		return rc;
	}
	return 0;
}

static int pipe_run(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces)
{
	struct pipe *agent = subject->state;
	size_t next = 0;

	if (agent->failed)
		return agent->failed;
	while (next < count) {
		struct pipe_count done;
		int rc = ask(subject, programs + next, count - next,
			traces + next, &done);

		next += done.answered;
		if (is_death(rc)) {
			rc = start_again(subject);
			if (!rc)
				rc = one_by_one(subject, programs + next,
					done.sent - done.answered,
					traces + next, &done.answered);
			next += rc ? 0 : done.answered;
		}
		if (rc)
			return rc;
	}
	return 0;
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
			"'%.40s'",
			text);
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
	for (char **arg = agent->argv; *arg; arg++)
		free(*arg);
	if (agent->err >= 0)
		close(agent->err);
	free(agent);
	subject->state = NULL;
}

/* A file to which several processes append */
static int open_log(void)
{
	int fd = memfd_create("stderr", MFD_CLOEXEC);

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_RDWR | O_APPEND);
	return fd;
}

const char *pipe_greeted(const struct subject *subject)
{
	return ((const struct pipe *)subject->state)->greeted;
}

int pipe_open(struct subject *subject, const char *const argv[],
	const char *called, int hello_ms, bool quiet)
{
	int wait_ms = 0, rc = read_wait(subject, &wait_ms);
	struct pipe *agent;

	if (rc)
		return rc;
	agent = calloc(1, sizeof(*agent));
	subject->state = agent;
	for (int i = 0; agent && argv[i]; i++) {
		agent->argv[i] = strdup(argv[i]);
		rc = rc || !agent->argv[i];
	}
	if (!agent || rc) {
		snprintf(subject->why, sizeof(subject->why), "no memory");
		rc = -ENOMEM;
	} else {
		agent->wait_ms = wait_ms ? wait_ms : PIPE_WAIT_MS;
		agent->hello_ms = wait_ms ? wait_ms : hello_ms;
		agent->err = quiet ? open_log() : -1;
		pipe_quoted(called, agent->command);
		rc = start(subject);
	}
	if (agent && rc)
		pipe_close(subject);
	return rc;
}

static int shell_open(struct subject *subject, const char *argument)
{
	/* A command may begin with "-" or "+": it is no option of the shell. */
	const char *const argv[] = { "/bin/sh", "-c", "--", argument, NULL };
	int rc;

	if (!*argument) {
		snprintf(subject->why, sizeof(subject->why),
			"expected a command, such as "
			"pipe:'ssh host portclash serve'");
		return -EINVAL;
	}
	rc = pipe_open(subject, argv, argument, PIPE_HELLO_WAIT_MS, false);
	if (!rc)
		strcpy(subject->name, pipe_greeted(subject));
	return rc;
}

const struct subject_type subject_pipe = {
	.name = "pipe:",
	.prefix = true,
	.open = shell_open,
	.close = pipe_close,
	.run = pipe_run,
};
