// SPDX-License-Identifier: Apache-2.0
/*
 * emit_c.c - a case as a C program that needs nothing of ours
 *
 * DOC: Theory of Operation
 *
 * Each op is a call that returns -1 and sets errno, inside of an expect(). All
 * is written to memory first: what comes before, functions and variables,
 * depends on what is used.
 */
#include "emit_c.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emit_private.h"
#include "util.h"
#include "world.h"

enum { COMMENT_WIDTH = 76, TEXT_MAX = 256 };

/**
 * struct emitter - A program that is being written
 * @text:	The case
 * @file:	Where its calls are written to
 * @need:	A bit for each emit_need
 * @open:	A bit for each socket that is open
 * @used:	A bit for each socket that ever was
 */
struct emitter {
	const struct case_text *text;
	FILE *file;
	unsigned int need, open, used;
};

static void use(struct emitter *e, enum emit_need need)
{
	e->need |= 1u << need;
}

/* A socket's variable: its own name, unless that may be a word of C */
static const char *variable(const struct emitter *e, unsigned int sock)
{
	static char text[PROGRAM_NAME_MAX + 4];
	const char *name = e->text->program.names[sock];

	snprintf(text, sizeof(text), "%s%s", name[1] ? "fd_" : "", name);
	return text;
}

/* What stands for it in a call: an op on a closed one is EBADF */
static const char *descriptor(const struct emitter *e, unsigned int sock)
{
	return e->open & 1u << sock ? variable(e, sock) : "-1";
}

