// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag.c - which sockets there are, and how to be rid of them
 */
#include "sockdiag.h"

#include <errno.h>
#include <stdlib.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/sock_diag.h>

#include "netlink.h"
#include "util.h"

/* The kernel fills at most this much at a time */
enum { ANSWER_SIZE_MAX = 32768 };

/**
 * struct sockdiag - A netlink socket and the walk that is going on
 * @count:	Rows so far
 * @end:	The errno that the end of the list came with
 */
struct sockdiag {
	struct netlink nl;
	sockdiag_fn *fn;
	void *arg;
	int count, end;
};

static int on_row(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct sockdiag *diag = arg;

	if (nlmsg_valid_hdr(header, sizeof(struct inet_diag_msg))) {
		diag->count++;
		diag->fn(nlmsg_data(header), diag->arg);
	}
	return NL_OK;
}

/* The kernel refuses a walk only at its end, which libnl does not look at. */
static int on_end(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct sockdiag *diag = arg;

	if (nlmsg_valid_hdr(header, sizeof(int)))
		diag->end = *(int *)nlmsg_data(header);
	return NL_OK;
}

int sockdiag_open(struct sockdiag **diag)
{
	struct sockdiag *out = calloc(1, sizeof(*out));
	int rc;

	if (!out)
		return -ENOMEM;
	rc = netlink_open(&out->nl, NETLINK_SOCK_DIAG);
	if (rc) {
		free(out);
		return rc;
	}
	nl_socket_modify_cb(out->nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_row,
		out);
	nl_socket_modify_cb(out->nl.sk, NL_CB_FINISH, NL_CB_CUSTOM, on_end,
		out);
	/* A buffer that is large enough saves a second call each time. */
	nl_socket_set_msg_buf_size(out->nl.sk, ANSWER_SIZE_MAX);
	nl_socket_disable_msg_peek(out->nl.sk);
	*diag = out;
	return 0;
}

void sockdiag_close(struct sockdiag *diag)
{
	if (!diag)
		return;
	netlink_close(&diag->nl);
	free(diag);
}

static struct nl_msg *request(int type, int flags,
	const struct inet_diag_req_v2 *req)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)req, sizeof(*req), 0) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int sockdiag_each(struct sockdiag *diag, uint8_t protocol, uint8_t family,
	uint32_t states, sockdiag_fn *fn, void *arg)
{
	const struct inet_diag_req_v2 req = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states,
	};
	struct nl_msg *msg = request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req);
	int rc;

	if (!msg)
		return -ENOMEM;
	diag->fn = fn;
	diag->arg = arg;
	diag->count = diag->end = 0;
	rc = nl_send_auto(diag->nl.sk, msg);
	nlmsg_free(msg);
	if (rc >= 0)
		rc = nl_recvmsgs_default(diag->nl.sk);
	rc = netlink_result(&diag->nl, rc);
	if (!rc)
		rc = MIN(diag->end, 0);
	return rc ? rc : diag->count;
}

int sockdiag_destroy(struct sockdiag *diag, uint8_t protocol,
	const struct inet_diag_msg *row)
{
	const struct inet_diag_req_v2 req = {
		.sdiag_family = row->idiag_family,
		.sdiag_protocol = protocol,
		.idiag_states = UINT32_MAX,
		.id = row->id,
	};
	struct nl_msg *msg = request(SOCK_DESTROY, 0, &req);

	if (!msg)
		return -ENOMEM;
	return netlink_result(&diag->nl, nl_send_sync(diag->nl.sk, msg));
}
