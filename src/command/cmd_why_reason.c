// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_reason.c - the verdict of why in plain words
 */
#include "cmd_why.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "quote.h"
#include "spec/spec.h"

/* What is in the way, for certain or perhaps */
struct met {
	unsigned int listening, ended, others;
	const struct why_holder *first;
};

static struct met meet(const struct why_situation *s,
	const struct why_answer *a)
{
	struct met met = { 0 };

	for (unsigned int i = 0; i < a->count; i++) {
		const struct why_holder *h = &s->holders[a->holders[i]];

		if (a->blocks[i] == WHY_APART)
			continue;
		met.listening += h->row.state == SOCKDIAG_LISTEN;
		met.ended += !h->row.inode;
		met.others += h->row.inode && h->row.state != SOCKDIAG_LISTEN;
		if (!met.first)
			met.first = h;
	}
	return met;
}

static const char *verb_for(unsigned int count)
{
	return count == 1 ? "is" : "are";
}

static void say_range(FILE *file, const struct why_situation *s,
	const struct why_answer *a)
{
	fprintf(file,
		"of the ports %u to %u, %u %s free, %u %s taken and %u %s "
		"reserved",
		s->low, s->high, a->free, verb_for(a->free), a->taken,
		verb_for(a->taken), a->reserved, verb_for(a->reserved));
	if (a->free && !a->depends && a->first.outcome.kind != OUTCOME_OK)
		fputs(", but of an odd number of ports the kernel overlooks "
		      "the last one",
			file);
}

static void say_in_use(FILE *file, const struct why_situation *s,
	const struct cmd_why_question *q)
{
	struct met met = meet(s, &q->answer);

	if (q->answer.first.listen)
		fputs("bind works, but listen does not: ", file);
	if (met.listening)
		fputs("another socket listens there, and shares the port only "
		      "if both set SO_REUSEPORT and are of one user",
			file);
	else if (met.others && q->why.protocol == IPPROTO_UDP)
		fputs("another socket has the port, and shares it only if both "
		      "set SO_REUSEADDR, or both SO_REUSEPORT and are of one "
		      "user",
			file);
	else if (met.others)
		fputs("another socket has the port, and shares it only if both "
		      "set SO_REUSEADDR and it does not listen, or both set "
		      "SO_REUSEPORT and are of one user",
			file);
	else
		fputs("a connection that was closed has the port still, and "
		      "shares it only if both have set SO_REUSEADDR",
			file);
}

static const struct why_address *address_of(const struct why_situation *s,
	const struct addr *addr)
{
	for (unsigned int i = 0; i < s->address_count; i++)
		if (addr_equal(&s->addresses[i].addr, addr))
			return &s->addresses[i];
	return NULL;
}

static void say_not_local(FILE *file, const struct why_situation *s,
	const struct why_question *q)
{
	const struct why_address *own = address_of(s, &q->addr);
	const struct why_device *device = own ? why_device(s, own->ifindex) :
						NULL;

	if (own && !own->usable)
		fputs("the address is tentative: nobody knows yet if another "
		      "machine has it",
			file);
	else if (device)
		quote_printf(file,
			"the address is that of device %s, and not for this "
			"socket",
			device->name);
	else
		fputs("no device of this network has the address", file);
}

static void say_ok(FILE *file, const struct why_situation *s,
	const struct cmd_why_question *q)
{
	const struct why_answer *a = &q->answer;
	bool shares = a->first.outcome.rule == RULE_tcp_share_reuseaddr;

	fputs(q->why.protocol == IPPROTO_TCP && q->why.listens ?
			"bind works, and so does listen" :
			"bind works",
		file);
	if (!q->why.port) {
		fputs("; ", file);
		say_range(file, s, a);
	}
	if (shares && q->why.listens)
		fputs("; but of those that share the port by SO_REUSEADDR only "
		      "the first can listen",
			file);
}

/* Has it the peer's port, and may it have the peer's address, too? */
static bool may_answer(const struct why_holder *h, const struct why_question *q)
{
	struct addr own = addr_unmapped(&h->row.addr);
	struct addr peer = addr_unmapped(&q->peer);

	if (h->row.port != q->peer_port || h->row.state != SOCKDIAG_LISTEN)
		return false;
	if (!addr_is_any(&own))
		return addr_equal(&own, &peer);
	return own.len == peer.len ||
	       (own.len == 16 && !(h->v6only_known && h->row.v6only));
}

/* Is it certain that a peer here refuses whoever connects? Not if it cannot
 * answer there. */
static bool nobody_listens(const struct why_situation *s,
	const struct why_question *q)
{
	static const struct addr own6 = { 16, { [15] = 1 } };

	if (q->protocol != IPPROTO_TCP || q->ifindex ||
		!why_is_local(s, &q->peer, 0) || !why_is_local(s, &q->addr, 0))
		return false;
	/* Who connects to oneself is answered; nothing goes from ::1 to another
	 * address. */
	if (addr_equal(&q->addr, &q->peer) ? q->port == q->peer_port :
					     addr_equal(&q->addr, &own6))
		return false;
	for (unsigned int i = 0; i < s->holder_count; i++)
		if (may_answer(&s->holders[i], q))
			return false;
	return true;
}

static void say_connect(FILE *file, const struct why_situation *s,
	const struct cmd_why_question *q, int error)
{
	bool refused = q->why.unreachable && error == -q->why.unreachable;

	if (refused && q->why.refusal)
		fputs(q->why.refusal, file);
	else if (refused)
		fprintf(file, "there is no way: %s",
			strerror(-q->why.unreachable));
	else if (q->why.port && error)
		fputs("there is a connection with these two ends", file);
	else if (q->why.port)
		fputs("there is no other connection with these two ends", file);
	else
		say_range(file, s, &q->answer);
	if (!error && !q->answer.depends && nobody_listens(s, &q->why))
		fprintf(file,
			"; but nobody listens on port %u here, so it is "
			"refused then, with ECONNREFUSED",
			q->why.peer_port);
}

static void say_privileged(FILE *file, const struct why_situation *s)
{
	fprintf(file,
		"a port below %u is for those that have CAP_NET_BIND_SERVICE "
		"in the user namespace that owns this network",
		s->unprivileged);
}

void cmd_why_reason(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question)
{
	const struct outcome *first = &question->answer.first.outcome;

	if (question->answer.depends && first->kind == OUTCOME_OK)
		first = &question->answer.other.outcome;
	if (question->why.connects) {
		say_connect(file, situation, question, first->error);
		return;
	}
	if (question->why.then && first->error == -question->why.then &&
		!first->rule) {
		fprintf(file, "when it is bound, it cannot connect: %s",
			question->why.refusal ? question->why.refusal :
						strerror(first->error));
		return;
	}
	switch (first->error) {
	case 0: say_ok(file, situation, question); break;
	case EADDRINUSE:
		if (question->why.port)
			say_in_use(file, situation, question);
		else
			say_range(file, situation, &question->answer);
		break;
	case EADDRNOTAVAIL:
		say_not_local(file, situation, &question->why);
		break;
	case EACCES: say_privileged(file, situation); break;
	default: fputs(spec_book.rules[first->rule].text, file);
	}
}
