// SPDX-License-Identifier: Apache-2.0
/*
 * keep.c - findings as cases in a folder, from the moment they are found
 */
#include "keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quote.h"
#include "whole.h"
#include "compare/divergence.h"

void keep_begin(struct keep *keep)
{
	const char *folder = keep->options->keep;
	struct stat about;
	int error = mkdir(folder, 0777) ? errno : 0;

	keep->made = !error;
	if (error == EEXIST)
		error = stat(folder, &about)	    ? errno :
			!S_ISDIR(about.st_mode)	    ? ENOTDIR :
			access(folder, W_OK | X_OK) ? errno :
						      0;
	if (error)
		die(EXIT_CANNOT, "%s: cannot write what is found: %s", folder,
			strerror(error));
}

static int write_case(const struct keep *keep, const struct finding *f,
	const char *path)
{
	const struct options *o = keep->options;
	struct whole whole;
	int rc;

	if (mkdir(o->keep, 0777) && errno != EEXIST)
		return -errno;
	rc = whole_open(&whole, path);
	if (rc)
		return rc;
	divergence_keep(&f->program, NAMES_OF(o->subjects), &f->divergence,
		whole.file);
	return whole_close(&whole);
}

static int remember(struct keep *keep, const char *path)
{
	void *paths = realloc(keep->paths,
		(keep->count + 1) * sizeof(*keep->paths));

	if (!paths)
		return -ENOMEM;
	keep->paths = paths;
	strcpy(keep->paths[keep->count++], path);
	return 0;
}

/* Write a finding; 0, or a negative errno */
static int keep_one(struct keep *keep, const struct finding *f)
{
	char path[CASE_PATH_MAX];
	struct stat about;
	int rc = 0;

	if (!divergence_path(keep->options->keep, &f->program, path,
		    sizeof(path)))
		return -ENAMETOOLONG;
	if (lstat(path, &about))
		rc = remember(keep, path);
	else if (!S_ISREG(about.st_mode) && !S_ISLNK(about.st_mode))
		rc = -EEXIST; /* a pipe, say, that nobody may ever read */
	return rc ? rc : write_case(keep, f, path);
}

void keep_found(const struct finding *finding, void *arg)
{
	struct keep *keep = arg;
	int rc;

	if (finding->answer.verdict != CLASS_UNKNOWN)
		return;
	rc = keep_one(keep, finding);
	/* It may go well in the end; people can make room until then. */
	if (rc && !keep->error)
		quote_printf(stderr,
			"portclash: %s: cannot write what is found: %s\n",
			keep->options->keep, strerror(-rc));
	keep->error = rc ? rc : keep->error;
}

static bool is_reported(const struct keep *keep,
	const struct compare_result *result, const char *path)
{
	char reported[CASE_PATH_MAX];

	for (size_t i = 0; i < result->found; i++)
		if (result->findings[i].answer.verdict == CLASS_UNKNOWN &&
			divergence_path(keep->options->keep,
				&result->findings[i].program, reported,
				sizeof(reported)) &&
			!strcmp(reported, path))
			return true;
	return false;
}

/* Remove what was kept early, and is not reported: how many stay? */
static size_t tidy_up(const struct keep *keep,
	const struct compare_result *result)
{
	size_t stay = 0;

	for (size_t i = 0; i < keep->count; i++) {
		if (is_reported(keep, result, keep->paths[i]) ||
			!unlink(keep->paths[i]))
			continue;
		stay++;
		quote_printf(stderr,
			"portclash: %s: it is no finding, and cannot be "
			"removed: %s\n",
			keep->paths[i], strerror(errno));
	}
	return stay;
}

bool keep_end(struct keep *keep, const struct compare_result *result)
{
	size_t missing = 0, stay = tidy_up(keep, result);

	keep->error = 0;
	for (size_t i = 0; i < result->found; i++) {
		const struct finding *f = &result->findings[i];
		int rc = f->answer.verdict == CLASS_UNKNOWN ?
				 keep_one(keep, f) :
				 0;

		missing += rc != 0;
		keep->error = keep->error ? keep->error : rc;
	}
	if (keep->made && !missing)
		rmdir(keep->options->keep); /* if it is empty */
	free(keep->paths);
	keep->paths = NULL;
	if (missing)
		quote_printf(stderr,
			"portclash: %s: %zu findings are missing there: %s\n",
			keep->options->keep, missing, strerror(-keep->error));
	return !missing && !stay;
}
