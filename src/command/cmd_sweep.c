// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_sweep.c - sweep: every program of a finite set, on two subjects
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "cmd_diff.h"
#include "quote.h"
#include "compare/sweep.h"

/* Two names of subjects, all of whose bytes may be quoted */
enum { HEAD_MAX = 1024 };

static void list(const struct options *o)
{
	struct json_object *answer = answer_new("sweep");
	struct json_object *sets = answer_list(answer, "sweeps");

	for (unsigned int i = 0; i < sweep_count; i++) {
		const struct sweep *s = &sweeps[i];
		struct json_object *set = answer_object(sets, NULL);

		fprintf(o->out, "%-16s %12llu  %s\n", s->name,
			(unsigned long long)sweep_size(s), s->says);
		answer_text(set, "name", s->name);
		answer_number(set, "programs", sweep_size(s));
		answer_flag(set, "in_check", s->in_check);
		answer_text(set, "says", s->says);
	}
	answer_end(answer, o->json);
}

/* What a note begins with: "NAME A B ", and "K/N " if it is of a part */
static int note_head(const struct options *o, char head[HEAD_MAX])
{
	FILE *memory = fmemopen(head, HEAD_MAX, "w");

	if (!memory)
		die(EXIT_CANNOT, "out of memory");
	quote_printf(memory, "%s %s %s ", o->args[0], o->subjects[0].name,
		o->subjects[1].name);
	if (o->parts)
		fprintf(memory, "%u/%u ", o->part, o->parts);
	fclose(memory);
	return strlen(head);
}

/* How far an interrupted sweep came; from its beginning if there is no note */
static uint64_t read_resume(const struct options *o,
	const struct compare_job *job)
{
	char line[HEAD_MAX] = "", want[HEAD_MAX];
	unsigned long long number = 0;
	FILE *file = fopen(o->resume, "r");
	int length;

	if (!file && errno == ENOENT)
		return job->from;
	if (!file)
		die(cmd_code(-errno), "%s: %s", o->resume, strerror(errno));
	if (!fgets(line, sizeof(line), file))
		die(EXIT_USAGE, "%s: empty; remove it to begin anew",
			o->resume);
	fclose(file);
	length = note_head(o, want);
	if (strncmp(line, want, length) ||
		sscanf(line + length, "%llu", &number) != 1 ||
		number < job->from || number > job->count)
		die(EXIT_USAGE, "%s:1: expected '%sNUMBER', found '%.*s'",
			o->resume, want, (int)strcspn(line, "\n"), line);
	return number;
}

/**
 * struct noted - How far a sweep is, for write_resume()
 * @done:	As it was noted last
 * @error:	0, or why it could not be noted
 */
struct noted {
	const struct options *options;
	uint64_t done;
	int error;
};

static void write_resume(uint64_t done, void *arg)
{
	struct noted *noted = arg;
	const struct options *o = noted->options;
	char head[HEAD_MAX];
	struct whole whole;
	int rc;

	note_head(o, head);
	rc = whole_open(&whole, o->resume);
	if (!rc) {
		fprintf(whole.file, "%s%llu\n", head, (unsigned long long)done);
		rc = whole_close(&whole);
	}
	/* A comparison is worth more than the note of how far it is. */
	if (rc && !noted->error)
		quote_printf(stderr,
			"portclash: %s: cannot write how far the sweep "
			"is: %s\n",
			o->resume, strerror(-rc));
	noted->error = rc;
	noted->done = rc ? noted->done : done;
}

static int run_sweep(struct options *o)
{
	const struct sweep *sweep;
	struct compare_job job = { 0 };
	struct noted noted = { .options = o };
	int code;

	if (!o->arg_count && o->list) {
		list(o);
		return EXIT_AGREED;
	}
	if (o->arg_count != 1)
		die(EXIT_USAGE, "sweep: which one? 'portclash sweep --list' "
				"lists them");
	sweep = need_sweep(o->args[0]);
	if (!o->subject_count) {
		o->subjects[o->subject_count++] = named_of("spec");
		o->subjects[o->subject_count++] = named_of("linux");
	}
	need_subjects(o, 2);
	job.sweep = sweep;
	job.count = sweep_size(sweep);
	job.seconds = o->seconds;
	if (o->parts) {
		job.from = job.count * (o->part - 1) / o->parts;
		job.count = job.count * o->part / o->parts;
		if (job.count == job.from)
			die(EXIT_USAGE, "--part: nothing in %u/%u of '%s'",
				o->part, o->parts, sweep->name);
	}
	need_names(o, o->keep ? "--keep" : NULL);
	if (o->resume) {
		job.from = read_resume(o, &job);
		job.note = write_resume;
		job.note_arg = &noted;
	}
	code = cmd_diff_report(o, &job, NULL);
	if (o->resume && code == EXIT_AGREED && noted.done == job.count &&
		unlink(o->resume)) {
		quote_printf(stderr,
			"portclash: %s: cannot remove it, so the sweep would "
			"end at once if it were resumed: %s\n",
			o->resume, strerror(errno));
		noted.error = -errno;
	}
	return noted.error ? EXIT_CANNOT : code;
}

const struct verb verb_sweep = {
	.name = "sweep",
	.options = "sLRPTjckaqJ",
	.usage = "NAME [-s A -s B]",
	.help = "the same, of every program of a finite set\n"
		"           (--list has them; the subjects are spec and linux)",
	.run = run_sweep,
};
