/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_sysctl.h - the sysctls of the world: written, and written back
 */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include <stdint.h>

#include "program/program.h"

enum { KERNEL_SYSCTL_TEXT_MAX = 32 };

/**
 * struct kernel_sysctls - Those of one network namespace
 * @can:	A bit for each sysctl_key that can be written
 * @defaults:	What to write to each to have its default back
 */
struct kernel_sysctls {
	uint16_t can;
	char defaults[SYSCTLS][KERNEL_SYSCTL_TEXT_MAX];
};

/** kernel_sysctl_set_range() - Set the range of ports that every world has */
int kernel_sysctl_set_range(void);

/**
 * kernel_sysctl_learn() - Set that range, and read the defaults
 * @sysctls:	Filled in, for the network that the process is in; other
 *		namespaces of this kernel, made from now on, have the same
 *
 * A sysctl that cannot be written, or that is not obeyed, is not in @can.
 *
 * Return: 0, or a negative errno: we lack what it takes to ask
 */
int kernel_sysctl_learn(struct kernel_sysctls *sysctls);

/**
 * kernel_sysctl_set() - Write a sysctl
 * @key:	Which
 * @value:	The value, or the lower one of two
 * @high:	The higher one
 *
 * Return: 0, or the negative errno of open or write
 */
int kernel_sysctl_set(enum sysctl_key key, uint32_t value, uint32_t high);

/**
 * kernel_sysctl_restore() - Write the defaults back
 * @sysctls:	Of this network
 * @written:	A bit for each sysctl_key that was written
 *
 * Return: 0, or a negative errno
 */
int kernel_sysctl_restore(const struct kernel_sysctls *sysctls,
	uint16_t written);

#endif /* KERNEL_SYSCTL_H */
