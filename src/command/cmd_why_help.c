// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_help.c - what would help, in the user's words
 */
#include "cmd_why.h"

#include <netinet/in.h>
#include <string.h>

#include "quote.h"
#include "program/text.h"
#include "why/why_help.h"

enum { NAMED_MAX = 4 };

static bool is_blocking(const struct why_answer *a, unsigned int i)
{
	return a->blocks[i] != WHY_APART;
}

/**
 * struct culprits - The processes that are in the way, each once
 * @count:	How many of @owners; NAMED_MAX means that there may be more
 */
struct culprits {
	const struct why_owner *owners[NAMED_MAX];
	unsigned int count;
};

static void add_culprit(struct culprits *who, const struct why_owner *owner)
{
	for (unsigned int i = 0; i < who->count; i++)
		if (who->owners[i]->pid == owner->pid)
			return;
	if (who->count < NAMED_MAX)
		who->owners[who->count++] = owner;
}

static struct culprits find_culprits(const struct why_situation *s,
	const struct why_answer *a)
{
	struct culprits who = { 0 };

	for (unsigned int i = 0; i < a->count; i++) {
		const struct why_holder *h = &s->holders[a->holders[i]];

		for (unsigned int k = 0; k < h->owners && is_blocking(a, i);
			k++)
			add_culprit(&who, &s->owners[h->owner + k]);
	}
	return who;
}

/* "nginx (pid 7), nginx (pid 8)" */
static void name_owners(FILE *file, const struct culprits *who)
{
	for (unsigned int i = 0; i < who->count; i++)
		quote_printf(file, "%s%s (pid %d)", i ? ", " : "",
			who->owners[i]->command, who->owners[i]->pid);
	fputs(who->count == NAMED_MAX ? ", ..." :
		!who->count	      ? "the process that has the socket" :
					"",
		file);
}

/* Whoever may name a control group can name one like a unit: what systemd would
 * not call its own is no command for a user to take over. */
static bool is_unit(const char *name)
{
	const char *end = strrchr(name, '.');

	return *name != '-' && end && !strcmp(end, ".service") &&
	       strncmp(name, "user@", 5) &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789:-_.\\@")];
}

/* "systemctl stop nginx.service", if all is of one unit. One of a whole session
 * is not stopped for a socket. */
static void say_unit(FILE *file, const struct why_situation *s,
	const struct culprits *who)
{
	struct why_who first = { 0 }, one;

	for (unsigned int i = 0; i < who->count; i++) {
		why_who(s, who->owners[i], &one);
		if (i && (strcmp(first.unit, one.unit) ||
				 strcmp(first.container, one.container)))
			return;
		first = one;
	}
	/* That of a container is not known outside of it. */
	if (*first.container || !is_unit(first.unit))
		return;
	fprintf(file, ": systemctl %sstop ", first.users ? "--user " : "");
	quote_shell(file, first.unit);
}

/* @here: It is set here already */
static void say_both(FILE *file, const struct why_situation *s,
	const struct why_answer *a, const char *option, bool here)
{
	struct culprits who = find_culprits(s, a);

	fprintf(file, "set %s before bind, %sin ", option,
		here ? "" : "here and ");
	name_owners(file, &who);
}

/* The device that the kernel has the port for, or NULL */
static const struct why_device *tunnel_of(const struct why_situation *s,
	const struct why_answer *a)
{
	const struct why_device *found = NULL;

	for (unsigned int i = 0; i < a->count && !found; i++)
		if (is_blocking(a, i))
			found = why_tunnel(s, &s->holders[a->holders[i]]);
	return found;
}

static void say_stop(FILE *file, const struct why_situation *s,
	const struct why_answer *a)
{
	struct culprits who = find_culprits(s, a);
	const struct why_device *tunnel = tunnel_of(s, a);

	if (tunnel) {
		quote_printf(file, "remove the device %s (ip link delete)",
			tunnel->name);
		if (!who.count)
			return;
		fputs(", and ", file);
	}
	if (who.count == 1 && who.owners[0]->pid == s->asker) {
		fputs("close the other socket first", file);
		return;
	}
	fputs("stop ", file);
	name_owners(file, &who);
	say_unit(file, s, &who);
}

static void say_wait(FILE *file, const char *words, const struct why_help *help)
{
	if (help->seconds)
		fprintf(file, "%s %u seconds", words, help->seconds);
	else
		fprintf(file, "%s until the connection is over", words);
}

static void say_port_start(FILE *file, const struct why_question *q)
{
	fprintf(file,
		"give the program the right: setcap "
		"cap_net_bind_service=+ep PROGRAM\n"
		"  or let all have these ports: sysctl "
		"net.ipv4.ip_unprivileged_port_start=%u",
		q->port);
}

