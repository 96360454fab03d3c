// SPDX-License-Identifier: Apache-2.0
/*
 * why.c - a question, and what the specification says of it
 */
#include "why.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "why_judge.h"
#include "why_private.h"

uint32_t why_bound_device(const struct why_question *q)
{
	return q->scope	   ? q->scope :
	       q->ifindex  ? q->ifindex :
	       q->connects ? q->peer_scope :
			     0;
}

static struct why_judge *open_judge(const struct why_situation *s,
	const struct why_question *q)
{
	struct why_judge *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->s = s;
	j->q = q;
	/* The device of a peer is not that of the address. */
	j->local = why_is_local(s, &q->addr, q->scope ? q->scope : q->ifindex);
	j->force = malloc(sizeof(*j->force));
	j->spec = malloc(spec_size());
	if (j->force)
		spec_force_init(j->force, s->version);
	return j;
}

static void close_judge(struct why_judge *j)
{
	if (j) {
		free(j->force);
		free(j->spec);
	}
	free(j);
}

/* The VRF whose ports the socket would have */
static uint32_t vrf_of(const struct why_situation *s,
	const struct why_question *q)
{
	if (q->protocol != IPPROTO_TCP || s->vrf_shared)
		return 0;
	return why_vrf(s, why_bound_device(q));
}

static bool matters(const struct why_question *q, const struct why_holder *h)
{
	return !why_is_half_open(h) ||
	       (q->connects && why_is_same_connection(q, &h->row));
}

/* Who holds this port, or any if it is 0 */
static unsigned int find_holders(const struct why_situation *s,
	const struct why_question *q, uint32_t *out)
{
	uint32_t vrf = vrf_of(s, q);
	unsigned int n = 0;

	for (unsigned int i = 0; i < s->holder_count; i++) {
		const struct why_holder *h = &s->holders[i];

		if (h->row.protocol == q->protocol && h->vrf == vrf &&
			(!q->port || h->row.port == q->port) && matters(q, h))
			out[n++] = i;
	}
	return n;
}

/* Where the holders of each port begin, in a list that is sorted by port */
static void sort_by_port(const struct why_situation *s, uint32_t *list,
	unsigned int count, uint32_t *sorted, uint32_t *begin)
{
	memset(begin, 0, (WHY_PORTS + 1) * sizeof(*begin));
	for (unsigned int i = 0; i < count; i++)
		begin[s->holders[list[i]].row.port + 1]++;
	for (unsigned int port = 0; port < WHY_PORTS; port++)
		begin[port + 1] += begin[port];
	for (unsigned int i = 0; i < count; i++)
		sorted[begin[s->holders[list[i]].row.port]++] = list[i];
	/* Each begin has moved to the next one. */
	memmove(begin + 1, begin, WHY_PORTS * sizeof(*begin));
	begin[0] = 0;
}

/* UDP that connects binds first, without a word of what it is for. */
static void play(struct why_judge *j, const uint32_t *holders,
	unsigned int count, struct why_answer *answer)
{
	bool connects = j->q->connects && j->q->protocol == IPPROTO_TCP;

	(connects ? why_connect_play : why_play)(j, holders, count, answer);
}

/**
 * struct range - The ports that the kernel may choose
 * @taken:	Those that are reserved, or not free for certain
 * @likely:	Those and the ones that are likely not free
 * @perhaps:	Those and the ones that may not be free
 * @depends:	On what that depends
 */
struct range {
	struct why_ports taken, likely, perhaps;
	unsigned int depends;
};

static void look_at_port(struct why_judge *j, const uint32_t *holders,
	unsigned int count, struct range *range, struct why_answer *answer)
{
	struct why_answer one = { 0 };

	if (why_ports_has(&j->s->reserved, j->port)) {
		answer->reserved++;
		why_ports_add(&range->taken, j->port);
		why_ports_add(&range->likely, j->port);
		why_ports_add(&range->perhaps, j->port);
		return;
	}
	if (count)
		play(j, holders, count, &one);
	if (one.first.outcome.kind == OUTCOME_OK && !one.depends) {
		answer->free++;
		return;
	}
	answer->taken++;
	why_ports_add(&range->perhaps, j->port);
	if (one.first.outcome.kind != OUTCOME_OK)
		why_ports_add(&range->likely, j->port);
	range->depends |= one.depends;
	if (!one.depends)
		why_ports_add(&range->taken, j->port);
}

/* What happens, if the ports that are free are all that there are? */
static struct why_outcome choose(struct why_judge *j,
	const struct why_ports *taken, bool refused)
{
	struct why_answer one = { 0 };

	j->taken = taken;
	j->refused = refused;
	play(j, NULL, 0, &one);
	j->taken = NULL;
	j->refused = false;
	return one.first;
}

/* The worst is that all that may be taken are, and that the kernel overlooks
 * those that it may overlook. */
static void judge_range(struct why_judge *j, const struct range *range,
	struct why_answer *answer)
{
	struct why_outcome best = choose(j, &range->taken, false);
	struct why_outcome worst = choose(j, &range->perhaps, true);

