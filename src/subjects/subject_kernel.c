// SPDX-License-Identifier: Apache-2.0
/*
 * subject_kernel.c - the kernel we run on
 *
 * kernel_socket.h says how an op on a socket is done. kernel_world.h says in
 * which world, and how programs are kept from feeling each other. This file has
 * the state of the process: its sockets, its uid, and what it has to undo.
 */
#include "subject.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "fence.h"
#include "kernel_ports.h"
#include "kernel_socket.h"
#include "kernel_sysctl.h"
#include "kernel_world.h"
#include "process.h"
#include "util.h"
#include "world.h"

/* A uid that is not ours, to see whether there is more than one */
enum { PROBE_UID = 7 };

/* How long a FIN may be on its way where there is no echo (kernel_socket.h) */
enum { SETTLE_US = 5000 };

/**
 * struct kernel - State of the subject
 * @open:	Bits of @sockets that are open
 * @sysctls:	Bits of the sysctls that were written
 * @connected:	Something may outlive its descriptor: TCP tried to connect
 * @mptcp:	The same, and it is MPTCP, part of which closes later
 * @stale:	The world may have changed in a way that cannot be undone
 * @ports:	What the program had to do with, where the world cannot be made
 *		anew
 * @demoted:	The effective uid is not root's
 * @powers:	Effective capabilities, as they must be between programs
 * @death:	Signal for the death of the parent; a change of uid clears it
 */
struct kernel {
	struct kernel_world world;
	struct kernel_socket sockets[PROGRAM_SOCKETS_MAX];
	uint16_t open;
	uint16_t sysctls;
	bool connected, mptcp, stale, demoted;
	struct kernel_ports ports;
	uint32_t powers[_LINUX_CAPABILITY_U32S_3];
	int death;
};

static int read_powers(uint32_t *powers)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		powers[i] = data[i].effective;
	return 0;
}

static int lost(struct subject *subject, int rc)
{
	if (rc)
		snprintf(subject->why, sizeof(subject->why),
			"cannot have the privileges back: %s", strerror(-rc));
	return rc;
}

/* Become root again. The real uid is still root's, so this works whatever the
 * effective one is, and all capabilities return. */
static int promote(struct kernel *kernel)
{
	uint32_t powers[_LINUX_CAPABILITY_U32S_3];
	int rc;

	if (!kernel->demoted)
		return 0;
	if (seteuid(0))
		return -errno;
	kernel->demoted = false;
	prctl(PR_SET_PDEATHSIG, kernel->death);
	rc = read_powers(powers);
	if (!rc && memcmp(powers, kernel->powers, sizeof(powers)))
		rc = -EPERM;
	return rc;
}

/* Change from root to another uid; returns an errno, as the outcome */
static int demote(struct kernel *kernel, uint32_t uid)
{
	if (seteuid(uid))
		return errno;
	kernel->demoted = uid;
	prctl(PR_SET_PDEATHSIG, kernel->death);
	return 0;
}

/* Is there another uid to change to, and the way back? 1 or 0, or a negative
 * errno */
static int have_uids(struct kernel *kernel)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error, rc;

	if (fd < 0)
		return process_lacks(errno) ? -errno : 0;
	error = getuid() || geteuid()	  ? EPERM :
		fchown(fd, PROBE_UID, -1) ? errno :
					    demote(kernel, PROBE_UID);
	close(fd);
	rc = promote(kernel);
	if (!rc && process_lacks(error))
		rc = -error;
	return rc ? rc : !error;
}

static void kernel_close(struct subject *subject)
{
	struct kernel *kernel = subject->state;

	kernel_world_close(&kernel->world);
	free(kernel);
	subject->state = NULL;
}

