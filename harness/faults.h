/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.h - make one allocation or system call of the helpers fail
 *
 * Linked with --wrap for each of FAULTS in the Makefile, so that what the
 * objects of the library call by these names comes here first. Of libnl, the
 * calls that allocate or talk to the kernel are among them.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/**
 * faults_arm() - From now on, let the call of this number fail, from 0 on
 *
 * It fails once, in whatever thread or child it is made.
 */
void faults_arm(int number);

/** faults_spare() - Let a test's own calls succeed, or be counted again */
void faults_spare(bool spare);

/**
 * struct fault - What failed
 * @name:	Of the function
 * @error:	Which errno it gave
 */
struct fault {
	const char *name;
	int error;
};

/**
 * faults_disarm() - Let all succeed again
 *
 * Return: Did any call fail?
 */
bool faults_disarm(struct fault *fault);

#endif /* FAULTS_H */
