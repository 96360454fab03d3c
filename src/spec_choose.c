// SPDX-License-Identifier: Apache-2.0
/*
 * spec_choose.c - which port may the kernel choose?
 *
 * What it chooses is its own affair, and partly chance; the specification says
 * what it may choose, and whether it may find nothing. Told a choice, it
 * follows, or objects.
 */
#include "spec_choose.h"

#include <errno.h>

#include "spec_bucket.h"
#include "spec_flow.h"
#include "spec_range.h"
#include "spec_tcp.h"

/**
 * struct search - For a port, within what may be chosen
 * @how:	In which pass
 * @sure:	A port that is free and looked at in any case, or 0
 * @maybe:	A port that is free, and perhaps not looked at (TCP-12)
 */
struct search {
	enum spec_tcp_asking how;
	uint16_t sure, maybe;
};

static bool is_free(struct spec *spec, const struct spec_socket *s,
	uint16_t port, enum spec_tcp_asking how)
{
	if (spec_range_is_reserved(spec, port))
		return false;
	return !spec_bucket_find(spec, port) ||
	       !spec_rule_errno(spec_tcp_ask_owners(spec, s, port, how));
}

/* Of three ports the last is left out, else one end, by a random start. */
static bool is_lost_end(uint32_t low, uint32_t high, uint32_t port)
{
	return port == high || (port == low && high - low > 2);
}

static void search_part(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, struct search *found)
{
	uint32_t low = range.low, high = range.high;
	bool odd = spec_range_is_odd(range) &&
		   APPLIES(spec, odd_range_loses_an_end);

	for (uint32_t step = 0; step < 2 && !found->sure; step++) {
		/* Of the other parity than the low end first */
		for (uint32_t p = low + !step; p <= high; p += 2) {
			if (!is_free(spec, s, p, found->how))
				continue;
			if (odd && is_lost_end(low, high, p)) {
				found->maybe = high - low > 2 ? p : 0;
				continue;
			}
			found->sure = p;
			return;
		}
	}
}

static struct search search(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how)
{
	struct search found = { .how = how };
	uint32_t size = range.high - range.low + 1;
	uint32_t half = range.low + (size >> 2 << 1);
	struct spec_range lower = { range.low, half - 1 };
	struct spec_range upper = { half, range.high };

	/* Sockets that may share are kept together, in the lower half. */
	if (s->reuse == CAN_REUSE && size >= 4) {
		search_part(spec, s, lower, &found);
		if (!found.sure)
			search_part(spec, s, upper, &found);
	} else {
		search_part(spec, s, range, &found);
	}
	return found;
}

/* The leader's port, if it is one of those that may be chosen */
static bool follow(struct spec *spec, const struct spec_socket *s,
	struct spec_range range, enum spec_tcp_asking how, uint16_t *port)
{
	const struct outcome *leader = spec->leader;

	if (!leader || leader->kind != OUTCOME_OK ||
	    leader->value != VALUE_NUMBER)
		return false;
	*port = leader->a;
	return spec_range_has(range, *port) &&
	       (spec_range_may_be_untold(spec, *port) ||
			is_free(spec, s, *port, how));
}

enum spec_rule spec_choose_for_bind(struct spec *spec,
	const struct spec_socket *s, uint16_t *port)
{
	const struct outcome *leader = spec->leader;
	bool refused = leader && leader->kind == OUTCOME_ERRNO;
	struct spec_range range = spec_range_of(spec, s);

	RETURN_IF(spec, spec_range_may_be_full(spec, range), not_modelled);
	for (enum spec_tcp_asking how = ASK_SEARCH; how <= ASK_AGAIN; how++) {
		struct search found;

		if (how == ASK_AGAIN && !spec->autobind_reuse)
			break;
		found = search(spec, s, range, how);
		if (!found.sure && (!found.maybe || refused))
			continue;
		*port = found.sure ? found.sure : found.maybe;
		if (leader && !refused && leader->value == VALUE_NUMBER &&
		    !follow(spec, s, range, how, port)) {
			/* Only what might be left out was free. */
			if (!found.sure)
				continue;
			return SPEC_NO_RULE;
		}
		RETURN_IF(spec, how == ASK_SEARCH, tcp_port_chosen);
		RETURN_IF(spec, how == ASK_AGAIN, tcp_port_chosen_again);
	}
	return ANSWER(spec, tcp_no_port_left);
}

/* CON-04: not who holds it, but whether a connect has begun it, counts. */
static bool is_free_to_connect(struct spec *spec, const struct spec_socket *s,
	uint16_t port)
{
	const struct spec_port_bucket *bucket = spec_bucket_find(spec, port);

	if (spec_range_is_reserved(spec, port))
		return false;
	if (bucket && (bucket->fast.reuse >= 0 || bucket->fast.reuseport >= 0))
		return false;
	return !bucket || spec_flow_is_unique(spec, s, port, false);
}

enum spec_rule spec_choose_for_connect(struct spec *spec,
	const struct spec_socket *s, uint16_t *port, bool *known)
{
	const struct outcome *leader = spec->leader;
	bool refused = leader && leader->kind == OUTCOME_ERRNO &&
		       leader->error == EADDRNOTAVAIL;
	struct spec_range range = spec_range_of(spec, s);
	uint32_t low = range.low, high = range.high;
	uint16_t sure = 0, maybe = 0;
	bool odd;

	RETURN_IF(spec, spec_range_may_be_full(spec, range), not_modelled);
	/* Has it, at last, connected to itself? Nobody tells. */
	RETURN_IF(spec, leader && leader->kind == OUTCOME_NA &&
		spec_range_has(range, s->peer_port) &&
		in16_equal(s->rcv, s->peer_addr), not_modelled);
	/* A socket's own range is walked to its end (TCP-12). */
	odd = spec_range_is_odd(range) && !s->low && !s->high &&
	      APPLIES(spec, odd_range_loses_an_end);
	for (uint32_t p = low; p <= high && !sure; p++) {
		/* By this one it would connect to itself, and did it? */
		bool itself = leader && p == s->peer_port;

		if (!is_free_to_connect(spec, s, p))
			continue;
		if (leader && itself != (leader->error == ECONNABORTED))
			maybe = maybe && !itself ? maybe : p;
		else if (odd && is_lost_end(low, high, p))
			maybe = maybe || high - low == 2 ? maybe : p;
		else
			sure = p;
	}
	RETURN_IF(spec, !sure && (!maybe || refused), connect_no_port_left);
	*port = sure ? sure : maybe;
	if (leader && leader->kind == OUTCOME_OK &&
	    leader->value == VALUE_NUMBER) {
		*port = leader->a;
		if (!spec_range_has(range, *port) ||
		    (!spec_range_may_be_untold(spec, *port) &&
			    !is_free_to_connect(spec, s, *port)))
			return RULE_connect_no_port_left;
	} else {
		*known = !leader || low == high;
	}
	return SPEC_NO_RULE;
}
