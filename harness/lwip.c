// SPDX-License-Identifier: Apache-2.0
/*
 * lwip.c - an agent around lwIP: how to test a stack of your own
 *
 * All there is to do: a function that does one op, a list of what it can, and
 * agent_serve(). Each program has a stack of its own, in a process of its own,
 * so the next one finds nothing of it. Its one device has loopback's addresses
 * and the world's (src/world.h). Debian's liblwip-dev has no SO_REUSEPORT.
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lwip/sockets.h>
#include <lwip/tcpip.h>

#include "process.h"
#include "world.h"
#include "subjects/agent.h"

/* How long an op may compute, and how long it may take */
enum { COMPUTES_MAX_US = 50 * 1000, TAKES_MAX_SECONDS = 2 };

/* Calls to the stack's thread, after which nothing is on its way any more */
enum { SETTLE_CALLS = 16 };

static int fds[PROGRAM_SOCKETS_MAX];
static bool explicit[PROGRAM_SOCKETS_MAX];

static void passed(void *sem)
{
	sem_post(sem);
}

/*
 * Packets are calls, which wait for the stack's thread in one queue with ours.
 * So it is not the clock that says when the last answer has come.
 */
static void settle(void)
{
	sem_t sem;

	sem_init(&sem, 0, 0);
	for (int i = 0; i < SETTLE_CALLS; i++) {
		tcpip_callback(passed, &sem);
		sem_wait(&sem);
	}
	sem_destroy(&sem);
}

/* An op that does not end is one that computes for ever, or waits for ever. */
static void limit(void)
{
	struct itimerval computes = { 0 };

	computes.it_value.tv_usec = COMPUTES_MAX_US;
	setitimer(ITIMER_PROF, &computes, NULL);
	alarm(TAKES_MAX_SECONDS);
}

static struct outcome result(int rc)
{
	return rc < 0 ? outcome_error(errno) : outcome_ok();
}

static socklen_t fill(struct sockaddr_storage *at, const struct op *op)
{
	const struct place *place = &op->bind.place;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)at;
	struct sockaddr_in *sin = (struct sockaddr_in *)at;
	bool v6 = place->addr.len == 16;

	memset(at, 0, sizeof(*at));
	at->ss_family = v6 ? AF_INET6 : AF_INET;
	sin->sin_port = htons(place->port);
	memcpy(v6 ? (void *)&sin6->sin6_addr : &sin->sin_addr,
		place->addr.bytes, place->addr.len);
	if (v6)
		sin6->sin6_scope_id = place->scope;
	if (op->kind == OP_BIND && op->bind.family != FAMILY_NATURAL)
		at->ss_family = op->bind.family;
	if (op->kind == OP_BIND && op->bind.len != LEN_NATURAL)
		return op->bind.len;
	return v6 ? sizeof(*sin6) : sizeof(*sin);
}

static struct outcome get_name(int sock)
{
	struct outcome out = { .value = VALUE_PLACE };
	struct sockaddr_storage at = { 0 };
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&at;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&at;
	socklen_t len = sizeof(at);

	if (lwip_getsockname(fds[sock], (struct sockaddr *)&at, &len))
		return outcome_error(errno);
	out.a = ntohs(sin->sin_port);
	out.addr.len = at.ss_family == AF_INET ? 4 : 16;
	memcpy(out.addr.bytes,
		out.addr.len == 4 ? (const void *)&sin->sin_addr :
				    &sin6->sin6_addr,
		out.addr.len);
	return out;
}

/* Fine, and which port it is, if the stack has chosen it */
static struct outcome chosen(int sock, int rc)
{
	struct outcome name = rc < 0 ? outcome_error(errno) : get_name(sock);

	if (name.kind != OUTCOME_OK)
		return name;
	return explicit[sock] ? outcome_ok() : outcome_number(name.a);
}

static int dial(int fd, const struct sockaddr *at, socklen_t len)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(errno);
	int error;

	if (!lwip_connect(fd, at, len) || errno != EINPROGRESS)
		return errno ? -1 : 0;
	settle();
	if (lwip_poll(&wait, 1, 0) <= 0)
		return errno = EINPROGRESS, -1;
	lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return (errno = error) ? -1 : 0;
}

static struct outcome set(int fd, const struct op *op)
{
	const struct linger now = { .l_onoff = 1 };
	int value = op->set.value;

	switch (op->set.option) {
	case OPT_REUSEADDR:
		return result(lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR,
			&value, sizeof(value)));
	case OPT_V6ONLY:
		return result(lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			&value, sizeof(value)));
	}
	return result(lwip_setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
		sizeof(now)));
}

