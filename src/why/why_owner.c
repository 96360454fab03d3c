// SPDX-License-Identifier: Apache-2.0
/*
 * why_owner.c - which processes have the sockets, and with which options?
 *
 * One walk through /proc finds the owners of all sockets. Of each socket one
 * copy is made for a moment, to ask for its options. Only questions are put to
 * it, so that its owner notices nothing.
 */
#include "why_private.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

/* Room for "socket:[4294967295]" */
enum { LINK_MAX_LEN = 32 };

/** struct at - Where the holder of an inode is */
struct at {
	uint32_t inode, holder;
};

/**
 * struct walk - A walk through /proc
 * @places:	Sorted by inode
 * @pid, @pidfd, @command: The process that is looked at; @pidfd is -1 until it
 *		is needed
 */
struct walk {
	struct why_situation *s;
	struct at *places;
	unsigned int count;
	pid_t pid;
	int pidfd;
	char command[WHY_COMMAND_MAX];
};

static int by_inode(const void *a, const void *b)
{
	const struct at *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int by_holder(const void *a, const void *b)
{
	const struct why_owner *x = a, *y = b;

	if (x->holder != y->holder)
		return x->holder < y->holder ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static bool option_of(int fd, int level, int option, bool *on)
{
	int value = 0;
	socklen_t size = sizeof(value);

	if (getsockopt(fd, level, option, &value, &size))
		return false;
	*on = value;
	return true;
}

static void ask_options(struct walk *w, struct why_holder *h, int number)
{
	bool v6 = h->row.family == AF_INET6;
	int fd;

	if (w->pidfd < 0)
		w->pidfd = syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0)
		return;
	fd = syscall(SYS_pidfd_getfd, w->pidfd, number, 0);
	if (fd < 0)
		return;
	h->known = option_of(fd, SOL_SOCKET, SO_REUSEADDR, &h->reuseaddr) &&
		   option_of(fd, SOL_SOCKET, SO_REUSEPORT, &h->reuseport);
	/* That of MPTCP's own socket need not be that of the one below. */
	if (v6 && !h->v6only_known && !h->mptcp &&
		option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY, &h->row.v6only))
		h->v6only_known = true;
	close(fd);
}

/* A descriptor of a socket that has a port */
static int add_owner(struct walk *w, uint32_t holder, int fd)
{
	struct why_situation *s = w->s;
	struct why_owner *list = why_grow(s->owners, s->owner_count,
		sizeof(*list));

	if (!list)
		return -ENOMEM;
	s->owners = list;
	if (!*w->command)
		procfile_command(w->pid, w->command);
	list += s->owner_count++;
	*list = (struct why_owner){ .holder = holder, .pid = w->pid, .fd = fd };
	memcpy(list->command, w->command, sizeof(list->command));
	if (!s->holders[holder].known)
		ask_options(w, &s->holders[holder], fd);
	return 0;
}

/* Something could not be looked into. Who has ended has no sockets; else, is it
 * that we may not, or is it our own failure? */
static void note_unseen(struct walk *w, int error)
{
	if (error == EACCES || error == EPERM)
		w->s->seen = w->s->seen == WHY_SEEN_ALL ? WHY_SEEN_SOME :
							  w->s->seen;
	else if (error && error != ENOENT && error != ESRCH)
		w->s->seen = WHY_SEEN_FAILED;
}

/* NULL at the end, which may come too early */
static struct dirent *next_entry(struct walk *w, DIR *dir)
{
	struct dirent *entry;

	errno = 0;
	entry = readdir(dir);
	if (!entry)
		note_unseen(w, errno);
	return entry;
}

static int look_at(struct walk *w, DIR *fds, const char *name)
{
	char link[LINK_MAX_LEN];
	ssize_t n = readlinkat(dirfd(fds), name, link, sizeof(link) - 1);
	struct at wanted = { 0 }, *found;

	/* "." and ".." are no links. */
	if (n < 0 && errno != EINVAL)
		note_unseen(w, errno);
	if (n <= 8 || memcmp(link, "socket:[", 8))
		return 0;
	link[n] = '\0';
	wanted.inode = strtoul(link + 8, NULL, 10);
	found = bsearch(&wanted, w->places, w->count, sizeof(wanted), by_inode);
	return found ? add_owner(w, found->holder, strtol(name, NULL, 10)) : 0;
}

/* A process that has ended, or is not ours to look into, is passed over. */
static int look_into(struct walk *w)
{
	struct dirent *entry;
	char path[64];
	int rc = 0;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", w->pid);
	fds = opendir(path);
	if (!fds) {
		note_unseen(w, errno);
		return 0;
	}
	w->pidfd = -1;
	*w->command = '\0';
	while (!rc && (entry = next_entry(w, fds)))
		rc = look_at(w, fds, entry->d_name);
	closedir(fds);
	if (w->pidfd >= 0)
		close(w->pidfd);
	return rc;
}

static int walk(struct walk *w)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	w->s->seen = processes ? WHY_SEEN_ALL : WHY_SEEN_FAILED;
	if (!processes)
		return 0;
	while (!rc && (entry = next_entry(w, processes))) {
		w->pid = strtol(entry->d_name, NULL, 10);
		if (w->pid > 0)
			rc = look_into(w);
	}
	closedir(processes);
	return rc;
}

/* Tell each holder where its owners are in the list. */
static void sort_owners(struct why_situation *s)
{
	if (s->owner_count)
		qsort(s->owners, s->owner_count, sizeof(*s->owners), by_holder);
	for (unsigned int i = s->owner_count; i > 0; i--) {
		struct why_holder *h = &s->holders[s->owners[i - 1].holder];

		h->owner = i - 1;
		h->owners++;
	}
}

int why_look_owners(struct why_situation *situation)
{
	struct walk w = { .s = situation };
	int rc;

	w.places = calloc(situation->holder_count + 1, sizeof(*w.places));
	if (!w.places)
		return -ENOMEM;
	for (unsigned int i = 0; i < situation->holder_count; i++)
		if (situation->holders[i].row.inode)
			w.places[w.count++] = (struct at){
				situation->holders[i].row.inode, i
			};
	qsort(w.places, w.count, sizeof(*w.places), by_inode);
	rc = w.count ? walk(&w) : 0;
	free(w.places);
	sort_owners(situation);
	return rc;
}
