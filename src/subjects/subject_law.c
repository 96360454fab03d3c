// SPDX-License-Identifier: Apache-2.0
/*
 * subject_law.c - what must not make a difference, as a subject
 *
 * DOC: Theory of Operation
 *
 * A law makes another program of a program, and says that both must end alike.
 * "linux+undo" runs both on linux, and answers for each op of the first program
 * with the outcome that this op had in the other. So beside linux itself it
 * diverges where linux breaks the law, and such a divergence can be minimised
 * and named as any other.
 *
 *	order	Two binds that both succeed, of which neither socket is touched
 *		in between, do so in the other order, too.
 *	undo	A socket with both reuse options that binds a port and gives it
 *		back, before the last bind, leaves no trace.
 *	reuse	With SO_REUSEADDR on all sockets, nothing is refused that was
 *		allowed without it.
 *	refused	An op that fails has changed nothing: all goes on as if it had
 *		not been called.
 */
#include "subject_law.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { GONE = -1 };

/**
 * struct variant - The other program
 * @from:	For each op of the first program: the index of its op here, or
 *		GONE
 * @fits:	This law has another program for the first one
 */
struct variant {
	struct program program;
	int8_t from[PROGRAM_OPS_MAX];
	bool fits;
};

struct law {
	const char *name;
	void (*make)(const struct program *program, const struct trace *trace,
		struct variant *variant);
	bool looser; /* it may accept more; then the law says no more */
};

/**
 * struct law_state - A subject that obeys a law
 * @room:	So many programs at a time fit below. It is kept: memory that is
 *		given back each time costs more than the programs.
 */
struct law_state {
	const struct law *law;
	struct subject inner;
	size_t room;
	struct variant *variants;
	struct program *others;
	struct trace *theirs;
};

static bool is_ok(const struct trace *trace, unsigned int i)
{
	return trace->outcomes[i].kind == OUTCOME_OK;
}

/* Put an op at the end of the variant, if it fits */
static void append(struct variant *variant, const struct op *op)
{
	if (variant->program.count == PROGRAM_OPS_MAX)
		variant->fits = false;
	else
		variant->program.ops[variant->program.count++] = *op;
}

static void append_from(struct variant *variant, const struct program *program,
	unsigned int i)
{
	variant->from[i] = variant->program.count;
	append(variant, &program->ops[i]);
}

static bool is_bind(const struct op *op)
{
	return op->kind == OP_BIND && op->bind.place.port;
}

/* Does all between the two ops only prepare another socket than @from's? */
static bool is_apart(const struct program *program, unsigned int from,
	unsigned int to)
{
	unsigned int sock = program->ops[from].sock;

	for (unsigned int i = from + 1; i <= to; i++) {
		const struct op *op = &program->ops[i];

		if (op->sock == sock ||
			(i < to && op->kind != OP_SOCKET && op->kind != OP_SET))
			return false;
	}
	return true;
}

static void make_order(const struct program *program, const struct trace *trace,
	struct variant *variant)
{
	unsigned int a = 0, b;

	for (b = program->count; b-- > 0;) {
		if (!is_bind(&program->ops[b]) || !is_ok(trace, b))
			continue;
		for (a = b; a-- > 0;)
			if (is_bind(&program->ops[a]) && is_ok(trace, a) &&
				is_apart(program, a, b))
				break;
		if (a < b)
			break;
	}
	if (b >= program->count)
		return;
	variant->fits = true;
	for (unsigned int i = 0; i < program->count; i++) {
		if (i != a)
			append_from(variant, program, i);
		if (i == b)
			append_from(variant, program, a);
	}
}

static void make_undo(const struct program *program, const struct trace *trace,
	struct variant *variant)
{
	unsigned int last = program->count, free = 0;
	struct op again[5];

	(void)trace;
	while (last && !is_bind(&program->ops[last - 1]))
		last--;
	for (unsigned int i = 0; i < program->count; i++) {
		const struct op *made = &program->ops[i];
		unsigned int sock = made->kind == OP_ACCEPT ?
					    MAX(made->sock, made->accept.sock) :
					    made->sock;

		if (op_has_socket(made) || made->kind == OP_SOCKET)
			free = MAX(free, sock + 1);
	}
	if (!last-- || free == PROGRAM_SOCKETS_MAX)
		return;
	variant->fits = true;
	for (unsigned int i = 0; i < last; i++)
		append_from(variant, program, i);
	again[0] = op_socket(free,
		program_type(program, program->ops[last].sock), UID_NONE);
	again[1] = op_set(free, OPT_REUSEADDR, 1);
	again[2] = op_set(free, OPT_REUSEPORT, 1);
	again[3] = program->ops[last];
	again[3].sock = free;
	again[4] = op_make(OP_CLOSE, free);
	for (size_t i = 0; i < ARRAY_SIZE(again); i++)
		append(variant, &again[i]);
	for (unsigned int i = last; i < program->count; i++)
		append_from(variant, program, i);
}

