// SPDX-License-Identifier: Apache-2.0
/*
 * portman.c - who may have which port, as gVisor's port manager decides
 */
#include "portman.h"

#include <errno.h>
#include <stdlib.h>

#include "portman_private.h"
#include "util.h"

enum { PORT_MAX = 65535 };

static struct portman *make(bool strict)
{
	struct portman *pm = calloc(1, sizeof(*pm));
	pthread_mutexattr_t attr;

	if (!pm)
		return NULL;
	/* So that a tester that calls back gets an error, not a deadlock */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&pm->table_lock, &attr);
	pthread_mutexattr_destroy(&attr);
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
	portman_table_clear(&pm->table);
	pthread_mutex_destroy(&pm->table_lock);
	pthread_mutex_destroy(&pm->range_lock);
	free(pm);
}

void portman_watch(struct portman *pm, struct portman_watch *watch)
{
	pm->watch = watch;
}

static bool valid_addr(const struct addr *addr)
{
	return addr->len == 0 || addr->len == 4 || addr->len == 16;
}

bool portman_valid(const struct reservation *res)
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

/* Lock the manager, if it may be asked about @res at all */
static int begin(struct portman *pm, const struct reservation *res)
{
	if (!pm || !res || !portman_valid(res) ||
		(pm->strict && !res->network_count))
		return -EINVAL;
	return pthread_mutex_lock(&pm->table_lock) ? -EDEADLK : 0;
}

/* Make every cell before the first reference, so that without memory nothing
 * changes */
static int make_cells(struct table *table, const struct reservation *res,
	uint16_t port)
{
	int i;

	for (i = 0; i < res->network_count; i++)
		if (!portman_table_add(table, res->networks[i], res, port))
			break;
	if (i == res->network_count)
		return 0;
	while (i--) {
		struct cell *cell = portman_table_cell(table, res->networks[i],
			res, port);

		if (cell && !flagcount_total(&cell->counts))
			portman_table_drop(table, res->networks[i], res, port);
	}
	return -ENOMEM;
}

/* Drop one reference on every network */
static int release(struct portman *pm, const struct reservation *res,
	uint16_t port)
{
	struct table *table = &pm->table;
	int rc = 0;

	for (int i = 0; i < res->network_count; i++) {
		struct cell *cell = portman_table_cell(table, res->networks[i],
			res, port);

		if (!cell) {
			rc = -ENOENT;
			continue;
		}
		if (pm->watch && cell->counts.refs[res->flags] <= 0 &&
			portman_left_out(pm->watch, STEP_ANY_RELEASE))
			continue;
		flagcount_drop(&cell->counts, res->flags);
		if (flagcount_total(&cell->counts) <= 0)
			portman_table_drop(table, res->networks[i], res, port);
	}
	return rc;
}

/* Reserve that very port: 1, 0 if it is refused, or a negative errno */
static int reserve_port(struct portman *pm, const struct reservation *res,
	uint16_t port, bool chosen, portman_test_fn *test, void *arg)
{
	struct table *table = &pm->table;
	int rc;

	if (!portman_is_free(pm, res, port, chosen) &&
		!portman_left_out(pm->watch, STEP_IN_USE))
		return 0;
	rc = make_cells(table, res, port);
	if (rc)
		return rc;
	for (int i = 0; i < res->network_count; i++)
		flagcount_add(&portman_table_cell(table, res->networks[i], res,
				      port)
				      ->counts,
			res->flags);
	rc = test ? test(port, arg) : 1;
	if (rc <= 0)
		release(pm, res, port);
	return rc;
}

/* One full cycle through the range, from an offset on */
static int pick(struct portman *pm, uint32_t offset, portman_test_fn *test,
	void *arg, uint16_t *port)
{
	uint32_t count, first;
	int rc = 0;

	pthread_mutex_lock(&pm->range_lock);
	first = pm->first;
	count = pm->count;
	pthread_mutex_unlock(&pm->range_lock);
	if (!count && pm->watch && portman_left_out(pm->watch, STEP_16_BITS))
		count = PORT_MAX + 1;
	if (count &&
		(pm->strict || (pm->watch && offset > UINT32_MAX - count &&
				       portman_left_out(pm->watch, STEP_WRAP))))
		offset %= count;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t candidate = first + (uint32_t)(offset + i) % count;

		rc = test ? test(candidate, arg) : 1;
		if (rc > 0)
			*port = candidate;
		if (rc)
			break;
	}
	return rc > 0 ? 0 : rc ? rc : -EAGAIN;
}

struct attempt {
	struct portman *pm;
	const struct reservation *res;
	portman_test_fn *test;
	void *arg;
};

static int try_port(uint16_t port, void *arg)
{
	struct attempt *attempt = arg;

	return reserve_port(attempt->pm, attempt->res, port, true,
		attempt->test, attempt->arg);
}

int portman_reserve(struct portman *pm, const struct reservation *res,
	uint32_t random, portman_test_fn *test, void *arg, uint16_t *port)
{
	struct attempt attempt = { pm, res, test, arg };
	uint16_t chosen = res ? res->port : 0;
	int rc = begin(pm, res);

	if (port)
		*port = 0;
	if (rc)
		return rc;
	if (!res->port)
		rc = pick(pm, random, try_port, &attempt, &chosen);
	else
		rc = reserve_port(pm, res, res->port, false, test, arg);
	if (res->port && rc >= 0)
		rc = rc ? 0 : -EADDRINUSE;
	pthread_mutex_unlock(&pm->table_lock);
	if (!rc && port)
		*port = chosen;
	return rc;
}

