// SPDX-License-Identifier: Apache-2.0
/*
 * why_help.c - what would make it work?
 */
#include "why_help.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

/**
 * struct trial - The question and the situation, changed
 * @s:		Its @holders are our own: those of the port
 * @blocks:	Of each holder
 */
struct trial {
	struct why_situation s;
	struct why_question q;
	const uint8_t *blocks;
	struct why_help *help;
};

/* Does no holder that is in the way lack a change of this sort? */
static bool set_holders(struct trial *t, bool reuseaddr, bool reuseport)
{
	bool any = false;

	for (unsigned int i = 0; i < t->s.holder_count; i++) {
		struct why_holder *h = &t->s.holders[i];

		if (t->blocks[i] == WHY_APART)
			continue;
		/* Nobody can set an option of what has no process. */
		if (!h->row.inode || why_tunnel(&t->s, h))
			return false;
		h->known = any = true;
		h->reuseaddr |= reuseaddr;
		h->reuseport |= reuseport;
	}
	return any;
}

static bool set_both(struct trial *t, bool reuseaddr, bool reuseport)
{
	t->q.reuseaddr |= reuseaddr;
	t->q.reuseport |= reuseport;
	return set_holders(t, reuseaddr, reuseport);
}

/* An IPv6 socket that is in the way of IPv4 need not be. */
static bool set_owners_v6only(struct trial *t)
{
	bool any = false;

	for (unsigned int i = 0; i < t->s.holder_count; i++) {
		struct why_holder *h = &t->s.holders[i];

		if (t->blocks[i] == WHY_APART || h->row.family != AF_INET6 ||
			h->row.peer_port || !addr_is_any(&h->row.addr))
			continue;
		if (!h->row.inode || why_tunnel(&t->s, h))
			return false;
		any |= !h->v6only_known || !h->row.v6only;
		h->v6only_known = h->row.v6only = true;
	}
	return any;
}

/* They share with their own user. */
static bool set_user(struct trial *t)
{
	const struct why_holder *first = NULL;

	for (unsigned int i = 0; i < t->s.holder_count; i++) {
		const struct why_holder *h = &t->s.holders[i];

		if (t->blocks[i] == WHY_APART)
			continue;
		if (first && first->row.uid != h->row.uid)
			return false;
		first = h;
	}
	if (!first || first->row.uid == t->q.uid)
		return false;
	t->q.uid = first->row.uid;
	return set_both(t, false, true);
}

/* One address, where all of them were asked for */
static bool set_address(struct trial *t)
{
	static const struct addr narrow[] = {
		{ 4, { 127, 0, 0, 1 } },
		{ 16, { [15] = 1 } },
	};
	struct addr addr = addr_unmapped(&t->q.addr);

	if (!addr_is_any(&addr))
		return false;
	t->help->addr = t->q.addr = narrow[t->q.family == AF_INET6];
	return true;
}

/* TIME_WAIT lasts so long, and cannot be made shorter. */
enum { TIME_WAIT_MS = 60000 };

/* Nobody has accepted it yet: it goes with its listener. */
static bool is_waiting(const struct sockdiag_row *row)
{
	return !row->inode && !row->mini &&
	       (row->state == SOCKDIAG_ESTABLISHED ||
		       row->state == SOCKDIAG_CLOSE_WAIT ||
		       row->state == SOCKDIAG_SYN_RECEIVED ||
		       row->state == SOCKDIAG_NEW_SYN_RECEIVED);
}

/* Who closes a connection first leaves TIME_WAIT behind, with its options. */
static bool stop_one(struct why_holder *h)
{
	if (h->row.protocol != IPPROTO_TCP || !h->row.inode ||
		h->row.state != SOCKDIAG_ESTABLISHED)
		return false;
	h->row.mini = true;
	h->row.inode = 0;
	h->row.left_ms = TIME_WAIT_MS;
	return true;
}

/* Stop all that is in the way; what it leaves behind stays. */
static bool stop(struct trial *t)
{
	unsigned int kept = 0;
	bool any = false;

	for (unsigned int i = 0; i < t->s.holder_count; i++) {
		struct why_holder *h = &t->s.holders[i];
		bool goes = t->blocks[i] != WHY_APART &&
			    (h->row.inode || is_waiting(&h->row));

		any |= goes && h->row.inode;
		if (!goes || stop_one(h))
			t->s.holders[kept++] = *h;
	}
	t->s.holder_count = kept;
	return any;
}

/* Until what has ended is gone */
static bool wait_for_ended(struct trial *t)
{
	unsigned int kept = 0, gone = 0;

	for (unsigned int i = 0; i < t->s.holder_count; i++) {
		const struct why_holder *h = &t->s.holders[i];

		if (h->row.inode || is_waiting(&h->row)) {
			t->s.holders[kept++] = *h;
			continue;
		}
		t->help->seconds = MAX(t->help->seconds,
			(h->row.left_ms + 999) / 1000);
		gone++;
	}
	t->s.holder_count = kept;
	return gone;
}

/* The device that has the address, but the socket is on another one */
static bool set_device(struct trial *t)
{
	for (unsigned int i = 0; i < t->s.address_count; i++) {
		const struct why_address *own = &t->s.addresses[i];

		if (!addr_equal(&own->addr, &t->q.addr) || !own->usable)
			continue;
		t->help->addr = own->addr;
		t->help->ifindex = t->q.ifindex = own->ifindex;
		t->q.scope = t->q.scope ? own->ifindex : 0;
		return true;
	}
	return false;
}

static bool set_range(struct trial *t)
{
	bool whole = t->s.low <= 1024 && t->s.high == UINT16_MAX;

	t->s.low = 1024;
	t->s.high = UINT16_MAX;
	return !t->q.port && !whole;
}

