// SPDX-License-Identifier: Apache-2.0
/*
 * explain_witness.c - programs that tell against a change
 *
 * DOC: Theory of Operation
 *
 * Where the stack and the system agree, the model is right without any change.
 * A change under which it goes wrong there is none that the stack has; or the
 * stack has another one, too, that hides it. So witnesses are counted, and one
 * of them is no proof; and none that is right again under a second change that
 * is chosen already. A divergence is a witness up to the op before it.
 *
 * A change can only matter to a program that cites its rule; so most witnesses
 * are not asked.
 */
#include <string.h>

#include "explain_private.h"
#include "util.h"

static int call(struct explain *explain, const struct finding *finding,
	double weight)
{
	struct explain_work *work = explain->work;
	struct explain_witness *new = &work->witnesses[work->witness_count];
	struct explain_run run;
	int rc = explain_run(explain, finding, NULL, 0, &run);

	if (rc < 0)
		return rc;
	/* At the op that diverges, both the model and the stack are right. */
	new->count = MIN(run.failed, finding->divergence.index);
	new->finding = finding;
	new->weight = weight;
	explain_cited(explain, &run, new->count, new->cited);
	work->witness_count += new->count > 0;
	return 0;
}

int explain_call(struct explain *explain, const struct explain_seen *seen)
{
	double weight = seen->agreed_count ?
				(double)seen->agreed_all / seen->agreed_count :
				0;
	int rc = 0;

	for (size_t i = 0; i < seen->count && !rc; i++)
		rc = call(explain, &seen->findings[i], 1);
	for (size_t i = 0; i < seen->agreed_count && !rc; i++)
		rc = call(explain, &seen->agreed[i], weight);
	return rc;
}

static bool matters(const struct explain_witness *witness,
	const struct change *changes, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct change *c = &changes[i];

		if (c->kind == CHANGE_ON ||
			witness->cited[c->kind == CHANGE_BEFORE ? c->other :
								  c->rule])
			return true;
	}
	return false;
}

/* Does the model go wrong under some changes? 1, 0, or a negative errno */
static int tells(struct explain *explain, const struct explain_witness *witness,
	const struct change *changes, unsigned int count)
{
	struct explain_run run;
	int rc = explain_run(explain, witness->finding, changes, count, &run);

	if (rc < 0)
		return rc;
	/* What the model does not say then tells nothing. */
	return run.failed < witness->count &&
	       run.said.outcomes[run.failed].kind != OUTCOME_NA;
}

/* The same, though with any one more of the chosen changes? */
static int tells_still(struct explain *explain,
	const struct explain_witness *witness, const struct change *changes,
	unsigned int count)
{
	const struct explain_work *work = explain->work;
	struct change more[EXPLAIN_TOGETHER_MAX + 1];
	int rc = tells(explain, witness, changes, count);

	memcpy(more, changes, count * sizeof(*more));
	for (unsigned int i = 0; i < work->change_count && rc == 1; i++) {
		if (!work->changes[i].chosen)
			continue;
		more[count] = work->changes[i].change;
		rc = tells(explain, witness, more, count + 1);
	}
	return rc;
}

int explain_wrong(struct explain *explain, const struct change *changes,
	unsigned int count, double *wrong)
{
	struct explain_work *work = explain->work;

	*wrong = 0;
	for (size_t i = 0; i < work->witness_count; i++) {
		const struct explain_witness *witness = &work->witnesses[i];
		int rc;

		if (!matters(witness, changes, count))
			continue;
		rc = tells_still(explain, witness, changes, count);
		if (rc < 0)
			return rc;
		if (rc)
			*wrong += witness->weight;
	}
	return 0;
}
