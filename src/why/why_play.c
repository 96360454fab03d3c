// SPDX-License-Identifier: Apache-2.0
/*
 * why_play.c - play through all that is possible on one port
 *
 * DOC: Theory of Operation
 *
 * The specification has room for few holders, so those are kept that can count.
 * TCP asks every owner, and each refuses by itself: of those that do, a few of
 * each sort are enough. UDP asks one after the other, and the first one that is
 * in the way decides: of each family, and of each part of its tables, the first
 * one is kept that decides at its kindest, and the first at its harshest.
 *
 * A *possibility* then says what is not known: are those with unknown options
 * at their kindest or at their harshest, in which order are the sockets of UDP,
 * does the port of TCP remember a socket like the one that asks? Each is played
 * by the specification. What changes the answer is what it depends on.
 */
#include "why_judge.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "why_private.h"

/* Of one sort of TCP, so many are kept; more sockets of UDP than this are a
 * crowd, and fewer than that are none, whatever other networks have. */
enum { TCP_SORT_MAX = 3, CROWD = 10, CROWD_NEAR = 8 };

/* Where UDP looks for a socket: at its address, at wildcards, elsewhere */
enum part { OF_ADDRESS, OF_WILDCARDS, ELSEWHERE, PARTS };

/* Bits of struct possibility.order */
enum { IPV6_FIRST = 1, IPV6_FIRST_AT_ADDRESS = 2, CONNECTED_FIRST = 4 };

/** struct kept - A holder that can count */
struct kept {
	const struct why_holder *h;
	struct why_pair pair;
	uint8_t part;
	bool ended;
};

/**
 * struct possibility - What is not known, settled
 * @kind_ended, @kind_options: Are they at their kindest? See enum why_unknown
 */
struct possibility {
	bool kind_ended, kind_options, crowd, remembered;
	uint8_t order;
};

/**
 * struct play - The holders that can count
 * @total:	All that have the port
 */
struct play {
	struct why_judge *j;
	struct kept kept[SPEC_SNAPSHOT_MAX];
	unsigned int count, total;
};

static bool is_udp(const struct play *play)
{
	return play->j->q->protocol == IPPROTO_UDP;
}

static bool is_at(const struct addr *a, const struct addr *b)
{
	struct addr x = addr_unmapped(a), y = addr_unmapped(b);

	return addr_equal(&x, &y);
}

static uint8_t part_of(const struct why_question *q, const struct addr *addr)
{
	if (why_is_wildcard(addr))
		return OF_WILDCARDS;
	return is_at(&q->addr, addr) ? OF_ADDRESS : ELSEWHERE;
}

static bool keep(struct play *play, const struct why_holder *h,
	struct why_pair pair)
{
	if (play->count == SPEC_SNAPSHOT_MAX)
		return false;
	play->kept[play->count++] = (struct kept){
		.h = h,
		.pair = pair,
		.part = part_of(play->j->q, &h->row.addr),
		.ended = !h->row.inode,
	};
	return true;
}

/* Those that refuse whatever they have, that may refuse, and the others */
static void keep_tcp(struct play *play, const struct why_holder *h,
	struct why_pair pair, unsigned int sorts[4])
{
	unsigned int sort = pair.kind == WHY_REFUSES  ? 0 :
			    pair.harsh != WHY_REFUSES ? 1 :
			    h->row.inode	      ? 2 :
							3;

	if (sorts[sort] < TCP_SORT_MAX && keep(play, h, pair))
		sorts[sort]++;
}

/* The first one that decides at its kindest, and at its harshest */
static void keep_udp(struct play *play, const struct why_holder *h,
	struct why_pair pair, bool found[2][PARTS][2])
{
	bool *seen = found[h->row.family == AF_INET6]
			  [part_of(play->j->q, &h->row.addr)];
	bool kind = pair.kind != WHY_IS_APART && !seen[0];
	bool harsh = pair.harsh != WHY_IS_APART && !seen[1];

	if (!kind && !harsh)
		return;
	keep(play, h, pair);
	seen[0] |= kind;
	seen[1] |= harsh;
}

static void choose(struct play *play, const uint32_t *holders,
	unsigned int count, struct why_answer *answer)
{
	bool found[2][PARTS][2] = { 0 };
	unsigned int sorts[4] = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		const struct why_holder *h = &play->j->s->holders[holders[i]];
		struct why_pair pair = why_pair(play->j, h);

		if (answer->blocks)
			answer->blocks[i] = pair.kind == WHY_REFUSES ?
						    WHY_BLOCKS :
					    pair.harsh == WHY_REFUSES ?
						    WHY_MAY_BLOCK :
						    WHY_APART;
		if (is_udp(play))
			keep_udp(play, h, pair, found);
		else
			keep_tcp(play, h, pair, sorts);
	}
}

/* A number that is smaller for what comes first in the kernel's list */
static unsigned int turn_of(const struct kept *k, const struct possibility *p)
{
	bool v6 = k->h->row.family == AF_INET6;
	bool at = p->crowd && k->part == OF_ADDRESS;
	bool first = p->order & (at ? IPV6_FIRST_AT_ADDRESS : IPV6_FIRST);
	bool connected = k->h->row.state == SOCKDIAG_ESTABLISHED;

	return (p->crowd && p->order & CONNECTED_FIRST && !connected) * 2 +
	       (v6 != first);
}

static unsigned int variant_of(const struct kept *k,
	const struct possibility *p)
{
	bool kind = k->ended ? p->kind_ended : p->kind_options;

	return kind ? k->pair.kind_variant : k->pair.harsh_variant;
}

