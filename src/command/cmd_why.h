/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_why.h - what the files of the verb why share
 */
#ifndef CMD_WHY_H
#define CMD_WHY_H

#include "cmd.h"
#include "why/why.h"
#include "why/why_verify.h"

enum {
	CMD_WHY_QUESTIONS_MAX = 32,
	CMD_WHY_PLACE_MAX = ADDR_TEXT_MAX + 32,
};

/**
 * struct cmd_why_question - A question, and its answer
 * @scope:	The device that is written behind the address, or ""
 * @peer_scope:	The same of the address to connect to
 * @tried:	A network made like this one was asked, too: @verified
 */
struct cmd_why_question {
	char scope[WHY_DEVICE_MAX], peer_scope[WHY_DEVICE_MAX];
	struct why_question why;
	struct why_answer answer;
	bool tried;
	struct why_verified verified;
};

/**
 * struct cmd_why_asked - What the command line asks
 * @device:	That of --device, or NULL
 */
struct cmd_why_asked {
	struct cmd_why_question questions[CMD_WHY_QUESTIONS_MAX];
	unsigned int count;
	const char *device;
};

/**
 * cmd_why_read() - What does the command line ask? Or exit with 2
 *
 * Devices and users are not looked at yet: they are of the network that is
 * asked about.
 */
void cmd_why_read(const struct options *options, struct cmd_why_asked *asked);

/**
 * cmd_why_take() - Add one place to what is asked: all addresses that it has
 * @question:	What else is asked of each
 * @text:	"HOST:PORT", "[ADDR%DEVICE]:PORT", ":PORT", "*:PORT" or "PORT";
 *		if it is none of these, it exits with 2
 *
 * Return: Has it a host?
 */
bool cmd_why_take(struct cmd_why_asked *asked,
	const struct why_question *question, const char *text);

struct netns;

/**
 * cmd_why_go() - Go to the network that --netns or --pid names, for good
 *
 * Return: A handle of it, the caller's to netns_free(); if it cannot go, it
 *	   exits
 */
struct netns *cmd_why_go(const struct options *options);

/** cmd_why_look() - Look at that network, or exit */
void cmd_why_look(const struct options *options,
	const struct cmd_why_asked *asked, struct why_situation *situation);

/** cmd_why_complete() - The rest of the questions, from the situation */
void cmd_why_complete(const struct options *options,
	const struct why_situation *situation, struct cmd_why_asked *asked);

/** cmd_why_agrees() - Is what was @verified an answer that was given? */
bool cmd_why_agrees(const struct cmd_why_question *question);

/** cmd_why_place() - "[::]:80", as people write it; returns @text */
const char *cmd_why_place(const struct addr *addr, uint16_t port,
	char text[CMD_WHY_PLACE_MAX]);

/** cmd_why_protocol() - "tcp4", "udp6" */
const char *cmd_why_protocol(uint8_t protocol, uint8_t family);

/** cmd_why_state() - "LISTEN", "BOUND" */
const char *cmd_why_state(const struct why_holder *holder);

/** cmd_why_outcome() - "ok", or the name of an errno */
const char *cmd_why_outcome(const struct why_outcome *outcome);

/** cmd_why_unknown() - The name of the n-th thing that is not known */
const char *cmd_why_unknown(unsigned int n);

/** cmd_why_say() - Print an answer to be read by people */
void cmd_why_say(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question, bool rule);

/** cmd_why_reason() - Print a part of a line: why it is as it is */
void cmd_why_reason(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question);

/** cmd_why_help() - Print what would help, if anything would */
void cmd_why_help(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question);

/** cmd_why_case() - Print what holds the port as a program, and its trace */
void cmd_why_case(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question);

struct json_object;

/** cmd_why_json_holder() - Add a socket to a list, and return it */
struct json_object *cmd_why_json_holder(struct json_object *list,
	const struct why_situation *situation, const struct why_holder *h);

/** cmd_why_json_question() - Add a question, and its answer */
void cmd_why_json_question(struct json_object *to,
	const struct why_situation *situation,
	const struct cmd_why_question *question);

/** cmd_why_json() - Print the answers as one line of JSON */
void cmd_why_json(const struct why_situation *situation,
	const struct cmd_why_asked *asked);

#endif /* CMD_WHY_H */
