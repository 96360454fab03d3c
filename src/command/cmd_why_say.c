// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_why_say.c - an answer of why, to be read by people
 */
#include "cmd_why.h"

#include <net/if.h>

#include "quote.h"
#include "spec/spec.h"

static void say_holder(FILE *file, const struct why_situation *s,
	const struct why_holder *h, uint8_t blocks)
{
	char place[CMD_WHY_PLACE_MAX];

	fprintf(file, "%c %s %s %s uid=%u", blocks ? '!' : ' ',
		cmd_why_protocol(h->row.protocol, h->row.family),
		cmd_why_place(&h->row.addr, h->row.port, place),
		cmd_why_state(h), h->row.uid);
	if (h->owners)
		quote_printf(file, ", fd %d of %s (pid %d)", s->owners[h->owner].fd,
			s->owners[h->owner].command, s->owners[h->owner].pid);
	fputc('\n', file);
}

void cmd_why_say(FILE *file, const struct why_situation *situation,
	const struct cmd_why_question *question, bool rule)
{
	const struct why_answer *a = &question->answer;

	(void)rule;
	fprintf(file, "%s\n", cmd_why_outcome(&a->first));
	for (unsigned int i = 0; i < a->count; i++)
		say_holder(file, situation, &situation->holders[a->holders[i]], a->blocks[i]);
}
