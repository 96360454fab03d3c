// SPDX-License-Identifier: Apache-2.0
/*
 * emit_call.c - an op as a call in C
 *
 * DOC: Theory of Operation
 *
 * Each op becomes an expression that is -1, and sets errno, if the op fails.
 */
#include <stdarg.h>
#include <string.h>

#include "emit_private.h"
#include "quote.h"
#include "util.h"
#include "world.h"

void emit_use(struct emitter *e, enum emit_need need)
{
	e->need |= 1u << need;
}

bool emit_uses(const struct emitter *e, enum emit_need need)
{
	return e->need & 1u << need;
}

static bool is_of_pair(uint32_t device)
{
	return device == WORLD_VETH0 || device == WORLD_VETH1;
}

static void use_devices(struct emitter *e)
{
	emit_use(e, EMIT_VETH);
	e->devices = true;
}

/* A socket's variable: its own name, unless that may be a word of C */
const char *emit_variable(const struct emitter *e, unsigned int sock)
{
	static char text[PROGRAM_NAME_MAX + 4];
	const char *name = e->text->program.names[sock];

	snprintf(text, sizeof(text), "%s%s", name[1] ? "fd_" : "", name);
	return text;
}

/* A socket as an argument: -1 if it is closed, so that the call is EBADF */
static const char *descriptor(const struct emitter *e, unsigned int sock)
{
	return e->open & 1u << sock ? emit_variable(e, sock) : "-1";
}

void emit_put(const struct emitter *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(e->file, format, args);
	va_end(args);
}

void emit_op(const struct emitter *e, const char *function, const char *text)
{
	emit_put(e, "\t%s(", function);
	quote_c_string(e->file, text);
	emit_put(e, ",");
}

static void put_socket(struct emitter *e, const struct op *op)
{
	unsigned int type = op->socket.type;
	const char *family = type_is_v6(type) ? "AF_INET6" : "AF_INET";
	bool given = op->socket.uid != UID_NONE;

	e->used |= 1u << op->sock;
	emit_put(e, "%s%s = ", given ? "(" : "", emit_variable(e, op->sock));
	if (type == MPTCP4 || type == MPTCP6) {
		emit_use(e, EMIT_MPTCP);
		emit_put(e, "mptcp(%s)", family);
	} else {
		emit_put(e, "socket(%s, %s | SOCK_NONBLOCK, 0)", family,
			type_is_udp(type) ? "SOCK_DGRAM" : "SOCK_STREAM");
	}
	e->open |= 1u << op->sock;
	if (given)
		emit_put(e, ") < 0 ? -1 :\n\t\tfchown(%s, %u, -1)",
			emit_variable(e, op->sock), op->socket.uid);
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

	emit_put(e, "setsockopt(%s, %s,\n\t\t&(int){ %u }, sizeof(int))",
		descriptor(e, op->sock), v6 && name[1] ? name[1] : name[0],
		op->set.value);
}

