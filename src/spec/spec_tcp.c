// SPDX-License-Identifier: Apache-2.0
/*
 * spec_tcp.c - may this TCP socket have this port?
 *
 * A port that sockets have is a bucket (spec_bucket.c). The socket that asks
 * for it is compared with the owners of the bucket, one by one, by the one
 * predicate below; but the caches of the bucket are asked before, and may let
 * it in without a look at any owner.
 *
 * Throughout, a is the socket that asks and b is an owner of the port.
 */
#include "spec_tcp.h"

#include "spec_bucket.h"
#include "spec_overlap.h"
#include "spec_range.h"
#include "spec_socket.h"

/*
 * Does the kernel look at this owner, and does it overlap? A socket that asks
 * for a wildcard is compared with every owner. One that asks for an address is
 * compared with two address buckets only: the wildcard's, and its own.
 */
static bool overlaps(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	bool as_ipv4 = !spec_socket_is_v6(a) || in16_mapped(a->rcv);

	if (!spec_overlap_devices(spec, a, b))
		return false;
	if (APPLIES(spec, tcp_overlaps_in_family))
		return spec_overlap_in_family(a, b);
	if (in16_any(a->rcv) ||
		(in16_is(a->rcv, 0) &&
			(APPLIES(spec, mapped_wildcard_asks_all) ||
				!spec_socket_is_v6(a))))
		return spec_overlap_addrs(spec, a, b);
	if (b->v6only && as_ipv4 && APPLIES(spec, v6only_spares_ipv4))
		return false;
	if (in16_any(b->rcv))
		return APPLIES(spec, ipv6_wildcard_covers);
	if (in16_is(b->rcv, 0) && as_ipv4)
		return spec_socket_is_v6(a) && spec_bucket_is_v6(spec, b) &&
				       APPLIES(spec,
					       mapped_wildcard_overlooked) ?
			       false :
			       APPLIES(spec, ipv4_wildcard_covers);
	return in16_equal(a->rcv, b->rcv);
}

/*
 * An orphan becomes TIME_WAIT when its FIN is answered: at once, or up to 40 ms
 * later. Nobody is told, so the leader's outcome decides: if it is ok, the
 * orphan is TIME_WAIT already.
 */
static bool may_wait(struct spec *spec, const struct spec_socket *b)
{
	return b->orphan && b->state == FIN_WAIT1 && b->peer && spec->leader &&
	       spec->leader->kind == OUTCOME_OK &&
	       APPLIES(spec, fin_answered_sooner_or_later);
}

/* Not of Linux: do both ask for one address, or a wildcard, on one device? */
static bool is_same_place(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b)
{
	bool any = spec_socket_is_wildcard(a);

	if (a->device != spec_socket_owner_device(spec, b))
		return false;
	if (any && a->kept)
		return in16_equal(a->kept_rcv, b->rcv);
	return any == spec_socket_is_wildcard(b) &&
	       (any || in16_equal(a->rcv, b->rcv));
}

/* Does the owner listen, and so not share by SO_REUSEADDR? */
static bool guards(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b, enum spec_tcp_asking how)
{
	return b->state == LISTEN && how != ASK_CONNECT &&
	       HOLDS(spec, tcp_conflict_listener) &&
	       !(how == ASK_EXPLICIT && APPLIES(spec, bind_passes_listeners)) &&
	       (is_same_place(spec, a, b) ||
		       !APPLIES(spec, listener_guards_its_place));
}

/* The rule by which both may have the port, or may not: inet_bind_conflict() */
static enum spec_rule ask_owner(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b, enum spec_tcp_asking how)
{
	bool reuseport = (a->held ? spec_socket_owner_reuseport(spec, a) :
				    a->reuseport) &&
			 spec_socket_owner_reuseport(spec, b);
	uint32_t uid = spec_socket_owner(spec, a);
	bool waits = (b->state == TIME_WAIT || (reuseport && uid != b->uid &&
						       may_wait(spec, b))) &&
		     HOLDS(spec, tcp_share_time_wait);
	bool same_owner = waits || uid == spec_socket_owner(spec, b) ||
			  !HOLDS(spec, tcp_conflict_uid);
	bool listens = guards(spec, a, b, how);
	bool reuse =
		(a->held ? spec_socket_owner_reuse(spec, a) : a->reuse) &&
		(spec_socket_owner_reuse(spec, b) ||
			(b->state == TIME_WAIT &&
				APPLIES(spec, reuseaddr_passes_time_wait)));

