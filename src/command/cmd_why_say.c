// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_say.c - an answer of why, to be read by people: the verdict, who is
 * in the way, what would help, and last the rule
 */
#include "cmd_why.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "quote.h"
#include "spec/spec.h"

/* So many holders are shown, and so many descriptors of each */
enum { SHOWN_MAX = 8, OWNERS_MAX = 4 };

/* Is what we write read on a terminal that likes colours? */
static bool has_colours(FILE *file)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && isatty(fileno(file));
}

static void say_bold(FILE *file, const char *text)
{
	fprintf(file, has_colours(file) ? "\033[1m%s\033[0m" : "%s", text);
}

/* "1 of 2 outcomes": what is said first is the likelier one. */
static void say_outcome(FILE *file, const struct cmd_why_question *q)
{
	const struct why_answer *a = &q->answer;

	say_bold(file, cmd_why_outcome(&a->first));
	if (!a->depends)
		return;
	fputs(", or ", file);
	say_bold(file, cmd_why_outcome(&a->other));
}

static void say_device(FILE *file, const struct why_situation *s,
	const char *what, uint32_t ifindex)
{
	const struct why_device *device = why_device(s, ifindex);

	if (device)
		quote_printf(file, ", %s %s", what, device->name);
}

static void say_call(FILE *file, const struct why_situation *s,
	const struct why_question *q)
{
	char place[CMD_WHY_PLACE_MAX];

	fprintf(file, "%s %s%s%s%s%s%s",
		cmd_why_protocol(q->protocol, q->family),
		cmd_why_place(&q->addr, q->port, place),
		q->mptcp ? ", MPTCP" : "", q->reuseaddr ? ", SO_REUSEADDR" : "",
		q->reuseport ? ", SO_REUSEPORT" : "",
		q->v6only && q->family == AF_INET6 ? ", IPV6_V6ONLY" : "",
		q->freebind ? ", IP_FREEBIND" : "");
	say_device(file, s, "scope", q->scope);
	say_device(file, s, "SO_BINDTODEVICE", q->ifindex);
	if (!q->connects && !q->placed)
		return;
	fprintf(file, "%s to %s", q->connects ? "" : ", before connect",
		cmd_why_place(&q->peer, q->peer_port, place));
	say_device(file, s, "scope", q->peer_scope);
}

static void say_verdict(FILE *file, const struct why_situation *s,
	const struct cmd_why_question *q)
{
	say_outcome(file, q);
	fputs(": ", file);
	say_call(file, s, &q->why);
	fputs(q->answer.depends ? ": it depends; " : ": ", file);
	cmd_why_reason(file, s, q);
	fputc('\n', file);
}

static void say_options(FILE *file, const struct why_holder *h)
{
	if (!h->known) {
		fputs(", options unknown", file);
		return;
	}
	fputs(h->reuseaddr ? ", SO_REUSEADDR" : "", file);
	fputs(h->reuseport ? ", SO_REUSEPORT" : "", file);
	if (h->row.family == AF_INET6 && h->v6only_known && h->row.v6only)
		fputs(", IPV6_V6ONLY", file);
}

static void say_owner(FILE *file, const struct why_situation *s,
	const struct why_owner *owner)
{
	struct why_who who;

	why_who(s, owner, &who);
	quote_printf(file, "      fd %d of %s (pid %d%s%s%s%s%s%s)\n",
		owner->fd, owner->command, owner->pid,
		owner->pid == s->asker ? ", which asks" : "",
		*who.unit ? ", " : "", who.unit, *who.container ? ", " : "",
		who.container,
		who.other_netns ? ", which is now in another network" : "");
}

/* It has no process that we see: whose may it be? */
static void say_nobody(FILE *file, const struct why_situation *s,
	const struct why_holder *h)
{
	const struct why_device *device = why_tunnel(s, h);

	if (h->row.mini)
		fprintf(file,
			"      no process has it: it has %u seconds left\n",
			(h->row.left_ms + 999) / 1000);
	else if (!h->row.inode)
		fputs("      no process has it: not accepted yet, or closed "
		      "and not over\n",
			file);
	else if (device)
		quote_printf(file, "      the kernel's own: device %s (%s)\n",
			device->name, device->kind);
	else if (s->seen == WHY_SEEN_FAILED)
		fputs("      of whom is not known: not all of /proc could be "
		      "read\n",
			file);
	else if (s->seen == WHY_SEEN_ALL)
		fputs("      no process has it: the kernel's own, of MPTCP, "
		      "or a descriptor in flight\n",
			file);
	else
		fputs("      of a process that we may not look into\n", file);
}

