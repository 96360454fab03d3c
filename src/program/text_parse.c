// SPDX-License-Identifier: Apache-2.0
/*
 * text_parse.c - text to a program, with its expected outcomes
 *
 * A line is cut into words first; then each op takes its words from the left.
 * Nothing is guessed: a word that is left over is an error.
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "util.h"
#include "words.h"
#include "world.h"

struct parser {
	struct words words;
	struct case_text *out;
	bool named[PROGRAM_SOCKETS_MAX];
	bool started; /* an op has been seen */
};

static int device(struct words *w, const char *word, uint32_t *out)
{
	const struct world_device *found = world_device_named(word);
	char known[64] = "";

	if (found) {
		*out = found->index;
		return 0;
	}
	for (int i = 0; i < WORLD_DEVICES; i++)
		if (*world_devices[i].name)
			strcat(strcat(known, " "), world_devices[i].name);
	return words_fail(w, "unknown device '%s'; known:%s", word, known);
}

/* A socket's name: the slot it has, or a new one */
static int socket_name(struct parser *p, const char *word, uint8_t *slot)
{
	struct words *w = &p->words;
	struct program *program = &p->out->program;
	size_t length = word ? strlen(word) : 0;

	if (!word || !isalpha((unsigned char)*word))
		return words_fail(w,
			"expected the name of a socket, found '%s'",
			word ? word : "the end of the line");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)word[i]))
			return words_fail(w,
				"a name is letters and digits, found "
				"'%s'",
				word);
	if (length > PROGRAM_NAME_MAX)
		return words_fail(w,
			"a name has at most %d characters, found '%s'",
			PROGRAM_NAME_MAX, word);
	for (int i = 0; i < PROGRAM_SOCKETS_MAX; i++) {
		if (p->named[i] && !strcmp(program->names[i], word)) {
			*slot = i;
			return 0;
		}
	}
	/* Its own slot if it is one of a..p, so that bytes need not name it. */
	if (length == 1 && *word >= 'a' && *word < 'a' + PROGRAM_SOCKETS_MAX &&
		!p->named[*word - 'a'])
		*slot = *word - 'a';
	else
		for (*slot = 0; *slot < PROGRAM_SOCKETS_MAX && p->named[*slot];
			++*slot)
			;
	if (*slot == PROGRAM_SOCKETS_MAX)
		return words_fail(w, "more than %d sockets",
			PROGRAM_SOCKETS_MAX);
	p->named[*slot] = true;
	memset(program->names[*slot], 0, sizeof(program->names[*slot]));
	strcpy(program->names[*slot], word);
	return 0;
}

static int place(struct parser *p, struct place *out)
{
	struct words *w = &p->words;
	char *word = words_take(w), *addr, *port, *scope;
	bool bracketed = word && *word == '[';
	uint8_t slot;
	int rc = words_place(w, word, &addr, &port);

	if (rc)
		return rc;
	scope = bracketed ? strchr(addr, '%') : NULL;
	if (scope) {
		*scope++ = '\0';
		rc = isdigit((unsigned char)*scope) ?
			     words_number32(w, "a scope", scope, UINT32_MAX,
				     &out->scope) :
			     device(w, scope, &out->scope);
		if (rc)
			return rc;
	}
	rc = words_address(w, addr, bracketed, &out->addr);
	if (rc)
		return rc;
	if (*port != '@')
		return words_number16(w, "a port", port, &out->port);
	rc = socket_name(p, port + 1, &slot);
	out->port_of = slot + 1;
	return rc;
}

static int set(struct words *w, struct op *op)
{
	char *word = words_take(w), *value = word ? strchr(word, '=') : NULL;
	uint16_t low, high;
	int rc;

	if (value)
		*value++ = '\0';
	rc = words_enum(w, "option", word, text_option, OPTIONS,
		&op->set.option);
	if (rc)
		return rc;
	switch (op->set.option) {
	case OPT_DEV: return device(w, value ? value : "", &op->set.value);
	case OPT_PORT_RANGE:
		rc = words_pair(w, "a port range", value, false, &low, &high);
		if (!rc) {
			op->set.value = low;
			op->set.high = high;
		}
		return rc;
	case OPT_UID:
		return words_number32(w, "a uid", value, UID_NONE - 1,
			&op->set.value);
	case OPT_LINGER:
		return words_number32(w, "linger", value, 0, &op->set.value);
	}
	op->set.value = 1;
	return value ? words_number32(w, "a switch", value, 1, &op->set.value) :
		       0;
}

