// SPDX-License-Identifier: Apache-2.0
/*
 * reserve.c - ops on reservations, as calls of the port manager
 */
#include "reserve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "program/tester.h"

/**
 * struct question - A question to the tester of an op
 * @given:	It is about the one port that the op names
 */
struct question {
	struct gvisor *gvisor;
	struct tester_run run;
	bool given;
};

static int ask(uint16_t port, void *arg)
{
	struct question *question = arg;
	int rc = tester_call(port, &question->run);

	/* After a "no" a search goes on; a port that is given is refused. */
	if (!rc && question->given &&
		!gvisor_refuses(question->gvisor,
			GVISOR_port_refused_by_tester))
		return 1;
	return rc;
}

static int reserve(struct portman *pm, struct gvisor *gvisor,
	const struct op *op, struct outcome *out)
{
	const struct reservation *res = &op->reserve.res;
	struct question question = { .gvisor = gvisor,
		.run.test = op->reserve.test,
		.given = res->port };
	bool tested = op->reserve.test.kind != TEST_ABSENT;
	uint16_t port;
	int rc;

	gvisor_decide(gvisor, GVISOR_port_in_use);
	rc = portman_reserve(pm, res, op->reserve.random, tested ? ask : NULL,
		&question, &port);
	if (rc == -ENOMEM)
		return rc;
	if (rc != -EADDRINUSE)
		gvisor_decide(gvisor, rc == -EAGAIN ? GVISOR_port_not_found :
				      rc	? GVISOR_port_tester_failed :
				      res->port ? GVISOR_port_reserved :
						  GVISOR_port_found);
	*out = outcome_error(rc);
	if (rc || (res->port && !tested))
		return 0;
	*out = outcome_number(port);
	if (tested) {
		out->value = VALUE_CALLS;
		out->b = question.run.calls;
	}
	return 0;
}

static int pick(struct portman *pm, struct gvisor *gvisor, const struct op *op,
	struct outcome *out)
{
	struct tester_run test = { .test = op->pick.test };
	uint16_t port;
	int rc = (op->kind == OP_PICK ? portman_pick_ephemeral :
					portman_pick_ephemeral_stable)(pm,
		op->pick.random, tester_call, &test, &port);

	gvisor_decide(gvisor, rc == -EAGAIN ? GVISOR_port_not_found :
			      rc	    ? GVISOR_port_tester_failed :
					      GVISOR_port_found);
	*out = outcome_error(rc);
	if (rc)
		return 0;
	*out = outcome_number(port);
	out->value = VALUE_CALLS;
	out->b = test.calls;
	return 0;
}

static struct outcome range(struct portman *pm, struct gvisor *gvisor,
	const struct op *op)
{
	struct outcome out = { .kind = OUTCOME_OK, .value = VALUE_RANGE };
	uint16_t first, last;
	int rc;

	if (op->range.set) {
		rc = portman_set_range(pm, op->range.first, op->range.last);
		gvisor_decide(gvisor,
			rc ? GVISOR_range_upside_down : GVISOR_range_changed);
		return outcome_error(rc);
	}
	gvisor_decide(gvisor, GVISOR_range_told);
	portman_range(pm, &first, &last);
	out.a = first;
	out.b = last;
	return out;
}

/* Go on with a manager that was made from what this one saved */
static int save(struct portman **old, struct gvisor *gvisor,
	struct outcome *out)
{
	struct portman *pm = portman_new();
	uint8_t *data = NULL;
	size_t size;
	int rc = pm ? portman_save(*old, &data, &size) : -ENOMEM;

	if (!rc)
		rc = portman_load(pm, data, size);
	free(data);
	if (rc) {
		portman_free(pm);
		return rc;
	}
	portman_free(*old);
	*old = pm;
	portman_watch(pm, &gvisor->watch);
	gvisor_decide(gvisor, GVISOR_manager_saved);
	*out = outcome_ok();
	return 0;
}

/* Ops on one reservation that cannot fail to be done */
static void change(struct portman *pm, struct gvisor *gvisor,
	const struct op *op, struct outcome *out)
{
	const struct reservation *res = &op->reserve.res;
	bool good;

	switch (op->kind) {
	case OP_TUPLE:
		good = portman_reserve_tuple(pm, res);
		gvisor_decide(gvisor,
			good ? GVISOR_tuple_reserved : GVISOR_tuple_in_use);
		*out = outcome_error(good ? 0 : EADDRINUSE);
		break;
	case OP_RELEASE:
		portman_release(pm, res);
		gvisor_decide(gvisor, GVISOR_reservation_released);
		*out = outcome_ok();
		break;
	case OP_AVAILABLE:
		gvisor_decide(gvisor, GVISOR_availability_told);
		*out = outcome_number(portman_is_available(pm, res));
		break;
	}
}

int reserve_op(struct portman **manager, struct gvisor *gvisor,
	const struct op *op, struct outcome *out)
{
	struct portman *pm = *manager;

	switch (op->kind) {
	case OP_RESERVE: return reserve(pm, gvisor, op, out);
	case OP_RANGE: *out = range(pm, gvisor, op); return 0;
	case OP_PICK:
	case OP_PICK_STABLE: return pick(pm, gvisor, op, out);
	case OP_LIVE:
		gvisor_decide(gvisor, GVISOR_held_ports_counted);
		*out = outcome_number(portman_live(pm));
		return 0;
	case OP_SAVE: return save(manager, gvisor, out);
	}
	change(pm, gvisor, op, out);
	return 0;
}