static void put(const struct emitter *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(const struct emitter *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(e->file, format, args);
	va_end(args);
}

static void put_socket(struct emitter *e, const struct op *op)
{
	unsigned int type = op->socket.type;

	bool given = op->socket.uid != UID_NONE;

	e->used |= 1u << op->sock;
	put(e, "%s%s = socket(%s, %s | SOCK_NONBLOCK, %s)", given ? "(" : "",
		variable(e, op->sock),
		type_is_v6(type) ? "AF_INET6" : "AF_INET",
		type_is_udp(type) ? "SOCK_DGRAM" : "SOCK_STREAM",
		type == MPTCP4 || type == MPTCP6 ? "IPPROTO_MPTCP" : "0");
	e->open |= 1u << op->sock;
	if (given)
		put(e, ") < 0 ? -1 :\n\t\tfchown(%s, %u, -1)",
			variable(e, op->sock), op->socket.uid);
}

static void put_switch(struct emitter *e, const struct op *op)
{
	static const char *const names[][2] = {
		[OPT_REUSEADDR] = { "SOL_SOCKET, SO_REUSEADDR" },
		[OPT_REUSEPORT] = { "SOL_SOCKET, SO_REUSEPORT" },
		[OPT_V6ONLY] = { "IPPROTO_IPV6, IPV6_V6ONLY" },
		[OPT_FREEBIND] = { "IPPROTO_IP, IP_FREEBIND",
			"IPPROTO_IPV6, IPV6_FREEBIND" },
		[OPT_TRANSPARENT] = { "IPPROTO_IP, IP_TRANSPARENT",
			"IPPROTO_IPV6, IPV6_TRANSPARENT" },
		[OPT_BIND_NO_PORT] = { "IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT" },
		[OPT_REPAIR] = { "IPPROTO_TCP, TCP_REPAIR" },
	};
	const char *const *name = names[op->set.option];
	bool v6 = type_is_v6(program_type(&e->text->program, op->sock));

	put(e, "setsockopt(%s, %s,\n\t\t&(int){ %u }, sizeof(int))",
		descriptor(e, op->sock), v6 && name[1] ? name[1] : name[0],
		op->set.value);
}

static void put_set(struct emitter *e, const struct op *op)
{
	const char *fd = descriptor(e, op->sock), *device;

	switch (op->set.option) {
	case OPT_DEV:
		device = text_device(op->set.value);
		device = device ? device : "missing";
		if (!strncmp(device, "veth", 4))
			use(e, EMIT_VETH);
		put(e,
			"setsockopt(%s, SOL_SOCKET, SO_BINDTODEVICE,\n\t\t"
			"\"%s\", %zu)",
			fd, device, strlen(device));
		break;
	case OPT_PORT_RANGE:
		put(e,
			"setsockopt(%s, IPPROTO_IP, IP_LOCAL_PORT_RANGE,\n\t\t"
			"&(unsigned int){ %uu << 16 | %u }, sizeof(int))",
			fd, op->set.high, op->set.value);
		break;
	case OPT_UID: put(e, "fchown(%s, %u, -1)", fd, op->set.value); break;
	case OPT_LINGER:
		put(e,
			"setsockopt(%s, SOL_SOCKET, SO_LINGER,\n\t\t"
			"&(struct linger){ 1, 0 }, sizeof(struct linger))",
			fd);
		break;
	default: put_switch(e, op);
	}
}

/* The arguments that say where to */
static void put_place(struct emitter *e, const struct place *place,
	unsigned int family, unsigned int len)
{
	char addr[ADDR_TEXT_MAX], port[PROGRAM_NAME_MAX + 16];
	bool v6 = place->addr.len == 16;

	snprintf(port, sizeof(port), "%u", place->port);
	if (place->port_of && e->used & 1u << (place->port_of - 1)) {
		use(e, EMIT_PORT_OF);
		snprintf(port, sizeof(port), "port_of(%s)",
			variable(e, place->port_of - 1));
	}
	addr_print(&place->addr, addr);
	use(e, v6 ? EMIT_IN6 : EMIT_IN4);
	if (!strncmp(addr, "10.", 3) || !strncmp(addr, "fd", 2) ||
		!strncmp(addr, "fe", 2) || place->scope == WORLD_VETH0 ||
		place->scope == WORLD_VETH1)
		use(e, EMIT_VETH);
	if (family != FAMILY_NATURAL) {
		use(e, EMIT_AS);
		put(e, "as(%u, ", family);
	}
	if (v6)
		put(e, "in6(\"%s\", %u, %s)", addr, place->scope, port);
	else
		put(e, "in4(\"%s\", %s)", addr, port);
	put(e, family != FAMILY_NATURAL ? "),\n\t\t" : ",\n\t\t");
	if (len == LEN_NATURAL)
		put(e, "sizeof(struct sockaddr_in%s))", v6 ? "6" : "");
	else
		put(e, "%u)", len);
}

static void put_sysctl(struct emitter *e, const struct op *op)
{
	static const char *const paths[] = {
		[SYSCTL_PORT_RANGE] = "ipv4/ip_local_port_range",
		[SYSCTL_RESERVED_PORTS] = "ipv4/ip_local_reserved_ports",
		[SYSCTL_AUTOBIND_REUSE] = "ipv4/ip_autobind_reuse",
		[SYSCTL_UNPRIVILEGED_START] = "ipv4/ip_unprivileged_port_start",
		[SYSCTL_NONLOCAL4] = "ipv4/ip_nonlocal_bind",
		[SYSCTL_NONLOCAL6] = "ipv6/ip_nonlocal_bind",
		[SYSCTL_BINDV6ONLY] = "ipv6/bindv6only",
	};
	uint32_t low = op->sysctl.value, high = op->sysctl.high;

	use(e, EMIT_PUT);
	put(e, "put(\"/proc/sys/net/%s\",\n\t\t\"", paths[op->sysctl.key]);
	if (op->sysctl.key == SYSCTL_PORT_RANGE)
		put(e, "%u %u\")", low, high);
	else if (op->sysctl.key == SYSCTL_RESERVED_PORTS && !low)
		put(e, "\\n\")");
	else if (op->sysctl.key == SYSCTL_RESERVED_PORTS)
		put(e, "%u-%u\")", low, high);
	else
		put(e, "%u\")", low);
}

/* An expression whose value is -1 if the op fails */
static void put_call(struct emitter *e, const struct op *op)
{
	static const char *const how[] = { "SHUT_RD", "SHUT_WR", "SHUT_RDWR" };
	const char *fd = descriptor(e, op->sock);

	switch (op->kind) {
	case OP_SOCKET: put_socket(e, op); break;
	case OP_SET: put_set(e, op); break;
	case OP_GET:
		if (op->get.property == GET_V6ONLY)
			put(e,
				"getsockopt(%s, IPPROTO_IPV6, IPV6_V6ONLY,\n"
				"\t\t&(int){ 0 }, &(socklen_t){ 4 })",
				fd);
		else
			put(e,
				"getsockname(%s, (struct sockaddr *)\n\t\t"
				"&(struct sockaddr_in6){ 0 }, "
				"&(socklen_t){ 28 })",
				fd);
		break;
	case OP_BIND:
		put(e, "bind(%s, ", fd);
		put_place(e, &op->bind.place, op->bind.family, op->bind.len);
		break;
	case OP_LISTEN: put(e, "listen(%s, %u)", fd, op->listen.backlog); break;
	case OP_CONNECT:
		use(e, EMIT_DIAL);
		if (op->bind.place.addr.bytes[0] == 0xff)
			use(e, EMIT_VETH); /* and its routes */
		put(e, "dial(%s, ", fd);
		put_place(e, &op->bind.place, FAMILY_NATURAL, LEN_NATURAL);
		break;
	case OP_DISCONNECT:
		put(e,
			"connect(%s,\n\t\t&(struct sockaddr){ AF_UNSPEC, { 0 } "
			"},"
			" sizeof(struct sockaddr))",
			fd);
		break;
	case OP_ACCEPT:
		e->used |= 1u << op->accept.sock;
		e->open |= 1u << op->accept.sock;
		put(e, "%s = ", variable(e, op->accept.sock));
		put(e, "accept4(%s, NULL, NULL, SOCK_NONBLOCK)",
			descriptor(e, op->sock));
		break;
	case OP_SHUTDOWN:
		put(e, "shutdown(%s, %s)", fd, how[op->shutdown.how]);
		break;
	case OP_CLOSE:
		put(e, "close(%s)", fd);
		e->open &= ~(1u << op->sock);
		break;
	case OP_EUID:
		put(e, "seteuid(0) || seteuid(%u) ? -1 : 0", op->euid.uid);
		break;
	case OP_SYSCTL: put_sysctl(e, op); break;
	}
}

/* Ops whose value is compared */
static bool put_get(struct emitter *e, const struct op *op, const char *text,
	const struct outcome *want)
{
	const char *fd = descriptor(e, op->sock), *device;
	char value[TEXT_MAX];

	switch (want->value) {
	case VALUE_PLACE:
		use(e, EMIT_EXPECT_NAME);
		text_outcome(want, value, sizeof(value));
		put(e, "\texpect_name(\"%s\", %s, \"%s\");\n", text, fd,
			strchr(value, ':') + 1);
		return true;
	case VALUE_DEVICE:
		device = text_device(want->a);
		use(e, EMIT_DEVICE);
		use(e, EMIT_EXPECT_VALUE);
		put(e,
			"\texpect_value(\"%s\", device(%s),\n\t\t"
			"if_nametoindex(\"%s\"));\n",
			text, fd, device ? device : "missing");
		return true;
	case VALUE_NUMBER:
		use(e, EMIT_EXPECT_VALUE);
		use(e, EMIT_V6ONLY);
		put(e, "\texpect_value(\"%s\", v6only(%s), %u);\n", text, fd,
			want->a);
		return true;
	}
	return false;
}

/* What others were seen to do there */
static void put_seen(const struct emitter *e, const struct expect *expect)
{
	char text[TEXT_MAX];

	if (!expect->count)
		return;
	put(e, "\t/* Seen:");
	for (unsigned int i = 0; i < expect->count; i++) {
		text_outcome(&expect->qualified[i], text, sizeof(text));
		put(e, "%s %s %s", i ? "," : "", expect->who[i], text);
	}
	put(e, " */\n");
}

static void put_op(struct emitter *e, unsigned int i)
{
	const struct program *program = &e->text->program;
	const struct outcome *want = &e->text->expect[i].outcome;
	const struct op *op = &program->ops[i];
	char text[TEXT_MAX];

	text_op(program, op, text, sizeof(text));
	put_seen(e, &e->text->expect[i]);
	if (op->kind == OP_GET && put_get(e, op, text, want))
		return;
	if (op->kind == OP_REPEAT) {
		put(e, "\tfor (int i = 0, rc = 0; i < %u && !rc; i++)\n",
			op->repeat.times);
		put(e, "\t\tif ((rc = ");
		put_call(e, &program->ops[i - 1]);
		put(e, ") || i == %u)\n\t", op->repeat.times - 1);
		put(e, "\t\texpect(\"%s\", rc, ", text);
	} else {
		put(e, "\texpect(\"%s\",\n\t\t", text);
		put_call(e, op);
		put(e, ", ");
	}
	put(e, "%s);\n",
		want->kind == OUTCOME_ERRNO ? text_errno(want->error) : "0");
}

/* The case's sentence, wrapped */
static void put_why(const char *why, FILE *file)
{
	int column = 0;

	fprintf(file, "/*\n");
	while (*why) {
		int length = strcspn(why, " ");

		if (column && column + 1 + length > COMMENT_WIDTH) {
			fputc('\n', file);
			column = 0;
		}
		column += fprintf(
			file, column ? " %.*s" : " * %.*s", length, why);
		why += length + strspn(why + length, " ");
	}
	fprintf(file,
		"\n *\n * Exit status: 0 all as on Linux, 1 not, 2 cannot "
		"be tried here.\n */\n");
}

static void put_main(const struct emitter *e, const char *body, FILE *file)
{
	const char *before = "\tint ";

	fprintf(file, "int main(void)\n{\n");
	for (unsigned int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		if (!(e->used & 1u << i))
			continue;
		fprintf(file, "%s%s", before, variable(e, i));
		before = ", ";
	}
	fprintf(file, "%s\tworld();\n%s\n%s\n\treturn unexpected;\n}\n",
		e->used ? ";\n\n" : "",
		e->need & 1u << EMIT_VETH ? "\tveth();\n" : "", body);
}

int emit_c(const struct case_text *text, FILE *file)
{
	struct emitter e = { .text = text, .need = 1u << EMIT_WORLD };
	size_t size;
	char *body;

	if (text->program.level != LEVEL_SOCKET)
		return -EINVAL;
	e.file = open_memstream(&body, &size);
	if (!e.file)
		return -ENOMEM;
	for (unsigned int i = 0; i < text->program.count; i++)
		put_op(&e, i);
	if (fclose(e.file))
		return -ENOMEM;
	put_why(text->why, file);
	fputs(emit_head, file);
	for (int i = 0; i < EMIT_NEEDS; i++)
		if (e.need & 1u << i)
			fputs(emit_helpers[i], file);
	put_main(&e, body, file);
	free(body);
	return 0;
}
