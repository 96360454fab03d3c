// SPDX-License-Identifier: Apache-2.0
/*
 * checked.c - the port manager as a subject that is checked as it goes
 */
#include "checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "subjects/reserve.h"

enum { FEW = 32 };

/* Check the structure after each op, not only at the end: @steps so far */
static bool each_op;
static unsigned int steps;

/* Its rules are told to nobody, and the manager is not watched: as others have
 * it. */
static struct gvisor gvisor;

/* Save, load, save: the same bytes; go on with what was loaded */
static int save(struct portman **pm)
{
	struct portman *loaded = portman_new();
	uint8_t *first, *second;
	size_t sizes[2];

	if (!loaded)
		return -ENOMEM;
	ASSERT(!portman_save(*pm, &first, &sizes[0]));
	ASSERT(!portman_load(loaded, first, sizes[0]));
	ASSERT(!portman_save(loaded, &second, &sizes[1]));
	ASSERT(sizes[0] == sizes[1] && !memcmp(first, second, sizes[0]));
	free(first);
	free(second);
	portman_free(*pm);
	*pm = loaded;
	return 0;
}

static int begin(struct subject *subject)
{
	subject->state = portman_new();
	steps = 0;
	return subject->state ? 0 : -ENOMEM;
}

static int step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct portman *pm = subject->state;
	int rc;

	(void)leader;
	if (op->kind == OP_SAVE) {
		rc = save(&pm);
		*out = outcome_ok();
	} else {
		rc = reserve_op(&pm, &gvisor, op, out);
	}
	subject->state = pm;
	/* All of it is looked at, so the more there were, the more seldom. */
	steps++;
	if (!rc && each_op && !(steps % (1 + steps / FEW)))
		portman_check(pm);
	return rc;
}

static int end(struct subject *subject)
{
	portman_check(subject->state);
	portman_free(subject->state);
	subject->state = NULL;
	return 0;
}

static const struct subject_type checked = {
	.name = "portman",
	.follows = true,
	.begin = begin,
	.step = step,
	.end = end,
};

void checked_open(struct subject *subject, const struct subject *like)
{
	rule_force(&gvisor_book, RULE_VERSION(2022, 12, 0), gvisor.force);
	*subject = (struct subject){ .type = &checked, .can = like->can };
	strcpy(subject->name, checked.name);
}

void checked_each_op(bool on)
{
	each_op = on;
}