/* lo has its addresses by itself, unless it is down, or told not to. */
static void say_add_address(FILE *file, const struct why_question *q)
{
	static const struct addr own6 = { 16, { [15] = 1 } };

	if (addr_equal(&q->addr, &own6) && q->ifindex > WORLD_LO)
		fputs("set IP_FREEBIND before bind", file);
	else if (addr_equal(&q->addr, &own6))
		fputs("let lo have it: ip link set lo up, and sysctl "
		      "net.ipv6.conf.lo.disable_ipv6=0",
			file);
	else
		fprintf(file,
			"add the address to a device that is up%s (ip address "
			"add), or set IP_FREEBIND before bind",
			q->addr.len == 16 ? ", and has IPv6" : "");
}

static void say_help(FILE *file, const struct why_situation *s,
	const struct cmd_why_question *question, const struct why_help *help)
{
	const struct why_question *q = &question->why;
	const struct why_answer *a = &question->answer;
	const struct why_device *device = why_device(s, help->ifindex);
	char place[CMD_WHY_PLACE_MAX];

	switch ((enum why_change)help->change) {
	case WHY_CHANGE_REUSEADDR:
		fputs("set SO_REUSEADDR before bind", file);
		break;
	case WHY_CHANGE_REUSEPORT:
		fputs("set SO_REUSEPORT before bind", file);
		break;
	case WHY_CHANGE_V6ONLY:
		fputs("set IPV6_V6ONLY before bind: then it is for IPv6 only",
			file);
		break;
	case WHY_CHANGE_V6ONLY_OWNER:
		say_both(file, s, a, "IPV6_V6ONLY", true);
		fputs(": then it is for IPv6 only", file);
		break;
	case WHY_CHANGE_REUSEADDR_BOTH:
		say_both(file, s, a, "SO_REUSEADDR", q->reuseaddr);
		break;
	case WHY_CHANGE_REUSEPORT_BOTH:
		say_both(file, s, a, "SO_REUSEPORT", q->reuseport);
		break;
	case WHY_CHANGE_USER:
		say_both(file, s, a, "SO_REUSEPORT", q->reuseport);
		fputs(", and run as the same user", file);
		break;
	case WHY_CHANGE_ADDRESS:
		fprintf(file, "bind one address, such as %s, and not all",
			cmd_why_place(&help->addr, q->port, place));
		break;
	case WHY_CHANGE_WAIT: say_wait(file, "wait", help); break;
	case WHY_CHANGE_STOP: say_stop(file, s, a); break;
	case WHY_CHANGE_STOP_REUSE:
		say_stop(file, s, a);
		fputs(", and set SO_REUSEADDR before bind: connections stay "
		      "when it is gone",
			file);
		break;
	case WHY_CHANGE_STOP_WAIT:
		say_stop(file, s, a);
		say_wait(file, ", and then wait", help);
		break;
	case WHY_CHANGE_CAPABILITY: say_port_start(file, q); break;
	case WHY_CHANGE_FREEBIND: say_add_address(file, q); break;
	case WHY_CHANGE_DEVICE:
		quote_printf(file, "use the device of the address, %s",
			device ? device->name : "?");
		break;
	case WHY_CHANGE_RANGE:
		fputs(q->ranged ?
				"let the kernel choose from more ports: "
				"IP_LOCAL_PORT_RANGE of the socket" :
				"let the kernel choose from more ports: sysctl "
				"net.ipv4.ip_local_port_range=\"1024 65535\"",
			file);
		break;
	case WHY_CHANGES: break;
	}
	if (help->then)
		fprintf(file, ", and ask again: then it is %s",
			text_errno(help->then));
	fputs(help->likely ? " (most likely; it depends)\n" : "\n", file);
}

/* A client that the kernel gave this port may get it again. */
static bool is_taken_by_client(const struct why_situation *s,
	const struct cmd_why_question *q)
{
	const struct why_answer *a = &q->answer;

	if (q->why.port < s->low || q->why.port > s->high ||
		why_ports_has(&s->reserved, q->why.port))
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (is_blocking(a, i) &&
			s->holders[a->holders[i]].row.peer_port)
			return true;
	return false;
}

void cmd_why_help(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question)
{
	struct why_help helps[WHY_CHANGES];
	int count = why_help(situation, &question->why, &question->answer,
		helps);

	if (count < 0)
		die(EXIT_CANNOT, "why: cannot try what would help: %s",
			strerror(-count));
	if (count > 0)
		fputs(helps->then ? "\nWhat is needed first:\n" :
				    "\nWhat would help:\n",
			file);
	for (int i = 0; i < count; i++) {
		fputs("  ", file);
		say_help(file, situation, question, &helps[i]);
	}
	if (count > 0 && is_taken_by_client(situation, question))
		fprintf(file,
			"  and keep clients off it: sysctl "
			"net.ipv4.ip_local_reserved_ports=%u\n",
			question->why.port);
}
