/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole.h - files that are there as a whole, or as they were before
 *
 * What is written goes to a new file beside the one that is meant, is brought
 * to the disk, and only then gets the name. So who dies, and a disk that is
 * full, leave no half of a file, and nothing where something was. Until then it
 * has no name at all, where the file system can do that; else who is killed
 * leaves the new file behind.
 *
 * What is no file, such as a terminal or a pipe, is written to as it is. Behind
 * a symbolic link, the file is replaced and not the link.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * struct whole - A file on its way
 * @file:	To be written to
 * @path:	What it will be called
 * @temporary:	What it is called until then; empty if it is no file
 * @unnamed:	It is not called that yet
 */
struct whole {
	FILE *file;
	char path[PATH_MAX];
	char temporary[PATH_MAX + 16];
	bool unnamed;
};

/** whole_open() - Begin to write a file; 0, or a negative errno */
int whole_open(struct whole *whole, const char *path);

/**
 * whole_close() - Give the file its name, if all of it is on the disk
 *
 * Return: 0, or a negative errno, and all is as it was before
 */
int whole_close(struct whole *whole);

/** whole_drop() - Leave all as it was before */
void whole_drop(struct whole *whole);

#endif /* WHOLE_H */