/* Is a tuple only in its own way, since a network is listed again? */
static bool meets_itself(const struct reservation *res, int index,
	const struct flagcount *refs)
{
	long again = 0;

	for (int i = 0; i < index; i++)
		again += res->networks[i] == res->networks[index];
	return flagcount_total(refs) == again;
}

bool portman_reserve_tuple(struct portman *pm, const struct reservation *res)
{
	bool good = true;

	if (begin(pm, res))
		return false;
	if (make_cells(&pm->table, res, res->port)) {
		pthread_mutex_unlock(&pm->table_lock);
		return false;
	}
	/* A repeated network meets its own first reference here. */
	for (int i = 0; i < res->network_count; i++) {
		struct flagcount *refs = &portman_table_cell(&pm->table,
			res->networks[i], res, res->port)
						  ->counts;

		if (flagcount_total(refs) &&
			!(flagcount_shared(refs) & res->flags) &&
			!(pm->watch && meets_itself(res, i, refs) &&
				portman_left_out(pm->watch, STEP_TUPLE_ITSELF)))
			good = false;
		flagcount_add(refs, res->flags);
	}
	if (!good && portman_left_out(pm->watch, STEP_TUPLE_IN_USE))
		good = true;
	if (!good)
		release(pm, res, res->port);
	pthread_mutex_unlock(&pm->table_lock);
	return good;
}

/* Is there a reference with these flags on every network, repeats counted? */
static bool is_held(const struct table *table, const struct reservation *res)
{
	for (int i = 0; i < res->network_count; i++) {
		const struct cell *cell = portman_table_cell(table,
			res->networks[i], res, res->port);
		int wanted = 0;

		for (int j = 0; j < res->network_count; j++)
			wanted += res->networks[j] == res->networks[i];
		if (!cell || cell->counts.refs[res->flags] < wanted)
			return false;
	}
	return true;
}

int portman_release(struct portman *pm, const struct reservation *res)
{
	int rc = begin(pm, res);

	if (rc)
		return rc;
	if (pm->strict && !is_held(&pm->table, res))
		rc = -ENOENT;
	else
		rc = release(pm, res, res->port);
	pthread_mutex_unlock(&pm->table_lock);
	return rc;
}

int portman_pick_ephemeral(struct portman *pm, uint32_t random,
	portman_test_fn *test, void *arg, uint16_t *port)
{
	uint16_t chosen = 0;
	int rc = pm ? pick(pm, random, test, arg, &chosen) : -EINVAL;

	if (port)
		*port = chosen;
	return rc;
}

int portman_pick_ephemeral_stable(struct portman *pm, uint32_t offset,
	portman_test_fn *test, void *arg, uint16_t *port)
{
	int rc;

	if (!pm)
		return -EINVAL;
	pthread_mutex_lock(&pm->range_lock);
	offset += pm->hint;
	pthread_mutex_unlock(&pm->range_lock);
	rc = portman_pick_ephemeral(pm, offset, test, arg, port);
	if (rc)
		return rc;
	if (portman_left_out(pm->watch, STEP_HINT))
		return 0;
	pthread_mutex_lock(&pm->range_lock);
	pm->hint++;
	pthread_mutex_unlock(&pm->range_lock);
	return 0;
}

void portman_range(struct portman *pm, uint16_t *first, uint16_t *last)
{
	pthread_mutex_lock(&pm->range_lock);
	*first = pm->first;
	*last = pm->first + pm->count - 1;
	pthread_mutex_unlock(&pm->range_lock);
}

int portman_set_range(struct portman *pm, uint16_t first, uint16_t last)
{
	if (!pm || first > last || (pm->strict && !first))
		return -EINVAL;
	pthread_mutex_lock(&pm->range_lock);
	pm->first = first;
	pm->count = last - first + 1;
	pthread_mutex_unlock(&pm->range_lock);
	return 0;
}

bool portman_is_available(struct portman *pm, const struct reservation *res)
{
	bool is;

	if (begin(pm, res))
		return false;
	is = portman_is_free(pm, res, res->port, false);
	pthread_mutex_unlock(&pm->table_lock);
	return is;
}

size_t portman_live(struct portman *pm)
{
	size_t live;

	if (!pm || pthread_mutex_lock(&pm->table_lock))
		return 0;
	live = pm->table.used;
	pthread_mutex_unlock(&pm->table_lock);
	return live;
}

/* The cells of an address must stand together: does a later cell than the next
 * have the address of @end again? */
static bool comes_again(const struct cell *end)
{
	for (const struct cell *cell = end->next; cell; cell = cell->next)
		if (addr_equal(&cell->addr, &end->addr))
			return !addr_equal(&end->next->addr, &end->addr);
	return false;
}

void portman_check(struct portman *pm)
{
	size_t keys = 0;

	ASSERT(!pthread_mutex_lock(&pm->table_lock));
	for (size_t i = 0; i < pm->table.size; i++) {
		for (struct key *key = pm->table.slots[i]; key;
			key = key->next, keys++) {
			ASSERT(key->cells);
			ASSERT(key == portman_table_key(&pm->table,
					      key->network, key->transport,
					      key->port));
			for (struct cell *cell = key->cells; cell;
				cell = cell->next) {
				struct reservation res = {
					.transport = key->transport,
					.addr = cell->addr,
					.device = cell->device,
					.dest_addr = cell->dest_addr,
					.dest_port = cell->dest_port
				};

				ASSERT(!comes_again(cell));
				ASSERT(flagcount_total(&cell->counts) > 0);
				ASSERT(cell == portman_table_cell(&pm->table,
						       key->network, &res,
						       key->port));
			}
		}
	}
	ASSERT(keys == pm->table.used);
	pthread_mutex_unlock(&pm->table_lock);
}
