// SPDX-License-Identifier: Apache-2.0
/*
 * subject_portlist.c - the flat list of reservations as a subject
 */
#include "subject.h"

#include <errno.h>
#include <stdio.h>

#include "portlist.h"

static int reserve(struct portlist *list, const struct op *op,
	struct outcome *out)
{
	struct tester_run test = { .test = op->reserve.test };
	bool tested = test.test.kind != TEST_ABSENT;
	uint16_t port;
	int rc = portlist_reserve(list, &op->reserve.res, op->reserve.random,
		&test, &port);

	if (rc == -ENOMEM)
		return rc;
	*out = outcome_error(rc);
	if (rc || (op->reserve.res.port && !tested))
		return 0;
	*out = outcome_number(port);
	if (tested) {
		out->value = VALUE_CALLS;
		out->b = test.calls;
	}
	return 0;
}

static int tuple(struct portlist *list, const struct op *op,
	struct outcome *out)
{
	int rc = portlist_tuple(list, &op->reserve.res);

	*out = outcome_error(rc);
	return rc == -ENOMEM ? rc : 0;
}

static struct outcome range(struct portlist *list, const struct op *op)
{
	struct outcome out = { .kind = OUTCOME_OK, .value = VALUE_RANGE };
	uint16_t first, last;

	if (op->range.set)
		return outcome_error(portlist_set_range(list, op->range.first,
			op->range.last));
	portlist_range(list, &first, &last);
	out.a = first;
	out.b = last;
	return out;
}

static struct outcome pick(struct portlist *list, const struct op *op)
{
	struct tester_run test = { .test = op->pick.test };
	struct outcome out;
	uint16_t port;
	int rc = (op->kind == OP_PICK ? portlist_pick :
					portlist_pick_stable)(list,
		op->pick.random, &test, &port);

	if (rc)
		return outcome_error(rc);
	out = outcome_number(port);
	out.value = VALUE_CALLS;
	out.b = test.calls;
	return out;
}

static int portlist_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct portlist *list = subject->state;
	const struct reservation *res = &op->reserve.res;

	(void)leader;
	*out = outcome_ok();
	switch (op->kind) {
	case OP_RESERVE: return reserve(list, op, out);
	case OP_TUPLE: return tuple(list, op, out);
	case OP_RELEASE: portlist_release(list, res); break;
	case OP_AVAILABLE:
		*out = outcome_number(portlist_is_free(list, res));
		break;
	case OP_RANGE: *out = range(list, op); break;
	case OP_PICK:
	case OP_PICK_STABLE: *out = pick(list, op); break;
	case OP_LIVE: *out = outcome_number(portlist_live(list)); break;
	case OP_SAVE: break; /* what a list is, it stays */
	default: *out = outcome_na();
	}
	return 0;
}

static int portlist_begin(struct subject *subject)
{
	portlist_reset(subject->state);
	return 0;
}

static int portlist_end(struct subject *subject)
{
	(void)subject;
	return 0;
}

static int portlist_open(struct subject *subject, const char *argument)
{
	(void)argument;
	subject->can.ops = 1u << OP_REPEAT | 1u << OP_RESERVE | 1u << OP_TUPLE |
			   1u << OP_RELEASE | 1u << OP_AVAILABLE |
			   1u << OP_RANGE | 1u << OP_PICK |
			   1u << OP_PICK_STABLE | 1u << OP_LIVE | 1u << OP_SAVE;
	subject->state = portlist_new();
	if (subject->state)
		return 0;
	snprintf(subject->why, sizeof(subject->why), "out of memory");
	return -ENOMEM;
}

static void portlist_close(struct subject *subject)
{
	portlist_free(subject->state);
	subject->state = NULL;
}

const struct subject_type subject_portlist = {
	.name = "portlist",
	.open = portlist_open,
	.close = portlist_close,
	.begin = portlist_begin,
	.step = portlist_step,
	.end = portlist_end,
};
