// SPDX-License-Identifier: Apache-2.0
/*
 * whole.c - files that are there as a whole, or as they were before
 */
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Its name, without links; 0, or a negative errno */
static int find_path(struct whole *whole, const char *path)
{
	struct stat link;

	if (!lstat(path, &link) && S_ISLNK(link.st_mode) &&
		realpath(path, whole->path))
		return 0;
	if (strlen(path) >= sizeof(whole->path))
		return -ENAMETOOLONG;
	strcpy(whole->path, path);
	return 0;
}

/* Which the file is reached by while it has no name */
static void path_of(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/*
 * A new file in the folder of the one that is meant. Where the file system can
 * do that it has no name, so that nobody has to tidy up, however we end. Else
 * it has one beside the other's, and is never put over one of somebody else.
 */
static int open_beside(struct whole *whole, mode_t mode)
{
	char *slash = strrchr(whole->path, '/'), path[32];
	int fd;

	snprintf(whole->temporary, sizeof(whole->temporary), "%.*s",
		slash ? (int)(slash + 1 - whole->path) : 1,
		slash ? whole->path : ".");
	fd = open(whole->temporary, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	snprintf(whole->temporary, sizeof(whole->temporary), "%s.%d.new",
		whole->path, getpid());
	path_of(fd, path);
	whole->unnamed = fd >= 0 && !access(path, F_OK);
	if (whole->unnamed)
		return fd;
	if (fd >= 0)
		close(fd);
	return open(whole->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		mode);
}

static void forget(struct whole *whole)
{
	if (*whole->temporary && !whole->unnamed)
		unlink(whole->temporary);
}

int whole_open(struct whole *whole, const char *path)
{
	struct stat old;
	int fd, rc = find_path(whole, path);
	bool exists;

	*whole->temporary = '\0';
	if (rc)
		return rc;
	exists = !stat(whole->path, &old);
	if (exists && !S_ISREG(old.st_mode)) {
		whole->file = fopen(whole->path, "w");
		return whole->file ? 0 : -errno;
	}
	fd = open_beside(whole, 0666);
	if (fd < 0)
		return -errno;
	/* Who may read it is as it was. */
	if (exists && fchmod(fd, old.st_mode & 07777))
		rc = -errno;
	whole->file = rc ? NULL : fdopen(fd, "w");
	if (whole->file)
		return 0;
	rc = rc ? rc : -errno;
	close(fd);
	forget(whole);
	return rc;
}

/* A name is on the disk when its folder is; not all folders can be asked. */
static void sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	int fd;

	if (slash)
		slash[1] = '\0';
	fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Its new name, in place of what has that; no signal comes between the two */
static int give_name(struct whole *whole)
{
	sigset_t all, before;
	char path[32];
	int rc = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	path_of(fileno(whole->file), path);
	if (whole->unnamed && linkat(AT_FDCWD, path, AT_FDCWD, whole->temporary,
				      AT_SYMLINK_FOLLOW))
		rc = -errno;
	else
		whole->unnamed = false;
	if (!rc && rename(whole->temporary, whole->path))
		rc = -errno;
	if (rc)
		forget(whole);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int whole_close(struct whole *whole)
{
	/* If it failed before, errno is of something else by now. */
	int rc = ferror(whole->file) ? -EIO : 0;

	if (fflush(whole->file) ||
		(*whole->temporary && fsync(fileno(whole->file))))
		rc = -errno;
	if (!*whole->temporary)
		return fclose(whole->file) && !rc ? -errno : rc;
	if (rc)
		forget(whole);
	else
		rc = give_name(whole);
	/* All of it is on the disk by now. */
	fclose(whole->file);
	if (!rc)
		sync_folder(whole->path);
	return rc;
}

void whole_drop(struct whole *whole)
{
	fclose(whole->file);
	forget(whole);
}