static int kernel_open(struct subject *subject, const char *argument)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int rc, uids = 0;

	(void)argument;
	if (!kernel) {
		snprintf(subject->why, sizeof(subject->why), "no memory");
		return -ENOMEM;
	}
	subject->state = kernel;
	prctl(PR_GET_PDEATHSIG, &kernel->death);
	rc = kernel_world_enter(&kernel->world, subject->why,
		sizeof(subject->why));
	if (!rc && (rc = read_powers(kernel->powers)))
		snprintf(subject->why, sizeof(subject->why),
			"cannot read capabilities: %s", strerror(-rc));
	if (!rc && !kernel->world.types) {
		snprintf(subject->why, sizeof(subject->why),
			"no socket of any type can be made");
		rc = -ENOTSUP;
	}
	if (!rc && (uids = have_uids(kernel)) < 0) {
		snprintf(subject->why, sizeof(subject->why),
			"cannot learn which uids there are: %s",
			strerror(-uids));
		rc = uids;
	}
	if (rc) {
		kernel_close(subject);
		return rc;
	}
	/* To enter a new user namespace is a change of uid, too. */
	prctl(PR_SET_PDEATHSIG, kernel->death);
	subject->can = (struct capabilities){
		.ops = (1u << (OP_REPEAT + 1)) - 1,
		.options = (1u << OPTIONS) - 1,
		.sysctls = kernel->world.sysctls.can,
		.types = kernel->world.types,
		.devices = kernel->world.devices,
		.uids = uids,
	};
	return 0;
}

/* A sandbox is a fence already. */
static int kernel_confine(struct subject *subject)
{
	const struct kernel *kernel = subject->state;

	return kernel->world.stays ? 0 : fence_up();
}

static int kernel_begin(struct subject *subject)
{
	struct kernel *kernel = subject->state;

	ASSERT(!kernel->open);
	ASSERT(!kernel->sysctls);
	/* It may have failed behind the program before. */
	if (!subject->spent)
		return lost(subject, promote(kernel));
	snprintf(subject->why, sizeof(subject->why),
		"this network cannot be cleaned: each such program needs "
		"another sandbox");
	return -ESTALE;
}

static void close_all(struct kernel *kernel)
{
	for (unsigned int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		if (!(kernel->open & 1u << i))
			continue;
		if (kernel->connected)
			kernel_socket_reset(&kernel->sockets[i]);
		else
			close(kernel->sockets[i].fd);
	}
	kernel->open = 0;
}

/* Behind a program: a world that may have something of it left is given up. */
static int clean(struct subject *subject, bool stale)
{
	struct kernel *kernel = subject->state;
	struct kernel_world *world = &kernel->world;

	if (kernel->connected && !stale && world->diag)
		stale = kernel_world_clean(world, kernel->mptcp);
	if (world->stays && !world->diag)
		stale |= !kernel_ports_are_free(&kernel->ports, world->v6);
	if (world->stays) {
		subject->spent = stale;
		return 0;
	}
	/* Without sock_diag nobody can say that nothing is left. */
	return stale || !world->diag ? kernel_world_renew(world, subject->why,
					       sizeof(subject->why)) :
				       0;
}

static int kernel_end(struct subject *subject)
{
	struct kernel *kernel = subject->state;
	bool stale = kernel->stale;
	int rc = lost(subject, promote(kernel));

	close_all(kernel);
	if (kernel->sysctls)
		stale |= kernel_sysctl_restore(&kernel->world.sysctls,
			kernel->sysctls);
	if (!rc)
		rc = clean(subject, stale);
	kernel->sysctls = 0;
	kernel->ports.count = 0;
	kernel->connected = kernel->mptcp = kernel->stale = false;
	return rc;
}

static int step_connect(struct kernel *kernel, const struct op *op,
	struct outcome *out)
{
	const struct kernel_socket *sock = &kernel->sockets[op->sock];

	*out = kernel_socket_connect(sock, op, kernel->world.echo);
	/* This holds even if the connect failed. After a shutdown that failed
	 * too, a connect to itself is aborted, and leaves TIME_WAIT. */
	kernel->connected |= !type_is_udp(sock->type);
	kernel->mptcp |= kernel_socket_is_mptcp(sock);
	/* If nothing answers, the neighbour may be missing, and the kernel has
	 * now an entry about it. */
	kernel->stale |= out->error == EINPROGRESS;
	return 0;
}

static int step_euid(struct kernel *kernel, const struct op *op,
	struct outcome *out)
{
	int rc = promote(kernel);

