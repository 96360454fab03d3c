// SPDX-License-Identifier: Apache-2.0
/*
 * subjects.c - all subjects, by name
 */
#include "subjects.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipe.h"
#include "subject_law.h"
#include "subject_machine.h"
#include "util.h"

enum { HELLO_MS = 60 * 1000 };

static const struct subject_type *const types[] = {
	&subject_portman,
	&subject_portlist,
	&subject_spec,
	&subject_kernel,
	&subject_goports,
	&subject_lwip,
	&subject_pipe,
};

const struct subject_type *subjects_find(const char *name)
{
	const char *law = subject_law_of(name);
	char inner[SUBJECT_NAME_MAX];

	if (law && law - name < SUBJECT_NAME_MAX) {
		snprintf(inner, sizeof(inner), "%.*s", (int)(law - name), name);
		return subjects_find(inner) ? &subject_law : NULL;
	}
	if (subject_machine_is(name))
		return &subject_machine;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t length = strlen(types[i]->name);

		if (strncmp(name, types[i]->name, length))
			continue;
		/* After "pipe:" anything may follow, after "spec" no letter. */
		if (!name[length] ||
			(types[i]->prefix && (name[length - 1] == ':' ||
						     ispunct(name[length]))))
			return types[i];
	}
	return NULL;
}

/* Ask a kernel in a process of its own: ours may be in a world already */
static int open_inner(struct subject *inner, const char *name)
{
	const struct subject_type *type = subjects_find(name);
	char path[PATH_MAX] = "";
	const char *const argv[] = { path, "serve", "-s", name, NULL };
	int rc;

	if (!type || !type->kernel)
		return subjects_open(inner, name);
	memset(inner, 0, sizeof(*inner));
	snprintf(inner->name, sizeof(inner->name), "%s", name);
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return -errno;
	/* Without a shell, to which a folder's name would be code */
	rc = pipe_open(inner, argv, "portclash serve", HELLO_MS, false);
	inner->type = rc ? NULL : &subject_pipe;
	return rc;
}

static int open_under_law(struct subject *subject, const char *name)
{
	const char *law = subject_law_of(name);
	char inner_name[SUBJECT_NAME_MAX];
	struct subject inner;
	int rc;

	snprintf(inner_name, sizeof(inner_name), "%.*s", (int)(law - name),
		name);
	rc = open_inner(&inner, inner_name);
	if (!rc)
		return subject_law_open(subject, name, &inner, law + 1);
	memset(subject, 0, sizeof(*subject));
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	memcpy(subject->why, inner.why, sizeof(subject->why));
	return rc;
}

int subjects_open(struct subject *subject, const char *name)
{
	const struct subject_type *type = subjects_find(name);

	if (type == &subject_law)
		return open_under_law(subject, name);
	if (type)
		return subject_open(subject, type, name);
	memset(subject, 0, sizeof(*subject));
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	snprintf(subject->why, sizeof(subject->why),
		"no such subject; known: " SUBJECTS_NAMES);
	return -ENOENT;
}

void subjects_full_name(const char *name, char full[SUBJECT_NAME_MAX])
{
	const char *law = subject_law_of(name);
	size_t length = law ? (size_t)(law - name) : strlen(name);
	struct machine_list here;

	snprintf(full, SUBJECT_NAME_MAX, "%s", name);
	if (!(length == 6 && !strncmp(name, "gvisor", 6)) &&
		!(length == 3 && !strncmp(name, "uml", 3)))
		return;
	subject_machine_list(&here);
	for (unsigned int i = 0; i < here.count; i++)
		if (!strncmp(here.names[i], name, length))
			snprintf(full, SUBJECT_NAME_MAX, "%.*s%.*s",
				SUBJECT_NAME_MAX / 2 - 1, here.names[i],
				SUBJECT_NAME_MAX / 2 - 1, law ? law : "");
}