static void put_set(struct emitter *e, const struct op *op)
{
	const char *fd = descriptor(e, op->sock), *device;

	switch (op->set.option) {
	case OPT_DEV:
		device = world_device(op->set.value)->name;
		if (is_of_pair(op->set.value))
			use_devices(e);
		emit_put(e,
			"setsockopt(%s, SOL_SOCKET, SO_BINDTODEVICE,\n\t\t"
			"\"%s\", %zu)",
			fd, device, strlen(device));
		break;
	case OPT_PORT_RANGE:
		emit_put(e,
			"setsockopt(%s, IPPROTO_IP, IP_LOCAL_PORT_RANGE,\n\t\t"
			"&(unsigned int){ %uu << 16 | %u }, sizeof(int))",
			fd, op->set.high, op->set.value);
		break;
	case OPT_UID:
		emit_put(e, "fchown(%s, %u, -1)", fd, op->set.value);
		break;
	case OPT_LINGER:
		emit_put(e,
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
	struct addr wire = addr_unmapped(&place->addr);
	bool v6 = place->addr.len == 16;

	snprintf(port, sizeof(port), "%u", place->port);
	if (place->port_of)
		snprintf(port, sizeof(port), "port_%s",
			emit_variable(e, place->port_of - 1));
	addr_print(&place->addr, addr);
	emit_use(e, v6 ? EMIT_IN6 : EMIT_IN4);
	if (world_is_on_link(&wire, WORLD_VETH0))
		emit_use(e, EMIT_VETH);
	if (is_of_pair(place->scope))
		use_devices(e);
	if (family != FAMILY_NATURAL) {
		emit_use(e, EMIT_AS);
		emit_put(e, "as(%u, ", family);
	}
	if (v6)
		emit_put(e, "in6(\"%s\", %u, %s)", addr, place->scope, port);
	else
		emit_put(e, "in4(\"%s\", %s)", addr, port);
	emit_put(e, family != FAMILY_NATURAL ? "),\n\t\t" : ",\n\t\t");
	if (len == LEN_NATURAL)
		emit_put(e, "sizeof(struct sockaddr_in%s))", v6 ? "6" : "");
	else
		emit_put(e, "%u)", len);
}

static void put_sysctl(struct emitter *e, const struct op *op)
{
	uint32_t low = op->sysctl.value, high = op->sysctl.high;

	emit_use(e, EMIT_PUT);
	emit_put(e, "put(\"%s\",\n\t\t\"", world_sysctls[op->sysctl.key].path);
	if (op->sysctl.key == SYSCTL_PORT_RANGE) {
		emit_use(e, EMIT_RANGE);
		emit_use(e, EMIT_IN4);
		emit_use(e, EMIT_PORT_OF);
		emit_put(e, "%u %u\")", low, high);
	} else if (op->sysctl.key == SYSCTL_RESERVED_PORTS && !low)
		emit_put(e, "\\n\")");
	else if (op->sysctl.key == SYSCTL_RESERVED_PORTS)
		emit_put(e, "%u-%u\")", low, high);
	else
		emit_put(e, "%u\")", low);
}

/* An expression whose value is -1 if the op fails */
void emit_call(struct emitter *e, const struct op *op)
{
	static const char *const how[] = { "SHUT_RD", "SHUT_WR", "SHUT_RDWR" };
	const char *fd = descriptor(e, op->sock);

	switch (op->kind) {
	case OP_SOCKET: put_socket(e, op); break;
	case OP_SET: put_set(e, op); break;
	case OP_GET:
		if (op->get.property == GET_V6ONLY)
			emit_put(e,
				"getsockopt(%s, IPPROTO_IPV6, IPV6_V6ONLY,\n"
				"\t\t&(int){ 0 }, &(socklen_t){ 4 })",
				fd);
		else
			emit_put(e,
				"getsockname(%s, (struct sockaddr *)\n\t\t"
				"&(struct sockaddr_in6){ 0 }, "
				"&(socklen_t){ 28 })",
				fd);
		break;
	case OP_BIND:
		emit_put(e, "bind(%s, ", fd);
		put_place(e, &op->bind.place, op->bind.family, op->bind.len);
		break;
	case OP_LISTEN:
		emit_put(e, "listen(%s, %u)", fd, op->listen.backlog);
		break;
	case OP_CONNECT:
		emit_use(e, EMIT_DIAL);
		if (op->bind.place.addr.bytes[0] == 0xff)
			emit_use(e, EMIT_VETH); /* and its routes */
		emit_put(e, "dial(%s, ", fd);
		put_place(e, &op->bind.place, FAMILY_NATURAL, LEN_NATURAL);
		break;
	case OP_DISCONNECT:
		emit_put(e,
			"connect(%s,\n\t\t&(struct sockaddr){ AF_UNSPEC, { 0 } "
			"},"
			" sizeof(struct sockaddr))",
			fd);
		break;
	case OP_ACCEPT:
		emit_put(e, "%s = ", emit_variable(e, op->accept.sock));
		/* The listener may have that very name, and not be open. */
		emit_put(e, "accept4(%s, NULL, NULL, SOCK_NONBLOCK)",
			descriptor(e, op->sock));
		e->used |= 1u << op->accept.sock;
		e->open |= 1u << op->accept.sock;
		break;
	case OP_SHUTDOWN:
		emit_put(e, "shutdown(%s, %s)", fd, how[op->shutdown.how]);
		break;
	case OP_CLOSE:
		emit_put(e, "close(%s)", fd);
		e->open &= ~(1u << op->sock);
		break;
	case OP_EUID:
		emit_put(e, "seteuid(0) || seteuid(%u) ? -1 : 0", op->euid.uid);
		break;
	case OP_SYSCTL: put_sysctl(e, op); break;
	}
}

/* Ops whose value is compared */
bool emit_get(struct emitter *e, const struct op *op, const char *text,
	const struct outcome *want)
{
	const char *fd = descriptor(e, op->sock), *device;
	char value[EMIT_TEXT_MAX];

	switch (want->value) {
	case VALUE_PLACE:
		emit_use(e, EMIT_EXPECT_NAME);
		text_outcome(want, value, sizeof(value));
		emit_op(e, "expect_name", text);
		emit_put(e, " %s, \"%s\");\n", fd, strchr(value, ':') + 1);
		return true;
	case VALUE_DEVICE:
		device = world_device(want->a)->name;
		emit_use(e, EMIT_DEVICE);
		emit_use(e, EMIT_EXPECT_VALUE);
		emit_op(e, "expect_value", text);
		emit_put(e, " device(%s),\n\t\tif_nametoindex(\"%s\"));\n", fd,
			device);
		return true;
	case VALUE_NUMBER:
		emit_use(e, EMIT_EXPECT_VALUE);
		emit_use(e, EMIT_V6ONLY);
		emit_op(e, "expect_value", text);
		emit_put(e, " v6only(%s), %u);\n", fd, want->a);
		return true;
	}
	return false;
}
