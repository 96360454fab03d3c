/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.h - make one allocation or system call of the helpers fail
 *
 * The tests are linked with --wrap for each of FAULTS in the Makefile, so calls
 * by these names in the objects of the library come here first. Among them are
 * the functions of libnl that allocate or talk to the kernel.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/**
 * faults_arm() - Let the call of this number fail; from now on the first is 0
 *
 * It fails once, in whatever thread or child it is made.
 */
void faults_arm(int number);

/** faults_spare() - Do not count a test's own calls, or count again */
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
