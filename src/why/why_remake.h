/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_remake.h - sockets as they are in another network (private to why)
 */
#ifndef WHY_REMAKE_H
#define WHY_REMAKE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "why.h"

/**
 * struct why_name - The argument of bind or connect
 */
struct why_name {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t size;
};

/**
 * struct why_remade - Which sockets are made again
 * @situation:	Where they are
 * @holders:	Their numbers in it
 * @count:	How many @holders
 * @was:	Who we were before we had a network of our own: without root,
 *		the only user that there is in it, and by another number
 * @clients:	A port that only connections have, a connect has chosen
 * @made, @missing: So many are there as they were, and so many are not
 */
struct why_remade {
	const struct why_situation *situation;
	const uint32_t *holders;
	unsigned int count;
	uid_t was;
	bool clients;
	unsigned int made, missing;
};

/** why_remake_name() - @addr is of 4 bytes or of 16 */
struct why_name why_remake_name(const struct addr *addr, uint16_t port,
	uint32_t scope);

/** why_remake_set() - Set an option to a number; false, if it cannot be */
bool why_remake_set(int fd, int level, int option, int value);

/**
 * why_remake_socket() - A socket of that user, on that device
 * @protocol:	IPPROTO_TCP, IPPROTO_UDP or IPPROTO_MPTCP
 *
 * Return: Its descriptor, the caller's to close(); or -1
 */
int why_remake_socket(const struct why_remade *remade, uint8_t protocol,
	uint8_t family, uint32_t uid, uint32_t ifindex);

/**
 * why_remake_all() - Make them in the thread's network
 *
 * What is not known of an option is taken for not set. They stay until the
 * process has ended.
 *
 * Return: 0, or -ENOMEM
 */
int why_remake_all(struct why_remade *remade);

#endif /* WHY_REMAKE_H */
