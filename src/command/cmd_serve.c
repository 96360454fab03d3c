// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_serve.c - serve: be an agent
 */
#include <string.h>

#include "cmd.h"
#include "init.h"
#include "subjects/agent.h"
#include "subjects/subjects.h"

static int run_serve(struct options *o)
{
	const char *name = o->subject_count ? o->subjects[0] : "linux";
	struct subject subject;
	int rc;

	if (init_is() && (rc = init_begin()))
		fprintf(stderr, "guest: %s\n", strerror(-rc));
	if (init_is() && init_programs())
		init_end();
	if (o->subject_count > 1)
		die(EXIT_USAGE, "serve takes one subject, found %u",
			o->subject_count);
	if (o->arg_count)
		die(EXIT_USAGE, "serve: unexpected '%s'", o->args[0]);
	rc = subjects_open(&subject, name);
	if (rc)
		die(EXIT_CANNOT, "%s: %s", name, subject.why);
	rc = agent_serve(&subject, name, stdin, stdout);
	if (rc)
		die(EXIT_CANNOT, "%s: %s", name,
			*subject.why ? subject.why : strerror(-rc));
	subject_close(&subject);
	if (init_is())
		init_end();
	return EXIT_AGREED;
}

const struct verb verb_serve = {
	.name = "serve",
	.options = "s",
	.usage = "[-s SUBJECT]",
	.help = "be an agent: programs from stdin, outcomes to stdout\n"
		"           (agent.h has the protocol; default: this kernel)",
	.run = run_serve,
};
