// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_go.c - go to the network that is asked about
 */
#include "cmd_why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/netns.h"

/* A namespace by its path, its name, or a process in it */
static struct netns *open_netns(const char *name)
{
	struct netns *ns;
	char *end;
	long pid = strtol(name, &end, 10);
	int rc;

	if (strchr(name, '/'))
		rc = netns_open(name, &ns);
	else if (*name >= '0' && *name <= '9' && !*end)
		rc = netns_open_pid(pid, &ns);
	else
		rc = netns_open_named(NULL, name, &ns);
	if (rc == -ENOENT && !strchr(name, '/') && *name >= '0' &&
		*name <= '9' && !*end)
		die(EXIT_USAGE, "no process %s", name);
	if (rc)
		die(rc == -EPERM || rc == -EACCES ? EXIT_CANNOT : cmd_code(rc),
			"no network '%s': %s", name, strerror(-rc));
	return ns;
}

struct netns *cmd_why_go(const struct options *options)
{
	struct netns *here, *there;
	char pid[16];
	int rc = netns_current(&here);

	if (rc)
		die(EXIT_CANNOT, "cannot find our own network in /proc: %s",
			strerror(-rc));
	if (!options->netns && !options->pid)
		return here;
	snprintf(pid, sizeof(pid), "%u", options->pid);
	there = open_netns(options->netns ? options->netns : pid);
	if (netns_equal(here, there) != 1) {
		rc = netns_setns(there);
		if (rc)
			die(EXIT_CANNOT, "cannot look into that network: %s",
				strerror(-rc));
	}
	netns_free(here);
	return there;
}
