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

/**
 * struct asked - One socket of the program
 * @free:	May it have an address that the world has not?
 */
struct asked {
	char name;
	uint8_t protocol, family;
	uint32_t uid, ifindex;
	bool free, reuseaddr, reuseport, v6only;
	const struct addr *addr;
	uint16_t port;
};

/* All that matters of a device is whether it is the one asked about. */
static unsigned int device_of(const struct why_question *q, uint32_t ifindex)
{
	if (ifindex == WORLD_LO)
		return WORLD_LO;
	return ifindex == q->ifindex ? WORLD_VETH0 : WORLD_VETH1;
}

static int add(struct program *program, struct op op)
{
	return program_append(program, &op);
}

/* Add a socket as the next slot, up to its bind: 0, or a negative errno. */
static int add_socket(struct program *program, unsigned int slot,
	const struct why_question *q, const struct asked *asked)
{
	bool v6 = asked->family == AF_INET6;
	unsigned int type = asked->protocol == IPPROTO_TCP ? TCP4 : UDP4;
	int rc;

	snprintf(program->names[slot], sizeof(program->names[slot]), "%c",
		asked->name);
	rc = add(program, op_socket(slot, type + v6, asked->uid));
	if (!rc && asked->free)
		rc = add(program, op_set(slot, OPT_FREEBIND, 1));
	if (!rc && asked->reuseaddr)
		rc = add(program, op_set(slot, OPT_REUSEADDR, 1));
	if (!rc && asked->reuseport)
		rc = add(program, op_set(slot, OPT_REUSEPORT, 1));
	if (!rc && v6)
		rc = add(program, op_set(slot, OPT_V6ONLY, asked->v6only));
	if (!rc && asked->ifindex)
		rc = add(program,
			op_set(slot, OPT_DEV, device_of(q, asked->ifindex)));
	return rc ? rc : add(program, op_bind(slot, asked->addr, asked->port));
}

static int add_holder(struct program *program, unsigned int slot,
	const struct why *why, unsigned int i, bool lenient)
{
	const struct why_holder *h = &why->holders[i];

	return add_socket(program, slot, &why->question,
		&(struct asked){
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

static int add_question(struct program *program, unsigned int slot,
	const struct why_question *q)
{
	struct op euid = op_make(OP_EUID, 0);
	int rc = 0;

	/* The kernel looks at the caller, who may not own the socket. */
	euid.euid.uid = q->uid;
	if (q->uid)
		rc = add(program, euid);
	if (rc)
		return rc;
	return add_socket(program, slot, q,
		&(struct asked){
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
static int build(const struct why *why, unsigned int holders, bool lenient,
	struct program *program)
{
	unsigned int slot = 0;
	int rc = 0;

	program_init(program, LEVEL_SOCKET);
	if (why->question.unprivileged != WORLD_UNPRIVILEGED)
		rc = add(program, op_sysctl(SYSCTL_UNPRIVILEGED_START,
					  why->question.unprivileged, 0));
	for (unsigned int i = 0; i < why->count && !rc; i++)
		if (holders & 1u << i)
			rc = add_holder(program, slot++, why, i, lenient);
	slot = 0;
	for (unsigned int i = 0; i < why->count && !rc; i++) {
		if (!(holders & 1u << i))
			continue;
		if (why->holders[i].row.state == SOCKDIAG_LISTEN)
			rc = add(program, op_listen(slot));
		slot++;
	}
	return rc ? rc : add_question(program, slot, &why->question);
}

/* The program with those holders whose bit is set, and its trace */
static int run(const struct why *why, unsigned int holders, bool lenient,
	struct program *program, struct trace *trace)
{
	struct subject subject;
	int rc = build(why, holders, lenient, program);

	if (!rc)
		rc = subjects_open(&subject, "spec");
	if (rc)
		return rc;
	rc = subject_run(&subject, program, 1, NULL, trace);
	subject_close(&subject);
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
