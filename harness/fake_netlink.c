// SPDX-License-Identifier: Apache-2.0
/*
 * fake_netlink.c - what a kernel answers, without any kernel
 *
 * These functions are libnl's and why's own; the linker takes them from here.
 */
#include "fake_netlink.h"

#include <stdlib.h>
#include <string.h>

#include <netlink/handlers.h>
#include <netlink/netlink.h>

#include "util.h"
#include "spec/spec.h"
#include "why/why_private.h"

static const uint8_t *answer, *end;

void fake_netlink_answers(const uint8_t *data, size_t size)
{
	answer = data;
	end = data + size;
}

static size_t next_size(void)
{
	size_t size = end - answer < 2 ? 0 : answer[0] | answer[1] << 8;

	answer += MIN(2, end - answer);
	return MIN(size, (size_t)(end - answer));
}

/* One datagram; 0 bytes would be one that is not there yet */
static int receive(struct nl_sock *sk, struct sockaddr_nl *from,
	unsigned char **buffer, struct ucred **creds)
{
	static const struct nlmsghdr done = { .nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = NLMSG_DONE };
	size_t size = next_size();
	const void *data = size ? (const void *)answer : &done;

	(void)sk;
	(void)creds;
	answer += size;
	size = size ? size : sizeof(done);
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	*buffer = malloc(size);
	ASSERT(*buffer);
	memcpy(*buffer, data, size);
	return size;
}

int nl_connect(struct nl_sock *sk, int protocol)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);

	(void)protocol;
	nl_socket_disable_seq_check(sk);
	nl_cb_overwrite_recv(cb, receive);
	nl_cb_put(cb);
	return 0;
}

int nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	(void)sk;
	(void)msg;
	return 1;
}

int nl_wait_for_ack(struct nl_sock *sk)
{
	(void)sk;
	return 0;
}

void why_look_sysctls(struct why_situation *situation)
{
	situation->version = RULE_VERSION(6, 18, 0);
	situation->low = 40000;
	situation->high = 40003;
	situation->unprivileged = 1024;
}

int why_look_owners(struct why_situation *situation)
{
	(void)situation;
	return 0;
}
