// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag.c - which sockets there are, and how to be rid of them
 *
 * In the kernel's words a socket is named by its source, which is the local
 * end, and its destination. Only a look-up of UDP is different: it names the
 * source and the destination of a packet to the socket.
 */
#include "sockdiag.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "netlink.h"
#include "uncancelled.h"

/* The kernel fills at most this much at a time */
enum { ANSWER_SIZE_MAX = 32768 };

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* The timer of what is no whole socket any more */
enum { TIMER_TIME_WAIT = 3 };

/**
 * struct sockdiag - A netlink socket and the walk that is going on
 * @protocol:	The one that was asked for; answers do not tell it
 * @count:	Rows so far
 * @ended:	What @fn has ended it with, or 0
 */
struct sockdiag {
	struct netlink nl;
	sockdiag_fn *fn;
	void *arg;
	uint8_t protocol;
	int count, ended;
};

static struct addr addr_of(uint8_t family, const void *bytes)
{
	struct addr out = { .len = family == AF_INET ? 4 : 16 };

	memcpy(out.bytes, bytes, out.len);
	return out;
}

static struct sockdiag_row row_of(struct nlmsghdr *header, uint8_t protocol)
{
	const struct inet_diag_msg *m = nlmsg_data(header);
	struct nlattr *v6only = nlmsg_find_attr(header, sizeof(*m),
		INET_DIAG_SKV6ONLY);

	return (struct sockdiag_row){
		.protocol = protocol,
		.family = m->idiag_family,
		.state = m->idiag_state,
		.v6only = netlink_number(v6only, 0),
		.mini = m->idiag_timer == TIMER_TIME_WAIT,
		.left_ms = m->idiag_timer == TIMER_TIME_WAIT ?
				   m->idiag_expires :
				   0,
		.port = ntohs(m->id.idiag_sport),
		.peer_port = ntohs(m->id.idiag_dport),
		.addr = addr_of(m->idiag_family, m->id.idiag_src),
		.peer = addr_of(m->idiag_family, m->id.idiag_dst),
		.ifindex = m->id.idiag_if,
		.uid = m->idiag_uid,
		.inode = m->idiag_inode,
		.backlog = m->idiag_state == SOCKDIAG_LISTEN ? m->idiag_wqueue :
							       0,
		.cookie = (uint64_t)m->id.idiag_cookie[1] << 32 |
			  m->id.idiag_cookie[0],
	};
}

/* The same ends, as a packet to the socket has them */
static struct inet_diag_sockid swapped(const struct inet_diag_sockid *id)
{
	struct inet_diag_sockid out = *id;

	out.idiag_sport = id->idiag_dport;
	out.idiag_dport = id->idiag_sport;
	memcpy(out.idiag_src, id->idiag_dst, sizeof(out.idiag_src));
	memcpy(out.idiag_dst, id->idiag_src, sizeof(out.idiag_dst));
	return out;
}

/* A request about one socket; without a cookie, any with these ends will do */
static struct inet_diag_req_v2 request_of(const struct sockdiag_row *row)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = row->family,
		.sdiag_protocol = row->protocol,
		.idiag_states = SOCKDIAG_ALL,
		.id = {
			.idiag_sport = htons(row->port),
			.idiag_dport = htons(row->peer_port),
			.idiag_if = row->ifindex,
			.idiag_cookie = { row->cookie, row->cookie >> 32 },
		},
	};

	memcpy(req.id.idiag_src, row->addr.bytes, sizeof(req.id.idiag_src));
	memcpy(req.id.idiag_dst, row->peer.bytes, sizeof(req.id.idiag_dst));
	if (!row->cookie)
		req.id.idiag_cookie[0] = req.id.idiag_cookie[1] =
			INET_DIAG_NOCOOKIE;
	return req;
}

static int on_row(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct sockdiag *diag = arg;

	/* What is left of the answer must be taken all the same. */
	if (!diag->ended &&
		nlmsg_valid_hdr(header, sizeof(struct inet_diag_msg))) {
		struct sockdiag_row row = row_of(header, diag->protocol);

		diag->count++;
		diag->ended = diag->fn(&row, diag->arg);
	}
	return NL_OK;
}

