// SPDX-License-Identifier: Apache-2.0
/*
 * subject_spec.c - the specification of Linux as a subject
 *
 *	spec			the running kernel's version
 *	spec@6.1  spec@6.1.170	that one's; without a patch level, the newest
 *	spec~tcp_apart		without this rule (change.h has all changes)
 *
 * A program often begins as the one before did, above all in a sweep. So states
 * on the way are kept, and a program is run from the first op that is new.
 */
#include "subject.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "util.h"
#include "spec/spec.h"

struct spec_state {
	struct spec_force force;
	struct spec *spec;
	struct spec *kept[SUBJECT_KEPT_MAX];
};

static const char *read_version(const char *text, uint32_t *version)
{
	unsigned int major, minor, patch = 255;
	int used = 0, more = 0;

	if (sscanf(text, "%3u.%3u%n", &major, &minor, &used) < 2)
		return NULL;
	if (sscanf(text + used, ".%5u%n", &patch, &more) == 1)
		used += more;
	*version = SPEC_VERSION(major, minor, patch);
	return text + used;
}

static int parse(struct subject *subject, struct spec_state *state,
	const char *argument)
{
	struct utsname name;
	uint32_t version;

	uname(&name);
	if (!read_version(name.release, &version))
		version = SPEC_NEWEST;
	if (*argument == '@') {
		argument = read_version(argument + 1, &version);
		if (!argument) {
			snprintf(subject->why, sizeof(subject->why),
				"expected a version, such as spec@6.12");
			return -EINVAL;
		}
		if (version < SPEC_OLDEST || version > SPEC_NEWEST) {
			snprintf(subject->why, sizeof(subject->why),
				"the rules are those of Linux %u.%u to %u.%u",
				SPEC_OLDEST >> 16, SPEC_OLDEST >> 8 & 255,
				SPEC_NEWEST >> 16, SPEC_NEWEST >> 8 & 255);
			return -EINVAL;
		}
	}
	spec_force_init(&state->force, version);
	if (!*argument)
		return 0;
	snprintf(subject->why, sizeof(subject->why),
		"'%.60s' is left over: expected spec or spec@VERSION",
		argument);
	return -EINVAL;
}

static void spec_subject_close(struct subject *subject)
{
	struct spec_state *state = subject->state;

	for (int i = 0; i < SUBJECT_KEPT_MAX; i++)
		free(state->kept[i]);
	free(state->spec);
	free(state);
	subject->state = NULL;
}

static int allocate(struct spec_state *state)
{
	bool all = (state->spec = malloc(spec_size()));

	for (int i = 0; i < SUBJECT_KEPT_MAX; i++)
		all &= (state->kept[i] = malloc(spec_size())) != NULL;
	return all ? 0 : -ENOMEM;
}

static int spec_subject_open(struct subject *subject, const char *argument)
{
	struct spec_state *state = calloc(1, sizeof(*state));
	int rc;

	subject->state = state;
	rc = state ? allocate(state) : -ENOMEM;
	if (rc)
		snprintf(subject->why, sizeof(subject->why), "no memory");
	else
		rc = parse(subject, state, argument);
	if (rc) {
		if (state)
			spec_subject_close(subject);
		return rc;
	}
	subject->can = (struct capabilities){
		.ops = (1u << (OP_REPEAT + 1)) - 1,
		.options = (1u << OPTIONS) - 1,
		.sysctls = (1u << SYSCTLS) - 1,
		.types = (1u << SOCKET_TYPES) - 1,
		.devices = true,
		.uids = true,
	};
	return 0;
}

static int begin(struct subject *subject)
{
	struct spec_state *state = subject->state;

	spec_reset(state->spec, &state->force);
	return 0;
}

static int step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct spec_state *state = subject->state;

	spec_step(state->spec, op, leader, out);
	return 0;
}

static void keep(struct subject *subject, unsigned int n)
{
	struct spec_state *state = subject->state;

	spec_copy(state->kept[n], state->spec);
}

static void back(struct subject *subject, unsigned int n)
{
	struct spec_state *state = subject->state;

	spec_copy(state->spec, state->kept[n]);
}

static int end(struct subject *subject)
{
	(void)subject;
	return 0;
}

static bool *force(struct subject *subject)
{
	struct spec_state *state = subject->state;

	return state->force.rule;
}

const struct subject_type subject_spec = {
	.name = "spec",
	.prefix = true,
	.follows = true,
	.open = spec_subject_open,
	.close = spec_subject_close,
	.begin = begin,
	.step = step,
	.end = end,
	.keep = keep,
	.back = back,
	.book = &spec_book,
	.force = force,
};
