// SPDX-License-Identifier: Apache-2.0
/*
 * explain_minimize.c - the smallest program that still shows a change
 */
#include <errno.h>
#include <string.h>

#include "explain_private.h"
#include "minimize.h"
#include "util.h"

/**
 * struct kept - What must stay while a finding becomes small
 * @rule:	By which the model decides; of a finding that nothing explains
 * @error:	0, or why a subject did not work
 */
struct kept {
	struct explain *explain;
	struct pair *pair;
	struct finding *finding;
	const struct explain_set *set;
	uint16_t rule;
	int error;
};

/* Is it explained by these changes, and by nothing less? */
static int explained(struct kept *kept, const struct finding *now)
{
	const struct explain_set *set = kept->set;
	struct explain_set none = { .count = 0 };
	uint16_t rule;
	int rc = explain_holds(kept->explain, now, &none, &rule);

	if (rc == 1 && !set->count)
		return rule == kept->rule;
	if (rc == 1)
		rc = explain_holds(kept->explain, now, set, NULL);
	for (unsigned int i = 0; rc == 1 && set->count > 1 && i < set->count;
		i++) {
		struct explain_set one = { { set->changes[i] }, 1 };

		rc = explain_holds(kept->explain, now, &one, NULL);
		rc = rc < 0 ? rc : !rc;
	}
	return rc;
}

static bool still_is(const struct program *program, void *arg)
{
	struct kept *kept = arg;
	const struct finding *was = kept->finding;
	struct trace a, b, *traces[2] = { &a, &b };
	struct finding now = { .program = *program };
	int rc;

	if (kept->error || !program->count)
		return false;
	rc = diff_run(kept->pair, program, 1, traces);
	if (!rc && diff_traces(program, &a, &b, &now.divergence) != DIVERGE)
		return false;
	if (!rc && !judge_alike(&now, was))
		return false;
	rc = rc ? rc : explained(kept, &now);
	kept->error = MIN(rc, 0);
	if (rc != 1)
		return false;
	now.number = was->number;
	*kept->finding = now;
	return true;
}

int explain_minimize(struct explain *explain, struct pair *pair,
	struct finding *finding, const struct explain_set *set)
{
	struct kept kept = {
		.explain = explain, .pair = pair, .finding = finding, .set = set
	};
	const struct explain_set none = { .count = 0 };
	struct program program = finding->program;
	int rc = explain_holds(explain, finding, &none, &kept.rule);

	if (rc < 0)
		return rc;
	program.count = finding->divergence.index + 1;
	if (!still_is(&program, &kept))
		return kept.error ? kept.error : -EAGAIN;
	minimize(&program, still_is, &kept);
	if (!kept.error && !still_is(&program, &kept))
		return -EAGAIN;
	return kept.error;
}
