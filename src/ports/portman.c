// SPDX-License-Identifier: Apache-2.0
/*
 * portman.c - who may have which port, as gVisor's port manager decides
 */
#include "portman.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portman_private.h"
#include "util.h"

enum { PORT_MAX = 65535 };

static struct portman *make(bool strict)
{
	struct portman *pm = calloc(1, sizeof(*pm));

	if (!pm)
		return NULL;
	portman_parts_init(pm->parts);
	pthread_mutex_init(&pm->range_lock, NULL);
	pm->first = PORTMAN_FIRST_EPHEMERAL;
	pm->count = PORT_MAX - PORTMAN_FIRST_EPHEMERAL + 1;
	pm->strict = strict;
	return pm;
}

struct portman *portman_new(void)
{
	return make(false);
}

struct portman *portman_new_strict(void)
{
	return make(true);
}

void portman_free(struct portman *pm)
{
	if (!pm)
		return;
	portman_parts_destroy(pm->parts);
	portman_refused_free(&pm->refusals, true);
	pthread_mutex_destroy(&pm->range_lock);
	free(pm);
}

void portman_watch(struct portman *pm, struct portman_watch *watch)
{
	pm->watch = watch;
}

ALWAYS_INLINE bool valid_addr(const struct addr *addr)
{
	return addr->len == 0 || addr->len == 4 || addr->len == 16;
}

ALWAYS_INLINE bool valid(const struct reservation *res)
{
	if (res->network_count > RESERVATION_NETWORKS_MAX ||
		res->flags > RESERVATION_FLAGS || !valid_addr(&res->addr) ||
		!valid_addr(&res->dest_addr))
		return false;
	for (int i = 0; i < res->network_count; i++)
		if (res->networks[i] != 4 && res->networks[i] != 6)
			return false;
	return true;
}

bool portman_valid(const struct reservation *res)
{
	return valid(res);
}

/* Enter the part of a reservation, or all, if it may be asked about at all */
ALWAYS_INLINE int begin(struct portman *pm, const struct reservation *res,
	int part, bool tester, struct visit *visit)
{
	if (!pm || !res || !valid(res) || (pm->strict && !res->network_count))
		return -EINVAL;
	return portman_enter(visit, pm->parts, part, tester) ? 0 : -EDEADLK;
}

/**
 * struct wish - What somebody wants of a port, or of all that are held there
 * @table:	Where the port is
 * @claim:	That of @res there
 */
struct wish {
	struct portman *pm;
	const struct reservation *res;
	struct table *table;
	struct claim claim;
	uint16_t port;
};

ALWAYS_INLINE struct wish wish_for(struct portman *pm,
	const struct reservation *res, uint16_t port)
{
	struct table *table = &pm->parts[portman_part(port)].table;

	return (struct wish){ pm, res, table, portman_claim(table, res), port };
}

/* The key of one of its networks */
ALWAYS_INLINE uint32_t id_of(const struct wish *w, int index)
{
	return portman_id(w->res->networks[index], w->res->transport, w->port);
}

ALWAYS_INLINE bool is_free(const struct wish *w, bool chosen)
{
	return portman_is_free(w->pm, w->table, w->res, &w->claim, w->port,
		chosen);
}

ALWAYS_INLINE int add_on(struct wish *w, int index)
{
	return portman_table_add(w->table, id_of(w, index), w->res, &w->claim,
		1);
}

ALWAYS_INLINE int drop_on(struct wish *w, int index)
{
	return portman_table_drop(w->table, id_of(w, index), w->res, &w->claim);
}

/* Take back what was just added on the first networks: that needs no memory */
static void let_go(struct wish *w, int count)
{
	while (count--)
		drop_on(w, count);
}

/* Add one reference on each network, or on none */
ALWAYS_INLINE int hold(struct wish *w)
{
	for (int i = 0; i < w->res->network_count; i++) {
		int rc = add_on(w, i);

		if (!rc)
			continue;
		let_go(w, i);
		return rc;
	}
	return 0;
}

