// SPDX-License-Identifier: Apache-2.0
/*
 * world.c - the network that every kernel-like subject starts in, as tables
 */
#include "world.h"

#include <string.h>

#include "util.h"

const struct world_device world_devices[WORLD_DEVICES] = {
	{ WORLD_NO_DEVICE, "", { 0 } },
	{ WORLD_LO, "lo", { 0 } },
	{ WORLD_VETH0, "veth0", { 2, 0, 0, 0, 0, WORLD_VETH0 } },
	{ WORLD_VETH1, "veth1", { 2, 0, 0, 0, 0, WORLD_VETH1 } },
	{ WORLD_MISSING, "missing", { 0 } },
};

/* In the order in which they are added. Each prefix is whole bytes. */
const struct world_addr world_addrs[WORLD_ADDRS] = {
	{ WORLD_LO, { 4, { 127, 0, 0, 1 } }, 8, false },
	{ WORLD_LO, { 16, { [15] = 1 } }, 128, false },
	{ WORLD_VETH0, { 4, { 10, 0, 0, 1 } }, 24, false },
	{ WORLD_VETH1, { 4, { 10, 0, 0, 2 } }, 24, false },
	{ WORLD_VETH0, { 16, { 0xfe, 0x80, [15] = 2 } }, 64, true },
	{ WORLD_VETH0, { 16, { 0xfd, [15] = 1 } }, 64, false },
	{ WORLD_VETH1, { 16, { 0xfd, [15] = 2 } }, 64, false },
};

#define NET "/proc/sys/net/"
const struct world_sysctl world_sysctls[SYSCTLS] = {
	[SYSCTL_PORT_RANGE] = { "ip_local_port_range",
		NET "ipv4/ip_local_port_range", WORLD_RANGE_FIRST,
		WORLD_RANGE_LAST },
	[SYSCTL_RESERVED_PORTS] = { "ip_local_reserved_ports",
		NET "ipv4/ip_local_reserved_ports", 0, 0 },
	[SYSCTL_AUTOBIND_REUSE] = { "ip_autobind_reuse",
		NET "ipv4/ip_autobind_reuse", 0, 0 },
	[SYSCTL_UNPRIVILEGED_START] = { "ip_unprivileged_port_start",
		NET "ipv4/ip_unprivileged_port_start", WORLD_UNPRIVILEGED, 0 },
	[SYSCTL_NONLOCAL4] = { "ip_nonlocal_bind", NET "ipv4/ip_nonlocal_bind",
		0, 0 },
	[SYSCTL_NONLOCAL6] = { "ipv6_nonlocal_bind",
		NET "ipv6/ip_nonlocal_bind", 0, 0 },
	[SYSCTL_BINDV6ONLY] = { "bindv6only", NET "ipv6/bindv6only", 0, 0 },
};

const struct world_device *world_device(uint32_t index)
{
	for (int i = 0; i < WORLD_DEVICES; i++)
		if (world_devices[i].index == index)
			return &world_devices[i];
	return world_device(WORLD_MISSING);
}

const struct world_device *world_device_named(const char *name)
{
	for (int i = 0; i < WORLD_DEVICES; i++)
		if (!strcmp(world_devices[i].name, name))
			return &world_devices[i];
	return NULL;
}

bool world_has_device(uint32_t index)
{
	return index != WORLD_NO_DEVICE && index != WORLD_MISSING &&
	       world_device(index)->index == index;
}

static bool begins_as(const struct addr *addr, const struct addr *own,
	unsigned int bits)
{
	return addr->len == own->len &&
	       !memcmp(addr->bytes, own->bytes, bits / 8);
}

uint32_t world_owner(const struct addr *addr)
{
	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct world_addr *own = &world_addrs[i];

		if (begins_as(addr, &own->addr,
			    own->device == WORLD_LO ? own->prefix :
						      8 * own->addr.len))
			return own->device;
	}
	return WORLD_NO_DEVICE;
}

bool world_is_on_link(const struct addr *addr, uint32_t device)
{
	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct world_addr *own = &world_addrs[i];

		if ((!device || own->device == device) &&
			begins_as(addr, &own->addr, own->prefix))
			return true;
	}
	return false;
}

bool world_is_broadcast(const struct addr *addr)
{
	static const uint8_t ones[4] = { 255, 255, 255, 255 };

	if (addr->len != 4 || addr->bytes[3] != 255)
		return false;
	for (int i = 0; i < WORLD_ADDRS; i++) {
		const struct world_addr *own = &world_addrs[i];
		unsigned int net = own->prefix / 8;

		if (begins_as(addr, &own->addr, own->prefix) &&
			!memcmp(addr->bytes + net, ones, 4 - net))
			return true;
	}
	return !memcmp(addr->bytes, ones, 4);
}

const struct world_addr *world_addr_of(uint32_t device, unsigned int len,
	bool link_local)
{
	const struct world_addr *own = world_addrs;

	while (own->device != device || own->addr.len != len ||
		own->link_local != link_local) {
		own++;
		ASSERT(own < world_addrs + WORLD_ADDRS);
	}
	return own;
}
