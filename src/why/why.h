/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why.h - would this bind work here and now, and if not, why?
 *
 * The sockets that hold the port are written down as a program, and behind them
 * the one that is asked about; the specification runs it, and says by which
 * rule it decides. Nothing is bound, and nothing is changed.
 */
#ifndef WHY_H
#define WHY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/sockdiag.h"
#include "program/text.h"

/* As many as a program can have; more hold a port that many are connected at */
enum { WHY_HOLDERS_MAX = 7, WHY_COMMAND_MAX = 17 };

/**
 * struct why_question - Who would like to bind, and to what
 * @protocol:	IPPROTO_TCP or IPPROTO_UDP
 * @family:	AF_INET or AF_INET6
 * @addr:	Of that family
 * @port:	Not 0
 * @reuseaddr, @reuseport, @v6only: Options that are set
 * @ifindex:	The device it is bound to, or 0
 * @uid:	Of the socket
 * @foreign:	Is @addr of no device, and is that no exception?
 * @unprivileged: The first port that is for all
 */
struct why_question {
	uint8_t protocol, family;
	struct addr addr;
	uint16_t port;
	bool reuseaddr, reuseport, v6only;
	uint32_t ifindex, uid;
	bool foreign;
	uint16_t unprivileged;
};

/**
 * struct why_holder - A socket that has the port
 * @row:	As the kernel lists it
 * @known:	Could its options be read? Else these are guesses
 * @owners:	How many descriptors it has
 * @pid, @fd, @command: The first of them
 * @same:	How many more there are like it, as far as a bind can tell
 * @blocks:	Is it in the way, all by itself?
 */
struct why_holder {
	struct sockdiag_row row;
	bool known, reuseaddr, reuseport;
	unsigned int owners;
	pid_t pid;
	int fd;
	char command[WHY_COMMAND_MAX];
	unsigned int same;
	bool blocks;
};

/**
 * struct why - The question, who holds the port, and the answer
 * @count:	How many of @holders
 * @others:	How many more there are that @holders has no room for
 * @outcome:	Of the bind; its rule says why
 * @doubtful:	Would it be another if options that are not known were set?
 * @exact:	Could the holders come to hold it all as they do now? Else
 *		options have changed, or what they did is more than binding
 * @program, @trace: Whose last op the answer is about
 */
struct why {
	struct why_question question;
	struct why_holder holders[WHY_HOLDERS_MAX];
	unsigned int count, others;
	struct outcome outcome;
	bool doubtful, exact;
	struct program program;
	struct trace trace;
};

/**
 * why_look() - Who holds the port in the thread's network namespace?
 * @why:	Its @question; the rest is filled in, but for the answer
 *
 * Options of a socket are not listed. They are asked of a copy of its
 * descriptor, if we may have one (PTRACE_MODE_ATTACH).
 *
 * Return: 0, or a negative errno
 */
int why_look(struct why *why);

/**
 * why_answer() - Ask the specification
 * @why:	After why_look(); the answer is filled in
 *
 * Return: 0, or a negative errno
 */
int why_answer(struct why *why);

#endif /* WHY_H */
