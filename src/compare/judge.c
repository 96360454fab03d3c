// SPDX-License-Identifier: Apache-2.0
/*
 * judge.c - what a program shows of two subjects, and what sort of thing it is
 */
#include "judge.h"

#include <errno.h>

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

void judge_count(const struct judge *judge, bool known)
{
	struct tally *tally = judge->tally;

	tally->divergent++;
	tally->tested++;
	tally->known += known;
	tally->unknown += !known;
}

int judge_finding(const struct judge *judge, struct finding *finding)
{
	int rc = minimize_divergence(judge->pair, &finding->program,
		&finding->divergence);

	judge->tally->incomparable += rc == -EAGAIN;
	if (rc)
		return rc;
	finding->class_case = judge->classes ?
				      class_find(judge->classes,
					      &finding->program, judge->names,
					      &finding->divergence) :
				      -1;
	judge_count(judge, finding->class_case >= 0);
	return DIVERGE;
}

int judge_program(const struct judge *judge, const struct program *program,
	struct finding *finding)
{
	struct trace a, b, *traces[2] = { &a, &b };
	int rc = diff_run(judge->pair, program, 1, traces);

	if (!rc)
		rc = judge_traces(judge, program, &a, &b, finding);
	return rc == DIVERGE ? judge_finding(judge, finding) : rc;
}
