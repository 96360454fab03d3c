// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_check.c - check: do the recorded outcomes hold?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quote.h"
#include "report.h"
#include "stop.h"
#include "util.h"

enum { FAILURES_MAX = 4096 };

/* What the children write, a subject after the other */
struct share {
	struct tally sums[SUBJECTS_MAX];
	struct skip skips[SUBJECTS_MAX];
	bool skipped[SUBJECTS_MAX];
	unsigned int failure_count;
	struct failure failures[FAILURES_MAX];
	unsigned int held[SUBJECTS_MAX];
	struct judged {
		uint8_t kind;
		uint8_t op; /* the first that was not compared */
	} verdicts[];	    /* subject * files + file */
};

/*
 * A case is held if it was compared to its end. The end is its last op; or, if
 * an outcome of the subject's own differs from Linux's, the last op after that
 * with an outcome of its own. An op that the subject lacks, or for which the
 * case says n/a, ends the comparison: later ops are consequence.
 */
enum { NOT_RUN, HELD, FAILED, LACKED, LUCK };

struct check {
	const struct options *options;
	struct case_file *files;
	size_t count;
	struct share *share;
	unsigned int subject;
	bool asked; /* for these subjects, by name */
};

static void keep_failure(struct check *c, const struct case_file *file, int i,
	const struct outcome *want, const struct outcome *got)
{
	struct share *share = c->share;
	struct failure *failure;

	if (share->failure_count == FAILURES_MAX)
		return;
	failure = &share->failures[share->failure_count++];
	strcpy(failure->file, file->path);
	strcpy(failure->subject, c->options->subjects[c->subject].name);
	failure->line = file->text.expect[i].line;
	failure->want = *want;
	failure->got = *got;
}

/* Compare one trace; how far, and what fails, is counted in the share */
static struct judged judge(struct check *c, const struct case_file *file,
	const struct trace *trace)
{
	struct judged verdict = { .kind = HELD };
	struct tally *sum = &c->share->sums[c->subject];
	const char *who = c->options->subjects[c->subject].name;
	const struct case_text *text = &file->text;
	bool apart = false;

	sum->programs++;
	sum->ops += trace->count;
	for (int i = 0; i < trace->count; i++) {
		const struct expect *expect = &text->expect[i];
		const struct outcome *got = &trace->outcomes[i];
		bool own;
		const struct outcome *want = case_expected(expect, who, &own);

		if (verdict.kind == HELD &&
			(got->kind == OUTCOME_NA || want->kind == OUTCOME_NA)) {
			verdict.kind = want->kind == OUTCOME_NA ? LUCK : LACKED;
			verdict.op = i;
		}
		/* It is not compared, but later ops may depend on it. */
		if (apart && !own)
			continue;
		if (verdict.kind != HELD) {
			sum->incomparable++;
			return verdict;
		}
		sum->compared_ops++;
		apart |= own && !outcome_equal(want, &expect->outcome);
		if (outcome_holds(want, got))
			continue;
		sum->divergent++;
		sum->unknown++;
		keep_failure(c, file, i, want, got);
		verdict.kind = FAILED;
		return verdict;
	}
	c->share->held[c->subject]++;
	verdict.kind = HELD;
	return verdict;
}

static int check_subject(void *arg)
{
	struct check *c = arg;
	struct skip *skip = &c->share->skips[c->subject];
	struct subject subject;
	struct trace trace;
	int rc = named_open(&subject, &c->options->subjects[c->subject]);

	for (size_t i = 0; i < c->count && !rc; i++) {
		rc = subject_run(&subject, &c->files[i].text.program, 1, NULL,
			&trace);
		if (!rc)
			c->share->verdicts[c->subject * c->count + i] = judge(c,
				&c->files[i], &trace);
	}
	if (rc) {
		c->share->skipped[c->subject] = true;
		strcpy(skip->subject, subject.name);
		snprintf(skip->reason, sizeof(skip->reason), "%.*s",
			(int)sizeof(skip->reason) - 1,
			*subject.why ? subject.why : strerror(-rc));
	}
	subject_close(&subject);
	return EXIT_AGREED;
}

