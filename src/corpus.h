/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corpus.h - where the corpus is that belongs to this program
 */
#ifndef CORPUS_H
#define CORPUS_H

#include <stddef.h>

/**
 * corpus_find() - The corpus of where we are installed, or were built
 * @corpus:	Filled in; empty if there is none
 * @size:	Of it
 * @looked:	Where it was looked for, as a list in words
 * @looked_size: Of it; what does not fit is left out
 *
 * Beside bin/ that is share/portclash/corpus, and beside build/ it is corpus.
 * A folder of that name where the user happens to be is somebody else's.
 *
 * Return: 0, or -ENOENT
 */
int corpus_find(char *corpus, size_t size, char *looked, size_t looked_size);

#endif /* CORPUS_H */