static void say_holder(FILE *file, const struct why_situation *s,
	const struct why_holder *h)
{
	const struct why_device *device = why_device(s, h->row.ifindex);
	char place[CMD_WHY_PLACE_MAX];

	fprintf(file, "  %s %s %s, user %u",
		cmd_why_protocol(h->row.protocol, h->row.family),
		cmd_why_place(&h->row.addr, h->row.port, place),
		cmd_why_state(h), h->row.uid);
	say_options(file, h);
	if (h->row.peer_port)
		fprintf(file, ", peer %s",
			cmd_why_place(&h->row.peer, h->row.peer_port, place));
	if (device)
		quote_printf(file, ", on device %s", device->name);
	else if (h->row.ifindex)
		fprintf(file, ", on device %u, which is gone", h->row.ifindex);
	fputc('\n', file);
	for (unsigned int i = 0; i < h->owners && i < OWNERS_MAX; i++)
		say_owner(file, s, &s->owners[h->owner + i]);
	if (h->owners > OWNERS_MAX)
		fprintf(file, "      and %u more descriptors\n",
			h->owners - OWNERS_MAX);
	if (!h->owners)
		say_nobody(file, s, h);
}

/* Those that are in the way, or may be, or are not */
static void say_holders(FILE *file, const struct why_situation *s,
	const struct why_answer *a, uint8_t blocks, const char *title)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < a->count; i++) {
		if (a->blocks[i] != blocks)
			continue;
		if (!count)
			fprintf(file, "\n%s:\n", title);
		if (count++ < SHOWN_MAX)
			say_holder(file, s, &s->holders[a->holders[i]]);
	}
	if (count > SHOWN_MAX)
		fprintf(file, "  and %u more\n", count - SHOWN_MAX);
}

static void say_depends(FILE *file, const struct why_answer *a)
{
	static const char *const texts[WHY_UNKNOWNS] = {
		"options of sockets that are closed, which nobody tells: were "
		"SO_REUSEADDR or SO_REUSEPORT set?",
		"options of sockets that we may not ask; root may, but not "
		"the kernel's own",
		"which of the UDP sockets was bound first, which nobody tells",
		"how many UDP sockets other networks have in one place of the "
		"kernel's table",
		"what nobody tells of the past: sockets that have gone, and "
		"options and ports that were set before",
		"the port at which the kernel begins to search: of an odd "
		"number of ports it overlooks one",
	};

	if (!a->depends)
		return;
	fputs("\nIt depends on:\n", file);
	for (unsigned int i = 0; i < WHY_UNKNOWNS; i++)
		if (a->depends & 1u << i)
			fprintf(file, "  %s\n", texts[i]);
}

static void say_rule(FILE *file, const struct why_outcome *outcome)
{
	const struct rule_info *rule = &spec_book.rules[outcome->outcome.rule];

	if (outcome->outcome.rule)
		fprintf(file, "\n%s: rule %s, %s()\n  %s\n",
			cmd_why_outcome(outcome), rule->name, rule->function,
			rule->text);
}

static void say_limits(FILE *file, const struct why_situation *s)
{
	for (unsigned int i = 0; i < WHY_LIMITS; i++)
		if (s->limits & 1u << i)
			fprintf(file, "\nNot looked at: %s.", why_limit(i));
	fputs(s->limits ? "\n" : "", file);
}

void cmd_why_say(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question, bool rule)
{
	const struct why_answer *a = &question->answer;
	bool works = a->first.outcome.kind == OUTCOME_OK && !a->depends;
	bool by_port = a->first.outcome.error == EADDRINUSE || a->depends;

	say_verdict(file, situation, question);
	if (!works) {
		say_holders(file, situation, a, WHY_BLOCKS, "In the way");
		say_holders(file, situation, a, WHY_MAY_BLOCK,
			"Perhaps in the way");
	}
	say_holders(file, situation, a, WHY_APART,
		by_port ? "Not in the way" : "Who has the port, too");
	say_depends(file, a);
	cmd_why_help(file, situation, question);
	say_limits(file, situation);
	if (!rule)
		return;
	say_rule(file, &a->first);
	if (a->depends)
		say_rule(file, &a->other);
}
