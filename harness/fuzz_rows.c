// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_rows.c - the readers of "why": a kernel's answers, and saved situations
 *
 * The input is a situation as a file, if it begins like one, or else what a
 * kernel answers (fake_netlink.h): devices, addresses, routes, sockets.
 * Whatever a situation is made of, it is written, read and written again as
 * the same file; and each of its ports can be asked for.
 */
#include "fuzz.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fake_netlink.h"
#include "util.h"
#include "why/why_file.h"

enum { ASKED_MAX = 4 };

static int read_file(const void *data, size_t size, struct why_situation *s)
{
	FILE *file = fmemopen((void *)data, size, "r");
	unsigned int line;
	int rc = file ? why_file_read(file, s, &line) : -1;

	ASSERT(file && !fclose(file));
	return rc;
}

static void write_file(const struct why_situation *s, char **text)
{
	size_t size;
	FILE *file = open_memstream(text, &size);

	ASSERT(file);
	why_file_write(file, s);
	ASSERT(!fclose(file));
}

static void save_twice(const struct why_situation *s)
{
	struct why_situation again;
	char *texts[2];

	write_file(s, &texts[0]);
	ASSERT(!read_file(texts[0], strlen(texts[0]), &again));
	write_file(&again, &texts[1]);
	ASSERT(!strcmp(texts[0], texts[1]));
	why_forget(&again);
	free(texts[0]);
	free(texts[1]);
}

static void ask(const struct why_situation *s, const struct why_holder *h,
	bool same)
{
	struct why_question q = { .protocol = h->row.protocol,
		.family = same && h->row.addr.len == 4 ? AF_INET : AF_INET6,
		.addr = same ? h->row.addr : (struct addr){ .len = 16 },
		.port = same ? h->row.port : 0,
		.peer = h->row.peer,
		.peer_port = h->row.peer_port,
		.connects = same && h->row.peer_port,
		.ifindex = h->row.ifindex,
		.listens = true };
	struct why_answer answer;

	if (q.connects && why_route(s, &q))
		return;
	ASSERT(!why_ask(s, &q, &answer));
	why_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct why_ports all;
	struct why_situation s;
	bool saved = size && *data == 'p'; /* as in "portclash-situation" */
	int rc;

	fuzz_counters->execs++;
	memset(&all, 255, sizeof(all));
	fake_netlink_answers(data, saved ? 0 : size);
	rc = saved ? read_file(data, size, &s) :
		     why_look(&s, 1u << IPPROTO_TCP | 1u << IPPROTO_UDP, &all);
	fuzz_counters->refused += rc != 0;
	fuzz_counters->tally.programs += !rc;
	if (!rc)
		save_twice(&s);
	for (unsigned int i = 0; !rc && i < MIN(s.holder_count, ASKED_MAX); i++)
		ask(&s, &s.holders[i], true);
	if (!rc && s.holder_count)
		ask(&s, &s.holders[0], false);
	why_forget(&s);
	return 0;
}
