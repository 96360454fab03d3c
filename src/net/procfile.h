/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfile.h - files of /proc, which are written whole
 */
#ifndef PROCFILE_H
#define PROCFILE_H

/** procfile_write() - Write a file in one call; 0, or the negative errno of
 * open or write */
int procfile_write(const char *path, const char *text);

#endif /* PROCFILE_H */
