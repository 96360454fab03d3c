// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_words.c - names of what why speaks of
 */
#include "cmd_why.h"

#include <netinet/in.h>

#include "util.h"
#include "program/text.h"

const char *cmd_why_place(const struct addr *addr, uint16_t port,
	char text[CMD_WHY_PLACE_MAX])
{
	char name[ADDR_TEXT_MAX];

	snprintf(text, CMD_WHY_PLACE_MAX, addr->len == 16 ? "[%s]:%u" : "%s:%u",
		addr_print(addr, name), port);
	return text;
}

const char *cmd_why_protocol(uint8_t protocol, uint8_t family)
{
	if (protocol == IPPROTO_TCP)
		return family == AF_INET ? "tcp4" : "tcp6";
	return family == AF_INET ? "udp4" : "udp6";
}

const char *cmd_why_state(const struct why_holder *holder)
{
	static const char *const states[] = {
		[SOCKDIAG_ESTABLISHED] = "ESTABLISHED",
		[SOCKDIAG_SYN_SENT] = "SYN_SENT",
		[SOCKDIAG_SYN_RECEIVED] = "SYN_RECEIVED",
		[SOCKDIAG_FIN_WAIT1] = "FIN_WAIT1",
		[SOCKDIAG_FIN_WAIT2] = "FIN_WAIT2",
		[SOCKDIAG_TIME_WAIT] = "TIME_WAIT",
		[SOCKDIAG_CLOSE] = "BOUND",
		[SOCKDIAG_CLOSE_WAIT] = "CLOSE_WAIT",
		[SOCKDIAG_LAST_ACK] = "LAST_ACK",
		[SOCKDIAG_LISTEN] = "LISTEN",
		[SOCKDIAG_CLOSING] = "CLOSING",
		[SOCKDIAG_NEW_SYN_RECEIVED] = "SYN_RECEIVED",
	};
	uint8_t state = holder->row.state;

	return state < ARRAY_SIZE(states) && states[state] ? states[state] :
							     "?";
}

const char *cmd_why_outcome(const struct why_outcome *outcome)
{
	return outcome->outcome.kind == OUTCOME_OK ?
		       "ok" :
		       text_errno(outcome->outcome.error);
}

const char *cmd_why_unknown(unsigned int n)
{
	static const char *const names[WHY_UNKNOWNS] = { "ended", "options",
		"order", "crowd", "history", "chance" };

	return names[n];
}
