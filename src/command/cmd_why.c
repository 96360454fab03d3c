// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why.c - why: would this bind work here and now, who is in the way, and
 * what would help?
 */
#include "cmd_why.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_why_watch.h"
#include "net/netns.h"
#include "program/text.h"
#include "why/why_file.h"

/* The ports that count: all that the kernel may choose, or the one; and that of
 * a peer, who may be here */
static void note_ports(const struct cmd_why_asked *asked,
	struct why_ports *ports)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		uint16_t port = asked->questions[i].why.port;

		if (port)
			why_ports_add(ports, port);
		else
			memset(ports, 0xff, sizeof(*ports));
		why_ports_add(ports, asked->questions[i].why.peer_port);
	}
}

static int code_of(const struct cmd_why_asked *asked)
{
	int code = EXIT_AGREED;

	for (unsigned int i = 0; i < asked->count; i++) {
		const struct why_answer *answer = &asked->questions[i].answer;

		if (answer->depends)
			code = code == EXIT_AGREED ? EXIT_SKIPPED : code;
		else if (answer->first.outcome.kind != OUTCOME_OK)
			code = EXIT_FOUND;
	}
	return code;
}

static void answer_all(const struct why_situation *situation,
	struct cmd_why_asked *asked)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		struct cmd_why_question *q = &asked->questions[i];

		if (why_ask(situation, &q->why, &q->answer))
			die(EXIT_CANNOT, "why: out of memory");
	}
}

/* Whoever asks for MPTCP needs a socket of it first. */
static void need_mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	if (fd < 0)
		die(EXIT_CANNOT,
			"why: there are no sockets of MPTCP in this network: "
			"%s%s",
			strerror(errno),
			errno == ENOPROTOOPT ? " (sysctl net.mptcp.enabled=1)" :
					       "");
	close(fd);
}

void cmd_why_look(const struct options *o, const struct cmd_why_asked *asked,
	struct why_situation *situation)
{
	static struct why_ports ports;
	struct netns *ns = cmd_why_go(o);
	uint32_t uid;
	bool capable;
	int rc = why_rights(o->pid, netns_fd(ns), &uid, &capable);

	netns_free(ns);
	for (unsigned int i = 0; i < asked->count; i++)
		if (asked->questions[i].why.mptcp)
			need_mptcp();
	if (rc)
		die(rc == -ESRCH ? EXIT_USAGE : EXIT_CANNOT,
			"why: process %u: %s", o->pid, strerror(-rc));
	note_ports(asked, &ports);
	rc = why_look(situation, 1u << asked->questions[0].why.protocol,
		&ports);
	if (rc)
		die(EXIT_CANNOT, "why: cannot look at the network: %s",
			strerror(-rc));
	why_look_limits(situation, o->pid);
	situation->uid = uid;
	situation->capable = capable;
}

static void load(const char *path, struct why_situation *situation)
{
	FILE *file = fopen(path, "re");
	unsigned int line;
	int rc;

	if (!file)
		die(cmd_code(-errno), "why: %s: %s", path, strerror(errno));
	rc = why_file_read(file, situation, &line);
	fclose(file);
	if (rc == -EINVAL)
		die(EXIT_USAGE,
			"%s:%u: expected a situation as 'why --save' writes it",
			path, line);
	if (rc)
		die(EXIT_CANNOT, "why: %s", strerror(-rc));
}

static void save(const char *path, const struct why_situation *situation)
{
	struct whole whole;

	need_whole(&whole, path);
	why_file_write(whole.file, situation);
	need_whole_written(&whole);
}

bool cmd_why_agrees(const struct cmd_why_question *question)
{
	const struct why_verified *v = &question->verified;
	const struct why_answer *a = &question->answer;

	return (v->error == a->first.outcome.error &&
		       v->listen == a->first.listen) ||
	       (a->depends && v->error == a->other.outcome.error &&
		       v->listen == a->other.listen);
}

/* Ask a network that is made like this one. EXIT_FOUND: it says another thing;
 * EXIT_CANNOT: there can be none */
static int verify(const struct options *o,
	const struct why_situation *situation, struct cmd_why_question *q)
{
	const struct why_verified *v = &q->verified;
	bool agrees;
	int rc = why_verify(situation, &q->why, &q->answer, &q->verified);

	if (rc) {
		fprintf(stderr,
			"portclash: why: --verify: no network like this one: "
			"%s\n",
			strerror(-rc));
		return EXIT_CANNOT;
	}
	q->tried = !v->unasked;
	if (v->unasked) {
		fprintf(o->out, "\nNot tried: %s.\n", v->unasked);
		return EXIT_AGREED;
	}
	agrees = cmd_why_agrees(q);
	fprintf(o->out, "\nA network made like this one says %s: that %s.\n",
		v->error ? text_errno(v->error) : "ok",
		agrees && v->missing && !v->made ?
			"agrees, but proves nothing" :
		agrees	   ? "agrees" :
		v->missing ? "need not be so here" :
			     "differs");
	if (v->missing)
		fprintf(o->out,
			"In it, %u of %u sockets that have the port are "
			"missing, such as TIME_WAIT.\n",
			v->missing, v->made + v->missing);
	if (q->why.connects && !q->why.unreachable)
		fputs("Its peer is not there: whether anybody would answer is "
		      "not tried.\n",
			o->out);
	return agrees || v->missing ? EXIT_AGREED : EXIT_FOUND;
}

