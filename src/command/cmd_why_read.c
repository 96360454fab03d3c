// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_read.c - what is asked of why: a protocol, a place, options
 *
 * A name is looked up in files only: a resolver would send packets from the
 * network that is only to be looked at.
 */
#include "cmd_why.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* The place as it is written: what is before the port, and the port */
struct written {
	char host[256];
	char scope[WHY_DEVICE_MAX];
	const char *port;
	bool bracketed, hosted;
};

/* "tcp", "udp6": family 0 is for any that the address has */
static bool take_protocol(const char *text, struct why_question *q)
{
	static const char *const names[] = { "tcp", "udp", "mptcp" };
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP,
		IPPROTO_TCP };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);
		const char *end = text + length;

		if (strncasecmp(text, names[i], length) ||
			(*end && strcmp(end, "4") && strcmp(end, "6")))
			continue;
		q->protocol = protocols[i];
		q->mptcp = i == 2;
		q->family = *end == '4' ? AF_INET : *end == '6' ? AF_INET6 : 0;
		return true;
	}
	return false;
}

/* Cut "%DEVICE" off a host. */
static void cut_scope(struct written *out)
{
	char *percent = strchr(out->host, '%');

	if (!percent)
		return;
	*percent++ = '\0';
	if (strlen(percent) >= sizeof(out->scope) || !*percent)
		die(EXIT_USAGE, "'%s' is no device", percent);
	strcpy(out->scope, percent);
}

/* Split "HOST:PORT", "[ADDR%DEVICE]:PORT", ":PORT", "*:PORT" and "PORT". */
static void split(const char *text, struct written *out)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t length = colon ? (size_t)(colon - text) : 0;

	memset(out, 0, sizeof(*out));
	out->port = colon ? colon + 1 : text;
	if (length > 1 && *text == '[' && colon[-1] == ']') {
		out->bracketed = true;
		host++;
		length -= 2;
	}
	if (length >= sizeof(out->host) || out->bracketed != (*text == '[') ||
		(out->bracketed && !length))
		die(EXIT_USAGE, "expected HOST:PORT, found '%s'", text);
	out->hosted = length;
	memcpy(out->host, host, length);
	cut_scope(out);
}

/* Is it "127.0.0.1", "::1", "[::1]" or "fe80::1%eth0", without a port? */
static bool take_address(const char *text, struct written *out)
{
	bool bracketed = *text == '[' && text[strlen(text) - 1] == ']';
	struct addr addr;

	memset(out, 0, sizeof(*out));
	if (strlen(text) >= sizeof(out->host))
		return false;
	strcpy(out->host, text + bracketed);
	if (bracketed)
		out->host[strlen(out->host) - 1] = '\0';
	cut_scope(out);
	/* What is behind the device's name is a port. */
	return !strchr(out->scope, ':') && !addr_parse(out->host, &addr);
}

/* They lack what is asked about. */
static void refuse_no_port(const char *text)
{
	struct written written;
	bool v6;

	if (!take_address(text, &written))
		return;
	v6 = strchr(written.host, ':');
	die(EXIT_USAGE, "'%s' has no port: expected %s%s%s%s%s:PORT", text,
		v6 ? "[" : "", written.host, *written.scope ? "%" : "",
		written.scope, v6 ? "]" : "");
}

/* The commonest, where /etc/services is missing */
static const struct service {
	const char *name;
	uint16_t port;
} services[] = { { "ssh", 22 }, { "smtp", 25 }, { "domain", 53 },
	{ "http", 80 }, { "https", 443 } };

static uint16_t service_of(const char *name, const char *protocol)
{
	const struct servent *service = getservbyname(name, protocol);

	if (service)
		return ntohs(service->s_port);
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (!strcmp(services[i].name, name))
			return services[i].port;
	return 0;
}

