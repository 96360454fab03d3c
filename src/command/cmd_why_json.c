// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_json.c - the answers of why as one line of JSON
 */
#include "cmd_why.h"

#include <string.h>

#include "answer.h"
#include "why/why_help.h"
#include "spec/spec.h"

static const char *rule_of(const struct why_outcome *outcome)
{
	return outcome->outcome.rule ?
		       spec_book.rules[outcome->outcome.rule].name :
		       "";
}

static void add_options(struct json_object *to, const struct why_holder *h)
{
	if (h->v6only_known)
		answer_flag(to, "v6only", h->row.v6only);
	if (h->known) {
		answer_flag(to, "reuseaddr", h->reuseaddr);
		answer_flag(to, "reuseport", h->reuseport);
	}
}

static void add_owners(struct json_object *to,
	const struct why_situation *situation, const struct why_holder *h)
{
	const struct why_owner *owners = situation->owners + h->owner;
	struct json_object *list;

	if (h->owners) {
		answer_number(to, "pid", owners->pid);
		answer_number(to, "fd", owners->fd);
		answer_text(to, "command", owners->command);
	}
	list = answer_list(to, "owners");
	for (unsigned int i = 0; i < h->owners; i++) {
		struct json_object *one = answer_object(list, NULL);
		struct why_who who;

		why_who(situation, &owners[i], &who);
		answer_number(one, "pid", owners[i].pid);
		answer_number(one, "fd", owners[i].fd);
		answer_text(one, "command", owners[i].command);
		if (*who.unit)
			answer_text(one, "unit", who.unit);
		if (*who.container)
			answer_text(one, "container", who.container);
		answer_flag(one, "other_netns", who.other_netns);
	}
}

struct json_object *cmd_why_json_holder(struct json_object *list,
	const struct why_situation *situation, const struct why_holder *h)
{
	struct json_object *holder = answer_object(list, NULL);
	const struct why_device *device = why_device(situation, h->row.ifindex);
	char place[CMD_WHY_PLACE_MAX];

	answer_text(holder, "protocol",
		cmd_why_protocol(h->row.protocol, h->row.family));
	answer_text(holder, "address",
		cmd_why_place(&h->row.addr, h->row.port, place));
	answer_text(holder, "state", cmd_why_state(h));
	if (h->row.peer_port)
		answer_text(holder, "peer",
			cmd_why_place(&h->row.peer, h->row.peer_port, place));
	if (h->row.mini)
		answer_number(holder, "left_ms", h->row.left_ms);
	answer_number(holder, "uid", h->row.uid);
	answer_number(holder, "ifindex", h->row.ifindex);
	if (device)
		answer_text(holder, "device", device->name);
	add_options(holder, h);
	add_owners(holder, situation, h);
	if (h->row.state == SOCKDIAG_LISTEN)
		answer_number(holder, "backlog", h->row.backlog);
	return holder;
}

static const char *call_of(const struct why_question *q,
	const struct why_outcome *outcome)
{
	return q->connects ? "connect" : outcome->listen ? "listen" : "bind";
}

static void add_outcome(struct json_object *list, const struct why_question *q,
	const struct why_outcome *outcome)
{
	struct json_object *one = answer_object(list, NULL);

	answer_text(one, "call", call_of(q, outcome));
	answer_text(one, "outcome", cmd_why_outcome(outcome));
	answer_text(one, "rule", rule_of(outcome));
}

/* Which holders are listed? Those that are in the way, and then others; not a
 * hundred thousand. */
enum { LISTED_MAX = 64 };

static void add_holders(struct json_object *to,
	const struct why_situation *situation, const struct why_answer *answer)
{
	struct json_object *list = answer_list(to, "holders");
	unsigned int listed = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < answer->count; i++) {
			bool blocks = answer->blocks[i] != WHY_APART;

			if (blocks == pass || listed == LISTED_MAX)
				continue;
			answer_flag(cmd_why_json_holder(list, situation,
					    &situation->holders[answer
							    ->holders[i]]),
				"blocks", blocks);
			listed++;
		}
	}
	answer_number(to, "others", answer->count - listed);
}

