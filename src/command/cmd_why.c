// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why.c - why: would this bind work here and now, by which rule, and who is
 * in the way?
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "cmd.h"
#include "quote.h"
#include "spec/spec.h"
#include "subjects/books.h"
#include "why/why.h"

enum { PLACE_MAX = ADDR_TEXT_MAX + sizeof("[]:65535") };

static const char *const states[] = { [SOCKDIAG_ESTABLISHED] = "ESTABLISHED",
	[SOCKDIAG_SYN_SENT] = "SYN_SENT",
	[SOCKDIAG_SYN_RECEIVED] = "SYN_RECEIVED",
	[SOCKDIAG_FIN_WAIT1] = "FIN_WAIT1",
	[SOCKDIAG_FIN_WAIT2] = "FIN_WAIT2",
	[SOCKDIAG_TIME_WAIT] = "TIME_WAIT",
	[SOCKDIAG_CLOSE] = "BOUND",
	[SOCKDIAG_CLOSE_WAIT] = "CLOSE_WAIT",
	[SOCKDIAG_LAST_ACK] = "LAST_ACK",
	[SOCKDIAG_LISTEN] = "LISTEN",
	[SOCKDIAG_CLOSING] = "CLOSING",
	[SOCKDIAG_NEW_SYN_RECEIVED] = "SYN_RECEIVED" };

/* "tcp", "udp6": 0 is for the family that the address has */
static void take_protocol(const char *text, struct why_question *q)
{
	static const char *const names[] = { "tcp", "udp" };
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (int i = 0; i < 2; i++) {
		if (strncmp(text, names[i], 3) ||
			(text[3] && strcmp(text + 3, "4") &&
				strcmp(text + 3, "6")))
			continue;
		q->protocol = protocols[i];
		q->family = text[3] == '4' ? AF_INET :
			    text[3] == '6' ? AF_INET6 :
					     0;
		return;
	}
	die(EXIT_USAGE,
		"why: expected tcp, tcp4, tcp6, udp, udp4 or udp6, "
		"found '%s'",
		text);
}

static void take_address(const char *text, struct why_question *q)
{
	const char *colon = strrchr(text, ':');
	char addr[ADDR_TEXT_MAX] = "";
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool bracketed = *text == '[' && length > 2 && colon[-1] == ']';
	unsigned long port;
	char *end;

	if (!colon || length - 2 * bracketed >= sizeof(addr))
		die(EXIT_USAGE, "why: expected ADDR:PORT, found '%s'", text);
	memcpy(addr, text + bracketed, length - 2 * bracketed);
	if (!length)
		strcpy(addr, q->family == AF_INET ? "0.0.0.0" : "::");
	if (addr_parse(addr, &q->addr))
		die(EXIT_USAGE, "why: '%s' is no address", addr);
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end || port > UINT16_MAX)
		die(EXIT_USAGE, "why: '%s' is no port", colon + 1);
	if (!port)
		die(EXIT_USAGE, "why: port 0 is one that the kernel chooses");
	q->port = port;
	if (!q->family)
		q->family = q->addr.len == 4 ? AF_INET : AF_INET6;
	if ((q->family == AF_INET) != (q->addr.len == 4))
		die(EXIT_USAGE, "why: '%s' is of the other family", addr);
}

static const char *place_of(const struct sockdiag_row *row,
	char text[PLACE_MAX])
{
	char addr[ADDR_TEXT_MAX];

	snprintf(text, PLACE_MAX, row->addr.len == 16 ? "[%s]:%u" : "%s:%u",
		addr_print(&row->addr, addr), row->port);
	return text;
}

static const char *protocol_of(const struct sockdiag_row *row)
{
	if (row->protocol == IPPROTO_TCP)
		return row->family == AF_INET ? "tcp4" : "tcp6";
	return row->family == AF_INET ? "udp4" : "udp6";
}

static const char *state_of(const struct sockdiag_row *row)
{
	return row->state < sizeof(states) / sizeof(*states) ?
		       states[row->state] :
		       "?";
}

/* "ok", or the name of an errno */
static const char *outcome_of(const struct why *why)
{
	return why->outcome.kind == OUTCOME_OK ? "ok" :
						 text_errno(why->outcome.error);
}