/* A port by its number or name, such as "https"; or exit */
static uint16_t port_of(const char *text, uint8_t protocol)
{
	const char *name = protocol == IPPROTO_UDP ? "udp" : "tcp";
	unsigned long port;
	char *end;

	port = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && port <= UINT16_MAX)
		return port;
	port = service_of(text, name);
	if (port)
		return port;
	die(EXIT_USAGE, "'%s' is no port", text);
}

static void add(struct cmd_why_asked *asked, const struct why_question *q,
	const struct addr *addr)
{
	struct why_question *out;

	if (asked->count == CMD_WHY_QUESTIONS_MAX)
		die(EXIT_USAGE, "more than %d addresses",
			CMD_WHY_QUESTIONS_MAX);
	out = &asked->questions[asked->count++].why;
	*out = *q;
	out->addr = *addr;
	if (!out->family)
		out->family = addr->len == 4 ? AF_INET : AF_INET6;
}

static void add_text(struct cmd_why_asked *asked, const struct why_question *q,
	const char *text)
{
	struct addr addr;

	ASSERT(!addr_parse(text, &addr));
	if (!q->family || (q->family == AF_INET) == (addr.len == 4))
		add(asked, q, &addr);
}

/* All the addresses that /etc/hosts has for a name */
static void add_host(struct cmd_why_asked *asked, const struct why_question *q,
	const char *name)
{
	unsigned int before = asked->count;
	struct hostent *host;

	if (!strcasecmp(name, "localhost")) {
		add_text(asked, q, "127.0.0.1");
		add_text(asked, q, "::1");
		return;
	}
	sethostent(1);
	while ((host = gethostent())) {
		struct addr addr = { .len = host->h_length };
		bool is_named = !strcasecmp(host->h_name, name);

		for (char **alias = host->h_aliases; *alias; alias++)
			is_named |= !strcasecmp(*alias, name);
		if (!is_named || (addr.len != 4 && addr.len != 16) ||
			(q->family &&
				(q->family == AF_INET) != (addr.len == 4)))
			continue;
		memcpy(addr.bytes, host->h_addr_list[0], addr.len);
		add(asked, q, &addr);
	}
	endhostent();
	if (asked->count == before)
		die(EXIT_USAGE, "'%s' is no address, and no name of /etc/hosts",
			name);
}

static void add_place(struct cmd_why_asked *asked, const struct why_question *q,
	const struct written *written)
{
	struct addr addr;

	if (!written->hosted || !strcmp(written->host, "*")) {
		add_text(asked, q, "::");
		add_text(asked, q, "0.0.0.0");
		return;
	}
	if (!addr_parse(written->host, &addr)) {
		if (q->family && (q->family == AF_INET) != (addr.len == 4))
			die(EXIT_USAGE, "'%s' is of the other family",
				written->host);
		add(asked, q, &addr);
	} else if (written->bracketed || strchr(written->host, ':') ||
		   !written->host[strspn(written->host, "0123456789.")]) {
		die(EXIT_USAGE, "'%s' is no address", written->host);
	} else {
		add_host(asked, q, written->host);
	}
}

/* The address that a connect is to be sent from, and its port */
static void take_from(const char *text, struct cmd_why_question *question)
{
	struct why_question *q = &question->why;
	struct written written;

	q->placed = true;
	if (!take_address(text, &written)) {
		split(text, &written);
		q->port = port_of(written.port, q->protocol);
	}
	if (addr_parse(written.host, &q->addr))
		die(EXIT_USAGE,
			"why: --from: expected ADDR or ADDR:PORT, found '%s'",
			text);
	strcpy(question->scope, written.scope);
}

/* The places are where to connect to, until now. */
static void turn_around(const struct options *options,
	struct cmd_why_asked *asked)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		struct cmd_why_question *question = &asked->questions[i];
		struct why_question *q = &question->why;

		strcpy(question->peer_scope, question->scope);
		*question->scope = '\0';
		q->connects = true;
		q->listens = false;
		q->peer = q->addr;
		q->peer_port = q->port;
		q->port = 0;
		q->addr = (struct addr){ .len = q->peer.len };
		if (options->from)
			take_from(options->from, question);
		if (q->addr.len != q->peer.len)
			die(EXIT_USAGE, "why: --from is of the other family");
		if (!q->peer_port)
			die(EXIT_USAGE,
				"why: --connect: no port to connect to");
	}
}