static int verify_all(const struct options *o,
	const struct why_situation *situation, struct cmd_why_asked *asked)
{
	int code = EXIT_AGREED;

	for (unsigned int i = 0; i < asked->count && code == EXIT_AGREED; i++)
		code = verify(o, situation, &asked->questions[i]);
	return code;
}

static void print_all(const struct options *o,
	const struct why_situation *situation,
	const struct cmd_why_asked *asked)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		fputs(i ? "\n" : "", o->out);
		cmd_why_say(o->out, situation, &asked->questions[i], o->rule);
		if (o->as_case)
			cmd_why_case(o->out, situation, &asked->questions[i]);
	}
}

static void forget(struct why_situation *situation, struct cmd_why_asked *asked)
{
	for (unsigned int i = 0; i < asked->count; i++)
		why_answer_free(&asked->questions[i].answer);
	why_forget(situation);
}

/* A connect is from an address of this network, by a way that there is. */
static void find_way(const struct why_situation *situation,
	struct why_question *q)
{
	int rc = 0;

	if (q->placed || why_is_local(situation, &q->addr, q->ifindex))
		rc = why_route(situation, q);
	else
		q->unreachable = -EADDRNOTAVAIL;
	if (rc)
		die(EXIT_CANNOT, "why: cannot ask for a route: %s",
			strerror(-rc));
}

/* Who connects from an address or a port has bound it first. If that fails, or
 * may fail, it is the answer. */
static void ask_bind_first(const struct why_situation *situation,
	struct cmd_why_question *q, const struct addr *own)
{
	struct cmd_why_question bind = *q;

	if (!q->why.placed)
		return;
	bind.why.connects = false;
	bind.why.addr = *own;
	bind.why.unreachable = 0;
	if (why_ask(situation, &bind.why, &bind.answer))
		die(EXIT_CANNOT, "why: out of memory");
	if (why_is_local(situation, own, q->why.ifindex))
		bind.why.then = q->why.unreachable;
	if (bind.answer.first.outcome.kind != OUTCOME_OK || bind.answer.depends)
		*q = bind;
	/* Whatever it is sent from, bind has chosen a port for this. */
	if (!q->why.port)
		q->why.addr = *own;
	why_answer_free(&bind.answer);
}

/* Look and ask once */
static int ask_now(struct options *o, struct cmd_why_asked *asked,
	struct why_situation *situation)
{
	cmd_why_read(o, asked);
	if (o->from && !o->connect)
		load(o->from, situation);
	else
		cmd_why_look(o, asked, situation);
	cmd_why_complete(o, situation, asked);
	for (unsigned int i = 0; i < asked->count && o->connect; i++) {
		struct addr own = asked->questions[i].why.addr;

		find_way(situation, &asked->questions[i].why);
		ask_bind_first(situation, &asked->questions[i], &own);
	}
	answer_all(situation, asked);
	return code_of(asked);
}

/* Behind "--" is a command; its own calls are what is asked about. */
static int run_command(struct options *o)
{
	if (o->behind != o->arg_count || o->reuseaddr || o->reuseport ||
		o->v6only || o->freebind || o->transparent || o->mptcp ||
		o->bind_only || o->uid_given || o->pid || o->wait ||
		o->device || o->netns || o->connect || o->from || o->save ||
		o->port || o->verify || o->as_case)
		die(EXIT_USAGE,
			"why: a question or a command, and not both; a command "
			"takes --rule and --json");
	return cmd_why_watch(o);
}

static int run_why(struct options *o)
{
	static struct cmd_why_asked asked;
	static struct why_situation situation;
	int code, verified = EXIT_AGREED;

	if (o->arg_count && !strcmp(o->args[-1], "--"))
		return run_command(o);
	code = ask_now(o, &asked, &situation);
	for (unsigned int i = 0; i < o->wait && code != EXIT_AGREED; i++) {
		forget(&situation, &asked);
		sleep(1);
		code = ask_now(o, &asked, &situation);
	}
	print_all(o, &situation, &asked);
	if (o->save)
		save(o->save, &situation);
	if (o->verify)
		verified = verify_all(o, &situation, &asked);
	if (o->json)
		cmd_why_json(&situation, &asked);
	forget(&situation, &asked);
	return verified == EXIT_AGREED ? code : verified;
}

const struct verb verb_why = {
	.name = "why",
	.options = "ABVDUFXMOxbKNirvfywCJ",
	.usage = "[PROTO] [HOST:]PORT... | -- COMMAND...",
	.help = "would this bind work here and now; who is in the way",
	.run = run_why,
};
