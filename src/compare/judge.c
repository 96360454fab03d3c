// SPDX-License-Identifier: Apache-2.0
/*
 * judge.c - what a program shows of two subjects, and what sort of thing it is
 */
#include "judge.h"

#include <errno.h>
#include <string.h>

#include "minimize.h"

/* Does it ask more than whether there are sockets at all? */
static bool asks_more(const struct program *program)
{
	for (unsigned int i = 0; i < program->count; i++)
		if (program->ops[i].kind != OP_SOCKET &&
			program->ops[i].kind != OP_CLOSE)
			return true;
	return false;
}

bool judge_alike(const struct finding *a, const struct finding *b)
{
	const struct divergence *x = &a->divergence, *y = &b->divergence;

	return a->program.ops[x->index].kind == b->program.ops[y->index].kind &&
	       outcome_alike(&x->outcomes[0], &y->outcomes[0]) &&
	       outcome_alike(&x->outcomes[1], &y->outcomes[1]);
}

enum verdict judge_traces(const struct judge *judge,
	const struct program *program, const struct trace *a,
	const struct trace *b, struct finding *finding)
{
	struct tally *tally = judge->tally;
	enum verdict verdict = diff_traces(program, a, b, &finding->divergence);

	tally->programs++;
	tally->ops += program->count;
	tally->compared_ops += verdict == AGREE ? program->count :
						  finding->divergence.index;
	tally->incomparable += verdict == INCOMPARABLE;
	tally->tested += verdict == AGREE && program->count &&
			 (judge->asked || asks_more(program));
	if (verdict == DIVERGE)
		finding->program = *program;
	return verdict;
}

/* Ops behind the divergence are compared, too: with the models. */
static void count(struct tally *tally, const struct class_answer *answer,
	unsigned int index)
{
	tally->divergent++;
	tally->tested++;
	tally->known += answer->verdict == CLASS_KNOWN;
	tally->unknown += answer->verdict == CLASS_UNKNOWN;
	tally->unmodelled += answer->verdict == CLASS_UNMODELLED;
	if (answer->same > index)
		tally->compared_ops += answer->same - index;
}

static int classify(const struct judge *judge, const struct finding *finding,
	const struct trace *a, const struct trace *b,
	struct class_answer *answer)
{
	const struct question question = {
		.program = &finding->program,
		.traces = { a, b },
		.follower = diff_follower(judge->pair),
		.index = finding->divergence.index,
	};

	if (judge->finder)
		return class_find(judge->finder, &question, answer);
	memset(answer, 0, sizeof(*answer));
	answer->same = question.index;
	return 0;
}

int judge_finding(const struct judge *judge, struct finding *finding,
	const struct trace *a, const struct trace *b)
{
	struct divergence again;
	int rc = classify(judge, finding, a, b, &finding->answer);

	if (rc)
		return rc;
	if (finding->answer.verdict == CLASS_UNKNOWN) {
		rc = diff_one(judge->pair, &finding->program, &again);
		if (rc < 0)
			return rc;
		if (rc != DIVERGE) {
			judge->tally->incomparable++;
			return -EAGAIN;
		}
	}
	count(judge->tally, &finding->answer, finding->divergence.index);
	return DIVERGE;
}

int judge_program(const struct judge *judge, const struct program *program,
	struct finding *finding)
{
	struct trace a, b, *traces[2] = { &a, &b };
	int rc = diff_run(judge->pair, program, 1, traces);

	if (!rc)
		rc = judge_traces(judge, program, &a, &b, finding);
	return rc == DIVERGE ? judge_finding(judge, finding, &a, &b) : rc;
}

/**
 * struct kept - What must stay while a finding becomes small
 * @error:	0, or why a subject did not work
 */
struct kept {
	const struct judge *judge;
	struct finding *finding;
	int error;
};

/* The same two outcomes at an op of the same kind, for the same reason? */
static bool still_is(const struct program *program, void *arg)
{
	struct kept *kept = arg;
	const struct finding *was = kept->finding;
	struct trace a, b, *traces[2] = { &a, &b };
	struct finding now = { .program = *program };
	int rc;

	if (kept->error || !program->count)
		return false;
	rc = diff_run(kept->judge->pair, program, 1, traces);
	if (!rc && diff_traces(program, &a, &b, &now.divergence) != DIVERGE)
		return false;
	if (!rc)
		rc = classify(kept->judge, &now, &a, &b, &now.answer);
	kept->error = rc;
	if (rc || !class_same(&now.answer, &was->answer) ||
		!judge_alike(&now, was))
		return false;
	now.number = was->number;
	now.count = was->count;
	*kept->finding = now;
	return true;
}

int judge_minimize(const struct judge *judge, struct finding *finding)
{
	struct kept kept = { .judge = judge, .finding = finding };
	struct program program = finding->program;

	/* Only a law may need what comes later: it has another order. */
	program.count = finding->divergence.index + 1;
	if (!still_is(&program, &kept)) {
		program = finding->program;
		if (kept.error || !still_is(&program, &kept))
			return kept.error ? kept.error : -EAGAIN;
	}
	minimize(&program, still_is, &kept);
	if (!kept.error && !still_is(&program, &kept))
		return -EAGAIN;
	return kept.error;
}