	if (how == ASK_SEARCH && APPLIES(spec, search_avoids_all))
		return RULE_tcp_conflict_options;
	if (reuse && !listens && how == ASK_AGAIN && reuseport && same_owner &&
		APPLIES(spec, search_avoids_its_group))
		return RULE_tcp_conflict_options;
	RETURN_IF(spec, reuse && !listens, tcp_share_reuseaddr);
	if (how == ASK_AGAIN && APPLIES(spec, search_avoids_all))
		return RULE_tcp_conflict_options;
	RETURN_IF(spec, reuseport && waits, tcp_share_time_wait);
	RETURN_IF(spec, reuseport && same_owner, tcp_share_reuseport);
	RETURN_IF(spec, reuseport, tcp_conflict_uid);
	RETURN_IF(spec, reuse, tcp_conflict_listener);
	return ANSWER(spec, tcp_conflict_options);
}

/*
 * Not of Linux: a socket does not meet what it has left behind (spec_leak.h). A
 * connect meets nobody who has a peer, since theirs is another one, and nobody
 * at all with SO_REUSEPORT. With that, others do not meet those with a peer.
 */
static bool passes(struct spec *spec, const struct spec_socket *a,
	const struct spec_socket *b, enum spec_tcp_asking how)
{
	if (a->leak && a->leak == b->leak)
		return true;
	if (how == ASK_CONNECT)
		return a->reuseport || b->with_peer;
	return a->reuseport && b->with_peer && how != ASK_SEARCH &&
	       APPLIES(spec, reuseport_passes_peers);
}

enum spec_rule spec_tcp_ask_owners(struct spec *spec,
	const struct spec_socket *a, uint16_t port, enum spec_tcp_asking how)
{
	enum spec_rule answer = SPEC_NO_RULE;

	for (unsigned int i = 0; i < spec->count; i++) {
		const struct spec_socket *b = &spec->sockets[i];
		enum spec_rule rule;

		if (b == a || !spec_bucket_is_owner(b, port) ||
			passes(spec, a, b, how) || !overlaps(spec, a, b))
			continue;
		rule = ask_owner(spec, a, b, how);
		if (spec_rule_errno(rule))
			return rule;
		if (!answer)
			answer = rule;
	}
	return answer ? answer : ANSWER(spec, tcp_apart);
}

enum spec_rule spec_tcp_ask(struct spec *spec, const struct spec_socket *a,
	uint16_t port, bool listening)
{
	struct spec_port_bucket *bucket = spec_bucket_find(spec, port);

	RETURN_IF(spec, spec_range_may_be_untold(spec, port), not_modelled);
	if (!bucket)
		return ANSWER(spec, tcp_port_free);
	RETURN_IF(spec, a->reuse == FORCE_REUSE, tcp_share_repair);
	RETURN_IF(spec, bucket->fast.reuse > 0 && a->reuse && !listening,
		tcp_share_fast_reuse);
	RETURN_IF(spec, spec_bucket_admits(spec, bucket, a), tcp_share_cache);
	return spec_tcp_ask_owners(spec, a, port,
		listening ? ASK_LISTEN : ASK_EXPLICIT);
}

enum spec_rule spec_tcp_ask_listeners(struct spec *spec,
	const struct spec_socket *a)
{
	for (unsigned int i = 0; i < spec->count && a->reuse; i++) {
		const struct spec_socket *b = &spec->sockets[i];

		if (b != a && spec_bucket_is_owner(b, a->port) &&
			b->state == LISTEN && in16_equal(a->rcv, b->rcv) &&
			spec_overlap_in_family(a, b))
			return ANSWER(spec, tcp_conflict_listener);
	}
	return ANSWER(spec, tcp_apart);
}