static void print_holder(FILE *file, const struct why_holder *h)
{
	char device[IF_NAMESIZE], place[PLACE_MAX];

	fprintf(file, "%c %s %s %s uid=%u", h->blocks ? '!' : ' ',
		protocol_of(&h->row), place_of(&h->row, place),
		state_of(&h->row), h->row.uid);
	if (h->row.ifindex && if_indextoname(h->row.ifindex, device))
		quote_printf(file, " device=%s", device);
	fputs(!h->known	     ? " options unknown" :
		h->reuseaddr ? " reuseaddr" :
			       "",
		file);
	fputs(h->known && h->reuseport ? " reuseport" : "", file);
	if (h->owners)
		quote_printf(file, ", fd %d of %s (pid %d)", h->fd, h->command,
			h->pid);
	else
		fputs(", no process that we may see", file);
	if (h->same)
		fprintf(file, ", and %u more like it", h->same);
	fputc('\n', file);
}

static void print_text(FILE *file, const struct why *why)
{
	const struct rule_info *rule = &spec_book.rules[why->outcome.rule];

	fputs(outcome_of(why), file);
	if (why->outcome.rule)
		fprintf(file, ": %s (%s)\n%s", rule->name, rule->function,
			rule->text);
	fputc('\n', file);
	if (why->count)
		fputs("\nwho has the port (! is in the way):\n", file);
	for (unsigned int i = 0; i < why->count; i++)
		print_holder(file, &why->holders[i]);
	if (why->others)
		fprintf(file, "  and %u others that were not looked at\n",
			why->others);
	if (why->doubtful)
		fputs("\nIt depends on options that are unknown: root may ask "
		      "for them.\n",
			file);
	if (!why->exact)
		fputs("\nIt depends on what was done before: as they are now, "
		      "not all of them could have bound.\n",
			file);
}

static void print_case(FILE *file, const struct why *why)
{
	fputs("# What held the port, and who would like to have it.\n\n", file);
	text_print(&why->program, &why->trace, books_cite, file);
}

static void add_holder(struct json_object *holders, const struct why_holder *h)
{
	struct json_object *holder = answer_object(holders, NULL);
	char place[PLACE_MAX];

	answer_text(holder, "protocol", protocol_of(&h->row));
	answer_text(holder, "address", place_of(&h->row, place));
	answer_text(holder, "state", state_of(&h->row));
	answer_number(holder, "uid", h->row.uid);
	answer_number(holder, "ifindex", h->row.ifindex);
	answer_flag(holder, "v6only", h->row.v6only);
	if (h->known) {
		answer_flag(holder, "reuseaddr", h->reuseaddr);
		answer_flag(holder, "reuseport", h->reuseport);
	}
	if (h->owners) {
		answer_number(holder, "pid", h->pid);
		answer_number(holder, "fd", h->fd);
		answer_text(holder, "command", h->command);
	}
	answer_number(holder, "same", h->same);
	answer_flag(holder, "blocks", h->blocks);
}

static void print_json(const struct why *why)
{
	struct json_object *answer = answer_new("why"), *list;

	answer_text(answer, "outcome", outcome_of(why));
	answer_text(answer, "rule",
		why->outcome.rule ? spec_book.rules[why->outcome.rule].name :
				    "");
	list = answer_list(answer, "holders");
	for (unsigned int i = 0; i < why->count; i++)
		add_holder(list, &why->holders[i]);
	answer_number(answer, "others", why->others);
	list = answer_list(answer, "depends_on");
	if (why->doubtful)
		answer_text(list, NULL, "options");
	if (!why->exact)
		answer_text(list, NULL, "history");
	answer_end(answer, true);
}

static int run_why(struct options *o)
{
	struct why why = { .question = { .uid = geteuid(),
				   .reuseaddr = o->reuseaddr,
				   .reuseport = o->reuseport,
				   .v6only = o->v6only } };
	int rc;

	if (o->arg_count != 2)
		die(EXIT_USAGE, "why: expected PROTO ADDR:PORT; see "
				"'portclash why --help'");
	take_protocol(o->args[0], &why.question);
	take_address(o->args[1], &why.question);
	if (o->uid_given)
		why.question.uid = o->uid;
	if (o->device)
		why.question.ifindex = if_nametoindex(o->device);
	if (o->device && !why.question.ifindex)
		die(EXIT_USAGE, "why: no device '%s'", o->device);
	rc = why_look(&why);
	if (rc)
		die(EXIT_CANNOT, "why: cannot list sockets: %s", strerror(-rc));
	rc = why_answer(&why);
	if (rc)
		die(EXIT_CANNOT, "why: %s", strerror(-rc));
	print_text(o->out, &why);
	if (o->as_case) {
		fputc('\n', o->out);
		print_case(o->out, &why);
	}
	if (o->json)
		print_json(&why);
	return why.outcome.kind == OUTCOME_OK ? EXIT_AGREED : EXIT_FOUND;
}

const struct verb verb_why = {
	.name = "why",
	.options = "ABVDUCJ",
	.usage = "PROTO ADDR:PORT",
	.help = "would this bind work here and now; which rule, which process",
	.run = run_why,
};