static void say_failures(const struct options *o, const struct share *share)
{
	char want[128], got[128];

	for (unsigned int i = 0; i < share->failure_count; i++) {
		const struct failure *f = &share->failures[i];

		text_outcome(&f->want, want, sizeof(want));
		text_outcome(&f->got, got, sizeof(got));
		quote_printf(o->out, "%s%s:%u: %s: expected %s, got %s\n",
			o->tap ? "# " : "", f->file, f->line, f->subject, want,
			got);
	}
}

/* Why it counts as neither, if it does, or NULL */
static const char *why_skipped(const struct check *c, unsigned int s, size_t i,
	char *text, size_t size)
{
	const struct judged *v = &c->share->verdicts[s * c->count + i];
	const struct program *program = &c->files[i].text.program;
	char op[256];

	if (v->kind == NOT_RUN)
		return c->share->skips[s].reason;
	if (v->kind != LACKED && v->kind != LUCK)
		return NULL;
	text_op(program, &program->ops[v->op], op, sizeof(op));
	snprintf(text, size,
		v->kind == LACKED ? "lacks '%s'" : "the case says n/a of '%s'",
		op);
	return text;
}

/* One line; @skip is why there is no result, or NULL */
static void say_test(FILE *file, bool failed, unsigned int number,
	const char *subject, const char *path, const char *skip)
{
	fprintf(file, "%sok %u ", failed ? "not " : "", number);
	quote_ktap(file, subject);
	fputc(' ', file);
	quote_ktap(file, path);
	fputs(skip ? " # SKIP " : "", file);
	quote_ktap(file, skip ? skip : "");
	fputc('\n', file);
}

static void say_tap(const struct check *c)
{
	const struct options *o = c->options;
	const struct share *share = c->share;
	unsigned int n = 0;
	char text[300];

	fprintf(o->out, "KTAP version 1\n1..%zu\n",
		c->count * o->subject_count);
	for (unsigned int s = 0; s < o->subject_count; s++) {
		for (size_t i = 0; i < c->count; i++) {
			int kind = share->verdicts[s * c->count + i].kind;

			say_test(o->out, kind == FAILED, ++n,
				o->subjects[s].name, c->files[i].path,
				why_skipped(c, s, i, text, sizeof(text)));
		}
	}
}

/* One line a subject: what was run, or why not */
static void say_subjects(const struct check *c)
{
	const struct options *o = c->options;

	for (unsigned int s = 0; s < o->subject_count; s++) {
		const struct tally *sum = &c->share->sums[s];

		if (c->share->skipped[s] && !sum->programs)
			quote_printf(o->out, "%-10s skipped: %s\n",
				o->subjects[s].name, c->share->skips[s].reason);
		else
			quote_printf(o->out,
				"%-10s ran %llu programs, %llu "
				"ops compared, %u held, %llu programs not "
				"comparable to the end, %llu failed%s%s\n",
				o->subjects[s].name,
				(unsigned long long)sum->programs,
				(unsigned long long)sum->compared_ops,
				c->share->held[s],
				(unsigned long long)sum->incomparable,
				(unsigned long long)sum->divergent,
				c->share->skipped[s] ? "; stopped early: " : "",
				c->share->skips[s].reason);
	}
}

/* How many subjects held a case; -1 if one failed it */
static int held_by(const struct check *c, size_t i)
{
	int held = 0;

	for (unsigned int s = 0; s < c->options->subject_count; s++) {
		int kind = c->share->verdicts[s * c->count + i].kind;

		if (kind == FAILED)
			return -1;
		held += kind == HELD;
	}
	return held;
}

/* A subject that holds fewer of the cases that it ran has not been tested. */
static bool holds_enough(const struct check *c, unsigned int s)
{
	return compare_enough(c->share->held[s], c->share->sums[s].programs,
		c->options->min_compared);
}

/* Was nothing tested? So it is if no subject held enough cases, or if one that
 * was asked for ran and did not hold enough. */
