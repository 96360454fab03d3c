// SPDX-License-Identifier: Apache-2.0
/*
 * spec_tcp.c - may this TCP socket have this port?
 *
 * A port that sockets have is a bucket. Who asks for it is compared with those
 * of its owners that the kernel looks at, one by one, by the one predicate
 * below; unless a short cut, the cache of the bucket, has the answer.
 */
#include "spec_tcp.h"

#include "spec_bucket.h"
#include "spec_overlap.h"
#include "spec_range.h"
#include "spec_socket.h"

/* Which owners are looked at, and do they overlap? (TCP-04) */
static bool meets(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	bool as_ipv4 = !spec_socket_is_v6(a) || in16_mapped(a->rcv);

	if (!spec_overlap_devices(spec, a, b))
		return false;
	if (in16_any(a->rcv) || (in16_is(a->rcv, 0) &&
				 (APPLIES(spec, mapped_wildcard_asks_all) ||
				  !spec_socket_is_v6(a))))
		return spec_overlap_addrs(spec, a, b);
	if (b->v6only && as_ipv4 && APPLIES(spec, v6only_spares_ipv4))
		return false;
	if (in16_any(b->rcv))
		return APPLIES(spec, ipv6_wildcard_covers);
	if (in16_is(b->rcv, 0) && as_ipv4)
		return spec_socket_is_v6(a) && spec_bucket_is_v6(spec, b) &&
		       APPLIES(spec, mapped_wildcard_overlooked) ?
			false : APPLIES(spec, ipv4_wildcard_covers);
	return in16_equal(a->rcv, b->rcv);
}

/*
 * An orphan is TIME_WAIT as soon as its FIN is answered: at once, or up to
 * 40 ms later. Nobody is told, so if who leads says that it is, it is.
 */
static bool may_wait(struct spec *spec, const struct spec_socket *s)
{
	return s->orphan && s->state == FIN_WAIT1 && s->peer && spec->leader &&
	       spec->leader->kind == OUTCOME_OK &&
	       APPLIES(spec, fin_answered_sooner_or_later);
}

/* May both have the port? The rule that says so (TCP-01, TCP-02). */
static enum spec_rule pair(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b, enum spec_tcp_asking how)
{
	bool both = a->reuseport && b->reuseport;
	uint32_t uid = spec_socket_owner(spec, a);
	bool waits = (b->state == TIME_WAIT ||
			     (both && uid != b->uid && may_wait(spec, b))) &&
		     HOLDS(spec, tcp_share_time_wait);
	bool kin = waits || uid == spec_socket_owner(spec, b) ||
		   !HOLDS(spec, tcp_conflict_uid);
	bool listens = b->state == LISTEN &&
		       HOLDS(spec, tcp_conflict_listener);
	bool reuse = a->reuse && b->reuse && !listens;

	if (how == ASK_SEARCH && APPLIES(spec, search_avoids_all))
		return RULE_tcp_conflict_options;
	if (reuse && how == ASK_AGAIN && both && kin &&
	    APPLIES(spec, search_avoids_its_group))
		return RULE_tcp_conflict_options;
	RETURN_IF(spec, reuse, tcp_share_reuseaddr);
	if (how == ASK_AGAIN && APPLIES(spec, search_avoids_all))
		return RULE_tcp_conflict_options;
	RETURN_IF(spec, both && waits, tcp_share_time_wait);
	RETURN_IF(spec, both && kin, tcp_share_reuseport);
	RETURN_IF(spec, both, tcp_conflict_uid);
	RETURN_IF(spec, a->reuse && b->reuse, tcp_conflict_listener);
	return ANSWER(spec, tcp_conflict_options);
}

enum spec_rule spec_tcp_ask_owners(struct spec *spec,
	const struct spec_socket *a, uint16_t port, enum spec_tcp_asking how)
{
	enum spec_rule answer = SPEC_NO_RULE;

	for (unsigned int i = 0; i < spec->count; i++) {
		const struct spec_socket *b = &spec->sockets[i];
		enum spec_rule rule;

		if (b == a || !spec_bucket_is_owner(b, port) ||
		    !meets(spec, a, b))
			continue;
		rule = pair(spec, a, b, how);
		if (spec_rule_errno(rule))
			return rule;
		if (!answer)
			answer = rule;
	}
	return answer ? answer : ANSWER(spec, tcp_apart);
}

enum spec_rule spec_tcp_ask(struct spec *spec, const struct spec_socket *s,
	uint16_t port, bool listening)
{
	struct spec_port *bucket = spec_bucket_find(spec, port);

	RETURN_IF(spec, spec_range_may_be_untold(spec, port), not_modelled);
	if (!bucket)
		return ANSWER(spec, tcp_port_free);
	RETURN_IF(spec, s->reuse == FORCE_REUSE, tcp_share_repair);
	RETURN_IF(spec, bucket->fast.reuse > 0 && s->reuse && !listening,
		tcp_share_fast_reuse);
	RETURN_IF(spec, spec_bucket_admits(spec, bucket, s), tcp_share_cache);
	return spec_tcp_ask_owners(spec, s, port, ASK_EXPLICIT);
}
