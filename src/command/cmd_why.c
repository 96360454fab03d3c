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

#include "net/netns.h"

/* A namespace by its path, its name, or a process in it */
static struct netns *open_netns(const char *name)
{
	struct netns *ns;
	char *end;
	long pid = strtol(name, &end, 10);
	int rc;

	if (strchr(name, '/'))
		rc = netns_open(name, &ns);
	else if (*name >= '0' && *name <= '9' && !*end)
		rc = netns_open_pid(pid, &ns);
	else
		rc = netns_open_named(NULL, name, &ns);
	if (rc)
		die(rc == -EPERM || rc == -EACCES ? EXIT_CANNOT : EXIT_USAGE,
			"why: no network '%s': %s", name, strerror(-rc));
	return ns;
}

/* Go to where the bind would be, for good; stay if we are there. */
static struct netns *go(const struct options *o)
{
	struct netns *here, *there;
	char pid[16];
	int rc = netns_current(&here);

	if (rc)
		die(EXIT_CANNOT, "why: %s", strerror(-rc));
	if (!o->netns && !o->pid)
		return here;
	snprintf(pid, sizeof(pid), "%u", o->pid);
	there = open_netns(o->netns ? o->netns : pid);
	if (netns_equal(here, there) != 1) {
		rc = netns_setns(there);
		if (rc)
			die(EXIT_CANNOT,
				"why: cannot look into that network: %s",
				strerror(-rc));
	}
	netns_free(here);
	return there;
}

/* Whose is the socket? --uid says who; root is then taken to have all rights */
static void note_rights(const struct options *o, const struct netns *ns,
	struct cmd_why_asked *asked)
{
	bool capable;
	uint32_t uid;
	int rc = why_rights(o->pid, netns_fd(ns), &uid, &capable);

	if (rc)
		die(rc == -ESRCH ? EXIT_USAGE : EXIT_CANNOT,
			"why: process %u: %s", o->pid, strerror(-rc));
	if (o->uid_given && o->uid != uid) {
		uid = o->uid;
		capable = !uid;
	}
	for (unsigned int i = 0; i < asked->count; i++) {
		asked->questions[i].why.uid = uid;
		asked->questions[i].why.capable = capable;
	}
}

/* The ports that count: all that the kernel may choose, or the one */
static void note_ports(const struct cmd_why_asked *asked,
	struct why_ports *ports)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		uint16_t port = asked->questions[i].why.port;

		if (port)
			why_ports_add(ports, port);
		else
			memset(ports, 0xff, sizeof(*ports));
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

		q->why.v6only |= q->why.family == AF_INET6 &&
				 situation->bindv6only;
		if (why_ask(situation, &q->why, &q->answer))
			die(EXIT_CANNOT, "why: out of memory");
	}
}

static int run_why(struct options *o)
{
	static struct cmd_why_asked asked;
	static struct why_situation situation;
	static struct why_ports ports;
	struct netns *ns = go(o);
	int rc;

	cmd_why_read(o, &asked);
	note_rights(o, ns, &asked);
	netns_free(ns);
	note_ports(&asked, &ports);
	rc = why_look(&situation,
		1u << asked.questions[0].why.protocol, &ports);
	if (rc)
		die(EXIT_CANNOT, "why: cannot look at the network: %s",
			strerror(-rc));
	why_look_limits(&situation, o->pid);
	answer_all(&situation, &asked);
	for (unsigned int i = 0; i < asked.count; i++)
		cmd_why_say(o->out, &situation, &asked.questions[i], o->rule);
	if (o->json)
		cmd_why_json(&situation, &asked);
	rc = code_of(&asked);
	for (unsigned int i = 0; i < asked.count; i++)
		why_answer_free(&asked.questions[i].answer);
	why_forget(&situation);
	return rc;
}

const struct verb verb_why = {
	.name = "why",
	.options = "ABVDUFXMOxbNirvfywJ",
	.usage = "[PROTO] [HOST:]PORT",
	.help = "would this bind work here and now; which rule, which process",
	.run = run_why,
};
