// SPDX-License-Identifier: Apache-2.0
/*
 * why_pair.c - one socket that asks and one that holds the port: what can the
 * specification say of them?
 *
 * A holder whose options are not known is asked with all that it may have. Of
 * these one is the *kindest* to the asking socket, and one the *harshest*. Many
 * holders are alike, such as the connections of a server, so what was said is
 * remembered.
 */
#include "why_judge.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "why_private.h"

static uint8_t type_of(uint8_t protocol, uint8_t family, bool mptcp)
{
	bool v6 = family == AF_INET6;

	if (protocol == IPPROTO_UDP)
		return v6 ? UDP6 : UDP4;
	if (mptcp)
		return v6 ? MPTCP6 : MPTCP4;
	return v6 ? TCP6 : TCP4;
}

struct spec_held why_pair_asker(const struct why_question *q)
{
	return (struct spec_held){
		.type = type_of(q->protocol, q->family, q->mptcp),
		.addr = q->addr,
		.port = q->port,
		.uid = q->uid,
		.device = q->ifindex,
		.reuseaddr = q->reuseaddr,
		.reuseport = q->reuseport,
		.v6only = q->v6only,
		.freebind = q->freebind,
		.transparent = q->transparent,
	};
}

static uint8_t holding_of(const struct sockdiag_row *row)
{
	if (row->mini)
		return SPEC_HOLDS_TIME_WAIT;
	if (row->state == SOCKDIAG_LISTEN)
		return SPEC_HOLDS_LISTENING;
	return row->state == SOCKDIAG_CLOSE ? SPEC_HOLDS_BOUND :
					      SPEC_HOLDS_CONNECTED;
}

/* Which options of a holder are not known? */
static unsigned int unknown_options(const struct why_holder *h)
{
	return (h->known ? 0 : WHY_VARIANT_REUSEADDR | WHY_VARIANT_REUSEPORT) |
	       (h->v6only_known ? 0 : WHY_VARIANT_V6ONLY);
}

struct spec_held why_pair_held(const struct why_holder *h, unsigned int variant)
{
	const struct sockdiag_row *row = &h->row;
	unsigned int unknown = unknown_options(h);

	variant &= unknown;
	return (struct spec_held){
		.type = type_of(row->protocol, row->family, false),
		.how = holding_of(row),
		.addr = row->addr,
		.peer = row->peer,
		.port = row->port,
		.peer_port = row->peer_port,
		.uid = row->uid,
		.device = row->ifindex,
		.ownerless = !row->inode,
		.reuseaddr = h->reuseaddr || variant & WHY_VARIANT_REUSEADDR,
		.reuseport = h->reuseport || variant & WHY_VARIANT_REUSEPORT,
		.v6only = (h->v6only_known && row->v6only) ||
			  variant & WHY_VARIANT_V6ONLY,
	};
}

void why_pair_begin(const struct why_judge *j, unsigned int udp_others)
{
	const struct why_situation *s = j->s;
	const struct why_question *q = j->q;
	uint32_t device = why_bound_device(q);
	struct spec_network network = {
		.low = j->port ? j->port : s->low,
		.high = j->port ? j->port : s->high,
		.unprivileged = s->unprivileged,
		.autobind_reuse = s->autobind_reuse,
		.nonlocal4 = s->nonlocal4,
		.nonlocal6 = s->nonlocal6,
		.local = j->local,
		.no_device = device && !why_device(s, device),
		.udp_others = udp_others,
		.taken = j->taken ? j->taken->bits : NULL,
	};

	spec_snapshot_begin(j->spec, j->force, &network, q->capable);
}

