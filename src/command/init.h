/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.h - a machine that is the agent's alone: what there is before and after
 *
 * In a virtual machine (netns-scripts/in-qemu) the agent is process 1. The file
 * system has nothing but the agent, as /init, and modules of the kernel in
 * /modules. So it is the agent that mounts what has to be mounted, and that
 * switches the machine off.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>

/** init_is() - Are we process 1, and /init? A container's is not. */
bool init_is(void);

/**
 * init_begin() - Mount, load the modules, and talk through the port
 *
 * The port is /dev/vport0p1, of virtio, or else the console, without echo. It
 * becomes stdin and stdout; stderr is the kernel's log.
 *
 * Return: 0, or a negative errno
 */
int init_begin(void);

/**
 * init_programs() - Run what is in /programs, and say how each exits
 *
 * Return: Is there such a folder? Then there is no agent to be.
 */
bool init_programs(void);

/** init_end() - Switch the machine off */
__attribute__((noreturn)) void init_end(void);

#endif /* INIT_H */
