/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject_machine.h - which other kernels are here
 */
#ifndef SUBJECT_MACHINE_H
#define SUBJECT_MACHINE_H

#include "subject.h"

/* How many other kernels there may be here */
enum { MACHINES_MAX = 16 };

/** struct machine_list - Other kernels, by name */
struct machine_list {
	unsigned int count;
	char names[MACHINES_MAX][SUBJECT_NAME_MAX];
};

/**
 * subject_machine_is() - Is it the name of another kernel, here or not?
 * @name:	"gvisor", "gvisor-20240729", "uml", "uml-6.12", "linux-6.1" and
 *		their like are
 */
bool subject_machine_is(const char *name);

/**
 * subject_machine_list() - The other kernels that are here, by asking
 * @list:	Filled in with full names; of each kind the newest is last
 */
void subject_machine_list(struct machine_list *list);

#endif /* SUBJECT_MACHINE_H */
