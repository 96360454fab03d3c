// SPDX-License-Identifier: Apache-2.0
/*
 * bench_world.c - what a fresh world costs
 *
 * "world" makes worlds as the kernel subject does. "bare" makes one by unshare
 * and the netlink messages that it takes, ready in one buffer, and sends them
 * at once. "ip" is what a script would do: iproute2, a process a line.
 */
#include "bench.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"
#include "subjects/kernel_world.h"

static struct kernel_world world;

/* Leave the machine's network, before anything else */
static void begin(const char *argument)
{
	char why[200];

	(void)argument;
	if (!kernel_world_enter(&world, why, sizeof(why)))
		return;
	quote_printf(stderr, "bench: %s\n", why);
	exit(3);
}

static uint64_t run_world(uint64_t count)
{
	char why[200];

	while (count--)
		ASSERT(!kernel_world_renew(&world, why, sizeof(why)));
	return 0;
}

/* Messages, one behind the other */
static struct {
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[4096];
	size_t used;
	unsigned int count;
} buffer;

/* Where it begins is also where it is found again: at() */
static size_t put(const void *data, size_t size)
{
	size_t offset = buffer.used;

	ASSERT(offset + NLMSG_ALIGN(size) <= sizeof(buffer.bytes));
	if (size)
		memcpy(buffer.bytes + offset, data, size);
	buffer.used += NLMSG_ALIGN(size);
	return offset;
}

static void *at(size_t offset)
{
	return buffer.bytes + offset;
}

static size_t begin_message(uint16_t type, uint16_t flags, const void *header,
	size_t size)
{
	const struct nlmsghdr message = { .nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		.nlmsg_seq = ++buffer.count };
	size_t offset = put(&message, sizeof(message));

	put(header, size);
	return offset;
}

static void end_message(size_t offset)
{
	struct nlmsghdr *message = at(offset);

	message->nlmsg_len = buffer.used - offset;
}

/* An attribute; one that others are in is ended by end_attribute() */
static size_t attribute(uint16_t type, const void *data, size_t size)
{
	const struct rtattr head = { .rta_type = type,
		.rta_len = RTA_LENGTH(size) };
	size_t offset = put(&head, sizeof(head));

	put(data, size);
	return offset;
}

static void end_attribute(size_t offset)
{
	struct rtattr *outer = at(offset);

	outer->rta_len = buffer.used - offset;
}

static void put_name(const struct world_device *device)
{
	attribute(IFLA_IFNAME, device->name, strlen(device->name) + 1);
	attribute(IFLA_ADDRESS, device->mac, sizeof(device->mac));
}

static void put_pair(void)
{
	const struct ifinfomsg a = { .ifi_index = WORLD_VETH0 };
	const struct ifinfomsg b = { .ifi_index = WORLD_VETH1 };
	size_t message = begin_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
		&a, sizeof(a));
	size_t info, data, peer;

	put_name(world_device(WORLD_VETH0));
	info = attribute(IFLA_LINKINFO, NULL, 0);
	attribute(IFLA_INFO_KIND, "veth", 4);
	data = attribute(IFLA_INFO_DATA, NULL, 0);
	peer = attribute(VETH_INFO_PEER, NULL, 0);
	put(&b, sizeof(b));
	put_name(world_device(WORLD_VETH1));
	end_attribute(peer);
	end_attribute(data);
	end_attribute(info);
	end_message(message);
}

/* Without an address of its own for its link, unless it is lo */
static void put_up(int index)
{
	const struct ifinfomsg up = {
		.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	size_t message = begin_message(RTM_NEWLINK, 0, &up, sizeof(up));

	if (index != WORLD_LO) {
		size_t spec = attribute(IFLA_AF_SPEC, NULL, 0);
		size_t v6 = attribute(AF_INET6, NULL, 0);

		attribute(IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
		end_attribute(v6);
		end_attribute(spec);
	}
	end_message(message);
}

static void put_addr(const struct world_addr *own)
{
	const struct ifaddrmsg head = { .ifa_index = own->device,
		.ifa_family = own->addr.len == 4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = own->prefix,
		.ifa_flags = IFA_F_NODAD };
	size_t message = begin_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
		&head, sizeof(head));

	attribute(IFA_LOCAL, own->addr.bytes, own->addr.len);
	attribute(IFA_ADDRESS, own->addr.bytes, own->addr.len);
	end_message(message);
}

static void begin_bare(const char *argument)
{
	begin(argument);
	kernel_world_close(&world);
	put_up(WORLD_LO);
	put_pair();
	put_up(WORLD_VETH0);
	put_up(WORLD_VETH1);
	for (int i = 0; i < WORLD_ADDRS; i++)
		if (world_addrs[i].device != WORLD_LO)
			put_addr(&world_addrs[i]);
}

/* Each message was taken, in order */
static unsigned int read_acks(const uint8_t *bytes, ssize_t size)
{
	const struct nlmsghdr *ack = (const void *)bytes;
	unsigned int count = 0;

	for (; NLMSG_OK(ack, size); ack = NLMSG_NEXT(ack, size), count++) {
		ASSERT(ack->nlmsg_type == NLMSG_ERROR);
		ASSERT(!((struct nlmsgerr *)NLMSG_DATA(ack))->error);
	}
	return count;
}

static uint64_t run_bare(uint64_t count)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t acks[4096];

	while (count--) {
		unsigned int left = buffer.count;
		int fd;

		ASSERT(!unshare(CLONE_NEWNET));
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		ASSERT(send(fd, buffer.bytes, buffer.used, 0) ==
			(ssize_t)buffer.used);
		while (left)
			left -= read_acks(acks,
				recv(fd, acks, sizeof(acks), 0));
		close(fd);
	}
	return 0;
}

/* A line of iproute2 to a process */
static void ip(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void ip(const char *format, ...)
{
	char line[160], *words[16] = { "ip" }, *rest = line, *none[] = { NULL };
	int n = 1, status;
	va_list args;
	pid_t pid;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	while ((words[n] = strsep(&rest, " ")))
		n++;
	if (posix_spawnp(&pid, "ip", NULL, NULL, words, none)) {
		fputs("bench: ip is missing: ci/setup test\n", stderr);
		exit(3);
	}
	ASSERT(waitpid(pid, &status, 0) == pid && !status);
}

static uint64_t run_ip(uint64_t count)
{
	static const uint32_t pair[] = { WORLD_VETH0, WORLD_VETH1 };
	char text[ADDR_TEXT_MAX];

	while (count--) {
		ASSERT(!unshare(CLONE_NEWNET));
		ip("link set lo up");
		ip("link add name veth0 index %d type veth peer name veth1 "
		   "index %d",
			WORLD_VETH0, WORLD_VETH1);
		for (size_t i = 0; i < ARRAY_SIZE(pair); i++)
			ip("link set %s addrgenmode none up",
				world_device(pair[i])->name);
		for (int i = 0; i < WORLD_ADDRS; i++) {
			const struct world_addr *own = &world_addrs[i];

			if (own->device != WORLD_LO)
				ip("addr add %s/%d dev %s%s",
					addr_print(&own->addr, text),
					own->prefix,
					world_device(own->device)->name,
					own->addr.len == 4 ? "" : " nodad");
		}
	}
	return 0;
}

static const struct bench benches[] = {
	{ "world", bench_each, begin, run_world },
	{ "bare", bench_each, begin_bare, run_bare },
	{ "ip", bench_each, begin, run_ip },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches));
}