void why_pair_end(const struct why_judge *j, struct why_outcome *out)
{
	struct spec_held asker = why_pair_asker(j->q);
	struct op op = op_bind(0, &j->q->addr, j->q->port);
	const struct outcome none = outcome_error(EADDRINUSE);

	op.bind.place.scope = j->q->scope;
	spec_snapshot_ask(j->spec, &asker);
	*out = (struct why_outcome){ 0 };
	spec_step(j->spec, &op, j->refused ? &none : NULL, &out->outcome);
	if (out->outcome.kind == OUTCOME_OK && j->q->listens &&
		j->q->protocol == IPPROTO_TCP) {
		struct outcome listen;

		op = op_listen(0);
		spec_step(j->spec, &op, NULL, &listen);
		if (listen.kind != OUTCOME_OK)
			*out = (struct why_outcome){ true, listen };
	}
}

/* What does it say of these two alone? */
static enum why_verdict ask(const struct why_judge *j,
	const struct why_holder *h, unsigned int variant)
{
	struct spec_held held = why_pair_held(h, variant);
	struct why_outcome out;

	why_pair_begin(j, 0);
	spec_snapshot_hold(j->spec, &held);
	why_pair_end(j, &out);
	/* What it is refused for otherwise is not that holder's doing. */
	if (out.outcome.error == EADDRINUSE)
		return WHY_REFUSES;
	return out.outcome.rule == RULE_udp_share_reuseport ? WHY_ADMITS :
							      WHY_IS_APART;
}

/* Who lets us in is kinder than who is not in the way, and who is least. */
static bool is_kinder(enum why_verdict a, enum why_verdict b)
{
	static const uint8_t kindness[] = {
		[WHY_REFUSES] = 0, [WHY_IS_APART] = 1, [WHY_ADMITS] = 2
	};

	return kindness[a] > kindness[b];
}

static struct why_pair ask_all(const struct why_judge *j,
	const struct why_holder *h)
{
	unsigned int unknown = unknown_options(h);
	struct why_pair pair = { 0 };

	pair.kind = pair.harsh = ask(j, h, 0);
	for (unsigned int v = 1; v < WHY_VARIANTS; v++) {
		enum why_verdict verdict;

		if (v & ~unknown)
			continue;
		verdict = ask(j, h, v);
		if (is_kinder(verdict, pair.kind)) {
			pair.kind = verdict;
			pair.kind_variant = v;
		}
		if (is_kinder(pair.harsh, verdict)) {
			pair.harsh = verdict;
			pair.harsh_variant = v;
		}
	}
	return pair;
}

/* Two addresses meet if they are one, or if one is a wildcard; and 127.0.0.6 is
 * what an IPv6 address counts as. All others are alike. */
static bool is_of_interest(const struct why_judge *j, const struct addr *addr)
{
	static const struct addr dummy = { 4, { 127, 0, 0, 6 } };
	struct addr a = addr_unmapped(addr), b = addr_unmapped(&j->q->addr);

	return addr_is_any(&a) || addr_equal(&a, &b) || addr_equal(&a, &dummy);
}

/* All of a holder that the answer depends on, without holes: it is compared as
 * bytes. */
static struct why_pair_key key_of(const struct why_judge *j,
	const struct why_holder *h)
{
	struct spec_held held = why_pair_held(h, 0);
	struct why_pair_key key;

	memset(&key, 0, sizeof(key));
	if (is_of_interest(j, &held.addr))
		memcpy(key.addr, held.addr.bytes, held.addr.len);
	else
		key.elsewhere = addr_is_mapped(&held.addr) ? 2 : 1;
	key.uid = held.uid;
	key.device = held.device;
	key.type = held.type;
	key.how = held.how;
	key.flags = held.reuseaddr | held.reuseport << 1 | held.v6only << 2 |
		    held.ownerless << 3;
	key.unknown = unknown_options(h);
	return key;
}

struct why_pair why_pair(struct why_judge *j, const struct why_holder *h)
{
	struct why_pair_key key = key_of(j, h);
	struct why_pair_note *note =
		&j->notes[program_hash(&key, sizeof(key)) % WHY_NOTES];

	if (!note->used || memcmp(&note->key, &key, sizeof(key))) {
		note->used = true;
		note->key = key;
		note->pair = ask_all(j, h);
	}
	return note->pair;
}
