// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_call.c - a call that has failed, and the question that it was
 *
 * The process stands still, and its socket is as it was: a copy of it is asked
 * for its options. Another process of ours then goes to its network, and asks.
 */
#include "cmd_why_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "answer.h"
#include "cmd_why.h"
#include "quote.h"
#include "net/netns.h"
#include "program/text.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/**
 * struct asking - The socket that a call was of
 * @inode:	Its own: for listen, it holds the port itself
 * @process:	The process; the call may be of any of its threads
 * @ns:		The network of the socket, which need not be that of the process
 *		any more, or -1
 * @range:	IP_LOCAL_PORT_RANGE: the lowest port, and the highest << 16
 * @unknown:	Why the call is not explained, or NULL
 * @told:	Its explanation is written there, too, as JSON; or NULL
 */
struct asking {
	const struct options *options;
	const struct cmd_why_call *call;
	struct cmd_why_question question;
	uint32_t inode, range;
	pid_t process;
	int ns;
	const char *unknown;
	FILE *told;
	char command[WHY_COMMAND_MAX];
};

/* The number behind a name in /proc/PID/status */
static void read_status(struct asking *a)
{
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", a->call->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "Tgid:", 5))
			a->process = strtol(line + 5, NULL, 10);
		if (!strncmp(line, "Name:\t", 6))
			snprintf(a->command, sizeof(a->command), "%.*s",
				(int)strcspn(line + 6, "\n"), line + 6);
	}
	if (file)
		fclose(file);
}

/* Is it what the thread has? Old kernels look at its process only. */
static bool is_that(const struct asking *a, int fd)
{
	struct stat here, there;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", a->call->pid,
		(int)a->call->args[0]);
	return !fstat(fd, &here) && !stat(path, &there) &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* A thread can have descriptors of its own, and outlive its process. */
static int copy_of(const struct asking *a)
{
	int thread = syscall(SYS_pidfd_open, a->call->pid, PIDFD_THREAD);
	int fd = -1;

	if (thread < 0)
		thread = syscall(SYS_pidfd_open, a->process, 0);
	if (thread >= 0) {
		fd = syscall(SYS_pidfd_getfd, thread, (int)a->call->args[0], 0);
		close(thread);
	}
	if (fd < 0 || is_that(a, fd))
		return fd;
	close(fd);
	return -1;
}

static int option_of(int fd, int level, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, option, &value, &size) ? 0 : value;
}

