// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_doctor.c - doctor: what this machine can do, and how to get the rest
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "answer.h"
#include "cmd.h"
#include "quote.h"
#include "util.h"
#include "subjects/pipe.h"
#include "subjects/subjects.h"
#include "subjects/subject_machine.h"

/* Programs that the tests and fuzzing need, and how to get them */
static const char *const tools[][2] = { { "afl-fuzz", "ci/setup fuzz" },
	{ "clang", "ci/setup fuzz" }, { "go", "ci/setup go" },
	{ "pytest-3", "ci/setup test" } };

struct finding_ {
	char subject[SUBJECT_NAME_MAX];
	char why[SUBJECT_WHY_MAX];
	char greeted[SUBJECT_NAME_MAX]; /* "" if it is no agent */
	bool here, uids, fenced;
};

static int examine(void *arg)
{
	struct finding_ *f = arg;
	struct subject subject;

	f->here = !subjects_open(&subject, f->subject);
	snprintf(f->why, sizeof(f->why), "%.*s", (int)sizeof(f->why) - 1,
		subject.why);
	f->uids = subject.can.uids;
	f->fenced = !f->here || !subject_confine(&subject, 1);
	if (f->here && subject.type == &subject_goports)
		strcpy(f->greeted, pipe_greeted(&subject));
	subject_close(&subject);
	return EXIT_AGREED;
}

static bool on_path(const char *program)
{
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : ""), *rest = copy, *directory;
	char full[CASE_PATH_MAX];
	bool found = false;

	while ((directory = strsep(&rest, ":"))) {
		snprintf(full, sizeof(full), "%s/%s", directory, program);
		found |= !access(full, X_OK);
	}
	free(copy);
	return found;
}

/* The other kernels that are here, by full name; and each kind that has none
 * here, by the name of the kind */
static unsigned int add_machines(struct finding_ *found)
{
	static const char *const kinds[] = { "gvisor", "uml", "linux-6.12" };
	struct machine_list here;
	unsigned int count = 0;

	subject_machine_list(&here);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned int before = count;
		size_t kind = strcspn(kinds[k], "-");

		for (unsigned int i = 0; i < here.count; i++)
			if (!strncmp(here.names[i], kinds[k], kind))
				strcpy(found[count++].subject, here.names[i]);
		if (count == before)
			strcpy(found[count++].subject, kinds[k]);
	}
	return count;
}

static void print_json(const char *kernel, const struct finding_ *found,
	unsigned int count)
{
	struct json_object *answer = answer_new("doctor"), *object;

	answer_text(answer, "kernel", kernel);
	object = answer_object(answer, "subjects");
	for (unsigned int i = 0; i < count; i++)
		answer_text(object, found[i].subject,
			found[i].here ? "ready" : found[i].why);
	object = answer_object(answer, "tools");
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		answer_flag(object, tools[i][0], on_path(tools[i][0]));
	answer_end(answer, true);
}

static int run_doctor(struct options *o)
{
	static const char *const subjects[] = { "portman", "portlist",
		"goports", "spec", "linux", "lwip" };
	enum { NEEDED = 5 }; /* the others are for those who want more */
	enum { FOUND_MAX = ARRAY_SIZE(subjects) + MACHINES_MAX + 3 };
	struct finding_ *found = cmd_shared_memory(sizeof(*found) * FOUND_MAX);
	unsigned int count = ARRAY_SIZE(subjects);
	struct utsname host;
	bool all = true;

	if (o->arg_count)
		die(EXIT_USAGE, "doctor: unexpected '%s'", o->args[0]);
	uname(&host);
	quote_printf(o->out, "kernel          %s %s, %u CPUs, %s\n",
		host.release, host.machine, compare_workers(),
		geteuid() ? "not root" : "root");
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		strcpy(found[i].subject, subjects[i]);
	count += add_machines(found + count);
	for (size_t i = 0; i < count; i++) {
		cmd_in_child(examine, &found[i]);
		all &= found[i].here || i >= NEEDED;
		quote_printf(o->out, "%-15s %s%s%s%s%s\n", found[i].subject,
			found[i].here ? "ready" : found[i].why,
			*found[i].greeted ? ": " : "", found[i].greeted,
			found[i].here && !found[i].uids &&
					!strcmp(found[i].subject, "linux") ?
				"; uid= is n/a: only one uid is mapped here" :
				"",
			found[i].here && !found[i].fenced ?
				"; its process has no fence: no seccomp here" :
				"");
	}
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		bool here = on_path(tools[i][0]);

		all &= here;
		fprintf(o->out, "%-15s %s%s\n", tools[i][0],
			here ? "ready" : "missing; run ",
			here ? "" : tools[i][1]);
	}
	if (o->json)
		print_json(host.release, found, count);
	return all ? EXIT_AGREED : EXIT_CANNOT;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.options = "J",
	.usage = "",
	.help = "what this machine can do, and how to get the rest",
	.run = run_doctor,
};
