// SPDX-License-Identifier: Apache-2.0
/*
 * twins.c - the twins, tokens and addresses that calls of an input may name
 */
#include "twins.h"

#include <netinet/in.h>
#include <string.h>

#include "util.h"

enum { PORT = 7000 };

static struct twin twins[TWINS_SLOTS];
static struct wait_token *tokens[TWINS_TOKENS];

void twins_begin(void)
{
	for (int i = 0; i < TWINS_TOKENS; i++)
		ASSERT(!wait_token_new(&tokens[i]));
}

void twins_end(void)
{
	for (int i = 0; i < TWINS_SLOTS; i++)
		twin_free(&twins[i]);
	for (int i = 0; i < TWINS_TOKENS; i++)
		tokens[i] = wait_token_free(tokens[i]);
}

struct twin *twins_at(uint8_t slot)
{
	return &twins[slot % TWINS_SLOTS];
}

struct wait_token **twins_token(uint8_t number)
{
	return &tokens[number % TWINS_TOKENS];
}

void twins_addrs(struct call call, struct conn_addr addrs[2])
{
	static const uint32_t hosts[] = { INADDR_LOOPBACK, INADDR_ANY,
		INADDR_LOOPBACK + 1, 0xc0000201 };
	const struct twin *of = twins_at(call.b);
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(call.b & 0x40 ? 0 : PORT + (call.b & 3)),
		.sin_addr.s_addr = htonl(hosts[call.b >> 2 & 3]) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = in.sin_port,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	if (call.b & 0x10)
		in6.sin6_addr = in6addr_any;
	memset(addrs, 0, 2 * sizeof(*addrs));
	if (call.b & 0x80 && of->conn && of->fd >= 0 &&
		!twin_local(of->fd, &addrs[1]) &&
		!conn_local(of->conn, &addrs[0]))
		return;
	for (int i = 0; i < 2; i++) {
		if (call.b & 0x20) {
			addrs[i].len = sizeof(in6);
			memcpy(&addrs[i].room, &in6, sizeof(in6));
		} else {
			addrs[i].len = sizeof(in);
			memcpy(&addrs[i].room, &in, sizeof(in));
		}
	}
}
