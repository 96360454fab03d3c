// SPDX-License-Identifier: Apache-2.0
/*
 * emit.c - a case as a C program that needs nothing of ours
 *
 * DOC: Theory of Operation
 *
 * Each op becomes a call inside of an expect(). The calls are written to memory
 * first, since the functions and variables before them depend on what they use.
 */
#include "emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emit_private.h"
#include "quote.h"
#include "util.h"

enum { COMMENT_WIDTH = 76 };

/* What others were seen to do there */
static void put_seen(const struct emitter *e, const struct expect *expect)
{
	char text[EMIT_TEXT_MAX];

	if (!expect->count)
		return;
	emit_put(e, "\t/* Seen:");
	for (unsigned int i = 0; i < expect->count; i++) {
		text_outcome(&expect->qualified[i], text, sizeof(text));
		emit_put(e, i ? ", " : " ");
		quote_c_comment(e->file, expect->who[i]);
		emit_put(e, " %s", text);
	}
	emit_put(e, " */\n");
}

/* The port that a socket got, if that is asked for later */
static void put_port(struct emitter *e, const struct op *op)
{
	const uint32_t get = 1u << OP_SOCKET | 1u << OP_BIND | 1u << OP_LISTEN |
			     1u << OP_CONNECT | 1u << OP_ACCEPT;
	int sock = op->kind == OP_ACCEPT ? op->accept.sock : op->sock;
	const char *name = emit_variable(e, sock);

	if (!(get & 1u << op->kind && e->told & 1u << sock) ||
		!(e->open & 1u << sock))
		return;
	emit_use(e, EMIT_PORT_OF);
	emit_put(e, "\tport_%s = port_of(%s);\n", name, name);
}

/* The sockets whose port an op asks for */
static unsigned int find_told(const struct program *program)
{
	unsigned int told = 0;

	for (const struct op *op = program->ops;
		op < program->ops + program->count; op++)
		if ((op->kind == OP_BIND || op->kind == OP_CONNECT) &&
			op->bind.place.port_of)
			told |= 1u << (op->bind.place.port_of - 1);
	return told;
}

static void put_op(struct emitter *e, unsigned int i)
{
	const struct program *program = &e->text->program;
	const struct outcome *want = &e->text->expect[i].outcome;
	const struct op *op = &program->ops[i];
	char text[EMIT_TEXT_MAX];

	text_op(program, op, text, sizeof(text));
	put_seen(e, &e->text->expect[i]);
	if (op->kind == OP_GET && emit_get(e, op, text, want))
		return;
	if (op->kind == OP_REPEAT && !op->repeat.times) {
		emit_op(e, "expect", text);
		emit_put(e, "\n\t\t0, ");
	} else if (op->kind == OP_REPEAT) {
		/* Sockets of more than one letter are called fd_... */
		emit_put(e,
			"\tfor (int at = 0, rc = 0; "
			"at < %u && !rc; at++)\n",
			op->repeat.times);
		emit_put(e, "\t\tif ((rc = ");
		emit_call(e, &program->ops[i - 1]);
		emit_put(e, ") || at == %u)\n\t", op->repeat.times - 1);
		emit_put(e, "\t");
		emit_op(e, "expect", text);
		emit_put(e, " rc, ");
	} else {
		emit_op(e, "expect", text);
		emit_put(e, "\n\t\t");
		emit_call(e, op);
		emit_put(e, ", ");
	}
	emit_put(e, "%s);\n",
		want->kind == OUTCOME_ERRNO ? text_errno(want->error) : "0");
	if (want->kind == OUTCOME_OK)
		put_port(e, op);
}

/* The case's sentence, which is anybody's text, wrapped */
static int put_why(const char *sentence, FILE *file)
{
	const char *why;
	int column = 0;
	size_t size;
	char *text = NULL;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return -ENOMEM;
	quote_c_comment(memory, sentence);
	if (quote_end(memory, &text))
		return -ENOMEM;
	why = text;
	fprintf(file, "/*\n");
	while (*why) {
		int length = strcspn(why, " ");

		if (column && column + 1 + length > COMMENT_WIDTH) {
			fputc('\n', file);
			column = 0;
		}
		column += fprintf(file, column ? " %.*s" : " * %.*s", length,
			why);
		why += length + strspn(why + length, " ");
	}
	fputs("\n *\n"
	      " * It makes a network of its own; with the word \"here\" it\n"
	      " * stays in that of the sandbox it is started in.\n"
	      " *\n"
	      " * Exit status: 0 all as on Linux, 1 not, 2 cannot be tried.\n"
	      " */\n",
		file);
	free(text);
	return 0;
}

/* What must be there before the first op */
static void put_begin(const struct emitter *e, FILE *file)
{
	fputs("\tsetlinebuf(stdout);\n"
	      "\tif (fcntl(STDOUT_FILENO, F_GETFD) < 0)\n"
	      "\t\treturn 2;\n"
	      "\tworld(argc > 1 && !strcmp(argv[1], \"here\"));\n",
		file);
	if (emit_uses(e, EMIT_RANGE))
		fputs("\trange_is_obeyed();\n", file);
	if (emit_uses(e, EMIT_VETH))
		fprintf(file, "\tveth(%d);\n", !e->devices);
}

static void put_main(const struct emitter *e, const char *body, FILE *file)
{
	const char *before = "\tint ";

	fprintf(file, "int main(int argc, char **argv)\n{\n");
	for (unsigned int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		if (!(e->used & 1u << i))
			continue;
		fprintf(file, "%s%s", before, emit_variable(e, i));
		before = ", ";
	}
	fputs(e->used ? ";\n" : "", file);
	for (unsigned int i = 0; i < PROGRAM_SOCKETS_MAX; i++)
		if (e->told & 1u << i)
			fprintf(file, "\tint port_%s = 0;\n",
				emit_variable(e, i));
	fputs(e->used | e->told ? "\n" : "", file);
	put_begin(e, file);
	fprintf(file,
		"\n%s\n\t/* What nobody could read is no answer. */\n"
		"\treturn ferror(stdout) ? 2 : unexpected;\n}\n",
		body);
}

int emit_c(const struct case_text *text, FILE *file)
{
	struct emitter e = { .text = text,
		.need = 1u << EMIT_WORLD,
		.told = find_told(&text->program) };
	char *body = NULL;
	size_t size;

	if (text->program.level != LEVEL_SOCKET)
		return -EINVAL;
	e.file = open_memstream(&body, &size);
	if (!e.file)
		return -ENOMEM;
	for (unsigned int i = 0; i < text->program.count; i++)
		put_op(&e, i);
	if (quote_end(e.file, &body))
		return -ENOMEM;
	if (put_why(text->why, file)) {
		free(body);
		return -ENOMEM;
	}
	fputs(emit_head, file);
	for (int i = 0; i < EMIT_NEEDS; i++)
		if (emit_uses(&e, i))
			emit_helper(i, file);
	put_main(&e, body, file);
	free(body);
	return 0;
}
