// SPDX-License-Identifier: Apache-2.0
/*
 * model.c - the model that says what a subject must answer
 */
#include "model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "subject_law.h"

/* Is it this model: its name alone, or with a version or changes behind it? */
static bool is_model(const char *name, const struct subject_type *type)
{
	size_t length = strlen(type->name);

	return !strncmp(name, type->name, length) &&
	       (!name[length] || ispunct((unsigned char)name[length]));
}

int model_open(struct subject *subject, const char *name)
{
	const char *law = subject_law_of(name);
	char inner_name[SUBJECT_NAME_MAX];
	struct subject inner;
	int rc;

	if (is_model(name, &subject_spec) && !law)
		return subject_open(subject, &subject_spec, name);
	if (is_model(name, &subject_portman) && !law)
		return subject_open(subject, &subject_portman, name);
	memset(subject, 0, sizeof(*subject));
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	if (!law) {
		snprintf(subject->why, sizeof(subject->why), "no such model");
		return -ENOENT;
	}
	snprintf(inner_name, sizeof(inner_name), "%.*s", (int)(law - name),
		name);
	rc = model_open(&inner, inner_name);
	if (!rc)
		return subject_law_open(subject, name, &inner, law + 1);
	memcpy(subject->why, inner.why, sizeof(subject->why));
	return rc;
}

/* Is there this model? Of a version or a release that nobody knows, and of what
 * a stranger's agent calls itself, there is none. Who has no memory to open it
 * will hear so when it is needed. */
static bool opens(const char *model)
{
	struct subject subject;
	int rc = model_open(&subject, model);

	if (!rc)
		subject_close(&subject);
	return !rc || rc == -ENOMEM;
}

bool model_of(const char *name, char model[SUBJECT_NAME_MAX])
{
	const char *law = subject_law_of(name);
	char inner[SUBJECT_NAME_MAX], of_inner[SUBJECT_NAME_MAX];

	if (law) {
		snprintf(inner, sizeof(inner), "%.*s", (int)(law - name), name);
		if (!model_of(inner, of_inner))
			return false;
		snprintf(model, SUBJECT_NAME_MAX, "%.*s%s",
			(int)(SUBJECT_NAME_MAX - 1 - strlen(law)), of_inner,
			law);
		return true;
	}
	if (!strncmp(name, "linux-", 6) || !strncmp(name, "uml-", 4))
		snprintf(model, SUBJECT_NAME_MAX, "spec@%.40s",
			strchr(name, '-') + 1);
	else if (!strcmp(name, "linux"))
		strcpy(model, "spec");
	else if (!strcmp(name, "gvisor"))
		strcpy(model, "portman");
	else if (!strncmp(name, "gvisor-", 7))
		snprintf(model, SUBJECT_NAME_MAX, "portman@%.40s", name + 7);
	else if (is_model(name, &subject_spec) ||
		 is_model(name, &subject_portman))
		snprintf(model, SUBJECT_NAME_MAX, "%s", name);
	else
		return false;
	return opens(model);
}