bool cmd_why_take(struct cmd_why_asked *asked, const struct why_question *q,
	const char *text)
{
	unsigned int before = asked->count;
	struct why_question one = *q;
	struct written written;

	refuse_no_port(text);
	split(text, &written);
	one.port = port_of(written.port, q->protocol);
	add_place(asked, &one, &written);
	for (unsigned int i = before; i < asked->count; i++)
		strcpy(asked->questions[i].scope, written.scope);
	return written.hosted;
}

void cmd_why_read(const struct options *options, struct cmd_why_asked *asked)
{
	struct why_question q = {
		.protocol = IPPROTO_TCP,
		.reuseaddr = options->reuseaddr,
		.reuseport = options->reuseport,
		.v6only = options->v6only,
		.freebind = options->freebind,
		.transparent = options->transparent,
		.listens = !options->bind_only,
	};
	const char *place = options->connect ? options->connect : options->port;
	unsigned int i = 0;

	memset(asked, 0, sizeof(*asked));
	asked->device = options->device;
	if (options->arg_count && take_protocol(*options->args, &q))
		i++;
	q.mptcp |= options->mptcp;
	if (q.mptcp && q.protocol != IPPROTO_TCP)
		die(EXIT_USAGE, "why: MPTCP is of TCP, and not of UDP");
	if ((i < options->arg_count) == !!place ||
		(options->connect && options->port))
		die(EXIT_USAGE, "why: expected [PROTO] [HOST:]PORT; see "
				"'portclash why --help'");
	if (place && !cmd_why_take(asked, &q, place) && options->connect)
		die(EXIT_USAGE,
			"why: --connect: expected HOST:PORT, found '%s'",
			place);
	for (; i < options->arg_count; i++)
		cmd_why_take(asked, &q, options->args[i]);
	if (options->connect)
		turn_around(options, asked);
}

static uint32_t device_of(const struct why_situation *situation,
	const char *name)
{
	const struct why_device *device = why_device_named(situation, name);

	if (!device)
		die(EXIT_USAGE, "why: no device '%s'", name);
	return device->ifindex;
}

/* As ss(8) writes it, what is behind an address of IPv4 is the device that its
 * socket is bound to. */
static void take_scope(struct why_question *q, const struct addr *of,
	uint32_t *scope, uint32_t device)
{
	if (why_is_of_link(of))
		*scope = device;
	else if (q->family == AF_INET && !q->ifindex)
		q->ifindex = device;
	else if (q->family == AF_INET && q->ifindex != device)
		die(EXIT_USAGE, "why: two devices for one socket");
}

void cmd_why_complete(const struct options *options,
	const struct why_situation *situation, struct cmd_why_asked *asked)
{
	for (unsigned int i = 0; i < asked->count; i++) {
		struct why_question *q = &asked->questions[i].why;

		q->uid = situation->uid;
		q->capable = situation->capable;
		/* Another user: root is taken to have all rights. */
		if (options->uid_given && options->uid != situation->uid) {
			q->uid = options->uid;
			q->capable = !q->uid;
		}
		if (asked->device)
			q->ifindex = device_of(situation, asked->device);
		if (*asked->questions[i].scope)
			take_scope(q, &q->addr, &q->scope,
				device_of(situation,
					asked->questions[i].scope));
		if (*asked->questions[i].peer_scope)
			take_scope(q, &q->peer, &q->peer_scope,
				device_of(situation,
					asked->questions[i].peer_scope));
		q->v6only |= q->family == AF_INET6 && situation->bindv6only;
	}
}
