// SPDX-License-Identifier: Apache-2.0
/*
 * text_print.c - the words of the text syntax, and writing them
 */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "util.h"
#include "world.h"

static const char *const kind_words[] = {
	[OP_SOCKET] = "socket",
	[OP_SET] = "set",
	[OP_GET] = "get",
	[OP_BIND] = "bind",
	[OP_LISTEN] = "listen",
	[OP_CONNECT] = "connect",
	[OP_DISCONNECT] = "disconnect",
	[OP_ACCEPT] = "accept",
	[OP_SHUTDOWN] = "shutdown",
	[OP_CLOSE] = "close",
	[OP_EUID] = "euid",
	[OP_SYSCTL] = "sysctl",
	[OP_REPEAT] = "repeat",
	[OP_RESERVE] = "reserve",
	[OP_TUPLE] = "tuple",
	[OP_RELEASE] = "release",
	[OP_AVAILABLE] = "available",
	[OP_RANGE] = "range",
	[OP_PICK] = "pick",
	[OP_PICK_STABLE] = "pick_stable",
	[OP_LIVE] = "live",
	[OP_SAVE] = "save",
};
_Static_assert(ARRAY_SIZE(kind_words) == OP_KINDS, "a word for each op");

static const char *const type_words[] = {
	[TCP4] = "tcp4",
	[TCP6] = "tcp6",
	[UDP4] = "udp4",
	[UDP6] = "udp6",
	[MPTCP4] = "mptcp4",
	[MPTCP6] = "mptcp6",
};
_Static_assert(ARRAY_SIZE(type_words) == SOCKET_TYPES, "a word for each type");

static const char *const option_words[] = {
	[OPT_REUSEADDR] = "reuseaddr",
	[OPT_REUSEPORT] = "reuseport",
	[OPT_V6ONLY] = "v6only",
	[OPT_FREEBIND] = "freebind",
	[OPT_TRANSPARENT] = "transparent",
	[OPT_BIND_NO_PORT] = "bind_no_port",
	[OPT_REPAIR] = "repair",
	[OPT_DEV] = "dev",
	[OPT_PORT_RANGE] = "port_range",
	[OPT_UID] = "uid",
	[OPT_LINGER] = "linger",
};
_Static_assert(ARRAY_SIZE(option_words) == OPTIONS, "a word for each option");

static const char *const property_words[] = {
	[GET_NAME] = "name",
	[GET_DEV] = "dev",
	[GET_V6ONLY] = "v6only",
};
_Static_assert(ARRAY_SIZE(property_words) == PROPERTIES, "a word for each");

static const char *const direction_words[] = {
	[SHUT_READ] = "rd",
	[SHUT_WRITE] = "wr",
	[SHUT_BOTH] = "rdwr",
};
_Static_assert(ARRAY_SIZE(direction_words) == DIRECTIONS, "a word for each");

static const char *const test_words[] = {
	[TEST_ABSENT] = "",
	[TEST_ALL] = "all",
	[TEST_NONE] = "none",
	[TEST_ODD] = "odd",
	[TEST_ERR] = "err",
	[TEST_EQ] = "eq",
	[TEST_GE] = "ge",
	[TEST_LT] = "lt",
	[TEST_NTH] = "nth",
	[TEST_ERREQ] = "erreq",
};
_Static_assert(ARRAY_SIZE(test_words) == TEST_KINDS, "a word for each tester");

const char *text_kind(unsigned int kind)
{
	return kind_words[kind];
}
const char *text_type(unsigned int type)
{
	return type_words[type];
}
const char *text_option(unsigned int option)
{
	return option_words[option];
}
const char *text_property(unsigned int p)
{
	return property_words[p];
}
const char *text_direction(unsigned int d)
{
	return direction_words[d];
}
const char *text_sysctl(unsigned int key)
{
	return world_sysctls[key].name;
}
const char *text_test(unsigned int kind)
{
	return test_words[kind];
}

/* As wide as most words of ops */
enum { NAME_COLUMN = 6 };

/* A growing line that never overruns: what does not fit is cut. */
struct line {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line,
	const char *format, ...)
{
	size_t room = line->size - line->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->used, room, format, args);
	va_end(args);
	line->used += MIN((size_t)n, room - 1);
}