static int step(struct subject *subject, const struct op *op,
	const struct outcome *leader, struct outcome *out)
{
	static const int how[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_storage at;
	socklen_t len = sizeof(int);
	int sock = op->sock, fd = fds[sock], value = 0;

	(void)subject, (void)leader;
	limit();
	errno = 0;
	switch (op->kind) {
	case OP_SOCKET:
		explicit[sock] = false;
		fds[sock] = lwip_socket(type_is_v6(op->socket.type) ? AF_INET6 :
								      AF_INET,
			type_is_udp(op->socket.type) ? SOCK_DGRAM : SOCK_STREAM,
			0);
		*out = result(fds[sock] < 0 ? -1 :
					      lwip_fcntl(fds[sock], F_SETFL,
						      O_NONBLOCK));
		break;
	case OP_SET: *out = set(fd, op); break;
	case OP_GET:
		if (op->get.property == GET_NAME)
			*out = get_name(sock);
		else if (op->get.property == GET_DEV)
			*out = outcome_na();
		else if (lwip_getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value,
				 &len))
			*out = outcome_error(errno);
		else
			*out = outcome_number(value);
		break;
	case OP_BIND:
		len = fill(&at, op);
		value = lwip_bind(fd, (struct sockaddr *)&at, len);
		explicit[sock] |= !value && op->bind.place.port;
		*out = chosen(sock, value);
		break;
	case OP_LISTEN:
		*out = chosen(sock, lwip_listen(fd, op->listen.backlog));
		break;
	case OP_CONNECT:
		len = fill(&at, op);
		*out = chosen(sock, dial(fd, (struct sockaddr *)&at, len));
		break;
	case OP_DISCONNECT:
		*out = result(lwip_connect(fd, &none, sizeof(none)));
		break;
	case OP_ACCEPT:
		explicit[op->accept.sock] = true;
		fds[op->accept.sock] = lwip_accept(fd, NULL, NULL);
		*out = result(fds[op->accept.sock]);
		break;
	case OP_SHUTDOWN:
		*out = result(lwip_shutdown(fd, how[op->shutdown.how]));
		settle();
		break;
	case OP_CLOSE:
		*out = result(lwip_close(fd));
		settle();
		break;
	}
	return 0;
}

static int nothing(struct subject *subject)
{
	(void)subject;
	return 0;
}

/* A device whose packets all come back: the stack's own loop takes them. */
static err_t send4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
	(void)to;
	return netif_loop_output(netif, p);
}

static err_t send6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
	(void)to;
	return netif_loop_output(netif, p);
}

static err_t device(struct netif *netif)
{
	netif->name[0] = 'l';
	netif->name[1] = 'o';
	netif->mtu = 65535;
	netif->output = send4;
	netif->output_ip6 = send6;
	return ERR_OK;
}

/* Its address of each family, but none that is link-local */
static void add(struct netif *netif, uint32_t owner)
{
	const struct world_addr *own4 = world_addr_of(owner, 4, false);
	const struct world_addr *own6 = world_addr_of(owner, 16, false);
	ip4_addr_t addr, mask, none = { 0 };
	ip6_addr_t six = { 0 };
	s8_t index;

	memcpy(&addr.addr, own4->addr.bytes, sizeof(addr.addr));
	mask.addr = htonl(UINT32_MAX << (32 - own4->prefix));
	netif_add(netif, &addr, &mask, &none, NULL, device, tcpip_input);
	memcpy(six.addr, own6->addr.bytes, sizeof(six.addr));
	netif_add_ip6_address(netif, &six, &index);
	netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
	netif_set_link_up(netif);
	netif_set_up(netif);
}

static void begin(void *arg)
{
	static struct netif lo, veth0;

	(void)arg;
	add(&veth0, WORLD_VETH0);
	add(&lo, WORLD_LO);
	netif_set_default(&lo);
}

static const struct subject_type inner = {
	.name = "lwip", .begin = nothing, .step = step, .end = nothing
};

enum { UNDONE = 255 }; /* no kind of outcome */

/* One program, in a process with a stack of its own, which may not survive */
static void run_one(struct subject *subject, const struct program *program,
	struct trace *trace)
{
	struct subject own = *subject;

	own.type = &inner;
	/* It says its assertions there. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	tcpip_init(NULL, NULL);
	tcpip_callback_wait(begin, NULL);
	_exit(subject_run(&own, program, 1, NULL, trace));
}

/* The op that it died of; one that took too long was ended by an alarm */
static void blame(struct trace *trace, int signal)
{
	bool late = signal == SIGALRM || signal == SIGPROF;
	int i = 0;

	while (i < trace->count && trace->outcomes[i].kind != UNDONE)
		i++;
	for (int k = i; k < trace->count; k++)
		trace->outcomes[k] = outcome_na();
	if (i < trace->count)
		trace->outcomes[i].kind = late ? OUTCOME_HANG : OUTCOME_CRASH;
}

static int run(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces)
{
	struct trace *shared = mmap(NULL, sizeof(*shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < count; i++) {
		int status = 0;
		pid_t pid;

		for (int k = 0; k < PROGRAM_OPS_MAX; k++)
			shared->outcomes[k].kind = UNDONE;
		shared->count = programs[i].count;
		fflush(NULL); /* or it would be said twice */
		pid = fork();
		if (!pid)
			run_one(subject, &programs[i], shared);
		if (pid < 0)
			return -errno;
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				return -errno;
		if (WIFSIGNALED(status))
			blame(shared, WTERMSIG(status));
		else if (WEXITSTATUS(status))
			return -EIO;
		traces[i] = *shared;
	}
	munmap(shared, sizeof(*shared));
	return 0;
}

int main(void)
{
	static const struct subject_type type = { .name = "lwip", .run = run };
	struct subject lwip = {
		.type = &type,
		.name = "lwip",
		.can = { .ops = 1u << OP_SOCKET | 1u << OP_SET | 1u << OP_GET |
				1u << OP_BIND | 1u << OP_LISTEN |
				1u << OP_CONNECT | 1u << OP_DISCONNECT |
				1u << OP_ACCEPT | 1u << OP_SHUTDOWN |
				1u << OP_CLOSE,
			.options = 1u << OPT_REUSEADDR | 1u << OPT_V6ONLY |
				   1u << OPT_LINGER,
			.types = 1u << TCP4 | 1u << TCP6 | 1u << UDP4 |
				 1u << UDP6 },
	};
	int rc;

	process_begin();
	rc = agent_serve(&lwip, "lwip", stdin, stdout);
	return process_end("lwip", rc ? PROCESS_LOST : 0);
}
