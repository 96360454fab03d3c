// SPDX-License-Identifier: Apache-2.0
/*
 * text_reserve.c - what ops on reservations take
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

static int rat(struct words *w, char *word, struct addr *addr, uint16_t *port)
{
	char *text, *digits;
	bool bracketed = word && *word == '[';
	int rc = words_place(w, word, &text, &digits);

	if (!rc && strcmp(text, "*"))
		rc = words_address(w, text, bracketed, addr);
	return rc ? rc : words_number16(w, "a port", digits, port);
}

static int tester(struct words *w, char *word, struct tester *test)
{
	char *colon = strchr(word, ':');
	int rc;

	if (colon)
		*colon = '\0';
	rc = words_enum(w, "tester", word, text_test, TEST_KINDS, &test->kind);
	if (rc)
		return rc;
	if (test->kind >= TEST_EQ)
		return words_number16(w, "a tester's number",
			colon ? colon + 1 : NULL, &test->arg);
	return colon ? words_fail(w, "test=%s takes no number", word) : 0;
}

static int flags(struct words *w, char *word, uint8_t *out)
{
	for (char *rest = word, *flag; (flag = strsep(&rest, "+"));) {
		if (!strcmp(flag, "most_recent"))
			*out |= RESERVATION_MOST_RECENT;
		else if (!strcmp(flag, "load_balanced"))
			*out |= RESERVATION_LOAD_BALANCED;
		else if (!strcmp(flag, "tuple_only"))
			*out |= RESERVATION_TUPLE_ONLY;
		else
			return words_fail(w,
				"unknown flag '%s'; known: most_recent "
				"load_balanced tuple_only",
				flag);
	}
	return 0;
}

static int networks(struct words *w, const char *word, struct reservation *res)
{
	if (word && !strcmp(word, "-"))
		return 0;
	if (!word || strspn(word, "46") != strlen(word) ||
		strlen(word) > RESERVATION_NETWORKS_MAX)
		return words_fail(w,
			"expected up to %d networks such as 4, 46 or -, "
			"found '%s'",
			RESERVATION_NETWORKS_MAX,
			word ? word : "the end of the line");
	for (; *word; word++)
		res->networks[res->network_count++] = *word - '0';
	return 0;
}

static int transport(struct words *w, const char *word, uint8_t *out)
{
	uint64_t value = 6;
	int rc = 0;

	if (word && !strcmp(word, "udp"))
		value = 17;
	else if (!word || strcmp(word, "tcp"))
		rc = words_number(w, "tcp, udp or a number", word, 255, &value);
	*out = value;
	return rc;
}

int words_reserve(struct words *w, struct op *op)
{
	struct reservation *res = &op->reserve.res;
	char *value, *end;
	int rc = networks(w, words_take(w), res);

	if (!rc)
		rc = transport(w, words_take(w), &res->transport);
	if (!rc)
		rc = rat(w, words_take(w), &res->addr, &res->port);
	if (!rc && (value = words_value(w, "flags")))
		rc = flags(w, value, &res->flags);
	if (!rc && (value = words_value(w, "dev"))) {
		long n = strtol(value, &end, 10);

		res->device = n;
		if (!*value || *end || n != res->device)
			rc = words_fail(w,
				"expected a device number, found '%s'", value);
	}
	if (!rc && (value = words_value(w, "dest")))
		rc = rat(w, value, &res->dest_addr, &res->dest_port);
	if (!rc && op->kind == OP_RESERVE && (value = words_value(w, "random")))
		rc = words_number32(w, "random", value, PROGRAM_RANDOM_MAX,
			&op->reserve.random);
	if (!rc && op->kind == OP_RESERVE && (value = words_value(w, "test")))
		rc = tester(w, value, &op->reserve.test);
	return rc;
}

int words_pick(struct words *w, struct op *op)
{
	bool stable = op->kind == OP_PICK_STABLE;
	char *word = words_value(w, stable ? "offset" : "random");
	int rc = word ? words_number32(w, stable ? "offset" : "random", word,
				stable ? UINT32_MAX : PROGRAM_RANDOM_MAX,
				&op->pick.random) :
			0;

	if (rc)
		return rc;
	word = words_value(w, "test");
	return word ? tester(w, word, &op->pick.test) :
		      words_fail(w, "expected test=, found '%s'",
			      words_peek(w) ? words_peek(w) :
					      "the end of the line");
}