	if (!rc)
		*out = outcome_error(demote(kernel, op->euid.uid));
	return rc;
}

static int step_sysctl(struct kernel *kernel, const struct op *op,
	struct outcome *out)
{
	*out = outcome_error(kernel_sysctl_set(op->sysctl.key, op->sysctl.value,
		op->sysctl.high));
	kernel->sysctls |= 1u << op->sysctl.key;
	return 0;
}

/* The op with the numbers that devices have here, if they are others */
static const struct op *local_op(const struct kernel *kernel,
	const struct op *op, struct op *local)
{
	if ((op->kind != OP_BIND && op->kind != OP_CONNECT) ||
		!op->bind.place.scope)
		return op;
	*local = *op;
	local->bind.place.scope = kernel_world_scope(&kernel->world,
		op->bind.place.scope);
	return local;
}

/* For socket and accept: the slot is in use iff the outcome is ok. */
static struct kernel_socket *fresh(struct kernel *kernel, unsigned int slot)
{
	ASSERT(slot < PROGRAM_SOCKETS_MAX);
	ASSERT(!(kernel->open & 1u << slot));
	return &kernel->sockets[slot];
}

static int opened(struct kernel *kernel, unsigned int slot, int rc,
	const struct outcome *out)
{
	if (!rc && out->kind == OUTCOME_OK)
		kernel->open |= 1u << slot;
	return rc;
}

static int step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct kernel *kernel = subject->state;
	struct kernel_socket *sock = &kernel->sockets[op->sock];
	unsigned int slot;

	(void)leader;
	ASSERT(!op_has_socket(op) || kernel->open & 1u << op->sock);
	switch (op->kind) {
	case OP_SOCKET:
		slot = op->sock;
		return opened(kernel, slot,
			kernel_socket_open(fresh(kernel, slot), op->socket.type,
				op->socket.uid, out),
			out);
	case OP_ACCEPT:
		slot = op->accept.sock;
		return opened(kernel, slot,
			kernel_socket_accept(sock, fresh(kernel, slot),
				kernel->world.echo, out),
			out);
	case OP_SET: *out = kernel_socket_set(sock, op); return 0;
	case OP_GET: *out = kernel_socket_get(sock, op); return 0;
	case OP_BIND: *out = kernel_socket_bind(sock, op); return 0;
	case OP_LISTEN: *out = kernel_socket_listen(sock, op); return 0;
	case OP_CONNECT: return step_connect(kernel, op, out);
	case OP_DISCONNECT: *out = kernel_socket_disconnect(sock); return 0;
	case OP_SHUTDOWN: *out = kernel_socket_shutdown(sock, op); return 0;
	case OP_CLOSE:
		close(sock->fd);
		kernel->open &= ~(1u << op->sock);
		*out = outcome_ok();
		return 0;
	case OP_EUID: return step_euid(kernel, op, out);
	case OP_SYSCTL: return step_sysctl(kernel, op, out);
	}
	ASSERT(!"an op on sockets");
	return -EINVAL;
}

static int kernel_step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	struct kernel *kernel = subject->state;
	struct op local;
	int rc = step(subject, local_op(kernel, op, &local), leader, out);

	if (kernel->world.stays)
		kernel_ports_note(&kernel->ports, op, out);

	/* What we ourselves lack is no outcome of the kernel's. */
	if (!rc && (out->error == EMFILE || out->error == ENFILE ||
			   out->error == ENOMEM))
		rc = -out->error;
	/* A busy kernel hands the packets of a FIN to a thread of its own. */
	if (kernel->connected &&
		(op->kind == OP_CLOSE || op->kind == OP_SHUTDOWN) &&
		!kernel_socket_settle(kernel->world.echo))
		usleep(SETTLE_US);
	return rc;
}

const struct subject_type subject_kernel = {
	.name = "linux",
	.kernel = true,
	.open = kernel_open,
	.close = kernel_close,
	.begin = kernel_begin,
	.step = kernel_step,
	.end = kernel_end,
	.confine = kernel_confine,
};