static void add_helps(struct json_object *to,
	const struct why_situation *situation,
	const struct cmd_why_question *question)
{
	static const char *const names[WHY_CHANGES] = {
		[WHY_CHANGE_REUSEADDR] = "reuseaddr",
		[WHY_CHANGE_REUSEPORT] = "reuseport",
		[WHY_CHANGE_V6ONLY] = "v6only",
		[WHY_CHANGE_V6ONLY_OWNER] = "v6only_owner",
		[WHY_CHANGE_REUSEADDR_BOTH] = "reuseaddr_both",
		[WHY_CHANGE_REUSEPORT_BOTH] = "reuseport_both",
		[WHY_CHANGE_USER] = "user",
		[WHY_CHANGE_ADDRESS] = "address",
		[WHY_CHANGE_WAIT] = "wait",
		[WHY_CHANGE_STOP] = "stop",
		[WHY_CHANGE_STOP_REUSE] = "stop_reuseaddr",
		[WHY_CHANGE_STOP_WAIT] = "stop_wait",
		[WHY_CHANGE_CAPABILITY] = "capability",
		[WHY_CHANGE_FREEBIND] = "freebind",
		[WHY_CHANGE_DEVICE] = "device",
		[WHY_CHANGE_RANGE] = "range",
	};
	struct json_object *list = answer_list(to, "would_help");
	struct why_help helps[WHY_CHANGES];
	int count = why_help(situation, &question->why, &question->answer,
		helps);

	if (count < 0)
		die(EXIT_CANNOT, "why: cannot try what would help: %s",
			strerror(-count));
	for (int i = 0; i < count; i++) {
		struct json_object *one = answer_object(list, NULL);

		answer_text(one, "change", names[helps[i].change]);
		if (helps[i].seconds)
			answer_number(one, "seconds", helps[i].seconds);
		answer_flag(one, "likely", helps[i].likely);
		if (helps[i].then)
			answer_text(one, "then", text_errno(helps[i].then));
	}
}

static void add_verified(struct json_object *to,
	const struct cmd_why_question *question)
{
	const struct why_verified *v = &question->verified;
	struct json_object *one = answer_object(to, "verified");

	answer_text(one, "outcome", v->error ? text_errno(v->error) : "ok");
	answer_flag(one, "agrees", cmd_why_agrees(question));
	answer_number(one, "made", v->made);
	answer_number(one, "missing", v->missing);
}

void cmd_why_json_question(struct json_object *to,
	const struct why_situation *situation,
	const struct cmd_why_question *question)
{
	const struct why_answer *answer = &question->answer;
	struct json_object *list;
	char place[CMD_WHY_PLACE_MAX];

	answer_text(to, "protocol",
		cmd_why_protocol(question->why.protocol, question->why.family));
	answer_text(to, "address",
		cmd_why_place(&question->why.addr, question->why.port, place));
	answer_text(to, "outcome", cmd_why_outcome(&answer->first));
	answer_text(to, "call", call_of(&question->why, &answer->first));
	answer_text(to, "rule", rule_of(&answer->first));
	list = answer_list(to, "outcomes");
	add_outcome(list, &question->why, &answer->first);
	if (answer->depends)
		add_outcome(list, &question->why, &answer->other);
	list = answer_list(to, "depends_on");
	for (unsigned int i = 0; i < WHY_UNKNOWNS; i++)
		if (answer->depends & 1u << i)
			answer_text(list, NULL, cmd_why_unknown(i));
	if (!question->why.port) {
		answer_number(to, "free", answer->free);
		answer_number(to, "taken", answer->taken);
		answer_number(to, "reserved", answer->reserved);
	}
	add_holders(to, situation, answer);
	add_helps(to, situation, question);
	if (question->tried)
		add_verified(to, question);
}

void cmd_why_json(const struct why_situation *situation,
	const struct cmd_why_asked *asked)
{
	struct json_object *answer = answer_new("why"), *list;

	cmd_why_json_question(answer, situation, &asked->questions[0]);
	list = answer_list(answer, "more");
	for (unsigned int i = 1; i < asked->count; i++)
		cmd_why_json_question(answer_object(list, NULL), situation,
			&asked->questions[i]);
	answer_end(answer, true);
}
