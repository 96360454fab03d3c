// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_world.c - world: a command in a fresh world
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cmd.h"
#include "process.h"
#include "subjects/kernel_world.h"

static int run_world(struct options *o)
{
	struct kernel_world world;
	char why[SUBJECT_WHY_MAX];

	if (!o->arg_count)
		die(EXIT_USAGE, "world: which command?");
	if (kernel_world_enter(&world, why, sizeof(why)))
		die(EXIT_CANNOT, "world: %s", why);
	kernel_world_close(&world);
	/* What it mounts is nobody else's, where that can be had. */
	if (!unshare(CLONE_NEWNS))
		mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
	process_exec();
	execvp(o->args[0], o->args);
	die(EXIT_CANNOT, "world: %s: %s", o->args[0], strerror(errno));
}

const struct verb verb_world = {
	.name = "world",
	.options = "+",
	.usage = "COMMAND [ARGUMENT]...",
	.help = "run a command in a fresh world, that of src/world.h",
	.run = run_world,
};