static void make_reuse(const struct program *program, const struct trace *trace,
	struct variant *variant)
{
	(void)trace;
	variant->fits = true;
	for (unsigned int i = 0; i < program->count; i++) {
		const struct op *op = &program->ops[i];
		struct op set = op_set(op->sock, OPT_REUSEADDR, 1);

		/* A socket whose option is cleared again does not have it. */
		variant->fits &= op->kind != OP_SET || op->set.value ||
				 op->set.option != OPT_REUSEADDR;
		append_from(variant, program, i);
		if (op->kind == OP_SOCKET)
			append(variant, &set);
	}
}

static void make_refused(const struct program *program,
	const struct trace *trace, struct variant *variant)
{
	for (unsigned int i = 0; i < program->count; i++) {
		int error = trace->outcomes[i].error;
		/* A connect may go on after these. */
		bool gone = trace->outcomes[i].kind == OUTCOME_ERRNO &&
			    error != EINPROGRESS && error != EALREADY;

		/* Nobody knows which of the repeated ops has failed. */
		if (program->ops[i].kind == OP_REPEAT) {
			variant->fits = false;
			return;
		}
		variant->fits |= gone;
		if (gone)
			variant->from[i] = GONE;
		else
			append_from(variant, program, i);
	}
}

static const struct law laws[] = {
	{ "order", make_order, false },
	{ "undo", make_undo, false },
	{ "reuse", make_reuse, true },
	{ "refused", make_refused, false },
};

const char *subject_law_of(const char *name)
{
	const char *plus = strrchr(name, '+');

	if (!strncmp(name, "pipe:", 5))
		return NULL;
	for (size_t i = 0; plus && i < ARRAY_SIZE(laws); i++)
		if (!strcmp(plus + 1, laws[i].name))
			return plus;
	return NULL;
}

/* Answer for each op of the first program with its outcome in the other */
static void answer(const struct law *law, const struct variant *variant,
	const struct trace *theirs, struct trace *trace)
{
	bool more = false;

	for (unsigned int i = 0; i < trace->count; i++) {
		struct outcome *own = &trace->outcomes[i];
		const struct outcome *other =
			&theirs->outcomes[variant->from[i]];

		if (more)
			*own = outcome_na();
		else if (variant->from[i] != GONE && law->looser &&
			 own->kind == OUTCOME_ERRNO)
			more = other->kind == OUTCOME_OK;
		else if (variant->from[i] != GONE)
			*own = *other;
	}
}

static void drop_room(struct law_state *state)
{
	free(state->variants);
	free(state->others);
	free(state->theirs);
	state->variants = NULL;
	state->others = NULL;
	state->theirs = NULL;
	state->room = 0;
}

static int need_room(struct law_state *state, size_t count)
{
	if (count <= state->room)
		return 0;
	drop_room(state);
	state->variants = calloc(count, sizeof(*state->variants));
	state->others = calloc(count, sizeof(*state->others));
	state->theirs = calloc(count, sizeof(*state->theirs));
	if (!state->variants || !state->others || !state->theirs) {
		drop_room(state);
		return -ENOMEM;
	}
	state->room = count;
	return 0;
}

/* The other program, or the same one if this law has none for it */
static void make_other(const struct law *law, const struct program *program,
	const struct trace *trace, struct variant *variant,
	struct program *other)
{
	program_init(&variant->program, program->level);
	memset(variant->from, 0, sizeof(variant->from));
	variant->fits = false;
	law->make(program, trace, variant);
	*other = variant->fits ? variant->program : *program;
}

static int law_run(struct subject *subject, const struct program *programs,
	size_t count, struct trace *traces)
{
	struct law_state *state = subject->state;
	int rc = need_room(state, count);

	if (!rc)
		rc = subject_run(&state->inner, programs, count, NULL, traces);
	for (size_t i = 0; i < count && !rc; i++)
		make_other(state->law, &programs[i], &traces[i],
			&state->variants[i], &state->others[i]);
	if (!rc)
		rc = subject_run(&state->inner, state->others, count, NULL,
			state->theirs);
	for (size_t i = 0; i < count && !rc; i++)
		if (state->variants[i].fits)
			answer(state->law, &state->variants[i],
				&state->theirs[i], &traces[i]);
	if (rc)
		snprintf(subject->why, sizeof(subject->why), "%.*s",
			(int)sizeof(subject->why) - 1, state->inner.why);
	return rc;
}

static void law_close(struct subject *subject)
{
	struct law_state *state = subject->state;

	subject_close(&state->inner);
	drop_room(state);
	free(state);
	subject->state = NULL;
}

static struct subject *inner(struct subject *subject)
{
	struct law_state *state = subject->state;

	return &state->inner;
}

const struct subject_type subject_law = {
	.name = "law",
	.close = law_close,
	.run = law_run,
	.inner = inner,
};

int subject_law_open(struct subject *subject, const char *name,
	struct subject *inner, const char *law)
{
	struct law_state *state = calloc(1, sizeof(*state));

	memset(subject, 0, sizeof(*subject));
	snprintf(subject->name, sizeof(subject->name), "%s", name);
	if (!state) {
		snprintf(subject->why, sizeof(subject->why), "no memory");
		subject_close(inner);
		return -ENOMEM;
	}
	for (size_t i = 0; i < ARRAY_SIZE(laws); i++)
		if (!strcmp(law, laws[i].name))
			state->law = &laws[i];
	state->inner = *inner;
	subject->type = &subject_law;
	subject->can = inner->can;
	subject->state = state;
	return 0;
}
