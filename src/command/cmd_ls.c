// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_ls.c - ls: every socket that holds a port
 */
#include "cmd.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "cmd_why.h"
#include "quote.h"
#include "net/netns.h"
#include "why/why.h"

/**
 * struct list - All that is listed, sorted by protocol and port
 * @ports:	These are, whatever the address
 * @places:	And these
 */
struct list {
	struct why_situation s;
	struct why_ports ports;
	struct cmd_why_asked places;
	uint32_t *order;
	unsigned int count;
};

/* What qsort() has no argument for */
static const struct why_holder *sorted;

static int by_port(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct sockdiag_row *p = &sorted[x].row, *q = &sorted[y].row;

	if (p->protocol != q->protocol)
		return p->protocol < q->protocol ? -1 : 1;
	if (p->port != q->port)
		return p->port < q->port ? -1 : 1;
	return (x > y) - (x < y);
}

static bool has_process(const struct why_situation *s,
	const struct why_holder *h, uint32_t pid)
{
	for (unsigned int i = 0; i < h->owners; i++)
		if (s->owners[h->owner + i].pid == (pid_t)pid)
			return true;
	return false;
}

/* Would it be met at the place: is it of that address, or of all? */
static bool is_at(const struct why_question *place, const struct why_holder *h)
{
	struct addr own = addr_unmapped(&h->row.addr);

	return h->row.port == place->port &&
	       (addr_is_any(&place->addr) || addr_is_any(&own) ||
		       addr_equal(&place->addr, &own));
}

static bool is_placed(const struct list *list, const struct why_holder *h)
{
	bool found = why_ports_has(&list->ports, h->row.port);

	for (unsigned int i = 0; i < list->places.count; i++)
		found |= is_at(&list->places.questions[i].why, h);
	return found;
}

static bool is_wanted(const struct options *o, const struct list *list,
	const struct why_holder *h)
{
	return is_placed(list, h) &&
	       (!o->pid || has_process(&list->s, h, o->pid)) &&
	       (!o->user_given || (h->row.inode && h->row.uid == o->user));
}

/* "tcp 80" is what "80 --proto tcp" is, as in why. */
static uint32_t take_protocols(struct options *o)
{
	if (!o->proto && o->arg_count &&
		(!strcasecmp(*o->args, "tcp") ||
			!strcasecmp(*o->args, "udp"))) {
		o->proto = *o->args++;
		o->arg_count--;
	}
	if (!o->proto)
		return 1u << IPPROTO_TCP | 1u << IPPROTO_UDP;
	if (!strcasecmp(o->proto, "tcp"))
		return 1u << IPPROTO_TCP;
	if (!strcasecmp(o->proto, "udp"))
		return 1u << IPPROTO_UDP;
	die(EXIT_USAGE, "ls: --proto: expected tcp or udp, found '%s'",
		o->proto);
}

/* What is asked for, in the list; and the ports that have to be looked at */
static void note_ports(const struct options *o, uint32_t protocols,
	struct list *list, struct why_ports *look_at)
{
	const struct why_question q = {
		.protocol = protocols & 1u << IPPROTO_TCP ? IPPROTO_TCP :
							    IPPROTO_UDP,
	};
	struct cmd_why_asked *places = &list->places;

	memset(places, 0, sizeof(*places));
	memset(&list->ports, o->arg_count ? 0 : 0xff, sizeof(list->ports));
	*look_at = list->ports;
	for (unsigned int i = 0; i < o->arg_count; i++) {
		unsigned int before = places->count;
		bool hosted = cmd_why_take(places, &q, o->args[i]);
		uint16_t port = places->questions[before].why.port;

		if (!port)
			die(EXIT_USAGE, "ls: no socket has port 0");
		why_ports_add(look_at, port);
		if (hosted)
			continue;
		why_ports_add(&list->ports, port);
		places->count = before;
	}
}

static void look(struct options *o, struct list *list)
{
	struct why_ports ports = { 0 };
	uint32_t protocols = take_protocols(o);
	int rc;

	note_ports(o, protocols, list, &ports);
	rc = why_look(&list->s, protocols, &ports);
	list->order = malloc((list->s.holder_count + 1) * sizeof(*list->order));
	if (rc || !list->order)
		die(EXIT_CANNOT, "ls: cannot look at the network: %s",
			strerror(rc ? -rc : ENOMEM));
	list->count = 0;
	for (unsigned int i = 0; i < list->s.holder_count; i++)
		if (!why_is_half_open(&list->s.holders[i]) &&
			is_wanted(o, list, &list->s.holders[i]))
			list->order[list->count++] = i;
	sorted = list->s.holders;
	if (list->count)
		qsort(list->order, list->count, sizeof(*list->order), by_port);
}

