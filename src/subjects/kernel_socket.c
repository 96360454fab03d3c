// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_socket.c - one op on one socket of this kernel
 */
#include "kernel_socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "util.h"
#include "world.h"

/* Names that Debian's headers are too old for, or glibc's do not have */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

enum { SWITCHES = OPT_REPAIR + 1 };

/* How long an answer may take where no echo says that none will come: a busy
 * sandbox was seen to need more than CONNECT_WAIT_MS */
enum { UNPROVEN_WAIT_MS = 200 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t bytes[256]; /* as long as any len= can say */
};

static const struct linger reset_on_close = { .l_onoff = 1 };

static struct outcome result(int rc)
{
	return rc ? outcome_error(errno) : outcome_ok();
}

static int make(int type)
{
	return socket(type_is_v6(type) ? AF_INET6 : AF_INET,
		(type_is_udp(type) ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK |
			SOCK_CLOEXEC,
		type == MPTCP4 || type == MPTCP6 ? IPPROTO_MPTCP : 0);
}

static int adopt(struct kernel_socket *sock, int type, int fd,
	struct outcome *out)
{
	if (fd < 0 && process_lacks(errno))
		return -errno;
	*out = result(fd < 0);
	if (fd >= 0)
		*sock = (struct kernel_socket){ .fd = fd, .type = type };
	return 0;
}

int kernel_socket_open(struct kernel_socket *sock, int type, uint32_t uid,
	struct outcome *out)
{
	int fd = make(type);

	if (fd >= 0 && uid != UID_NONE && fchown(fd, uid, -1)) {
		*out = outcome_error(errno);
		close(fd);
		return 0;
	}
	return adopt(sock, type, fd, out);
}

int kernel_socket_accept(const struct kernel_socket *listener,
	struct kernel_socket *sock, int echo, struct outcome *out)
{
	struct pollfd wait = { .fd = listener->fd, .events = POLLIN };

	/* Without an echo, the client may be ready before its connection is. */
	if (echo < 0)
		poll(&wait, 1, UNPROVEN_WAIT_MS);
	return adopt(sock, listener->type,
		accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC),
		out);
}

int kernel_socket_has_type(int type)
{
	int fd = make(type);

	if (fd < 0)
		return process_lacks(errno) ? -errno : 0;
	close(fd);
	return 1;
}

bool kernel_socket_is_mptcp(const struct kernel_socket *sock)
{
	return sock->type == MPTCP4 || sock->type == MPTCP6;
}

void kernel_socket_reset(const struct kernel_socket *sock)
{
	setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &reset_on_close,
		sizeof(reset_on_close));
	close(sock->fd);
}

/* What we ourselves lack, behind a call that went well: it is no outcome. */
static struct outcome unless_lacking(struct outcome out)
{
	return process_lacks(errno) ? outcome_error(ENOMEM) : out;
}

/* The outcome ok, with the port if the kernel chose it */
static struct outcome chosen(const struct kernel_socket *sock)
{
	union address name = { 0 };
	socklen_t len = sizeof(name);

	if (sock->explicit)
		return outcome_ok();
	if (getsockname(sock->fd, &name.any, &len))
		return unless_lacking(outcome_ok());
	/* The port is at the same place in both families. */
	return name.v4.sin_port ? outcome_number(ntohs(name.v4.sin_port)) :
				  outcome_ok();
}

static socklen_t fill(union address *out, const struct place *place)
{
	*out = (union address){ 0 };
	if (place->addr.len == 4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(place->port);
		memcpy(&out->v4.sin_addr, place->addr.bytes, 4);
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(place->port);
	out->v6.sin6_scope_id = place->scope;
	memcpy(&out->v6.sin6_addr, place->addr.bytes, 16);
	return sizeof(out->v6);
}

static struct outcome set_device(int fd, uint32_t device)
{
	const char *name = world_device(device)->name;

	return result(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
		strlen(name)));
}

