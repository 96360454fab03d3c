// SPDX-License-Identifier: Apache-2.0
/*
 * reserve_ops.c - ops on reservations, as calls of the port manager
 */
#include "reserve_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tester.h"

static void convert(const struct addr *from, struct portman_addr *to)
{
	to->len = from->len;
	memcpy(to->bytes, from->bytes, sizeof(to->bytes));
}

static struct portman_reservation reservation(const struct reservation *res)
{
	struct portman_reservation out = {
		.network_count = res->network_count,
		.transport = res->transport,
		.flags = res->flags,
		.device = res->device,
		.port = res->port,
		.dest_port = res->dest_port,
	};

	memcpy(out.networks, res->networks, sizeof(out.networks));
	convert(&res->addr, &out.addr);
	convert(&res->dest, &out.dest_addr);
	return out;
}

static int reserve(struct portman *pm, const struct op *op,
	struct outcome *out)
{
	struct portman_reservation res = reservation(&op->reserve.res);
	struct tester_run test = { .test = op->reserve.test };
	bool tested = test.test.kind != TEST_ABSENT;
	uint16_t port;
	int rc = portman_reserve(pm, &res, op->reserve.random,
		tested ? tester_call : NULL, &test, &port);

	if (rc == -ENOMEM)
		return rc;
	*out = outcome_error(rc);
	if (rc || (res.port && !tested))
		return 0;
	*out = outcome_number(port);
	if (tested) {
		out->value = VALUE_CALLS;
		out->b = test.calls;
	}
	return 0;
}

static int pick(struct portman *pm, const struct op *op, struct outcome *out)
{
	struct tester_run test = { .test = op->pick.test };
	uint16_t port;
	int rc = (op->kind == OP_PICK ? portman_pick_ephemeral :
					portman_pick_ephemeral_stable)(pm,
		op->pick.random, tester_call, &test, &port);

	*out = outcome_error(rc);
	if (rc)
		return 0;
	*out = outcome_number(port);
	out->value = VALUE_CALLS;
	out->b = test.calls;
	return 0;
}

static struct outcome range(struct portman *pm, const struct op *op)
{
	struct outcome out = { .kind = OUTCOME_OK, .value = VALUE_RANGE };
	uint16_t first, last;

	if (op->range.set)
		return outcome_error(portman_set_range(pm, op->range.first,
			op->range.last));
	portman_range(pm, &first, &last);
	out.a = first;
	out.b = last;
	return out;
}

/* Go on with a manager that was made from what this one saved */
static int save(struct portman **old, struct outcome *out)
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
	*out = outcome_ok();
	return 0;
}

int reserve_op(struct portman **manager, const struct op *op,
	struct outcome *out)
{
	struct portman *pm = *manager;
	struct portman_reservation res;

	switch (op->kind) {
	case OP_RESERVE: return reserve(pm, op, out);
	case OP_RANGE: *out = range(pm, op); return 0;
	case OP_PICK:
	case OP_PICK_STABLE: return pick(pm, op, out);
	case OP_LIVE: *out = outcome_number(portman_live(pm)); return 0;
	case OP_SAVE: return save(manager, out);
	}
	res = reservation(&op->reserve.res);
	if (op->kind == OP_TUPLE) {
		*out = outcome_error(portman_reserve_tuple(pm, &res) ?
				0 : EADDRINUSE);
	} else if (op->kind == OP_RELEASE) {
		portman_release(pm, &res);
		*out = outcome_ok();
	} else {
		*out = outcome_number(portman_is_available(pm, &res));
	}
	return 0;
}