static bool set_flag(bool *flag, bool sensible)
{
	bool was = *flag;

	*flag = true;
	return !was && sensible;
}

/* Make the change; false, if there is nothing to change */
static bool change(struct trial *t)
{
	switch ((enum why_change)t->help->change) {
	case WHY_CHANGE_REUSEADDR: return set_flag(&t->q.reuseaddr, true);
	case WHY_CHANGE_REUSEPORT: return set_flag(&t->q.reuseport, true);
	case WHY_CHANGE_V6ONLY:
		return set_flag(&t->q.v6only,
			t->q.family == AF_INET6 && !addr_is_mapped(&t->q.addr));
	case WHY_CHANGE_V6ONLY_OWNER: return set_owners_v6only(t);
	case WHY_CHANGE_REUSEADDR_BOTH: return set_both(t, true, false);
	case WHY_CHANGE_REUSEPORT_BOTH: return set_both(t, false, true);
	case WHY_CHANGE_USER: return set_user(t);
	case WHY_CHANGE_ADDRESS: return set_address(t);
	case WHY_CHANGE_WAIT: return wait_for_ended(t);
	case WHY_CHANGE_STOP: return stop(t);
	case WHY_CHANGE_STOP_REUSE:
		return stop(t) && set_flag(&t->q.reuseaddr, true);
	case WHY_CHANGE_STOP_WAIT: return stop(t) && wait_for_ended(t);
	case WHY_CHANGE_CAPABILITY: return set_flag(&t->q.capable, true);
	case WHY_CHANGE_FREEBIND: return set_flag(&t->q.freebind, true);
	case WHY_CHANGE_DEVICE: return set_device(t);
	case WHY_CHANGE_RANGE: return set_range(t);
	case WHY_CHANGES: break;
	}
	return false;
}

/* What works most likely is no help for what worked most likely before. */
static bool helps(const struct why_answer *before,
	const struct why_answer *after)
{
	return after->first.outcome.kind == OUTCOME_OK &&
	       !(after->depends & ~WHY_ENDED) &&
	       (!after->depends || before->first.outcome.kind != OUTCOME_OK);
}

/* Refused for another reason, which nobody looked at before; others that have
 * the port are the last one. */
static bool is_further(const struct why_answer *before, int error)
{
	return before->first.outcome.error != EADDRINUSE && error &&
	       error != before->first.outcome.error;
}

/* Who connects from a place has bound it before: what does connect say then?
 * From another place it may go another way.
 * Return: 0, and @error is 0 if it works; or a negative errno */
static int try_connect(struct trial *t, int *error)
{
	struct why_answer then;
	int rc;

	if (!t->q.placed || t->q.connects)
		return 0;
	t->q.connects = true;
	rc = why_route(&t->s, &t->q);
	if (!rc)
		rc = why_ask(&t->s, &t->q, &then);
	if (rc)
		return rc;
	*error = then.first.outcome.error;
	why_answer_free(&then);
	return 0;
}

/* What is changed is asked again. 1: it helps, or gets @further; 0: it does
 * not; or a negative errno */
static int try_changed(struct trial *t, const struct why_answer *before,
	bool further)
{
	struct why_help *help = t->help;
	struct why_answer changed;
	int rc = why_ask(&t->s, &t->q, &changed), error;
	bool works;

	if (rc)
		return rc;
	works = helps(before, &changed);
	error = changed.first.outcome.error;
	help->likely = changed.depends && !further;
	why_answer_free(&changed);
	if (works)
		rc = try_connect(t, &error);
	if (rc)
		return rc;
	help->then = further ? error : 0;
	return further ? is_further(before, error) : works && !error;
}

static int try(const struct why_situation *s, const struct why_question *q,
	const struct why_answer *answer, bool further, struct why_help *help)
{
	struct trial t = {
		.s = *s, .q = *q, .blocks = answer->blocks, .help = help
	};
	struct why_holder *own = malloc((answer->count + 1) * sizeof(*own));
	int rc;

	if (!own)
		return -ENOMEM;
	for (unsigned int i = 0; i < answer->count; i++)
		own[i] = s->holders[answer->holders[i]];
	if (q->port) {
		t.s.holders = own;
		t.s.holder_count = answer->count;
	}
	rc = change(&t) ? try_changed(&t, answer, further) : 0;
	free(own);
	return rc;
}

/* What we can do alone, both need not do together. */
static bool is_needless(const struct why_help *helps, int count,
	unsigned int change)
{
	for (int i = 0; i < count; i++)
		if ((helps[i].change == WHY_CHANGE_REUSEADDR &&
			    change == WHY_CHANGE_REUSEADDR_BOTH) ||
			(helps[i].change == WHY_CHANGE_STOP &&
				change == WHY_CHANGE_STOP_REUSE) ||
			(helps[i].change == WHY_CHANGE_REUSEPORT &&
				change == WHY_CHANGE_REUSEPORT_BOTH))
			return true;
	return false;
}

static int try_all(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	bool further, struct why_help helps[WHY_CHANGES])
{
	int count = 0;

	for (unsigned int i = 0; i < WHY_CHANGES; i++) {
		int rc;

		if (is_needless(helps, count, i))
			continue;
		helps[count] = (struct why_help){ .change = i };
		rc = try(situation, question, answer, further, &helps[count]);
		if (rc < 0)
			return rc;
		count += rc;
	}
	return count;
}

int why_help(const struct why_situation *situation,
	const struct why_question *question, const struct why_answer *answer,
	struct why_help helps[WHY_CHANGES])
{
	int count;

	if (question->unreachable ||
		(answer->first.outcome.kind == OUTCOME_OK && !answer->depends))
		return 0;
	count = try_all(situation, question, answer, false, helps);
	return count ? count :
		       try_all(situation, question, answer, true, helps);
}