static struct outcome set_switch(const struct kernel_socket *sock,
	const struct op *op)
{
	/* For IPv4 and for IPv6 sockets, where the option is not the same */
	static const struct {
		int level, name, level6, name6;
	} switches[] = {
		[OPT_REUSEADDR] = { SOL_SOCKET, SO_REUSEADDR, -1, 0 },
		[OPT_REUSEPORT] = { SOL_SOCKET, SO_REUSEPORT, -1, 0 },
		[OPT_V6ONLY] = { SOL_IPV6, IPV6_V6ONLY, -1, 0 },
		[OPT_FREEBIND] = { SOL_IP, IP_FREEBIND, SOL_IPV6,
			IPV6_FREEBIND },
		[OPT_TRANSPARENT] = { SOL_IP, IP_TRANSPARENT, SOL_IPV6,
			IPV6_TRANSPARENT },
		[OPT_BIND_NO_PORT] = { SOL_IP, IP_BIND_ADDRESS_NO_PORT, -1, 0 },
		[OPT_REPAIR] = { SOL_TCP, TCP_REPAIR, -1, 0 },
	};
	int option = op->set.option, value = op->set.value;
	bool other = type_is_v6(sock->type) && switches[option].level6 >= 0;

	_Static_assert(ARRAY_SIZE(switches) == SWITCHES, "one for each");
	return result(setsockopt(sock->fd,
		other ? switches[option].level6 : switches[option].level,
		other ? switches[option].name6 : switches[option].name, &value,
		sizeof(value)));
}

struct outcome kernel_socket_set(const struct kernel_socket *sock,
	const struct op *op)
{
	uint32_t range = op->set.high << 16 | op->set.value;

	switch (op->set.option) {
	case OPT_DEV: return set_device(sock->fd, op->set.value);
	case OPT_PORT_RANGE:
		return result(setsockopt(sock->fd, SOL_IP, IP_LOCAL_PORT_RANGE,
			&range, sizeof(range)));
	case OPT_UID: return result(fchown(sock->fd, op->set.value, -1));
	case OPT_LINGER:
		return result(setsockopt(sock->fd, SOL_SOCKET, SO_LINGER,
			&reset_on_close, sizeof(reset_on_close)));
	}
	ASSERT(op->set.option < SWITCHES);
	return set_switch(sock, op);
}

static struct outcome get_name(int fd)
{
	struct outcome out = { .value = VALUE_PLACE };
	union address name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len))
		return outcome_error(errno);
	out.a = ntohs(name.v4.sin_port);
	out.addr.len = name.any.sa_family == AF_INET ? 4 : 16;
	if (out.addr.len == 4)
		memcpy(out.addr.bytes, &name.v4.sin_addr, 4);
	else
		memcpy(out.addr.bytes, &name.v6.sin6_addr, 16);
	return out;
}

/* For kernels that do not tell the device by number */
static struct outcome get_device_name(int fd)
{
	struct outcome out = { .value = VALUE_DEVICE, .a = WORLD_MISSING };
	const struct world_device *found;
	char name[IF_NAMESIZE] = "";
	socklen_t len = sizeof(name);

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len))
		return outcome_error(errno);
	found = world_device_named(name);
	if (found)
		out.a = found->index;
	return out;
}

/* By number, since a bind can set a number that no device has or ever had */
static struct outcome get_device(int fd)
{
	struct outcome out = { .value = VALUE_DEVICE, .a = WORLD_MISSING };
	const struct world_device *found;
	char name[IF_NAMESIZE];
	socklen_t len = sizeof(int);
	int index;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &len))
		return process_lacks(errno) ? outcome_error(errno) :
					      get_device_name(fd);
	if (!index || world_has_device(index))
		out.a = index;
	else if (!if_indextoname(index, name))
		return unless_lacking(out);
	else if ((found = world_device_named(name)))
		out.a = found->index;
	return out;
}