/* What only its descriptor tells; false, if it is no socket that we know */
static bool read_socket(int fd, struct asking *a)
{
	struct why_question *q = &a->question.why;
	int protocol = option_of(fd, SOL_SOCKET, SO_PROTOCOL);
	bool v6;
	struct stat st;

	q->family = option_of(fd, SOL_SOCKET, SO_DOMAIN);
	v6 = q->family == AF_INET6;
	q->mptcp = protocol == IPPROTO_MPTCP;
	q->protocol = q->mptcp ? IPPROTO_TCP : protocol;
	if ((q->family != AF_INET && !v6) || fstat(fd, &st) ||
		(q->protocol != IPPROTO_TCP && q->protocol != IPPROTO_UDP)) {
		a->unknown = "only sockets of TCP and UDP are explained";
		return false;
	}
	a->ns = ioctl(fd, SIOCGSKNS);
	q->uid = st.st_uid;
	a->inode = st.st_ino;
	q->reuseaddr = option_of(fd, SOL_SOCKET, SO_REUSEADDR);
	q->reuseport = option_of(fd, SOL_SOCKET, SO_REUSEPORT);
	q->ifindex = option_of(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	q->freebind = option_of(fd, SOL_IP, IP_FREEBIND);
	q->transparent = option_of(fd, SOL_IP, IP_TRANSPARENT);
	q->broadcast = option_of(fd, SOL_SOCKET, SO_BROADCAST);
	a->range = option_of(fd, SOL_IP, IP_LOCAL_PORT_RANGE);
	q->ranged = a->range;
	q->v6only = v6 && option_of(fd, SOL_IPV6, IPV6_V6ONLY);
	return true;
}

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* An address of the socket's own family; false, if it is another's. Bind lets
 * 0.0.0.0 have none. */
static bool take_name(const union name *name, uint8_t family, struct addr *addr,
	uint16_t *port, uint32_t *scope)
{
	bool unsaid = name->any.sa_family == AF_UNSPEC && family == AF_INET &&
		      !name->in.sin_addr.s_addr;

	memset(addr, 0, sizeof(*addr));
	if (name->any.sa_family != family && !unsaid)
		return false;
	if (family == AF_INET) {
		addr->len = 4;
		memcpy(addr->bytes, &name->in.sin_addr, 4);
		*port = ntohs(name->in.sin_port);
		return true;
	}
	addr->len = 16;
	memcpy(addr->bytes, &name->in6.sin6_addr, 16);
	*port = ntohs(name->in6.sin6_port);
	if (why_is_of_link(addr))
		*scope = name->in6.sin6_scope_id;
	return true;
}

/* The argument of the call, from the memory of the process */
static bool read_argument(const struct asking *a, union name *name)
{
	uint64_t size = a->call->args[2];
	struct iovec to = { .iov_base = name, .iov_len = sizeof(*name) };
	struct iovec from = { .iov_len = sizeof(*name) };

	memset(name, 0, sizeof(*name));
	/* It is a pointer there, and a number here. */
	memcpy(&from.iov_base, &a->call->args[1], sizeof(from.iov_base));
	if (size < sizeof(*name))
		from.iov_len = size;
	return process_vm_readv(a->call->pid, &to, 1, &from, 1, 0) > 0;
}

/* Those that the kernel takes; it is an int there. */
static bool has_length(const struct asking *a)
{
	int size = a->call->args[2];
	int least = a->question.why.family == AF_INET ?
			    sizeof(struct sockaddr_in) :
			    offsetof(struct sockaddr_in6, sin6_scope_id);

	return size >= least && size <= (int)sizeof(struct sockaddr_storage);
}

static bool read_places(int fd, struct asking *a)
{
	struct why_question *q = &a->question.why;
	union name own = { 0 }, name;
	socklen_t size = sizeof(own);

	a->unknown = "its address is none of the socket's family";
	if (getsockname(fd, &own.any, &size) ||
		!take_name(&own, q->family, &q->addr, &q->port, &q->scope))
		return false;
	if (a->call->number == SYS_listen && q->protocol == IPPROTO_UDP) {
		a->unknown = "sockets of UDP do not listen";
		return false;
	}
	q->listens = a->call->number == SYS_listen;
	if (a->call->number == SYS_listen)
		return true;
	if (!has_length(a)) {
		a->unknown = "its address has a length that none has";
		return false;
	}
	if (!read_argument(a, &name)) {
		a->unknown = "its address cannot be read";
		return false;
	}
	if (a->call->number == SYS_bind && q->port) {
		a->unknown = "the socket is bound already";
		return false;
	}
	if (a->call->number == SYS_bind)
		return take_name(&name, q->family, &q->addr, &q->port,
			&q->scope);
	q->connects = true;
	return take_name(&name, q->family, &q->peer, &q->peer_port,
		&q->peer_scope);
}

/* A connect can fail for reasons that are the peer's, or the way's. */
static bool is_of_ports(const struct cmd_why_call *call)
{
	return call->number != SYS_connect || call->error == EADDRINUSE ||
	       call->error == EADDRNOTAVAIL || call->error == EAGAIN;
}

static void say_call(const struct asking *a)
{
	fputc('\n', stderr);
	quote_printf(stderr,
		"portclash: %s of descriptor %d by %s (pid %d) failed: %s\n",
		cmd_why_call_name(a->call->number), (int)a->call->args[0],
		a->command, a->process, text_errno(a->call->error));
	if (a->unknown)
		fprintf(stderr, "It is not looked into: %s.\n", a->unknown);
}

/* What has happened does not depend on anything any more. */
static void settle(const struct asking *a, struct why_answer *answer)
{
	if (answer->depends && answer->first.outcome.error != a->call->error &&
		answer->other.outcome.error == a->call->error)
		answer->first = answer->other;
	if (answer->first.outcome.error == a->call->error)
		answer->depends = 0;
}

/* inet_sk_get_local_port_range(): an end that is not in the network's range
 * does not count. */
static void narrow_range(struct why_situation *s, uint32_t range)
{
	uint16_t low = range & UINT16_MAX, high = range >> 16;

	if (s->low <= low && low <= s->high)
		s->low = low;
	if (s->low <= high && high <= s->high)
		s->high = high;
}

static void tell(const struct asking *a, const struct why_situation *situation)
{
	struct json_object *to = answer_new(NULL);

	answer_number(to, "pid", a->process);
	answer_number(to, "fd", (int)a->call->args[0]);
	answer_text(to, "command", a->command);
	answer_flag(to, "explains",
		a->question.answer.first.outcome.error == a->call->error);
	cmd_why_json_question(to, situation, &a->question);
	answer_write(to, a->told);
	fflush(a->told);
}

/* In a process of its own: it goes to the network of the command. */
static int explain(void *arg)
{
	struct asking *a = arg;
	struct why_question *q = &a->question.why;
	struct options go = *a->options;
	char netns[64];
	static struct cmd_why_asked asked;
	static struct why_situation situation;

	go.pid = a->call->pid;
	go.netns = go.from = NULL;
	if (a->ns >= 0) {
		snprintf(netns, sizeof(netns), "/proc/self/fd/%d", a->ns);
		go.netns = netns;
	}
	asked.count = 1;
	asked.questions[0] = a->question;
	cmd_why_look(&go, &asked, &situation);
	/* The socket itself is not in its own way. */
	for (unsigned int i = 0; i < situation.holder_count; i++)
		if (situation.holders[i].row.inode == a->inode)
			situation.holders[i].row.protocol = 0;
	situation.asker = a->process;
	narrow_range(&situation, a->range);
	q->capable = situation.capable;
	if ((q->connects && why_route(&situation, q)) ||
		why_ask(&situation, q, &a->question.answer))
		return EXIT_CANNOT;
	settle(a, &a->question.answer);
	say_call(a);
	cmd_why_say(stderr, &situation, &a->question, a->options->rule);
	if (a->told)
		tell(a, &situation);
	if (a->question.answer.first.outcome.error != a->call->error)
		fputs("\nThis is not why it failed: something else has refused "
		      "it, such as a filter, or it was in the way for a "
		      "moment only.\n",
			stderr);
	return EXIT_AGREED;
}

/* What the other process has told, which the caller frees; NULL: nothing */
static char *told(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	if (!fseek(file, 0, SEEK_SET) && getline(&text, &size, file) >= 0)
		return text;
	free(text);
	return NULL;
}

static void explain_apart(struct asking *a, char **json)
{
	int fd = a->options->json ? memfd_create("why", MFD_CLOEXEC) : -1;

	a->told = fd < 0 ? NULL : fdopen(fd, "w+");
	if (a->options->json && !a->told)
		fprintf(stderr, "portclash: no JSON of what follows: %s\n",
			strerror(errno));
	cmd_in_child(explain, a);
	if (a->told)
		*json = told(a->told);
	if (a->told)
		fclose(a->told);
	else if (fd >= 0)
		close(fd);
}

static void look(struct asking *a)
{
	int fd = copy_of(a);

	a->unknown = "its socket cannot be looked at";
	if (fd < 0)
		return;
	if (read_socket(fd, a) && read_places(fd, a))
		a->unknown = NULL;
	close(fd);
}

bool cmd_why_explain(const struct options *options,
	const struct cmd_why_call *call)
{
	struct asking a;
	char **json;

	/* Without holes: it is compared as bytes. */
	memset(&a, 0, sizeof(a));
	a.options = options;
	a.call = call;
	a.ns = -1;
	if (!is_of_ports(call))
		return false;
	read_status(&a);
	look(&a);
	json = cmd_why_is_new(call, &a.question.why, a.unknown);
	if (json && a.unknown)
		say_call(&a);
	else if (json)
		explain_apart(&a, json);
	if (a.ns >= 0)
		close(a.ns);
	return true;
}