/* Is there a reference with these flags on every network, repeats counted? */
static bool is_held(const struct wish *w)
{
	const struct reservation *res = w->res;

	for (int i = 0; i < res->network_count; i++) {
		int wanted = 0;

		for (int j = 0; j < res->network_count; j++)
			wanted += res->networks[j] == res->networks[i];
		if (portman_table_refs(w->table, id_of(w, i), &w->claim) <
			wanted)
			return false;
	}
	return true;
}

/* Watched: is it left out that a reference which nobody added is dropped? */
static bool is_kept(const struct wish *w, uint32_t id)
{
	uint8_t shared;

	return portman_table_refs(w->table, id, &w->claim) <= 0 &&
	       portman_table_total(w->table, id, &w->claim, &shared) &&
	       portman_left_out(w->pm->watch, STEP_ANY_RELEASE);
}

/* See to it that drops on several networks need no memory */
static int prepare(struct wish *w)
{
	int rc = 0;

	for (int i = 0; i < w->res->network_count && !rc; i++)
		rc = portman_table_prepare(w->table, id_of(w, i), w->res,
			&w->claim);
	for (int i = 0; i < w->res->network_count && rc; i++)
		portman_table_tidy(w->table, id_of(w, i), &w->claim);
	return rc;
}

/* Drop one reference on every network, or with -ENOMEM on none */
ALWAYS_INLINE int release(struct wish *w)
{
	int rc = w->res->network_count > 1 ? prepare(w) : 0;

	for (int i = 0; i < w->res->network_count && rc != -ENOMEM; i++) {
		int dropped;

		if (w->pm->watch && is_kept(w, id_of(w, i))) {
			portman_table_tidy(w->table, id_of(w, i), &w->claim);
			continue;
		}
		dropped = drop_on(w, i);
		if (dropped)
			rc = dropped;
	}
	return rc;
}

/* Reserve that very port: 1, 0 if the tester says no, or a negative errno */
ALWAYS_INLINE int reserve_port(struct wish *w, portman_test_fn *test, void *arg)
{
	int rc = hold(w);

	if (rc)
		return rc;
	rc = test ? test(w->port, arg) : 1;
	if (rc <= 0)
		let_go(w, w->res->network_count);
	return rc;
}

/*
 * Reserve the first port of the range that is free. Where many are taken, those
 * that are known to be are passed over (portman_refused.h).
 */
static int choose(struct portman *pm, const struct reservation *res,
	uint32_t random, portman_test_fn *test, void *arg, uint16_t *port)
{
	struct portman_range range = portman_snapshot(pm, random);
	struct refused *refused = portman_refused_find(&pm->refusals, res);
	uint32_t many = 0;

	for (uint32_t i = 0; i < range.count; i++) {
		uint16_t candidate = portman_candidate(&range, i);
		uint32_t pass = refused ?
					portman_refused_run(refused, candidate,
						portman_row(&range, i)) :
					0;
		struct wish w;
		int rc;

		if (pass) {
			i += pass - 1;
			continue;
		}
		w = wish_for(pm, res, candidate);
		if (!is_free(&w, true) &&
			!portman_left_out(pm->watch, STEP_IN_USE)) {
			if (!refused && !pm->watch && ++many == REFUSED_MANY)
				refused = portman_refused_add(&pm->refusals,
					res);
			if (refused)
				portman_refused_set(refused, candidate);
			continue;
		}
		rc = reserve_port(&w, test, arg);
		if (rc > 0)
			*port = candidate;
		if (rc)
			return rc > 0 ? 0 : rc;
	}
	return -EAGAIN;
}

/* The port that the caller gave */
ALWAYS_INLINE int take(struct portman *pm, const struct reservation *res,
	portman_test_fn *test, void *arg)
{
	struct wish w = wish_for(pm, res, res->port);
	int rc;

	if (!is_free(&w, false) && !portman_left_out(pm->watch, STEP_IN_USE))
		return -EADDRINUSE;
	rc = reserve_port(&w, test, arg);
	return rc > 0 ? 0 : rc ? rc : -EADDRINUSE;
}

