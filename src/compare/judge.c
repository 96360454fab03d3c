// SPDX-License-Identifier: Apache-2.0
/*
 * judge.c - what a program shows of two subjects, and what sort of thing it is
 */
#include "judge.h"

#include <errno.h>
#include <string.h>

#include "minimize.h"

/* So often a program must diverge in the same way to be shown as it is, since a
 * kernel chooses ports anew each time; to make it smaller, so many worlds may
 * be used up, since another one takes a second. */
enum { STEADY_TIMES = 6, WORLDS_MAX = 4 };

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

/* Once more: does it diverge again, and is the same known then? What a kernel
 * that is busy answers late, behind the divergence, is no class's. */
static int ask_again(const struct judge *judge, struct finding *finding)
{
	struct trace a, b, *traces[2] = { &a, &b };
	struct finding now = { .program = finding->program };
	int rc = diff_run(judge->pair, &now.program, 1, traces);

	if (rc)
		return rc;
	if (diff_traces(&now.program, &a, &b, &now.divergence) != DIVERGE)
		return -EAGAIN;
	if (!judge_alike(&now, finding))
		return 0;
	rc = classify(judge, &now, &a, &b, &now.answer);
	if (!rc && now.answer.verdict == CLASS_KNOWN)
		finding->answer = now.answer;
	return rc;
}

int judge_finding(const struct judge *judge, struct finding *finding,
	const struct trace *a, const struct trace *b)
{
	int rc = classify(judge, finding, a, b, &finding->answer);

	if (!rc && finding->answer.verdict != CLASS_KNOWN)
		rc = ask_again(judge, finding);
	judge->tally->incomparable += rc == -EAGAIN;
	if (rc)
		return rc;
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
 * @times:	How often a candidate must do it
 * @restarts:	Of both subjects, at the beginning
 * @chance:	In @finding somebody chose a port, and may choose another one
 * @error:	0, or why a subject did not work
 */
struct kept {
	const struct judge *judge;
	struct finding *finding;
	unsigned int times, restarts;
	bool chance;
	int error;
};

static bool has_chosen(const struct program *program, const struct trace *trace)
{
	for (unsigned int i = 0; i < program->count; i++)
		if (trace->outcomes[i].value == VALUE_NUMBER)
			return true;
	return false;
}

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
	kept->chance = has_chosen(program, &a) || has_chosen(program, &b);
	*kept->finding = now;
	return true;
}

/* So often as is asked for; but where nobody chose, once more is enough. */
static bool still_is_often(const struct program *program, void *arg)
{
	struct kept *kept = arg;

	for (unsigned int i = 0; i < kept->times; i++) {
		if (!still_is(program, kept))
			return false;
		if (!kept->chance)
			return true;
	}
	return true;
}

static unsigned int restarts(const struct judge *judge)
{
	return judge->pair->subjects[0]->restarts +
	       judge->pair->subjects[1]->restarts;
}

/* The same for minimize(), which may go on for long */
static bool still_is_soon(const struct program *program, void *arg)
{
	struct kept *kept = arg;

	return restarts(kept->judge) - kept->restarts < WORLDS_MAX &&
	       still_is_often(program, kept);
}

/*
 * A kernel that chose the port of another socket by chance seldom does so
 * again. With that port as the only one to choose, it does.
 */
static bool force_choice(struct program *program, struct kept *kept)
{
	const struct outcome *chosen =
		&kept->finding->divergence.outcomes[kept->judge->pair->leader];
	struct program forced = *program;

	if (program->count == PROGRAM_OPS_MAX ||
		chosen->value != VALUE_NUMBER || program->level != LEVEL_SOCKET)
		return false;
	memmove(forced.ops + 1, forced.ops,
		forced.count++ * sizeof(*forced.ops));
	forced.ops[0] = op_sysctl(SYSCTL_PORT_RANGE, chosen->a, chosen->a);
	if (!still_is_often(&forced, kept))
		return false;
	*program = forced;
	return true;
}

/* Does one refuse the port that the other has chosen, and will choose again?
 * Asked alone, it would choose one for itself. A kernel chooses by chance. */
static bool refuses_choice(const struct kept *kept)
{
	const struct outcome *outcomes = kept->finding->divergence.outcomes;
	int leader = kept->judge->pair->leader;

	return diff_follower(kept->judge->pair) >= 0 &&
	       kept->judge->pair->subjects[leader]->type->follows &&
	       outcomes[leader].value == VALUE_NUMBER &&
	       outcomes[!leader].kind == OUTCOME_ERRNO;
}

int judge_minimize(const struct judge *judge, struct finding *finding)
{
	const struct finding before = *finding;
	struct kept kept = {
		.judge = judge,
		.finding = finding,
		.times = STEADY_TIMES,
		.restarts = restarts(judge),
	};
	struct program program = finding->program;
	bool forced = false, holds;

	program.count = finding->divergence.index + 1;
	holds = still_is_often(&program, &kept);
	if (!holds)
		holds = forced = force_choice(&program, &kept);
	if (!holds) {
		/* Only a law may need what comes later: another order. */
		program = before.program;
		holds = still_is_often(&program, &kept);
	}
	/* Where a choice was forced, what forces it must not be dropped. */
	kept.times = forced ? STEADY_TIMES : 1;
	if (holds)
		minimize(&program, still_is_soon, &kept);
	kept.times = STEADY_TIMES;
	if (holds && !forced && refuses_choice(&kept))
		force_choice(&program, &kept);
	if (holds && (!kept.chance || still_is_often(&program, &kept)))
		return 0;
	*finding = before;
	return kept.error ? kept.error : -EAGAIN;
}
