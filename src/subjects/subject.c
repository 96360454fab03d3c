// SPDX-License-Identifier: Apache-2.0
/*
 * subject.c - a subject is a function from a program to a trace
 */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject_private.h"
#include "util.h"
#include "world.h"

int subject_open(struct subject *subject, const struct subject_type *type,
	const char *name)
{
	int rc;

	memset(subject, 0, sizeof(*subject));
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	subject->type = type;
	if (type->book)
		rc = subject_open_changed(subject, name + strlen(type->name));
	else
		rc = type->open(subject,
			type->prefix ? name + strlen(type->name) : "");
	if (rc)
		subject->type = NULL;
	return rc;
}

void subject_close(struct subject *subject)
{
	if (!subject || !subject->type)
		return;
	subject->type->close(subject);
	subject->type = NULL;
	free(subject->changes);
	subject->changes = NULL;
}

int subject_confine(struct subject *subjects, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		if (subjects[i].type->run)
			return 0;
	for (size_t i = 0; i < count && !rc; i++)
		if (subjects[i].type->confine)
			rc = subjects[i].type->confine(&subjects[i]);
	return rc;
}

static inline bool can_do(const struct capabilities *can, const struct op *op)
{
	bool devices = can->devices;

	if (!(can->ops & 1u << op->kind))
		return false;
	switch (op->kind) {
	case OP_SOCKET:
		return can->types & 1u << op->socket.type &&
		       (can->uids || op->socket.uid == UID_NONE);
	case OP_SET:
		return can->options & 1u << op->set.option &&
		       (can->uids || op->set.option != OPT_UID) &&
		       (devices || op->set.option != OPT_DEV ||
			       op->set.value == WORLD_NO_DEVICE ||
			       op->set.value == WORLD_LO ||
			       op->set.value == WORLD_MISSING);
	case OP_EUID: return can->uids;
	case OP_SYSCTL: return can->sysctls & 1u << op->sysctl.key;
	}
	return true;
}

bool subject_can(const struct capabilities *can, const struct op *op)
{
	return can_do(can, op);
}

struct capabilities subject_common(const struct capabilities *a,
	const struct capabilities *b)
{
	return (struct capabilities){
		.ops = a->ops & b->ops,
		.options = a->options & b->options,
		.sysctls = a->sysctls & b->sysctls,
		.types = a->types & b->types,
		.devices = a->devices && b->devices,
		.uids = a->uids && b->uids,
	};
}

/* The op with the number that ":@b" stands for, if it has one */
static const struct op *resolved(const struct run *run, const struct op *op,
	struct op *out)
{
	if ((op->kind != OP_BIND && op->kind != OP_CONNECT) ||
		!op->bind.place.port_of)
		return op;
	*out = *op;
	out->bind.place.port = run->ports[op->bind.place.port_of - 1];
	out->bind.place.port_of = 0;
	return out;
}

static inline void remember(struct run *run, const struct op *op,
	const struct outcome *outcome)
{
	if (outcome->kind != OUTCOME_OK)
		return;
	switch (op->kind) {
	case OP_SOCKET:
		run->open |= 1u << op->sock;
		run->ports[op->sock] = 0;
		break;
	case OP_ACCEPT:
		run->open |= 1u << op->accept.sock;
		run->ports[op->accept.sock] = run->ports[op->sock];
		break;
	case OP_CLOSE: run->open &= ~(1u << op->sock); break;
	case OP_BIND:
		if (op->bind.place.port)
			run->ports[op->sock] = op->bind.place.port;
	/* fall through */
	case OP_LISTEN:
	case OP_CONNECT:
		if (outcome->value == VALUE_NUMBER)
			run->ports[op->sock] = outcome->a;
		break;
	}
}

/* Inline, since all that a model costs is of the size of a call. */
static inline __attribute__((always_inline)) int step(struct subject *subject,
	struct run *run, const struct op *op, const struct outcome *leader,
	struct outcome *out)
{
	const struct op *now;
	struct op number;
	int rc;

	if (!can_do(&subject->can, op)) {
		*out = outcome_na();
		return 0;
	}
	if (op_has_socket(op) && !(run->open & 1u << op->sock)) {
		*out = outcome_error(EBADF);
		return 0;
	}
	now = resolved(run, op, &number);
	rc = subject->type->step(subject, now, leader, out);
	if (subject->changes && !rc)
		subject_answer_changed(subject, out);
	if (!rc)
		remember(run, now, out);
	return rc;
}

/* The outcome of a repeat is the first that is not ok; it cites all effects. */
static void add_outcome(struct outcome *sum, const struct outcome *each)
{
	uint64_t effects[2] = { sum->effects[0] | each->effects[0],
		sum->effects[1] | each->effects[1] };

	if (each->kind != OUTCOME_OK)
		*sum = *each;
	sum->model = each->model;
	sum->rule = each->rule;
	memcpy(sum->effects, effects, sizeof(effects));
}

