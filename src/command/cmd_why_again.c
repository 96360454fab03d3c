// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_again.c - which failed calls were explained before, and how often
 *
 * Servers try again, and go through lists of addresses: each question is
 * explained once, and counted.
 */
#include "cmd_why_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "answer.h"
#include "cmd_why.h"
#include "program/text.h"

/* So many are known at a time; then the oldest is forgotten */
enum { KNOWN_MAX = 256 };

/**
 * struct known - A call that was explained
 * @number, @error: As of struct cmd_why_call
 * @question:	Without holes: it is compared as bytes
 * @unknown:	Why it could not be explained, or NULL
 * @json:	Its explanation, or NULL
 * @count:	How often it has failed
 */
struct known {
	uint64_t number;
	int error;
	struct why_question question;
	const char *unknown;
	char *json;
	unsigned int count;
};

static struct known all[KNOWN_MAX];
static unsigned int known_count, oldest;

const char *cmd_why_call_name(uint64_t number)
{
	return number == SYS_bind   ? "bind" :
	       number == SYS_listen ? "listen" :
				      "connect";
}

/* Of a call that could not be looked into, nothing need be true. */
static const char *place_of(const struct known *k,
	char place[CMD_WHY_PLACE_MAX])
{
	const struct why_question *q = &k->question;

	return k->unknown  ? "" :
	       q->connects ? cmd_why_place(&q->peer, q->peer_port, place) :
			     cmd_why_place(&q->addr, q->port, place);
}

static void say(const struct known *k)
{
	char place[CMD_WHY_PLACE_MAX];

	if (k->count > 1)
		fprintf(stderr, "portclash: %s%s%s has failed %u times: %s\n",
			cmd_why_call_name(k->number), k->unknown ? "" : " of ",
			place_of(k, place), k->count, text_errno(k->error));
}

char **cmd_why_is_new(const struct cmd_why_call *call,
	const struct why_question *question, const char *unknown)
{
	struct known *k = all;

	for (; k < all + known_count; k++)
		if (k->number == call->number && k->error == call->error &&
			k->unknown == unknown &&
			!memcmp(&k->question, question, sizeof(*question))) {
			k->count++;
			return NULL;
		}
	if (known_count < KNOWN_MAX) {
		known_count++;
	} else {
		k = &all[oldest++ % KNOWN_MAX];
		say(k);
		free(k->json);
	}
	k->number = call->number;
	k->error = call->error;
	memcpy(&k->question, question, sizeof(*question));
	k->unknown = unknown;
	k->json = NULL;
	k->count = 1;
	return &k->json;
}

void cmd_why_say_again(void)
{
	for (unsigned int i = 0; i < known_count; i++)
		say(&all[i]);
}

void cmd_why_json_again(struct json_object *to)
{
	struct json_object *list = answer_list(to, "calls");

	for (unsigned int i = 0; i < known_count; i++) {
		struct json_object *one = answer_object(list, NULL);
		char place[CMD_WHY_PLACE_MAX];

		answer_text(one, "call", cmd_why_call_name(all[i].number));
		answer_text(one, "address", place_of(&all[i], place));
		answer_text(one, "outcome", text_errno(all[i].error));
		answer_number(one, "times", all[i].count);
		answer_text(one, "unknown", all[i].unknown);
		answer_read(one, "why", all[i].json);
	}
	answer_number(to, "forgotten", oldest);
}
