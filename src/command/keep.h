/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h - findings as cases in a folder, from the moment they are found
 *
 * DOC: Theory of Operation
 *
 * What is found is on the disk before it is made small, and again when it is;
 * so whoever is killed has lost nothing. In the end only what is reported
 * stays: the first of each sort, minimised. Of what was in the folder before,
 * nothing is removed.
 */
#ifndef KEEP_H
#define KEEP_H

#include "cmd.h"

/**
 * struct keep - What is kept of a run
 * @paths:	Names of the files that were not there before
 * @made:	The folder was not there before
 * @error:	Why the first of those that are missing is, or 0
 */
struct keep {
	const struct options *options;
	char (*paths)[CASE_PATH_MAX];
	size_t count;
	bool made;
	int error;
};

/**
 * keep_begin() - See that the folder can be written to
 *
 * Before anything is found. It is made if it is not there. Ends the command if
 * that cannot be.
 */
void keep_begin(struct keep *keep);

/** keep_found() - Write a finding, if it is of no class: for a compare_job */
void keep_found(const struct finding *finding, void *keep);

/**
 * keep_end() - Leave what is reported, and say what is missing
 *
 * Return: false if something is, or stays there that is no finding
 */
bool keep_end(struct keep *keep, const struct compare_result *result);

#endif /* KEEP_H */
