// SPDX-License-Identifier: Apache-2.0
/*
 * why.c - a port's holders as a program, and what the specification says
 */
#include "why.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"
#include "subjects/subjects.h"

enum { UNPRIVILEGED = 1024 };

/**
 * struct draft - One socket of the program
 * @free:	May it have an address that the world has not?
 */
struct draft {
	char name;
	uint8_t protocol, family;
	uint32_t uid, ifindex;
	bool free, reuseaddr, reuseport, v6only;
	const struct addr *addr;
	uint16_t port;
};

/* All that matters of a device is whether it is the one asked about. */
static const char *device_of(const struct why_question *q, uint32_t ifindex)
{
	if (ifindex == WORLD_LO)
		return text_device(WORLD_LO);
	return text_device(ifindex == q->ifindex ? WORLD_VETH0 : WORLD_VETH1);
}

static void draft_socket(FILE *file, const struct why_question *q,
	const struct draft *d)
{
	const char *options[] = { d->free ? "freebind" : NULL,
		d->reuseaddr ? "reuseaddr" : NULL,
		d->reuseport ? "reuseport" : NULL,
		d->family == AF_INET ? NULL :
		d->v6only	     ? "v6only" :
				       "v6only=0" };
	bool six = d->addr->len == 16;
	char addr[ADDR_TEXT_MAX];

	fprintf(file, "socket %c %s%c uid=%u\n", d->name,
		d->protocol == IPPROTO_TCP ? "tcp" : "udp",
		d->family == AF_INET ? '4' : '6', d->uid);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i])
			fprintf(file, "set %c %s\n", d->name, options[i]);
	if (d->ifindex)
		fprintf(file, "set %c dev=%s\n", d->name,
			device_of(q, d->ifindex));
	fprintf(file, "bind %c %s%s%s:%u\n", d->name, six ? "[" : "",
		addr_print(d->addr, addr), six ? "]" : "", d->port);
}

static void draft_holder(FILE *file, const struct why *why, unsigned int i,
	bool lenient)
{
	const struct why_holder *h = &why->holders[i];

	draft_socket(file, &why->question,
		&(struct draft){
			.name = 'a' + i,
			.protocol = h->row.protocol,
			.family = h->row.family,
			.uid = h->row.uid,
			.ifindex = h->row.ifindex,
			.free = true,
			.reuseaddr = h->reuseaddr || (lenient && !h->known),
			.reuseport = h->reuseport || (lenient && !h->known),
			.v6only = h->row.v6only,
			.addr = &h->row.addr,
			.port = h->row.port,
		});
}

static void draft_question(FILE *file, const struct why_question *q)
{
	/* The kernel looks at the caller, who may not own the socket. */
	if (q->uid)
		fprintf(file, "euid %u\n", q->uid);
	draft_socket(file, q,
		&(struct draft){
			.name = 'z',
			.protocol = q->protocol,
			.family = q->family,
			.uid = q->uid,
			.ifindex = q->ifindex,
			.free = !q->foreign,
			.reuseaddr = q->reuseaddr,
			.reuseport = q->reuseport,
			.v6only = q->v6only,
			.addr = &q->addr,
			.port = q->port,
		});
}

/* All bind before any listens, since a listener shares with fewer sockets, and
 * the connections that it has accepted are bound where it is. */
static void draft(FILE *file, const struct why *why, unsigned int holders,
	bool lenient)
{
	if (why->question.unprivileged != UNPRIVILEGED)
		fprintf(file, "sysctl ip_unprivileged_port_start=%u\n",
			why->question.unprivileged);
	for (unsigned int i = 0; i < why->count; i++)
		if (holders & 1u << i)
			draft_holder(file, why, i, lenient);
	for (unsigned int i = 0; i < why->count; i++)
		if (holders & 1u << i &&
			why->holders[i].row.state == SOCKDIAG_LISTEN)
			fprintf(file, "listen %c\n", 'a' + i);
	draft_question(file, &why->question);
}

/* The program with those holders whose bit is set, and its trace */
static int run(const struct why *why, unsigned int holders, bool lenient,
	struct program *program, struct trace *trace)
{
	static struct case_text parsed;
	struct text_error error;
	struct subject subject;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int rc;

	if (!file)
		return -ENOMEM;
	draft(file, why, holders, lenient);
	rc = fclose(file) ? -ENOMEM : text_parse(text, size, &parsed, &error);
	free(text);
	if (rc)
		return rc;
	rc = subjects_open(&subject, "spec");
	if (rc)
		return rc;
	rc = subject_run(&subject, &parsed.program, 1, NULL, trace);
	subject_close(&subject);
	*program = parsed.program;
	return rc;
}

static const struct outcome *last(const struct trace *trace)
{
	return &trace->outcomes[trace->count - 1];
}

/* Did all ops but the last work? They did when the holders did them. */
static bool is_exact(const struct trace *trace)
{
	for (int i = 0; i + 1 < trace->count; i++)
		if (trace->outcomes[i].kind != OUTCOME_OK)
			return false;
	return true;
}

int why_answer(struct why *why)
{
	unsigned int all = (1u << why->count) - 1;
	static struct program program;
	struct trace other;
	int rc = run(why, all, false, &why->program, &why->trace);

	if (!rc)
		rc = run(why, all, true, &program, &other);
	if (rc)
		return rc;
	why->outcome = *last(&why->trace);
	why->exact = is_exact(&why->trace);
	why->doubtful = last(&other)->error != why->outcome.error;
	for (unsigned int i = 0; i < why->count && !rc; i++) {
		rc = run(why, 1u << i, false, &program, &other);
		why->holders[i].blocks = last(&other)->error == EADDRINUSE;
	}
	return rc;
}
