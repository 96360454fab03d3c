// SPDX-License-Identifier: Apache-2.0
/*
 * conn_option.c - options of sockets, of packet sockets, of KCM
 */
#include "conn_private.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/kcm.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

static ssize_t get(int fd, int level, int name, void *data, size_t size)
{
	socklen_t len = MIN(size, INT_MAX);

	return getsockopt(fd, level, name, data, &len) ? -errno : (ssize_t)len;
}

static int set(int fd, int level, int name, const void *data, size_t size)
{
	if (size > INT_MAX)
		return -EINVAL;
	return conn_result(setsockopt(fd, level, name, data, size));
}

ssize_t conn_get_option(struct conn *conn, int level, int name, void *data,
	size_t size)
{
	struct conn_call call;
	ssize_t rc = conn && (data || !size) ? conn_enter(conn, &call) :
					       -EINVAL;

	if (rc)
		return rc;
	rc = get(conn->fd, level, name, data, size);
	conn_leave(conn, &call);
	return rc;
}

int conn_set_option(struct conn *conn, int level, int name, const void *data,
	size_t size)
{
	RETURN_AT_ONCE(conn, data || !size ?
				     set(conn->fd, level, name, data, size) :
				     -EINVAL);
}

int conn_get_int(struct conn *conn, int level, int name, int *value)
{
	int out = 0;
	ssize_t rc = value ? conn_get_option(conn, level, name, &out,
				     sizeof(out)) :
			     -EINVAL;

	if (rc < 0)
		return rc;
	*value = out;
	return 0;
}

int conn_set_int(struct conn *conn, int level, int name, int value)
{
	return conn_set_option(conn, level, name, &value, sizeof(value));
}

ssize_t conn_get_string(struct conn *conn, int level, int name, char *text,
	size_t size)
{
	char room[256];
	ssize_t rc = text && size ? conn_get_option(conn, level, name, room,
					    sizeof(room) - 1) :
				    -EINVAL;

	if (rc < 0)
		return rc;
	rc = strnlen(room, rc);
	if ((size_t)rc >= size)
		return -ERANGE;
	memcpy(text, room, rc);
	text[rc] = '\0';
	return rc;
}

int conn_set_string(struct conn *conn, int level, int name, const char *text)
{
	return text ? conn_set_option(conn, level, name, text, strlen(text)) :
		      -EINVAL;
}

static int bind_device(int fd, void *arg)
{
	const int *index = arg;
	struct ifreq request = { .ifr_ifindex = *index };

	if (*index && ioctl(fd, SIOCGIFNAME, &request))
		return -errno;
	return set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, index, sizeof(*index));
}

int conn_bind_device(struct conn *conn, int index)
{
	return conn_control(conn, bind_device, &index);
}

int conn_read_buffer(struct conn *conn, int *bytes)
{
	return conn_get_int(conn, SOL_SOCKET, SO_RCVBUF, bytes);
}

int conn_write_buffer(struct conn *conn, int *bytes)
{
	return conn_get_int(conn, SOL_SOCKET, SO_SNDBUF, bytes);
}

/* The option without limit, unless that is not ours to use */
static int set_buffer(struct conn *conn, int force, int name, int bytes)
{
	int rc = bytes < 0 ? -EINVAL :
			     conn_set_int(conn, SOL_SOCKET, force, bytes);

	return rc == -EPERM ? conn_set_int(conn, SOL_SOCKET, name, bytes) : rc;
}

int conn_set_read_buffer(struct conn *conn, int bytes)
{
	return set_buffer(conn, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
}

int conn_set_write_buffer(struct conn *conn, int bytes)
{
	return set_buffer(conn, SO_SNDBUFFORCE, SO_SNDBUF, bytes);
}

int conn_attach_filter(struct conn *conn, const struct sock_filter *filter,
	size_t count)
{
	struct sock_fprog program = { .len = count,
		.filter = (struct sock_filter *)filter };

	if (!filter || !count || count > BPF_MAXINSNS)
		return -EINVAL;
	return conn_set_option(conn, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		sizeof(program));
}

int conn_detach_filter(struct conn *conn)
{
	return conn_set_int(conn, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

int conn_packet_membership(struct conn *conn, bool join, int ifindex, int type,
	const void *addr, size_t len)
{
	struct packet_mreq request = {
		.mr_ifindex = ifindex, .mr_type = type, .mr_alen = len
	};

	if (len > sizeof(request.mr_address) || (len && !addr))
		return -EINVAL;
	if (len)
		memcpy(request.mr_address, addr, len);
	return conn_set_option(conn, SOL_PACKET,
		join ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &request,
		sizeof(request));
}

int conn_packet_stats(struct conn *conn, struct conn_packet_stats *stats)
{
	struct tpacket_stats_v3 out = { 0 };
	ssize_t rc = stats ? conn_get_option(conn, SOL_PACKET,
				     PACKET_STATISTICS, &out, sizeof(out)) :
			     -EINVAL;

	if (rc < 0)
		return rc;
	/* Only version 3 has told of freezes. */
	*stats = (struct conn_packet_stats){ out.tp_packets, out.tp_drops,
		rc == sizeof(out) ? out.tp_freeze_q_cnt : 0 };
	return 0;
}

int conn_kcm_attach(struct conn *conn, int fd, int bpf_fd)
{
	struct kcm_attach attach = { .fd = fd, .bpf_fd = bpf_fd };

	RETURN_AT_ONCE(conn,
		conn_result(ioctl(conn->fd, SIOCKCMATTACH, &attach)));
}

int conn_kcm_unattach(struct conn *conn, int fd)
{
	struct kcm_unattach unattach = { .fd = fd };

	RETURN_AT_ONCE(conn,
		conn_result(ioctl(conn->fd, SIOCKCMUNATTACH, &unattach)));
}

/* The kernel has no flag for it. */
static int clone_fd(int fd)
{
	struct kcm_clone clone = { .fd = -1 };

	if (ioctl(fd, SIOCKCMCLONE, &clone))
		return -errno;
	fcntl(clone.fd, F_SETFD, FD_CLOEXEC);
	return clone.fd;
}

static int clone_of(struct conn *conn)
{
	RETURN_AT_ONCE(conn, clone_fd(conn->fd));
}

int conn_kcm_clone(struct conn *conn, struct conn **clone)
{
	struct conn *new = clone ? conn_new() : NULL;

	if (!new)
		return clone ? -ENOMEM : -EINVAL;
	return conn_wrap(clone_of(conn), true, new, clone);
}