	answer->first = choose(j, &range->likely, false);
	answer->other = outcome_alike(&answer->first.outcome, &best.outcome) ?
				worst :
				best;
	if (!outcome_alike(&best.outcome, &worst.outcome))
		answer->depends = range->depends ? range->depends : WHY_CHANCE;
}

/* UDP that connects has no other word for that no port is left. */
static void rename_error(struct why_outcome *out)
{
	if (out->outcome.error == EADDRINUSE)
		out->outcome.error = EAGAIN;
}

/* Does the port that bind chooses lead to a connection that is there? */
static bool may_meet_itself(const struct why_situation *s,
	const struct why_question *q)
{
	for (unsigned int i = 0; i < s->holder_count; i++) {
		const struct why_holder *h = &s->holders[i];
		bool met = addr_is_any(&q->addr) || q->many ?
				   h->row.peer_port == q->peer_port &&
					   addr_equal(&h->row.peer, &q->peer) :
				   why_is_same_connection(q, &h->row);
		bool asks = q->reuseaddr || q->reuseport;
		bool shares = (asks && !h->known) ||
			      (q->reuseaddr && h->reuseaddr) ||
			      (q->reuseport && h->reuseport);

		/* One of many addresses is no other's, until it connects. */
		if ((shares || q->many) && h->row.protocol == q->protocol &&
			met)
			return true;
	}
	return false;
}

/* What connects without a place, or what has a place with port 0 */
static void end_connect(const struct why_situation *s,
	const struct why_question *q, struct why_answer *answer)
{
	if (q->protocol == IPPROTO_UDP && !q->placed) {
		rename_error(&answer->first);
		rename_error(&answer->other);
	}
	if (q->placed && answer->first.outcome.kind == OUTCOME_OK &&
		!answer->depends && may_meet_itself(s, q)) {
		answer->other.outcome = outcome_error(EADDRNOTAVAIL);
		answer->depends = WHY_CHANCE;
	}
}

/* Port 0: each port of the range is one that may be chosen. */
static int ask_range(struct why_judge *j, struct why_answer *answer)
{
	uint32_t *begin = malloc((WHY_PORTS + 1) * sizeof(*begin));
	uint32_t *sorted = malloc((answer->count + 1) * sizeof(*sorted));
	struct range *range = calloc(1, sizeof(*range));
	int rc = begin && sorted && range ? 0 : -ENOMEM;

	if (!rc) {
		sort_by_port(j->s, answer->holders, answer->count, sorted,
			begin);
		for (uint32_t p = j->s->low; p <= j->s->high; p++) {
			j->port = p;
			look_at_port(j, sorted + begin[p],
				begin[p + 1] - begin[p], range, answer);
		}
		j->port = 0;
		judge_range(j, range, answer);
	}
	free(begin);
	free(sorted);
	free(range);
	/* They are too many to be listed. */
	answer->count = 0;
	return rc;
}

/* Where bind works, connect does not. */
static void fail_then(int error, struct why_answer *answer)
{
	if (answer->first.outcome.kind == OUTCOME_OK)
		answer->first.outcome = outcome_error(error);
	if (answer->depends && answer->other.outcome.kind == OUTCOME_OK)
		answer->other.outcome = outcome_error(error);
}

/* UDP without a port takes one before it looks where it connects to. */
static bool binds_first(const struct why_question *q)
{
	return q->connects && q->protocol == IPPROTO_UDP && !q->port &&
	       !q->placed;
}

int why_ask(const struct why_situation *situation,
	const struct why_question *question, struct why_answer *answer)
{
	struct why_question asked = *question;
	struct why_judge *j;
	size_t room = situation->holder_count + 1;
	int rc = -ENOMEM;

	/* A port that bind has chosen is nobody's to choose again. */
	asked.connects &= !(asked.placed && !asked.port);
	j = open_judge(situation, &asked);

	memset(answer, 0, sizeof(*answer));
	answer->holders = malloc(room * sizeof(*answer->holders));
	answer->blocks = calloc(room, sizeof(*answer->blocks));
	if (j && j->force && j->spec && answer->holders && answer->blocks) {
		answer->count = find_holders(situation, question,
			answer->holders);
		rc = 0;
		if (question->unreachable && !binds_first(question)) {
			answer->first.outcome =
				outcome_error(question->unreachable);
			answer->count = 0;
		} else if (question->port)
			play(j, answer->holders, answer->count, answer);
		else
			rc = ask_range(j, answer);
		if (question->connects && !question->port)
			end_connect(situation, question, answer);
		if (binds_first(question) && question->unreachable)
			fail_then(question->unreachable, answer);
		else if (!question->connects && question->then)
			fail_then(question->then, answer);
	}
	close_judge(j);
	return rc;
}

void why_answer_free(struct why_answer *answer)
{
	free(answer->holders);
	free(answer->blocks);
	memset(answer, 0, sizeof(*answer));
}