static int sysctl(struct words *w, struct op *op)
{
	char *word = words_take(w), *value = word ? strchr(word, '=') : NULL;
	uint16_t low = 0, high = 0;
	int rc;

	if (!value)
		return words_fail(w, "expected NAME=VALUE, found '%s'",
			word ? word : "the end of the line");
	*value++ = '\0';
	rc = words_enum(w, "sysctl", word, text_sysctl, SYSCTLS,
		&op->sysctl.key);
	if (rc)
		return rc;
	if (op->sysctl.key > SYSCTL_RESERVED_PORTS)
		return words_number32(w, "a sysctl's value", value, 65535,
			&op->sysctl.value);
	if (op->sysctl.key == SYSCTL_PORT_RANGE || *value)
		rc = words_pair(w, "a port range", value,
			op->sysctl.key == SYSCTL_RESERVED_PORTS, &low, &high);
	op->sysctl.value = low;
	op->sysctl.high = high;
	return rc;
}

static int bind_or_connect(struct parser *p, struct op *op)
{
	struct words *w = &p->words;
	uint64_t value = LEN_NATURAL;
	char *word;
	int rc = place(p, &op->bind.place);

	op->bind.family = FAMILY_NATURAL;
	if (!rc && op->kind == OP_BIND && (word = words_value(w, "len")))
		rc = words_number(w, "a length", word, 128, &value);
	op->bind.len = value;
	if (!rc && op->kind == OP_BIND && (word = words_value(w, "family")))
		rc = words_number16(w, "a family", word, &op->bind.family);
	return rc;
}

static int operands(struct parser *p, struct op *op)
{
	struct words *w = &p->words;
	char *word;
	int rc;

	switch (op->kind) {
	case OP_SOCKET:
		op->socket.uid = UID_NONE;
		rc = words_enum(w, "type", words_take(w), text_type,
			SOCKET_TYPES, &op->socket.type);
		if (!rc && (word = words_value(w, "uid")))
			rc = words_number32(w, "a uid", word, UID_NONE - 1,
				&op->socket.uid);
		return rc;
	case OP_SET: return set(w, op);
	case OP_GET:
		return words_enum(w, "property", words_take(w), text_property,
			PROPERTIES, &op->get.property);
	case OP_BIND:
	case OP_CONNECT: return bind_or_connect(p, op);
	case OP_LISTEN:
		op->listen.backlog = BACKLOG_DEFAULT;
		return words_peek(w) ?
			       words_number16(w, "a backlog", words_take(w),
				       &op->listen.backlog) :
			       0;
	case OP_ACCEPT: return socket_name(p, words_take(w), &op->accept.sock);
	case OP_SHUTDOWN:
		return words_enum(w, "direction", words_take(w), text_direction,
			DIRECTIONS, &op->shutdown.how);
	case OP_EUID:
		return words_number32(w, "a uid", words_take(w), UID_NONE - 1,
			&op->euid.uid);
	case OP_SYSCTL: return sysctl(w, op);
	case OP_REPEAT: {
		uint64_t times;

		rc = words_number(w, "a count", words_take(w),
			PROGRAM_REPEAT_MAX, &times);
		if (!rc)
			op->repeat.times = times;
		return rc;
	}
	case OP_RESERVE:
	case OP_TUPLE:
	case OP_RELEASE:
	case OP_AVAILABLE: return words_reserve(w, op);
	case OP_RANGE:
		op->range.set = words_peek(w) != NULL;
		return op->range.set ?
			       words_pair(w, "a port range", words_take(w),
				       false, &op->range.first,
				       &op->range.last) :
			       0;
	case OP_PICK:
	case OP_PICK_STABLE: return words_pick(w, op);
	}
	return 0;
}