int portman_reserve(struct portman *pm, const struct reservation *res,
	uint32_t random, portman_test_fn *test, void *arg, uint16_t *port)
{
	uint16_t chosen = res ? res->port : 0;
	struct visit visit;
	int rc = begin(pm, res, chosen ? portman_part(chosen) : ALL_PARTS, test,
		&visit);

	if (port)
		*port = 0;
	if (rc)
		return rc;
	if (chosen)
		rc = take(pm, res, test, arg);
	else
		rc = choose(pm, res, random, test, arg, &chosen);
	portman_leave(&visit);
	if (!rc && port)
		*port = chosen;
	return rc;
}

/* Enter the part of a reservation whose port 0 is just a port */
ALWAYS_INLINE int begin_there(struct portman *pm, const struct reservation *res,
	struct visit *visit)
{
	return begin(pm, res, res ? portman_part(res->port) : 0, false, visit);
}

/* Is a tuple only in its own way, since a network is listed again? */
static bool meets_itself(const struct reservation *res, int index, int64_t held)
{
	int64_t again = 0;

	for (int i = 0; i < index; i++)
		again += res->networks[i] == res->networks[index];
	return held == again;
}

/* Nothing of the tuple is held on a network, or a flag is shared */
static bool tuple_is_free(const struct wish *w, int index)
{
	struct portman_watch *watch = w->pm->watch;
	uint8_t shared;
	int64_t held = portman_table_total(w->table, id_of(w, index), &w->claim,
		&shared);

	return !held || shared & w->res->flags ||
	       (watch && meets_itself(w->res, index, held) &&
		       portman_left_out(watch, STEP_TUPLE_ITSELF));
}

/* A repeated network meets its own first reference here. */
static bool take_tuple(struct wish *w)
{
	for (int i = 0; i < w->res->network_count; i++) {
		if ((tuple_is_free(w, i) || portman_left_out(w->pm->watch,
						    STEP_TUPLE_IN_USE)) &&
			!add_on(w, i))
			continue;
		let_go(w, i);
		return false;
	}
	return true;
}

bool portman_reserve_tuple(struct portman *pm, const struct reservation *res)
{
	struct visit visit;
	struct wish w;
	bool good;

	if (begin_there(pm, res, &visit))
		return false;
	w = wish_for(pm, res, res->port);
	good = take_tuple(&w);
	portman_leave(&visit);
	return good;
}

int portman_release(struct portman *pm, const struct reservation *res)
{
	struct visit visit;
	struct wish w;
	int rc = begin_there(pm, res, &visit);
	bool unused;

	if (rc)
		return rc;
	w = wish_for(pm, res, res->port);
	rc = pm->strict && !is_held(&w) ? -ENOENT : release(&w);
	unused = portman_refused_clear(&pm->refusals, res->port);
	portman_leave(&visit);
	if (unused && portman_enter(&visit, pm->parts, ALL_PARTS, false)) {
		portman_refused_free(&pm->refusals, false);
		portman_leave(&visit);
	}
	return rc;
}

bool portman_is_available(struct portman *pm, const struct reservation *res)
{
	struct visit visit;
	struct wish w;
	bool is;

	if (begin_there(pm, res, &visit))
		return false;
	w = wish_for(pm, res, res->port);
	is = is_free(&w, false);
	portman_leave(&visit);
	return is;
}

size_t portman_live(struct portman *pm)
{
	struct visit visit;
	size_t live = 0;

	if (!pm || !portman_enter(&visit, pm->parts, ALL_PARTS, false))
		return 0;
	for (int i = 0; i < PARTS; i++)
		live += pm->parts[i].table.keys[0].set.used +
			pm->parts[i].table.keys[1].set.used;
	portman_leave(&visit);
	return live;
}