static bool tested_nothing(const struct check *c)
{
	const struct options *o = c->options;
	const struct share *share = c->share;
	bool tested = false, idle = false;

	for (unsigned int s = 0; s < o->subject_count; s++) {
		uint64_t ran = share->sums[s].programs;

		tested |= holds_enough(c, s);
		if (!c->asked || !ran || holds_enough(c, s))
			continue;
		quote_printf(o->out,
			"%s held %u of %llu cases: nothing was "
			"really tested\n",
			o->subjects[s].name, share->held[s],
			(unsigned long long)ran);
		idle = true;
	}
	return idle || !tested;
}

/* Somebody did not want to wait for these. */
static void stop(struct check *c)
{
	for (unsigned int s = 0; s < c->options->subject_count; s++) {
		struct skip *skip = &c->share->skips[s];

		if (c->share->sums[s].programs == c->count ||
			c->share->skipped[s])
			continue;
		c->share->skipped[s] = true;
		strcpy(skip->subject, c->options->subjects[s].name);
		strcpy(skip->reason, "we were asked to stop");
	}
}

static int conclude(struct check *c, double seconds)
{
	const struct options *o = c->options;
	struct share *share = c->share;
	struct compare_result sum = { .seconds = seconds };
	struct skip skips[SUBJECTS_MAX];
	struct summary summary = { .options = o,
		.result = &sum,
		.skips = skips,
		.is_check = true,
		.cases = c->count,
		.failures = share->failures,
		.failure_count = share->failure_count };
	bool stopped = false, missing = false;

	for (unsigned int s = 0; s < o->subject_count; s++) {
		tally_add(&sum.tally, &share->sums[s]);
		if (share->skipped[s])
			skips[summary.skip_count++] = share->skips[s];
		stopped |= share->skipped[s] && share->sums[s].programs;
		missing |= share->skipped[s] && c->asked;
	}
	for (size_t i = 0; i < c->count; i++) {
		int held = held_by(c, i);

		summary.held += held > 0;
		summary.uncompared += !held;
	}
	report_text(o->out, &summary);
	if (o->json)
		report_json(&summary);
	if (share->failure_count)
		return EXIT_FOUND;
	/* Who names a subject wants to hear it. */
	if (stopped || missing)
		return EXIT_CANNOT;
	return tested_nothing(c) ? EXIT_NOTHING : EXIT_AGREED;
}

static int run_check(struct options *o)
{
	static const char *const all[] = { "portman", "portlist", "goports",
		"spec", "linux" };
	struct check c = { .options = o, .asked = o->subject_count };
	struct timespec start, end;
	struct case_list files;
	int code = EXIT_AGREED;

	if (!o->subject_count)
		while (o->subject_count < ARRAY_SIZE(all)) {
			o->subjects[o->subject_count] =
				named_of(all[o->subject_count]);
			o->subject_count++;
		}
	need_files(o, &files);
	c.count = files.count;
	c.files = calloc(c.count, sizeof(*c.files));
	if (!c.files)
		die(EXIT_CANNOT, "out of memory");
	for (size_t i = 0; i < c.count; i++)
		need_case(files.paths[i], &c.files[i]);
	need_names(o, NULL);
	c.share = cmd_shared_memory(sizeof(*c.share) +
				    SUBJECTS_MAX * c.count *
					    sizeof(*c.share->verdicts));
	clock_gettime(CLOCK_MONOTONIC, &start);
	stop_begin();
	for (c.subject = 0; c.subject < o->subject_count && !code; c.subject++)
		code = cmd_in_child(check_subject, &c);
	if (stop_asked())
		stop(&c);
	clock_gettime(CLOCK_MONOTONIC, &end);
	say_failures(o, c.share);
	if (o->tap)
		say_tap(&c);
	say_subjects(&c);
	if (!code || stop_asked())
		code = conclude(&c,
			end.tv_sec - start.tv_sec +
				(end.tv_nsec - start.tv_nsec) / 1e9);
	free(c.files);
	case_free(&files);
	return code;
}

const struct verb verb_check = {
	.name = "check",
	.options = "spaJ",
	.usage = "[-s SUBJECT]... FILE|DIR...",
	.help = "do the recorded outcomes hold? (default: on every subject)",
	.run = run_check,
};
