// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_serve.c - serve: be an agent
 */
#include <string.h>
#include <sys/utsname.h>

#include "cmd.h"
#include "init.h"
#include "subjects/agent.h"

/* Elsewhere "linux" is another kernel, so greet as linux-X.Y. */
static void say_version(struct named *named)
{
	struct utsname host;
	unsigned int major, minor;

	if (!named->subject && !strcmp(named->name, "linux") && !uname(&host) &&
		sscanf(host.release, "%3u.%3u", &major, &minor) == 2) {
		named->subject = "linux";
		snprintf(named->name, sizeof(named->name), "linux-%u.%u", major,
			minor);
	}
}

static int run_serve(struct options *o)
{
	struct named named = o->subject_count ? o->subjects[0] :
						named_of("linux");
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
	say_version(&named);
	rc = named_open(&subject, &named);
	if (rc)
		die(EXIT_CANNOT, "%s: %s", subject.name, subject.why);
	rc = agent_serve(&subject, subject.name, stdin, stdout);
	if (rc)
		die(EXIT_CANNOT, "%s: %s", subject.name,
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