static int append(struct parser *p, const struct op *op)
{
	struct words *w = &p->words;
	struct program *program = &p->out->program;
	uint8_t slot = op->kind == OP_ACCEPT ? op->accept.sock : op->sock;

	if (!program->count && op_level(op->kind) >= 0)
		program->level = op_level(op->kind);
	switch (program_append(program, op)) {
	case 0: return 0;
	case -E2BIG: return words_fail(w, "more than %d ops", PROGRAM_OPS_MAX);
	case -EXDEV:
		return words_fail(w,
			"%s: a file has ops on sockets or on "
			"reservations, not both",
			text_kind(op->kind));
	case -EEXIST:
		return words_fail(w, "the name '%s' is in use; close it first",
			program->names[slot]);
	default:
		return words_fail(w,
			"nothing that can be repeated before this");
	}
}

static int one_op(struct parser *p)
{
	struct words *w = &p->words;
	struct op op;
	int rc;

	memset(&op, 0, sizeof(op));
	rc = words_enum(w, "op", words_take(w), text_kind, OP_KINDS, &op.kind);
	if (!rc && (op.kind == OP_SOCKET || op_has_socket(&op)))
		rc = socket_name(p, words_take(w), &op.sock);
	if (!rc)
		rc = operands(p, &op);
	if (!rc && words_peek(w))
		rc = words_fail(w, "unexpected '%s'", words_peek(w));
	if (!rc)
		rc = append(p, &op);
	return rc ? rc :
		    words_expect(w, &p->out->expect[p->out->program.count - 1]);
}

/* What stands behind "# WORD:", or NULL if another word does */
static const char *behind(const char *comment, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(comment, word, length))
		return NULL;
	return comment + length + strspn(comment + length, " \t");
}

/* A comment before the first op: the sentence, and what class it is of */
static int head(struct parser *p, const char *comment)
{
	struct case_text *out = p->out;
	const char *of = behind(comment, "of:");
	const char *change = behind(comment, "change:");
	size_t used = strlen(out->changes);

	if (!*out->why)
		snprintf(out->why, sizeof(out->why), "%s", comment);
	else if (of && *out->of)
		return words_fail(&p->words,
			"'# of:' stands above, too: a class is of one system");
	else if ((of && strlen(of) >= sizeof(out->of)) ||
		 (change && used + strlen(change) + 2 >= sizeof(out->changes)))
		return words_fail(&p->words, "too long: '%.40s...'", comment);
	else if (of) {
		strcpy(out->of, of);
		out->of_line = p->words.line;
	} else if (change) {
		snprintf(out->changes + used, sizeof(out->changes) - used,
			"%s%s", used ? " " : "", change);
		if (!used)
			out->change_line = p->words.line;
	}
	return 0;
}

static int one_line(struct parser *p, const char *text, size_t length)
{
	const char *comment;
	int rc = words_cut(&p->words, text, length, &comment);

	if (rc < 0)
		return rc;
	if (comment && !p->started) {
		int bad = head(p, comment + strspn(comment, " \t"));

		if (bad)
			return bad;
	}
	if (!rc)
		return 0;
	p->started = true;
	return one_op(p);
}

int text_parse(const char *text, size_t size, struct case_text *out,
	struct text_error *error)
{
	struct parser p = { .words.error = error, .out = out };
	const char *end = text + size;

	/* Each op clears what is expected of it: all would be 60 KB. */
	memset(out, 0, offsetof(struct case_text, expect));
	program_init(&out->program, LEVEL_SOCKET);
	if (size > TEXT_SIZE_MAX)
		return words_fail(&p.words,
			"%zu bytes; a program has at most "
			"%d",
			size, TEXT_SIZE_MAX);
	while (text < end) {
		const char *stop = memchr(text, '\n', end - text);
		size_t length = (stop ? stop : end) - text;
		int rc;

		p.words.line++;
		rc = one_line(&p, text, length);
		if (rc)
			return rc;
		text += length + 1;
	}
	return 0;
}
