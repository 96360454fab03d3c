// SPDX-License-Identifier: Apache-2.0
/*
 * subject_machine.c - agents that have names of their own
 *
 * Each other kernel is in a machine of its own. netns-scripts/ has a wrapper
 * for each sort, usable by hand, and its "machines" says which are here. So a
 * future release needs no change of ours. goports is the real Go package; lwip
 * is lwIP.
 */
#include "subject_machine.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "folder.h"
#include "pipe.h"
#include "util.h"

enum {
	HELLO_MS = 60 * 1000,	   /* a slow machine boots in 30 s */
	HELLO_SOON_MS = 30 * 1000, /* a sandbox or UML in two */
	LIST_WAIT_MS = 30 * 1000,  /* 5 s each for those that hang */
	DATE_DIGITS = 8,
};

/* Digits, a dot, digits */
static bool is_version(const char *text)
{
	size_t major = strspn(text, "0123456789");
	size_t minor = text[major] == '.' ?
			       strspn(text + major + 1, "0123456789") :
			       0;

	return major && minor && !text[major + 1 + minor];
}

bool subject_machine_is(const char *name)
{
	if (!strncmp(name, "gvisor-", 7))
		return strlen(name + 7) == strspn(name + 7, "0123456789") &&
		       strlen(name + 7) == DATE_DIGITS;
	if (!strncmp(name, "uml-", 4))
		return is_version(name + 4);
	if (!strncmp(name, "linux-", 6))
		return is_version(name + 6);
	return !strcmp(name, "gvisor") || !strcmp(name, "uml");
}

void subject_machine_list(struct machine_list *list)
{
	char path[PATH_MAX + sizeof("/machines")], looked[1];
	char *const argv[] = { path, NULL };
	struct child child;
	long until = child_now() + LIST_WAIT_MS;
	char *line;
	int status;

	memset(list, 0, sizeof(*list));
	if (folder_find(&folder_scripts, path, PATH_MAX, looked,
		    sizeof(looked)))
		return;
	strcat(path, "/machines");
	if (child_start(&child, argv, -1))
		return;
	while (list->count < MACHINES_MAX &&
		!child_line(&child, LIST_WAIT_MS, until, &line))
		if (subject_machine_is(line) && strlen(line) < SUBJECT_NAME_MAX)
			strcpy(list->names[list->count++], line);
	child_end(&child, 0, &status);
}

static int machine_open(struct subject *subject, const char *argument)
{
	char scripts[PATH_MAX], programs[PATH_MAX], script[PATH_MAX + 32];
	char agent[PATH_MAX + 32], looked[SUBJECT_WHY_MAX / 2];
	char release[SUBJECT_NAME_MAX + 16];
	const char *argv[PIPE_ARGS_MAX + 1] = { script };
	const char *version = strchr(subject->name, '-');
	int n = 1;

	(void)argument;
	if (folder_find(&folder_scripts, scripts, sizeof(scripts), looked,
		    sizeof(looked))) {
		snprintf(subject->why, sizeof(subject->why),
			"no wrappers of other kernels: looked for %s", looked);
		return -ENOENT;
	}
	snprintf(script, sizeof(script), "%s/in-%s", scripts,
		*subject->name == 'g' ? "runsc" :
		*subject->name == 'u' ? "uml" :
					"qemu");
	if (*subject->name == 'l')
		argv[n++] = version + 1;
	else if (version)
		argv[n++] = release;
	snprintf(release, sizeof(release), "--release=%s",
		version ? version + 1 : "");
	if (*subject->name == 'g') {
		folder_find(&folder_programs, programs, sizeof(programs),
			looked, sizeof(looked));
		snprintf(agent, sizeof(agent), "%s/portclash-static", programs);
		argv[n++] = agent;
		argv[n++] = "serve";
	}
	return pipe_open(subject, argv, strrchr(script, '/') + 1,
		*subject->name == 'l' ? HELLO_MS : HELLO_SOON_MS, true);
}

/* Beside our own program, or where the environment says */
static int built_open(struct subject *subject, const char *variable,
	const char *program, const char *how)
{
	const char *given = getenv(variable);
	char programs[PATH_MAX], path[PATH_MAX + 32] = "", looked[1];
	const char *const argv[] = { path, NULL };

	if (given)
		snprintf(path, sizeof(path), "%s", given);
	else if (!folder_find(&folder_programs, programs, sizeof(programs),
			 looked, sizeof(looked)))
		snprintf(path, sizeof(path), "%s/%s", programs, program);
	if (!access(path, X_OK))
		return pipe_open(subject, argv, path, HELLO_MS, false);
	if (given)
		snprintf(subject->why, sizeof(subject->why),
			"%s: '%.100s' is no program", variable, given);
	else
		snprintf(subject->why, sizeof(subject->why),
			"%s is missing: %s, then 'make'", program, how);
	return -ENOENT;
}

static int goports_open(struct subject *subject, const char *argument)
{
	(void)argument;
	return built_open(subject, "PORTCLASH_GOPORTS", "goports",
		"install Go with 'ci/setup go'");
}

static int lwip_open(struct subject *subject, const char *argument)
{
	(void)argument;
	return built_open(subject, "PORTCLASH_LWIP", "lwip",
		"install lwIP with 'ci/setup lwip'");
}

static void agent_close(struct subject *subject)
{
	subject_pipe.close(subject);
}

static int agent_run(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces)
{
	return subject_pipe.run(subject, programs, count, traces);
}

const struct subject_type subject_machine = {
	.name = "machine",
	.open = machine_open,
	.close = agent_close,
	.run = agent_run,
};

const struct subject_type subject_goports = {
	.name = "goports",
	.open = goports_open,
	.close = agent_close,
	.run = agent_run,
};

const struct subject_type subject_lwip = {
	.name = "lwip",
	.open = lwip_open,
	.close = agent_close,
	.run = agent_run,
};
