// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_case.c - what holds the port as a program that anybody can run
 *
 * A program begins in the world, and has few sockets. So it has the holders
 * that are in the way, as if each of them had bound; other devices become the
 * two of the world.
 */
#include "cmd_why.h"

#include <netinet/in.h>
#include <string.h>

#include "world.h"
#include "program/text.h"
#include "spec/spec.h"
#include "subjects/books.h"
#include "subjects/subjects.h"

enum { HOLDERS_MAX = 7 };

/**
 * struct asked - One socket of the program
 * @free:	May it have an address that the world has not?
 */
struct asked {
	char name;
	uint8_t type;
	uint32_t uid, ifindex;
	bool free, reuseaddr, reuseport, v6only, listens;
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

static void add(struct program *program, struct op op)
{
	if (program_append(program, &op))
		die(EXIT_CANNOT, "why: --case: too many ops");
}

static void add_socket(struct program *program, unsigned int slot,
	const struct why_question *q, const struct asked *asked)
{
	snprintf(program->names[slot], sizeof(program->names[slot]), "%c",
		asked->name);
	add(program, op_socket(slot, asked->type, asked->uid));
	if (asked->free)
		add(program, op_set(slot, OPT_FREEBIND, 1));
	if (asked->reuseaddr)
		add(program, op_set(slot, OPT_REUSEADDR, 1));
	if (asked->reuseport)
		add(program, op_set(slot, OPT_REUSEPORT, 1));
	if (type_is_v6(asked->type))
		add(program, op_set(slot, OPT_V6ONLY, asked->v6only));
	if (asked->ifindex)
		add(program,
			op_set(slot, OPT_DEV, device_of(q, asked->ifindex)));
	add(program, op_bind(slot, asked->addr, asked->port));
}

static uint8_t type_of(uint8_t protocol, uint8_t family)
{
	uint8_t type = protocol == IPPROTO_TCP ? TCP4 : UDP4;

	return type + (family == AF_INET6);
}

static void add_holder(struct program *program, unsigned int slot,
	const struct why_question *q, const struct why_holder *h)
{
	add_socket(program, slot, q,
		&(struct asked){
			.name = 'a' + slot,
			.type = type_of(h->row.protocol, h->row.family),
			.uid = h->row.uid,
			.ifindex = h->row.ifindex,
			.free = true,
			.reuseaddr = h->reuseaddr,
			.reuseport = h->reuseport,
			.v6only = h->row.v6only,
			.addr = &h->row.addr,
			.port = h->row.port,
		});
}

static void add_question(struct program *program, unsigned int slot,
	const struct why_situation *s, const struct why_question *q)
{
	struct op euid = op_make(OP_EUID, 0);

	/* The kernel looks at the caller, who may not own the socket. */
	euid.euid.uid = q->uid;
	if (q->uid)
		add(program, euid);
	add_socket(program, slot, q,
		&(struct asked){
			.name = 'z',
			.type = type_of(q->protocol, q->family),
			.uid = q->uid,
			.ifindex = q->ifindex,
			.free = q->freebind ||
				why_is_local(s, &q->addr, q->ifindex),
			.reuseaddr = q->reuseaddr,
			.reuseport = q->reuseport,
			.v6only = q->v6only,
			.addr = &q->addr,
			.port = q->port,
		});
	if (q->protocol == IPPROTO_TCP && q->listens)
		add(program, op_listen(slot));
}

/* All bind before any listens, since a listener shares with fewer sockets. */
static void build(const struct why_situation *s,
	const struct cmd_why_question *question, struct program *program)
{
	const struct why_answer *a = &question->answer;
	const struct why_holder *kept[HOLDERS_MAX];
	unsigned int count = 0;

	program_init(program, LEVEL_SOCKET);
	if (s->unprivileged != WORLD_UNPRIVILEGED)
		add(program, op_sysctl(SYSCTL_UNPRIVILEGED_START,
				     s->unprivileged, 0));
	for (int blocks = WHY_BLOCKS; blocks >= WHY_APART; blocks--)
		for (unsigned int i = 0; i < a->count && count < HOLDERS_MAX;
			i++)
			if (a->blocks[i] == blocks)
				kept[count++] = &s->holders[a->holders[i]];
	for (unsigned int i = 0; i < count; i++)
		add_holder(program, i, &question->why, kept[i]);
	for (unsigned int i = 0; i < count; i++)
		if (kept[i]->row.state == SOCKDIAG_LISTEN)
			add(program, op_listen(i));
	add_question(program, count, s, &question->why);
}

void cmd_why_case(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question)
{
	static struct program program;
	struct subject subject;
	struct trace trace;
	int rc;

	build(situation, question, &program);
	rc = subjects_open(&subject, "spec");
	if (rc)
		die(EXIT_CANNOT, "why: --case: %s", strerror(-rc));
	rc = subject_run(&subject, &program, 1, NULL, &trace);
	subject_close(&subject);
	if (rc)
		die(EXIT_CANNOT, "why: --case: %s", strerror(-rc));
	fputs("\n# What held the port, and who would like to have it.\n\n",
		file);
	text_print(&program, &trace, books_cite, file);
}