static __attribute__((noinline)) int repeat(struct subject *subject,
	struct run *run, const struct op *op, const struct outcome *leader,
	struct outcome *out)
{
	/* The leader told the first outcome that is not ok, and no other. If it
	 * is the error of the op before, that was of the first time. */
	const struct outcome untold = outcome_na();
	bool told = leader && leader->kind == OUTCOME_ERRNO &&
		    outcome_equal(leader, leader - 1);
	int rc = 0;

	*out = outcome_ok();
	for (int i = 0; i < op->repeat.times && !rc; i++) {
		struct outcome each;

		rc = step(subject, run, op - 1,
			told && !i ? leader :
			leader	   ? &untold :
				     NULL,
			&each);
		/* Who does not know one does not know what follows. */
		if (!rc && each.kind == OUTCOME_NA)
			*out = each;
		else if (!rc && out->kind == OUTCOME_OK)
			add_outcome(out, &each);
	}
	return rc;
}

static inline __attribute__((always_inline)) int run_op(struct subject *subject,
	struct run *run, const struct op *op, const struct outcome *leader,
	struct outcome *out)
{
	return op->kind == OP_REPEAT ? repeat(subject, run, op, leader, out) :
				       step(subject, run, op, leader, out);
}

int subject_run_op(struct subject *subject, struct run *run,
	const struct op *op, const struct outcome *leader, struct outcome *out)
{
	return run_op(subject, run, op, leader, out);
}

/**
 * struct kept - What a program can go on from
 * @op:		The op that comes next
 * @run:	As it was before that
 */
struct kept {
	unsigned int op;
	struct run run;
};

struct kept_list {
	unsigned int count;
	struct kept list[SUBJECT_KEPT_MAX];
};

/* How many of these ops the leader answered the same in both programs */
static unsigned int common_led(const struct trace *a, const struct trace *b,
	unsigned int count)
{
	unsigned int i = 0;

	while (i < count && outcome_equal(&a->outcomes[i], &b->outcomes[i]))
		i++;
	return i;
}

static int run_from(struct subject *subject, const struct program *program,
	const struct trace *leader, struct trace *trace, struct run *run,
	unsigned int from, unsigned int shared, struct kept_list *kept)
{
	bool lost = from && trace->outcomes[from - 1].kind == OUTCOME_NA;
	int rc = 0;

	trace->count = program->count;
	for (unsigned int i = from; i < program->count && !rc; i++) {
		const struct op *op = &program->ops[i];
		const struct outcome *led = leader ? &leader->outcomes[i] :
						     NULL;
		struct outcome *out = &trace->outcomes[i];

		if (i > from && i <= shared && op->kind == OP_SOCKET &&
			kept->count < SUBJECT_KEPT_MAX) {
			subject->type->keep(subject, kept->count);
			kept->list[kept->count++] = (struct kept){ i, *run };
		}
		if (lost)
			*out = outcome_na();
		else
			rc = run_op(subject, run, op, led, out);
		lost |= out->kind == OUTCOME_NA;
	}
	return rc;
}

static int run_anew(struct subject *subject, const struct program *program,
	const struct trace *leader, struct trace *trace, unsigned int shared,
	struct kept_list *kept)
{
	struct run run = { 0 };
	int rc = subject->type->begin(subject), end;

	if (rc)
		return rc;
	rc = run_from(subject, program, leader, trace, &run, 0, shared, kept);
	end = subject->type->end(subject);
	return rc ? rc : end;
}

/* From the last state that this program and the one before it have passed */
static int run_on(struct subject *subject, const struct program *program,
	const struct trace *leader, struct trace *trace, unsigned int shared,
	struct kept_list *kept)
{
	const struct kept *last = &kept->list[kept->count - 1];
	struct run run = last->run;

	subject->type->back(subject, kept->count - 1);
	memcpy(trace->outcomes, (trace - 1)->outcomes,
		last->op * sizeof(*trace->outcomes));
	return run_from(subject, program, leader, trace, &run, last->op, shared,
		kept);
}

int subject_run(struct subject *subject, const struct program *programs,
	size_t count, const struct trace *leaders, struct trace *traces)
{
	struct kept_list kept = { 0 };
	unsigned int same = 0;
	int rc = 0;

	if (subject->type->run)
		return subject->type->run(subject, programs, count, traces);
	if (subject_asks_in_other_order(subject))
		return subject_run_reordered(subject, programs, count, leaders,
			traces);
	for (size_t i = 0; i < count && !rc; i++) {
		const struct trace *leader = leaders ? &leaders[i] : NULL;
		unsigned int shared = 0;

		if (subject->type->keep && i + 1 < count)
			shared = program_common(&programs[i], &programs[i + 1]);
		if (leader && i)
			same = common_led(leader - 1, leader, same);
		while (kept.count && kept.list[kept.count - 1].op > same)
			kept.count--;
		rc = (kept.count ? run_on : run_anew)(subject, &programs[i],
			leader, &traces[i], shared, &kept);
		same = shared;
	}
	return rc;
}
