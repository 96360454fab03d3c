// SPDX-License-Identifier: Apache-2.0
/*
 * subject_machine.c - agents that have names of their own
 *
 * Other kernels are each in a machine: netns-scripts/ has a wrapper for each
 * sort, usable by hand. goports is the real Go package; lwip is lwIP.
 */
#include "subject.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

static const struct machine {
	const char *name, *command;
} machines[] = {
	{ "gvisor", "in-runsc build/portclash-static serve" },
	{ "uml-6.1", "in-uml" },
	{ "linux-6.1", "in-qemu 6.1" },
	{ "linux-6.12", "in-qemu 6.12" },
};

/* The tree that we were built in: build/ is below it, or build/san/ */
static bool find_tree(char tree[PATH_MAX])
{
	static const char scripts[] = "/netns-scripts";
	ssize_t n = readlink("/proc/self/exe", tree, PATH_MAX - 1);

	tree[MAX(n, 0)] = '\0';
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(tree, '/');

		if (!slash || slash - tree + sizeof(scripts) > PATH_MAX)
			return false;
		strcpy(slash, scripts);
		n = access(tree, X_OK);
		*slash = '\0';
		if (!n)
			return true;
	}
	return false;
}

static int machine_open(struct subject *subject, const char *argument)
{
	char tree[PATH_MAX], command[2 * PATH_MAX];
	size_t i = 0;
	int rc;

	(void)argument;
	if (!find_tree(tree)) {
		snprintf(subject->why, sizeof(subject->why),
			"netns-scripts/ is not where the command was built");
		return -ENOENT;
	}
	while (strcmp(subject->name, machines[i].name))
		i++;
	snprintf(command, sizeof(command), "cd '%s' && exec netns-scripts/%s",
		tree, machines[i].command);
	rc = subject_pipe.open(subject, command);
	if (rc == -EPIPE)
		snprintf(subject->why, sizeof(subject->why),
			"netns-scripts/%s said why not; 'make kernels' "
			"installs what it needs", machines[i].command);
	return rc;
}

/* Beside our own program in that tree, or where the environment says */
static int built_open(struct subject *subject, const char *variable,
	const char *program, const char *how)
{
	const char *given = getenv(variable);
	char tree[PATH_MAX], path[PATH_MAX + sizeof("/build/goports")] = "";
	char command[sizeof(path) + sizeof("exec ''")];

	if (given)
		snprintf(path, sizeof(path), "%s", given);
	else if (find_tree(tree))
		snprintf(path, sizeof(path), "%s/build/%s", tree, program);
	if (!access(path, X_OK)) {
		snprintf(command, sizeof(command), "exec '%s'", path);
		return subject_pipe.open(subject, command);
	}
	if (given)
		snprintf(subject->why, sizeof(subject->why),
			"%s: '%.100s' is no program", variable, given);
	else
		snprintf(subject->why, sizeof(subject->why),
			"build/%s is missing: %s, then 'make'", program, how);
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

#define MACHINE(machine)                                                       \
	{ .name = machine, .open = machine_open, .close = agent_close,         \
		.run = agent_run }

const struct subject_type subject_machines[SUBJECT_MACHINES] = {
	MACHINE("gvisor"),
	MACHINE("uml-6.1"),
	MACHINE("linux-6.1"),
	MACHINE("linux-6.12"),
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