struct outcome kernel_socket_get(const struct kernel_socket *sock,
	const struct op *op)
{
	socklen_t len = sizeof(int);
	int value;

	switch (op->get.property) {
	case GET_NAME: return get_name(sock->fd);
	case GET_DEV: return get_device(sock->fd);
	}
	if (getsockopt(sock->fd, SOL_IPV6, IPV6_V6ONLY, &value, &len))
		return outcome_error(errno);
	return outcome_number(value);
}

struct outcome kernel_socket_bind(struct kernel_socket *sock,
	const struct op *op)
{
	const struct place *place = &op->bind.place;
	union address name;
	socklen_t len = fill(&name, place);

	if (op->bind.family != FAMILY_NATURAL)
		name.any.sa_family = op->bind.family;
	if (op->bind.len != LEN_NATURAL)
		len = op->bind.len;
	if (bind(sock->fd, &name.any, len))
		return outcome_error(errno);
	sock->explicit |= place->port;
	return place->port ? outcome_ok() : chosen(sock);
}

struct outcome kernel_socket_listen(const struct kernel_socket *sock,
	const struct op *op)
{
	if (listen(sock->fd, op->listen.backlog))
		return outcome_error(errno);
	return chosen(sock);
}

/* Return: 0 or an errno */
static int try_connect(int fd, const union address *name, socklen_t len)
{
	return connect(fd, &name->any, len) ? errno : 0;
}

int kernel_socket_echo(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	return fd < 0 ? -errno : fd;
}

/*
 * A local packet waits in a queue of its CPU, and its answer goes to the end of
 * that queue. So when an echo that is sent now has come back, the answers to
 * earlier packets are here too, and no more will come.
 */
bool kernel_socket_settle(int echo)
{
	static const uint8_t request[8] = { [0] = 8, [2] = 0xf7, [3] = 0xff };
	const struct sockaddr_in self = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd wait = { .fd = echo, .events = POLLIN };
	uint8_t packet[256] = { 0 };

	if (sendto(echo, request, sizeof(request), 0,
		    (const struct sockaddr *)&self, sizeof(self)) < 0)
		return false;
	/* The request comes back as well, before its reply, which is type 0. */
	while (poll(&wait, 1, CONNECT_WAIT_MS) > 0)
		if (recv(echo, packet, sizeof(packet), 0) >= 28 &&
			packet[9] == IPPROTO_ICMP && !packet[20])
			return true;
	return false;
}

struct outcome kernel_socket_connect(const struct kernel_socket *sock,
	const struct op *op, int echo)
{
	union address name;
	socklen_t len = fill(&name, &op->bind.place);
	int error = try_connect(sock->fd, &name, len);

	if (error == EINPROGRESS) {
		struct pollfd wait = { .fd = sock->fd, .events = POLLOUT };
		int ms = kernel_socket_settle(echo) ? 0 : UNPROVEN_WAIT_MS;
		int ready = poll(&wait, 1, ms);

		/* A second call ends what the first began, as if it had
		 * blocked. SO_ERROR would tell the error, too, but leave a
		 * refused socket with the addresses of the attempt. */
		if (ready > 0)
			error = try_connect(sock->fd, &name, len);
		else if (ready < 0)
			return unless_lacking(outcome_error(error));
	}
	return error ? outcome_error(error) : chosen(sock);
}

struct outcome kernel_socket_disconnect(const struct kernel_socket *sock)
{
	const union address none = { .any.sa_family = AF_UNSPEC };

	return result(connect(sock->fd, &none.any, sizeof(none.v4)));
}

struct outcome kernel_socket_shutdown(const struct kernel_socket *sock,
	const struct op *op)
{
	static const int how[] = {
		[SHUT_READ] = SHUT_RD,
		[SHUT_WRITE] = SHUT_WR,
		[SHUT_BOTH] = SHUT_RDWR,
	};

	return result(shutdown(sock->fd, how[op->shutdown.how]));
}