/* The same of one word, without a format: most of a program is words. */
static void put_word(struct line *line, const char *word)
{
	size_t n = MIN(strlen(word), line->size - line->used - 1);

	memcpy(line->text + line->used, word, n);
	line->used += n;
	line->text[line->used] = '\0';
}

static void put_place(struct line *line, const struct program *program,
	const struct place *place)
{
	char addr[ADDR_TEXT_MAX];
	bool named = world_has_device(place->scope) ||
		     place->scope == WORLD_MISSING;

	addr_print(&place->addr, addr);
	if (place->addr.len == 4)
		put_word(line, addr);
	else if (!place->scope)
		put(line, "[%s]", addr);
	else if (named)
		put(line, "[%s%%%s]", addr, world_device(place->scope)->name);
	else
		put(line, "[%s%%%u]", addr, place->scope);
	put_word(line, ":");
	if (place->port_of)
		put(line, "@%s", program->names[place->port_of - 1]);
	else
		put(line, "%u", place->port);
}

static void put_rat(struct line *line, const struct addr *addr, unsigned port)
{
	char text[ADDR_TEXT_MAX];

	put(line, addr->len == 16 ? "[%s]:" : "%s:", addr_print(addr, text));
	if (port == PORT_ANY)
		put(line, "*");
	else
		put(line, "%u", port);
}

static void put_test(struct line *line, const struct tester *test)
{
	if (test->kind == TEST_ABSENT)
		return;
	put(line, " test=%s", test_words[test->kind]);
	if (test->kind >= TEST_EQ)
		put(line, ":%u", test->arg);
}

static void put_flags(struct line *line, unsigned int flags)
{
	static const char *const words[] = { "most_recent", "load_balanced",
		"tuple_only" };
	const char *between = " flags=";

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(flags & 1u << i))
			continue;
		put(line, "%s%s", between, words[i]);
		between = "+";
	}
}

static void put_reserve(struct line *line, const struct op *op)
{
	const struct reservation *res = &op->reserve.res;

	put(line, " ");
	if (!res->network_count)
		put(line, "-");
	for (int i = 0; i < res->network_count; i++)
		put(line, "%u", res->networks[i]);
	if (res->transport == 6)
		put(line, " tcp ");
	else if (res->transport == 17)
		put(line, " udp ");
	else
		put(line, " %u ", res->transport);
	put_rat(line, &res->addr, res->port);
	put_flags(line, res->flags);
	if (res->device)
		put(line, " dev=%d", res->device);
	if (res->dest_addr.len || res->dest_port) {
		put(line, " dest=");
		put_rat(line, &res->dest_addr, res->dest_port);
	}
	if (op->reserve.random)
		put(line, " random=%u", op->reserve.random);
	put_test(line, &op->reserve.test);
}

static void put_set(struct line *line, const struct op *op)
{
	uint32_t value = op->set.value;

	put_word(line, " ");
	put_word(line, option_words[op->set.option]);
	if (op->set.option < OPT_DEV) {
		if (!value)
			put_word(line, "=0");
	} else if (op->set.option == OPT_DEV) {
		put_word(line, "=");
		put_word(line, world_device(value)->name);
	} else if (op->set.option == OPT_PORT_RANGE) {
		put(line, "=%u-%u", value, op->set.high);
	} else {
		put(line, "=%u", value);
	}
}

static void put_bind(struct line *line, const struct program *program,
	const struct op *op)
{
	put_word(line, " ");
	put_place(line, program, &op->bind.place);
	if (op->kind == OP_CONNECT)
		return;
	if (op->bind.len != LEN_NATURAL)
		put(line, " len=%u", op->bind.len);
	if (op->bind.family != FAMILY_NATURAL)
		put(line, " family=%u", op->bind.family);
}

static void put_sysctl(struct line *line, const struct op *op)
{
	uint32_t low = op->sysctl.value, high = op->sysctl.high;

	put(line, " %s=", world_sysctls[op->sysctl.key].name);
	if (op->sysctl.key > SYSCTL_RESERVED_PORTS)
		put(line, "%u", low);
	else if (op->sysctl.key == SYSCTL_PORT_RANGE || low != high)
		put(line, "%u-%u", low, high);
	else if (low)
		put(line, "%u", low);
}