int sockdiag_open(struct sockdiag **diag)
{
	struct sockdiag *out = diag ? calloc(1, sizeof(*out)) : NULL;
	int rc;

	if (!diag)
		return -EINVAL;
	if (!out)
		return -ENOMEM;
	rc = netlink_open(&out->nl, NETLINK_SOCK_DIAG);
	if (rc) {
		free(out);
		return rc;
	}
	nl_socket_modify_cb(out->nl.sk, NL_CB_VALID, NL_CB_CUSTOM, on_row, out);
	nl_socket_set_msg_buf_size(out->nl.sk, ANSWER_SIZE_MAX);
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

/* A protocol with a large number is an attribute. */
static bool is_complete(struct nl_msg *msg, const struct inet_diag_req_v2 *req)
{
	const uint32_t mptcp = IPPROTO_MPTCP;

	return !nlmsg_append(msg, (void *)req, sizeof(*req), 0) &&
	       (req->sdiag_protocol != SOCKDIAG_MPTCP ||
		       !nla_put(msg, INET_DIAG_REQ_PROTOCOL, sizeof(mptcp),
			       &mptcp));
}

static struct nl_msg *request(int type, int flags,
	const struct inet_diag_req_v2 *req)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && !is_complete(msg, req)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* Send a request, take the answers, and free @msg, which may be NULL */
static int ask(struct sockdiag *diag, struct nl_msg *msg, uint8_t protocol,
	sockdiag_fn *fn, void *arg)
{
	UNCANCELLED();
	int rc;

	if (!msg)
		return -ENOMEM;
	diag->fn = fn;
	diag->arg = arg;
	diag->protocol = protocol;
	diag->count = diag->ended = 0;
	rc = nl_send_auto(diag->nl.sk, msg);
	nlmsg_free(msg);
	if (rc >= 0)
		rc = nl_recvmsgs_default(diag->nl.sk);
	return netlink_result(&diag->nl, rc);
}

int sockdiag_each(struct sockdiag *diag, uint8_t protocol, uint8_t family,
	uint32_t states, sockdiag_fn *fn, void *arg)
{
	const struct inet_diag_req_v2 req = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states,
	};
	int rc;

	if (!diag || !fn)
		return -EINVAL;
	rc = ask(diag, request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req), protocol,
		fn, arg);
	return rc ? rc : diag->ended ? diag->ended : diag->count;
}

static int keep(const struct sockdiag_row *row, void *arg)
{
	*(struct sockdiag_row *)arg = *row;
	return 0;
}

int sockdiag_find(struct sockdiag *diag, struct sockdiag_row *row)
{
	UNCANCELLED();
	struct sockdiag_row any;
	struct inet_diag_req_v2 req;
	int rc;

	if (!diag || !row)
		return -EINVAL;
	any = *row;
	any.cookie = 0;
	req = request_of(&any);
	if (row->protocol == IPPROTO_UDP)
		req.id = swapped(&req.id);
	rc = ask(diag, request(SOCK_DIAG_BY_FAMILY, 0, &req), row->protocol,
		keep, row);
	/* After the answer comes an acknowledgement, which would otherwise be
	 * taken for that of the next question. */
	if (!rc)
		rc = netlink_result(&diag->nl, nl_wait_for_ack(diag->nl.sk));
	return rc ? rc : diag->count ? 0 : -ENOENT;
}

int sockdiag_destroy(struct sockdiag *diag, const struct sockdiag_row *row)
{
	UNCANCELLED();
	struct inet_diag_req_v2 req;
	struct nl_msg *msg;

	if (!diag || !row)
		return -EINVAL;
	req = request_of(row);
	msg = request(SOCK_DESTROY, 0, &req);
	if (!msg)
		return -ENOMEM;
	return netlink_result(&diag->nl, nl_send_sync(diag->nl.sk, msg));
}
