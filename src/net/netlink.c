// SPDX-License-Identifier: Apache-2.0
/*
 * netlink.c - a libnl socket that keeps the kernel's own errno
 */
#include "netlink.h"

#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "uncancelled.h"

static int keep_error(struct sockaddr_nl *from, struct nlmsgerr *answer,
	void *arg)
{
	struct netlink *nl = arg;

	(void)from;
	nl->error = answer->error;
	return NL_STOP;
}

/* A list that is refused, or breaks off, ends like any other, but with an errno
 * that libnl does not look at. */
static int keep_end(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct netlink *nl = arg;
	int error = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(header), sizeof(error));
	if (error < 0)
		nl->error = error;
	return NL_OK;
}

int netlink_open(struct netlink *nl, int protocol)
{
	UNCANCELLED();

	nl->error = 0;
	nl->sk = nl_socket_alloc();
	if (!nl->sk)
		return -ENOMEM;
	nl_socket_modify_err_cb(nl->sk, NL_CB_CUSTOM, keep_error, nl);
	/* All answers fit, so none is looked at before it is taken. */
	nl_socket_disable_msg_peek(nl->sk);
	nl_socket_modify_cb(nl->sk, NL_CB_FINISH, NL_CB_CUSTOM, keep_end, nl);
	errno = 0;
	if (nl_connect(nl->sk, protocol) < 0) {
		int error = errno ? errno : EIO;

		netlink_close(nl);
		return -error;
	}
	return 0;
}

void netlink_close(struct netlink *nl)
{
	UNCANCELLED();

	nl_socket_free(nl->sk);
	nl->sk = NULL;
}

int netlink_result(struct netlink *nl, int rc)
{
	int error = nl->error;

	nl->error = 0;
	if (error || rc >= 0)
		return error;
	return rc == -NLE_NOMEM ? -ENOMEM : -EIO;
}

uint32_t netlink_number(const struct nlattr *attr, uint32_t other)
{
	switch (attr ? nla_len(attr) : 0) {
	case 1: return nla_get_u8(attr);
	case 2: return nla_get_u16(attr);
	case 4: return nla_get_u32(attr);
	}
	return other;
}
