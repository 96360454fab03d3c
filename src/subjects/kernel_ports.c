// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_ports.c - the ports that a program had to do with, and are they free?
 */
#include "kernel_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A range of so many ports is not noted */
enum { RANGE_MAX = 64 };

/* How often, and how long each time, a port that is taken is waited for */
enum { ROUNDS_MAX = 100, ROUND_WAIT_NS = 200000 };

static void add(struct kernel_ports *ports, uint32_t low, uint32_t high)
{
	if (!low || high < low || high - low >= RANGE_MAX ||
		ports->count > KERNEL_PORTS_MAX)
		return;
	for (unsigned int i = 0; i < ports->count; i++)
		if (ports->spans[i].low <= low && high <= ports->spans[i].high)
			return;
	if (ports->count < KERNEL_PORTS_MAX) {
		ports->spans[ports->count].low = low;
		ports->spans[ports->count].high = high;
	}
	ports->count++;
}

void kernel_ports_note(struct kernel_ports *ports, const struct op *op,
	const struct outcome *out)
{
	if (op->kind == OP_BIND || op->kind == OP_CONNECT)
		add(ports, op->bind.place.port, op->bind.place.port);
	if (op->kind == OP_SYSCTL && op->sysctl.key == SYSCTL_PORT_RANGE)
		add(ports, op->sysctl.value, op->sysctl.high);
	if (op->kind == OP_SET && op->set.option == OPT_PORT_RANGE)
		add(ports, op->set.value, op->set.high);
	if (out->value == VALUE_NUMBER)
		add(ports, out->a, out->a);
}

static bool can_bind(bool v6, int type, uint16_t port)
{
	const union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { .v6 = {
			 .sin6_family = v6 ? AF_INET6 : AF_INET,
			 .sin6_port = htons(port),
		 } };
	int fd = socket(at.any.sa_family, type | SOCK_CLOEXEC, 0);
	bool can = fd >= 0 &&
		   !bind(fd, &at.any, v6 ? sizeof(at.v6) : sizeof(at.v4));

	if (fd >= 0)
		close(fd);
	return can;
}

bool kernel_ports_are_free(const struct kernel_ports *ports, bool v6)
{
	const struct timespec wait = { .tv_nsec = ROUND_WAIT_NS };
	int round = 0;

	if (ports->count > KERNEL_PORTS_MAX)
		return false;
	for (unsigned int i = 0; i < ports->count; i++)
		for (uint32_t port = ports->spans[i].low;
			port <= ports->spans[i].high; port++)
			while (!can_bind(v6, SOCK_STREAM, port) ||
				!can_bind(v6, SOCK_DGRAM, port)) {
				if (round++ == ROUNDS_MAX)
					return false;
				nanosleep(&wait, NULL);
			}
	return true;
}
