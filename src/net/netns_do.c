// SPDX-License-Identifier: Apache-2.0
/*
 * netns_do.c - to do something in another namespace, and to come back
 */
#include "netns.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "uncancelled.h"
#include "util.h"

/**
 * struct visit - What a thread is to do, and what came of it
 * @from:	The caller's namespace
 */
struct visit {
	int to;
	struct netns *from;
	netns_fn *fn;
	void *arg;
	int rc;
};

static void *visit(void *arg)
{
	struct visit *v = arg;
	int rc = setns(v->to, CLONE_NEWNET) ? -errno : 0;

	/* Until this is set, it is as if the function had not returned. */
	v->rc = rc ? rc : v->fn(v->from, v->arg);
	return NULL;
}

static int send(struct visit *v)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, visit, v);

	if (rc)
		return -rc;
	pthread_join(thread, NULL);
	return v->rc;
}

int netns_do_fd(int fd, netns_fn *fn, void *arg)
{
	UNCANCELLED();
	struct visit v = { .to = fd, .fn = fn, .arg = arg, .rc = -ECANCELED };
	int rc = fn ? netns_current(&v.from) : -EINVAL;

	if (rc)
		return rc;
	rc = send(&v);
	netns_free(v.from);
	return rc;
}

int netns_do(const struct netns *ns, netns_fn *fn, void *arg)
{
	int fd = netns_fd(ns);

	return fd < 0 ? fd : netns_do_fd(fd, fn, arg);
}

int netns_do_path(const char *path, netns_fn *fn, void *arg)
{
	UNCANCELLED();
	struct netns *ns;
	int rc = netns_open(path, &ns);

	if (rc)
		return rc;
	rc = netns_do(ns, fn, arg);
	netns_free(ns);
	return rc;
}

int netns_do_inline(const struct netns *ns, netns_fn *fn, void *arg)
{
	UNCANCELLED();
	struct netns *from;
	int rc = fn ? netns_fd(ns) : -EINVAL;

	if (rc >= 0)
		rc = netns_current(&from);
	if (rc < 0)
		return rc;
	/* Try the way back first: it is better not to go than not to return. */
	rc = netns_setns(from);
	if (!rc)
		rc = netns_setns(ns);
	if (!rc) {
		rc = fn(from, arg);
		ASSERT(!netns_setns(from));
	}
	netns_free(from);
	return rc;
}

static void *make(void *arg)
{
	struct visit *v = arg;

	v->rc = unshare(CLONE_NEWNET) ? -errno : netns_current(&v->from);
	return NULL;
}

int netns_new(struct netns **ns)
{
	UNCANCELLED();
	struct visit v = { .rc = -ECANCELED };
	pthread_t thread;
	int rc;

	if (!ns)
		return -EINVAL;
	rc = pthread_create(&thread, NULL, make, &v);
	if (rc)
		return -rc;
	pthread_join(thread, NULL);
	if (!v.rc)
		*ns = v.from;
	return v.rc;
}

static int tell_id(struct netns *from, void *arg)
{
	(void)from;
	return netns_id_current(arg);
}

int netns_id(const struct netns *ns, uint64_t *id)
{
	return id ? netns_do(ns, tell_id, id) : -EINVAL;
}