void text_op(const struct program *program, const struct op *op, char *text,
	size_t size)
{
	struct line line = { .text = text, .size = size };

	put_word(&line, kind_words[op->kind]);
	if (op->kind == OP_SOCKET || op_has_socket(op)) {
		/* Names of sockets stand below each other. */
		while (line.used < NAME_COLUMN)
			put_word(&line, " ");
		put_word(&line, " ");
		put_word(&line, program->names[op->sock]);
	}

	switch (op->kind) {
	case OP_SOCKET:
		put_word(&line, " ");
		put_word(&line, type_words[op->socket.type]);
		if (op->socket.uid != UID_NONE)
			put(&line, " uid=%u", op->socket.uid);
		break;
	case OP_SET: put_set(&line, op); break;
	case OP_GET: put(&line, " %s", property_words[op->get.property]); break;
	case OP_BIND:
	case OP_CONNECT: put_bind(&line, program, op); break;
	case OP_LISTEN:
		if (op->listen.backlog != BACKLOG_DEFAULT)
			put(&line, " %u", op->listen.backlog);
		break;
	case OP_ACCEPT:
		put(&line, " %s", program->names[op->accept.sock]);
		break;
	case OP_SHUTDOWN:
		put(&line, " %s", direction_words[op->shutdown.how]);
		break;
	case OP_EUID: put(&line, " %u", op->euid.uid); break;
	case OP_SYSCTL: put_sysctl(&line, op); break;
	case OP_REPEAT: put(&line, " %u", op->repeat.times); break;
	case OP_RESERVE:
	case OP_TUPLE:
	case OP_RELEASE:
	case OP_AVAILABLE: put_reserve(&line, op); break;
	case OP_RANGE:
		if (op->range.set)
			put(&line, " %u-%u", op->range.first, op->range.last);
		break;
	case OP_PICK:
	case OP_PICK_STABLE:
		if (op->pick.random)
			put(&line, " %s=%u",
				op->kind == OP_PICK ? "random" : "offset",
				op->pick.random);
		put_test(&line, &op->pick.test);
		break;
	}
}

void text_outcome(const struct outcome *outcome, char *text, size_t size)
{
	static const char *const words[] = { [OUTCOME_OK] = "ok",
		[OUTCOME_NA] = "n/a",
		[OUTCOME_CRASH] = "crash",
		[OUTCOME_HANG] = "hang" };
	struct line line = { .text = text, .size = size };
	const char *device = world_device(outcome->a)->name;

	if (outcome->kind == OUTCOME_ERRNO) {
		put_word(&line, text_errno(outcome->error));
		return;
	}
	put_word(&line, words[outcome->kind]);
	switch (outcome->value) {
	case VALUE_NUMBER: put(&line, ":%u", outcome->a); break;
	case VALUE_CALLS: put(&line, ":%u/%u", outcome->a, outcome->b); break;
	case VALUE_RANGE: put(&line, ":%u-%u", outcome->a, outcome->b); break;
	case VALUE_PLACE:
		put(&line, ":");
		put_rat(&line, &outcome->addr, outcome->a);
		break;
	case VALUE_DEVICE: put(&line, ":%s", *device ? device : "-"); break;
	}
}

void text_print(const struct program *program, const struct trace *trace,
	text_note *note, FILE *file)
{
	char text[PROGRAM_OPS_MAX][256], outcome[128], said[1024] = "";
	size_t width = 0;

	for (int i = 0; i < program->count; i++) {
		text_op(program, &program->ops[i], text[i], sizeof(text[i]));
		width = MAX(width, strlen(text[i]));
	}
	for (int i = 0; i < program->count; i++) {
		if (!trace) {
			fprintf(file, "%s\n", text[i]);
			continue;
		}
		text_outcome(&trace->outcomes[i], outcome, sizeof(outcome));
		if (note)
			note(&trace->outcomes[i], said, sizeof(said));
		fprintf(file, *said ? "%-*s  = %-12s # %s\n" : "%-*s  = %s\n",
			(int)width, text[i], outcome, said);
	}
}
