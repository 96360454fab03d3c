// SPDX-License-Identifier: Apache-2.0
/*
 * named.c - a subject, and what it is called
 */
#include "named.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "subject_law.h"
#include "subjects.h"
#include "program/text.h"

/* Shown of what a stranger wrote */
enum { SHOWN_MAX = 200 };

struct named named_of(const char *subject)
{
	struct named named = { .subject = NULL };

	snprintf(named.name, sizeof(named.name), "%s", subject);
	return named;
}

/* What is longer than a name needs another one: a command gets its agent's, and
 * changes have to be given one. A law copies what it is about. */
static int check_length(bool given, const char *subject,
	char why[NAMED_WHY_MAX])
{
	bool any = !subject_law_of(subject) &&
		   (given || subjects_find(subject) == &subject_pipe);

	if (any || strlen(subject) < SUBJECT_NAME_MAX)
		return 0;
	snprintf(why, NAMED_WHY_MAX,
		"a subject without a name, or under a law, has at most %d "
		"characters, found '%.*s'",
		SUBJECT_NAME_MAX - 1, SHOWN_MAX, subject);
	return -EINVAL;
}

static int take_name(struct named *named, const char *name, size_t length,
	const char *subject, char why[NAMED_WHY_MAX])
{
	if (length >= WHO_MAX) {
		snprintf(why, NAMED_WHY_MAX,
			"a subject's name has at most %d characters, found "
			"'%.*s'",
			WHO_MAX - 1, SHOWN_MAX, name);
		return -EINVAL;
	}
	memset(named, 0, sizeof(*named));
	snprintf(named->name, sizeof(named->name), "%.*s", (int)length, name);
	named->subject = subject;
	return 0;
}

static void take_subject(struct named *named, const char *subject)
{
	char full[SUBJECT_NAME_MAX];

	subjects_full_name(subject, full);
	*named = named_of(full);
	if (subjects_find(subject) == &subject_pipe)
		named->subject = subject;
}

/* A model can have a wrong version or rule; opening it tells. */
static int check_model(const char *subject, char why[NAMED_WHY_MAX])
{
	const struct subject_type *type = subjects_find(subject);
	struct subject opened;
	int rc;

	if (type != &subject_spec && type != &subject_portman)
		return 0;
	rc = subjects_open(&opened, subject);
	if (rc) {
		snprintf(why, NAMED_WHY_MAX, "%.*s: %s", SHOWN_MAX, subject,
			opened.why);
		return rc == -ENOMEM ? rc : -EINVAL;
	}
	subject_close(&opened);
	return 0;
}

int named_parse(struct named *named, const char *text, char why[NAMED_WHY_MAX])
{
	size_t length = text_name_length(text);
	bool given = length && text[length] == '=';
	const char *subject = given ? text + length + 1 : text;
	const char *sign = strchr(text, '=');
	int rc;

	if (subjects_find(subject)) {
		rc = check_length(given, subject, why) ?
			     -EINVAL :
			     check_model(subject, why);
		if (rc)
			return rc;
		if (given)
			return take_name(named, text, length, subject, why);
		take_subject(named, subject);
		return 0;
	}
	if (!given && sign && subjects_find(sign + 1))
		snprintf(why, NAMED_WHY_MAX,
			"'%.*s' is no name: expected letters, digits and .-_@ "
			"before the '='",
			(int)(sign - text < SHOWN_MAX ? sign - text :
							SHOWN_MAX),
			text);
	else
		snprintf(why, NAMED_WHY_MAX,
			"no subject '%.*s'; known: " SUBJECTS_NAMES, SHOWN_MAX,
			subject);
	return -EINVAL;
}

/* An agent's command is no name, since it has a ":" in it. */
static bool is_unnamed_agent(const struct named *named)
{
	return subjects_find(named->name) == &subject_pipe;
}

void named_ask(struct named *named)
{
	struct subject subject;

	if (!is_unnamed_agent(named))
		return;
	named->error = subjects_open(&subject, named->subject);
	if (named->error) {
		memcpy(named->why, subject.why, sizeof(named->why));
		return;
	}
	memcpy(named->name, subject.name, sizeof(named->name));
	subject_close(&subject);
}

const char *named_subject(const struct named *named)
{
	return named->subject ? named->subject : named->name;
}

bool named_is_changes(const struct named *named)
{
	const char *law = subject_law_of(named->name);
	size_t length = law ? (size_t)(law - named->name) : strlen(named->name);

	return text_name_length(named->name) < length &&
	       !is_unnamed_agent(named);
}

static int open_one(struct subject *subject, const struct named *named)
{
	int rc = named->error;

	memset(subject, 0, sizeof(*subject));
	if (rc)
		memcpy(subject->why, named->why, sizeof(subject->why));
	else
		rc = subjects_open(subject, named_subject(named));
	if (rc || !is_unnamed_agent(named))
		memcpy(subject->name, named->name, sizeof(subject->name));
	return rc;
}

int named_open(struct subject *subject, const struct named *named)
{
	int rc = open_one(subject, named);

	/* Where there is no means for it, it goes on without: doctor tells. */
	if (!rc)
		subject_confine(subject, 1);
	return rc;
}

int named_open_two(struct subject *subjects, const struct named *two,
	int *failed)
{
	int first = subjects_find(named_subject(&two[0]))->kernel;
	int rc = open_one(&subjects[first], &two[first]);

	*failed = first;
	if (rc)
		return rc;
	*failed = !first;
	rc = open_one(&subjects[!first], &two[!first]);
	if (rc)
		subject_close(&subjects[first]);
	else
		subject_confine(subjects, 2);
	return rc;
}