static void put_down(const struct play *play, const struct possibility *p)
{
	/* Turns are few; those that are alike stay in order. */
	for (unsigned int turn = 0; turn < 4; turn++) {
		for (unsigned int i = 0; i < play->count; i++) {
			const struct kept *k = &play->kept[i];
			struct spec_held held;

			if (is_udp(play) ? turn_of(k, p) != turn : turn)
				continue;
			held = why_pair_held(k->h, variant_of(k, p));
			spec_snapshot_hold(play->j->spec, &held);
		}
	}
}

static void play_one(const struct play *play, const struct possibility *p,
	struct why_outcome *out)
{
	why_pair_begin(play->j, p->crowd ? CROWD + 1 : 0);
	put_down(play, p);
	if (p->remembered) {
		struct spec_held asker = why_pair_asker(play->j->q);

		spec_snapshot_remember(play->j->spec, &asker);
	}
	why_pair_end(play->j, out);
}

static bool same(const struct why_outcome *a, const struct why_outcome *b)
{
	return a->listen == b->listen &&
	       outcome_alike(&a->outcome, &b->outcome);
}

/* Is nothing known of one of these, and does it count? */
static bool has_unknown(const struct play *play, bool ended)
{
	for (unsigned int i = 0; i < play->count; i++)
		if (play->kept[i].ended == ended &&
			play->kept[i].pair.kind != play->kept[i].pair.harsh)
			return true;
	return false;
}

static bool has_family(const struct play *play, uint8_t family)
{
	for (unsigned int i = 0; i < play->count; i++)
		if (play->kept[i].h->row.family == family)
			return true;
	return false;
}

/* Sockets of other ports may be in the same slot, and which are is not told. */
static unsigned int near_of(const struct play *play)
{
	return play->j->s->udp_near[play->j->q->port % WHY_SLOTS];
}

/* What can be otherwise: bits of enum why_unknown */
static unsigned int unknowns_of(const struct play *play)
{
	const struct why_question *q = play->j->q;
	unsigned int out = 0;

	out |= has_unknown(play, true) ? WHY_ENDED : 0;
	out |= has_unknown(play, false) ? WHY_OPTIONS : 0;
	if (!is_udp(play))
		return play->count && q->port &&
				       (q->reuseaddr || q->reuseport) ?
			       out | WHY_HISTORY :
			       out;
	if (has_family(play, AF_INET) && has_family(play, AF_INET6))
		out |= WHY_ORDER;
	if (q->port && !why_is_wildcard(&q->addr)) {
		bool crowded = play->total > CROWD;

		if (!crowded && near_of(play) >= CROWD_NEAR)
			out |= WHY_CROWD;
		if (crowded)
			out |= WHY_ORDER;
	}
	return out;
}

/* Who restarts a server has set SO_REUSEADDR before, too; but what only goes
 * out of a port that the kernel chose has not. */
static bool is_kind_to(const struct play *play)
{
	const struct why_situation *s = play->j->s;
	const struct why_question *q = play->j->q;

	return q->reuseaddr && !(q->port >= s->low && q->port <= s->high);
}

/* Newer sockets come first, but for IPv6 ones with SO_REUSEPORT. */
static uint8_t likely_order(const struct play *play)
{
	const struct why_holder *v4 = NULL, *v6 = NULL;

	for (unsigned int i = play->count; i > 0; i--) {
		const struct why_holder *h = play->kept[i - 1].h;

		if (h->row.family == AF_INET)
			v4 = h;
		else
			v6 = h;
	}
	return v4 && v6 && !v6->reuseport && v6->row.inode > v4->row.inode ?
		       IPV6_FIRST | IPV6_FIRST_AT_ADDRESS :
		       0;
}

static struct possibility likely(const struct play *play)
{
	return (struct possibility){
		.kind_ended = is_kind_to(play),
		.crowd = is_udp(play) && play->total > CROWD,
		.order = likely_order(play),
	};
}

/* The likely possibility, but with these unknowns the other way */
static struct possibility turned(struct possibility p, unsigned int turned,
	uint8_t order)
{
	p.kind_ended ^= !!(turned & WHY_ENDED);
	p.kind_options ^= !!(turned & WHY_OPTIONS);
	p.crowd ^= !!(turned & WHY_CROWD);
	p.remembered ^= !!(turned & WHY_HISTORY);
	p.order ^= turned & WHY_ORDER ? order : 0;
	return p;
}

/* Is it another answer, with the order turned in any way? */
static bool differs(const struct play *play, const struct possibility *first,
	unsigned int turned_bits, struct why_answer *answer)
{
	uint8_t last = turned_bits & WHY_ORDER ? 7 : 1;

	for (uint8_t order = 1; order <= last; order++) {
		struct possibility p = turned(*first, turned_bits, order);
		struct why_outcome out;

		play_one(play, &p, &out);
		if (same(&out, &answer->first))
			continue;
		answer->other = out;
		return true;
	}
	return false;
}

void why_play(struct why_judge *j, const uint32_t *holders, unsigned int count,
	struct why_answer *answer)
{
	struct play play = { .j = j, .total = count };
	struct possibility first;
	unsigned int unknowns;

	choose(&play, holders, count, answer);
	first = likely(&play);
	play_one(&play, &first, &answer->first);
	unknowns = unknowns_of(&play);
	/* What changes it all alone; else what changes it together */
	for (int size = 1; size <= WHY_UNKNOWNS && !answer->depends; size++)
		for (unsigned int t = 1; t <= unknowns; t++)
			if (__builtin_popcount(t) == size && !(t & ~unknowns) &&
				differs(&play, &first, t, answer))
				answer->depends |= t;
}