static const struct why_holder *at(const struct list *list, unsigned int i)
{
	return &list->s.holders[list->order[i]];
}

static bool is_one_port(const struct list *list, unsigned int a, unsigned int b)
{
	return a < list->count && b < list->count &&
	       at(list, a)->row.protocol == at(list, b)->row.protocol &&
	       at(list, a)->row.port == at(list, b)->row.port;
}

/* Has another one of the list the port, too? */
static bool is_shared(const struct list *list, unsigned int i)
{
	return is_one_port(list, i, i + 1) ||
	       (i && is_one_port(list, i, i - 1));
}

static void print_options(FILE *file, const struct why_holder *h)
{
	bool v6only = h->row.family == AF_INET6 && h->v6only_known &&
		      h->row.v6only;

	fprintf(file, " %c%c%c%c",
		!h->known    ? '?' :
		h->reuseaddr ? 'A' :
			       '-',
		!h->known    ? '?' :
		h->reuseport ? 'P' :
			       '-',
		v6only		? '6' :
		h->v6only_known ? '-' :
				  '?',
		h->mptcp ? 'M' : '-');
}

static void print_who(FILE *file, const struct list *list,
	const struct why_holder *h)
{
	const struct why_device *tunnel = why_tunnel(&list->s, h);

	for (unsigned int i = 0; i < h->owners; i++) {
		const struct why_owner *o = &list->s.owners[h->owner + i];
		struct why_who who;

		why_who(&list->s, o, &who);
		quote_printf(file, "%s %s:%d/%d%s%s%s%s", i ? "," : "",
			o->command, o->pid, o->fd, *who.unit ? " " : "",
			who.unit, *who.container ? " " : "", who.container);
	}
	if (tunnel)
		quote_printf(file, " kernel: %s", tunnel->name);
	else if (!h->owners)
		fputs(h->row.inode ? " ?" : " no process", file);
}

static void print_line(FILE *file, const struct list *list, unsigned int i)
{
	const struct why_holder *h = at(list, i);
	const struct why_device *device = why_device(&list->s, h->row.ifindex);
	char own[CMD_WHY_PLACE_MAX], peer[CMD_WHY_PLACE_MAX] = "";

	if (h->row.peer_port)
		cmd_why_place(&h->row.peer, h->row.peer_port, peer);
	fprintf(file, "%c %-5s %-24s %-12s", is_shared(list, i) ? '+' : ' ',
		cmd_why_protocol(h->row.protocol, h->row.family),
		cmd_why_place(&h->row.addr, h->row.port, own),
		cmd_why_state(h));
	print_options(file, h);
	fprintf(file, " %6u", h->row.uid);
	if (device)
		quote_printf(file, " dev %s", device->name);
	else if (h->row.ifindex)
		fprintf(file, " dev %u (gone)", h->row.ifindex);
	if (*peer)
		fprintf(file, " to %s", peer);
	if (h->row.state == SOCKDIAG_LISTEN && !h->row.mini)
		fprintf(file, " backlog %u", h->row.backlog);
	if (h->row.mini)
		fprintf(file, " %u s left", (h->row.left_ms + 999) / 1000);
	print_who(file, list, h);
	fputc('\n', file);
}

static void print_text(FILE *file, const struct list *list)
{
	fputs("  PROTO ADDRESS                  STATE        OPTS   USER WHO "
	      "(A SO_REUSEADDR, P SO_REUSEPORT, 6 V6ONLY, M MPTCP)\n",
		file);
	for (unsigned int i = 0; i < list->count; i++)
		print_line(file, list, i);
}

static void print_json(const struct list *list)
{
	struct json_object *answer = answer_new("ls");
	struct json_object *to = answer_list(answer, "holders");

	for (unsigned int i = 0; i < list->count; i++)
		answer_flag(cmd_why_json_holder(to, &list->s, at(list, i)),
			"shared", is_shared(list, i));
	answer_end(answer, true);
}

static int run_ls(struct options *o)
{
	static struct list list;

	netns_free(cmd_why_go(o));
	do {
		look(o, &list);
		if (o->watch && isatty(fileno(o->out)))
			fputs("\033[H\033[J", o->out);
		print_text(o->out, &list);
		if (o->json)
			print_json(&list);
		free(list.order);
		why_forget(&list.s);
		fflush(o->out);
	} while (o->watch && !ferror(o->out) && !sleep(1));
	return EXIT_AGREED;
}

const struct verb verb_ls = {
	.name = "ls",
	.options = "zuNiGJ",
	.usage = "[PROTO] [[HOST:]PORT]...",
	.help = "every socket that holds a port: options, peer, who has it",
	.run = run_ls,
};
