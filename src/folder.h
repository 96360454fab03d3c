/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h - where the files are that belong to this program
 *
 * The program is in the tree that it was built in, or it was installed; so each
 * folder has two names. A folder of such a name in the current directory is not
 * looked at: it is somebody else's.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stddef.h>

/**
 * struct folder - A folder of ours
 * @built:	Its name in the tree, beside build/
 * @installed:	Its name in the prefix, beside bin/
 * @inside:	What must be in it, or it is not taken for ours
 */
struct folder {
	const char *built, *installed, *inside;
};

/* The classes and their cases */
extern const struct folder folder_corpus;
/* The wrappers of other kernels */
extern const struct folder folder_scripts;
/* The agents that are programs of their own */
extern const struct folder folder_programs;

/**
 * folder_find() - Where a folder of ours is
 * @folder:	Which
 * @path:	Filled in; empty if it is nowhere
 * @size:	Of it
 * @looked:	Where it was looked for, as a list in words
 * @looked_size: Of it; what does not fit is left out
 *
 * Return: 0, or -ENOENT
 */
int folder_find(const struct folder *folder, char *path, size_t size,
	char *looked, size_t looked_size);

#endif /* FOLDER_H */
