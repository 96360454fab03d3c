// SPDX-License-Identifier: Apache-2.0
/*
 * why_slot.c - how crowded is the kernel's table of UDP at a port?
 *
 * A bind looks elsewhere if more than ten sockets are in the slot of its port,
 * whatever their ports are. The slot's number is told in /proc; sockets that
 * other networks have there are not.
 */
#include "why_private.h"

#include <netinet/in.h>

/* The one port of a set, or 0 if there are none or more */
static uint16_t only_port(const struct why_ports *ports)
{
	uint16_t found = 0;

	for (unsigned int i = 0; i < WHY_PORTS / 64; i++) {
		uint64_t bits = ports->bits[i];

		if (!bits)
			continue;
		if (found || bits & (bits - 1))
			return 0;
		found = i * 64 + __builtin_ctzll(bits);
	}
	return found;
}

/**
 * struct count - What a pass over the table is for
 * @port:	Find the slot that this one is in, if it is not 0
 * @slot, @sockets: Else count the sockets of this slot
 */
struct count {
	uint16_t port;
	unsigned int slot, sockets;
	bool found;
};

static void look_at_line(const char *line, struct count *count)
{
	unsigned int slot, port;

	if (sscanf(line, " %u: %*[0-9A-Fa-f]:%4x", &slot, &port) != 2)
		return;
	if (count->port && port == count->port) {
		count->slot = slot;
		count->found = true;
	}
	count->sockets += !count->port && slot == count->slot;
}

static void look_at_files(struct count *count)
{
	static const char *const paths[] = { "/proc/thread-self/net/udp",
		"/proc/thread-self/net/udp6" };
	char line[512];

	for (unsigned int i = 0; i < 2; i++) {
		FILE *file = fopen(paths[i], "re");

		while (file && fgets(line, sizeof(line), file))
			look_at_line(line, count);
		if (file)
			fclose(file);
	}
}

void why_look_slot(struct why_situation *situation,
	const struct why_ports *ports)
{
	struct count count = { .port = only_port(ports) };
	bool any = false;

	for (unsigned int i = 0; i < situation->holder_count; i++)
		any |= situation->holders[i].row.protocol == IPPROTO_UDP;
	if (!any || !count.port)
		return;
	look_at_files(&count);
	count.port = 0;
	if (count.found)
		look_at_files(&count);
	situation->udp_slot = count.sockets;
}
