// SPDX-License-Identifier: Apache-2.0
/*
 * why_connect.c - is there a port for a connection?
 *
 * A connect takes a port that nobody has, or one that only connects have begun,
 * if the connection would be another one. Whether a connected socket was bound
 * before is not told, so both is played.
 */
#include "why_judge.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* So many are put down who hold the port all the same */
enum { OTHERS_MAX = 4 };

bool why_is_same_connection(const struct why_question *q,
	const struct sockdiag_row *row)
{
	struct addr a = addr_unmapped(&q->addr), b = addr_unmapped(&row->addr);
	struct addr c = addr_unmapped(&q->peer), d = addr_unmapped(&row->peer);

	return row->peer_port == q->peer_port && addr_equal(&a, &b) &&
	       addr_equal(&c, &d);
}

/* Those with the same ends count, and that there are others */
static void put_down(const struct why_judge *j, const uint32_t *holders,
	unsigned int count, bool clients)
{
	unsigned int others = 0, same = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct why_holder *h = &j->s->holders[holders[i]];
		struct spec_held held = why_pair_held(h, 0);
		bool is_same = why_is_same_connection(j->q, &h->row);

		if (is_same ? same++ >= OTHERS_MAX : others >= OTHERS_MAX)
			continue;
		held.client = clients && h->row.peer_port;
		/* Of those that are bound, one is enough, and must be there. */
		if (!is_same && held.client && others + 1 == OTHERS_MAX)
			continue;
		others += !is_same;
		spec_snapshot_hold(j->spec, &held);
	}
}

static void play_one(const struct why_judge *j, const uint32_t *holders,
	unsigned int count, bool clients, struct why_outcome *out)
{
	const struct outcome none = outcome_error(EADDRNOTAVAIL);
	struct spec_held asker = why_pair_asker(j->q);

	asker.peer = j->q->peer;
	asker.peer_port = j->q->peer_port;
	why_pair_begin(j, 0);
	put_down(j, holders, count, clients);
	*out = (struct why_outcome){ 0 };
	spec_snapshot_connect(j->spec, &asker, j->refused ? &none : NULL,
		&out->outcome);
}

void why_connect_play(struct why_judge *j, const uint32_t *holders,
	unsigned int count, struct why_answer *answer)
{
	play_one(j, holders, count, true, &answer->first);
	play_one(j, holders, count, false, &answer->other);
	if (!outcome_alike(&answer->first.outcome, &answer->other.outcome))
		answer->depends = WHY_HISTORY;
	for (unsigned int i = 0; answer->blocks && i < count; i++)
		answer->blocks[i] = why_is_same_connection(j->q,
					    &j->s->holders[holders[i]].row) ?
					    WHY_BLOCKS :
					    WHY_APART;
}
