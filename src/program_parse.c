// SPDX-License-Identifier: Apache-2.0
/*
 * program_parse.c - text to a program, with its expected outcomes
 *
 * A line is cut into words first; then each op takes its words from the left.
 * Nothing is guessed: a word that is left over is an error.
 */
#include "program_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "util.h"
#include "world.h"

enum { WORDS_MAX = 32, LINE_MAX_BYTES = 1000 };

struct parser {
	struct case_text *out;
	struct text_error *error;
	unsigned int line;
	char text[LINE_MAX_BYTES + 1];
	char *words[WORDS_MAX + 1];	/* NULL after the last */
	char **next;
	bool named[PROGRAM_SOCKETS_MAX];
	bool started;			/* an op has been seen */
};

__attribute__((format(printf, 2, 3)))
static int fail(struct parser *p, const char *format, ...)
{
	va_list args;

	p->error->line = p->line;
	va_start(args, format);
	vsnprintf(p->error->message, sizeof(p->error->message), format, args);
	va_end(args);
	return -EINVAL;
}

/* The next word of the op: NULL at its end, where "=" begins the outcome */
static const char *peek(struct parser *p)
{
	return *p->next && strcmp(*p->next, "=") ? *p->next : NULL;
}

static char *take(struct parser *p)
{
	return peek(p) ? *p->next++ : NULL;
}

/* The value of "key=value" if that is the next word, else NULL */
static char *take_value(struct parser *p, const char *key)
{
	size_t length = strlen(key);
	const char *word = peek(p);

	if (!word || strncmp(word, key, length) || word[length] != '=')
		return NULL;
	return *p->next++ + length + 1;
}

static int number(struct parser *p, const char *what, const char *word,
	uint64_t max, uint64_t *out)
{
	char *end;

	if (!word || !isdigit((unsigned char)*word) || strlen(word) > 12)
		return fail(p, "expected %s, found '%s'", what,
			word ? word : "the end of the line");
	*out = strtoull(word, &end, 10);
	if (*end)
		return fail(p, "expected %s, found '%s'", what, word);
	if (*out > max)
		return fail(p, "%s is at most %llu, found '%s'", what,
			(unsigned long long)max, word);
	return 0;
}

static int number32(struct parser *p, const char *what, const char *word,
	uint32_t max, uint32_t *out)
{
	uint64_t value;
	int rc = number(p, what, word, max, &value);

	if (!rc)
		*out = value;
	return rc;
}

static int number16(struct parser *p, const char *what, const char *word,
	uint16_t *out)
{
	uint64_t value;
	int rc = number(p, what, word, 65535, &value);

	if (!rc)
		*out = value;
	return rc;
}

/* "low-high", or one number for both where @single allows it */
static int pair(struct parser *p, const char *what, char *word, bool single,
	uint16_t *low, uint16_t *high)
{
	char *dash = word ? strchr(word, '-') : NULL;
	int rc;

	if (!dash && !single)
		return fail(p, "expected %s as LOW-HIGH, found '%s'", what,
			word ? word : "the end of the line");
	if (dash)
		*dash = '\0';
	rc = number16(p, what, word, low);
	return rc ? rc : number16(p, what, dash ? dash + 1 : word, high);
}

/* Find @word among @count words of an enum; says them all if it is not there */
static int enum_word(struct parser *p, const char *what, const char *word,
	text_word *words, unsigned int count, uint8_t *out)
{
	char known[160] = "";

	for (unsigned int i = 0; i < count; i++) {
		const char *each = words(i);

		if (word && *each && !strcmp(word, each)) {
			*out = i;
			return 0;
		}
		if (*each && strlen(known) + strlen(each) + 2 < sizeof(known))
			strcat(strcat(known, " "), each);
	}
	return fail(p, "unknown %s '%s'; known:%s", what, word ? word : "",
		known);
}

static int device(struct parser *p, const char *word, uint32_t *out)
{
	static const uint32_t devices[] = { WORLD_NO_DEVICE, WORLD_LO,
		WORLD_VETH0, WORLD_VETH1, WORLD_MISSING };

	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		if (!strcmp(word, text_device(devices[i]))) {
			*out = devices[i];
			return 0;
		}
	}
	return fail(p, "unknown device '%s'; known: lo veth0 veth1 missing",
		word);
}

/* A socket's name: the slot it has, or a new one */
static int socket_name(struct parser *p, const char *word, uint8_t *slot)
{
	struct program *program = &p->out->program;
	size_t length = word ? strlen(word) : 0;

	if (!word || !isalpha((unsigned char)*word))
		return fail(p, "expected the name of a socket, found '%s'",
			word ? word : "the end of the line");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)word[i]))
			return fail(p, "a name is letters and digits, found "
				"'%s'", word);
	if (length > PROGRAM_NAME_MAX)
		return fail(p, "a name has at most %d characters, found '%s'",
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
		for (*slot = 0; *slot < PROGRAM_SOCKETS_MAX &&
				p->named[*slot]; ++*slot)
			;
	if (*slot == PROGRAM_SOCKETS_MAX)
		return fail(p, "more than %d sockets", PROGRAM_SOCKETS_MAX);
	p->named[*slot] = true;
	memset(program->names[*slot], 0, sizeof(program->names[*slot]));
	strcpy(program->names[*slot], word);
	return 0;
}

/* Cut "ADDR:PORT" or "[ADDR]:PORT" in two */
static int cut_port(struct parser *p, char *word, char **addr, char **port)
{
	char *end;

	if (!word)
		return fail(p, "expected an address and a port, found the end "
			"of the line");
	*addr = word;
	if (*word == '[') {
		end = strchr(word, ']');
		if (!end || end[1] != ':')
			return fail(p, "expected [ADDRESS]:PORT, found '%s'",
				word);
		*addr = word + 1;
		*end++ = '\0';
	} else {
		end = strrchr(word, ':');
		if (!end || strchr(word, ':') != end)
			return fail(p, "expected ADDRESS:PORT, with an IPv6 "
				"address in [], found '%s'", word);
	}
	*end = '\0';
	*port = end + 1;
	return 0;
}

static int address(struct parser *p, const char *word, bool bracketed,
	struct addr *addr)
{
	if (addr_parse(word, addr) || bracketed != (addr->len == 16))
		return fail(p, "expected an %s address, found '%s'",
			bracketed ? "IPv6" : "IPv4", word);
	return 0;
}

static int place(struct parser *p, struct place *out)
{
	char *word = take(p), *addr, *port, *scope;
	bool bracketed = word && *word == '[';
	uint8_t slot;
	int rc = cut_port(p, word, &addr, &port);

	if (rc)
		return rc;
	scope = bracketed ? strchr(addr, '%') : NULL;
	if (scope) {
		*scope++ = '\0';
		rc = isdigit((unsigned char)*scope) ?
			number32(p, "a scope", scope, UINT32_MAX, &out->scope) :
			device(p, scope, &out->scope);
		if (rc)
			return rc;
	}
	rc = address(p, addr, bracketed, &out->addr);
	if (rc)
		return rc;
	if (*port != '@')
		return number16(p, "a port", port, &out->port);
	rc = socket_name(p, port + 1, &slot);
	out->port_of = slot + 1;
	return rc;
}

static int rat(struct parser *p, char *word, struct addr *addr, uint16_t *port)
{
	char *text, *digits;
	bool bracketed = word && *word == '[';
	int rc = cut_port(p, word, &text, &digits);

	if (!rc && strcmp(text, "*"))
		rc = address(p, text, bracketed, addr);
	return rc ? rc : number16(p, "a port", digits, port);
}

static int tester(struct parser *p, char *word, struct tester *test)
{
	char *colon = strchr(word, ':');
	int rc;

	if (colon)
		*colon = '\0';
	rc = enum_word(p, "tester", word, text_test, TEST_KINDS, &test->kind);
	if (rc)
		return rc;
	if (test->kind >= TEST_EQ)
		return number16(p, "a tester's number",
			colon ? colon + 1 : NULL, &test->arg);
	return colon ? fail(p, "test=%s takes no number", word) : 0;
}

static int flags(struct parser *p, char *word, uint8_t *out)
{
	for (char *rest = word, *flag; (flag = strsep(&rest, "+"));) {
		if (!strcmp(flag, "most_recent"))
			*out |= RES_MOST_RECENT;
		else if (!strcmp(flag, "load_balanced"))
			*out |= RES_LOAD_BALANCED;
		else if (!strcmp(flag, "tuple_only"))
			*out |= RES_TUPLE_ONLY;
		else
			return fail(p, "unknown flag '%s'; known: most_recent "
				"load_balanced tuple_only", flag);
	}
	return 0;
}

static int networks(struct parser *p, const char *word, struct reservation *res)
{
	if (word && !strcmp(word, "-"))
		return 0;
	if (!word || strspn(word, "46") != strlen(word) ||
	    strlen(word) > PROGRAM_NETWORKS_MAX)
		return fail(p, "expected up to %d networks such as 4, 46 or -, "
			"found '%s'", PROGRAM_NETWORKS_MAX,
			word ? word : "the end of the line");
	for (; *word; word++)
		res->networks[res->network_count++] = *word - '0';
	return 0;
}

static int transport(struct parser *p, const char *word, uint8_t *out)
{
	uint64_t value = 6;
	int rc = 0;

	if (word && !strcmp(word, "udp"))
		value = 17;
	else if (!word || strcmp(word, "tcp"))
		rc = number(p, "tcp, udp or a number", word, 255, &value);
	*out = value;
	return rc;
}

static int reserve(struct parser *p, struct op *op)
{
	struct reservation *res = &op->reserve.res;
	char *value, *end;
	int rc = networks(p, take(p), res);

	if (!rc)
		rc = transport(p, take(p), &res->transport);
	if (!rc)
		rc = rat(p, take(p), &res->addr, &res->port);
	if (!rc && (value = take_value(p, "flags")))
		rc = flags(p, value, &res->flags);
	if (!rc && (value = take_value(p, "dev"))) {
		long n = strtol(value, &end, 10);

		res->device = n;
		if (!*value || *end || n != res->device)
			rc = fail(p, "expected a device number, found '%s'",
				value);
	}
	if (!rc && (value = take_value(p, "dest")))
		rc = rat(p, value, &res->dest, &res->dest_port);
	if (!rc && op->kind == OP_RESERVE && (value = take_value(p, "random")))
		rc = number32(p, "random", value, PROGRAM_RANDOM_MAX,
			&op->reserve.random);
	if (!rc && op->kind == OP_RESERVE && (value = take_value(p, "test")))
		rc = tester(p, value, &op->reserve.test);
	return rc;
}

static int set(struct parser *p, struct op *op)
{
	char *word = take(p), *value = word ? strchr(word, '=') : NULL;
	uint16_t low, high;
	int rc;

	if (value)
		*value++ = '\0';
	rc = enum_word(p, "option", word, text_option, OPTIONS, &op->set.option);
	if (rc)
		return rc;
	switch (op->set.option) {
	case OPT_DEV: return device(p, value ? value : "", &op->set.value);
	case OPT_PORT_RANGE:
		rc = pair(p, "a port range", value, false, &low, &high);
		if (!rc) {
			op->set.value = low;
			op->set.high = high;
		}
		return rc;
	case OPT_UID:
		return number32(p, "a uid", value, UID_NONE - 1,
			&op->set.value);
	case OPT_LINGER: return number32(p, "linger", value, 0, &op->set.value);
	}
	op->set.value = 1;
	return value ? number32(p, "a switch", value, 1, &op->set.value) : 0;
}

static int sysctl(struct parser *p, struct op *op)
{
	char *word = take(p), *value = word ? strchr(word, '=') : NULL;
	uint16_t low = 0, high = 0;
	int rc;

	if (!value)
		return fail(p, "expected NAME=VALUE, found '%s'",
			word ? word : "the end of the line");
	*value++ = '\0';
	rc = enum_word(p, "sysctl", word, text_sysctl, SYSCTLS, &op->sysctl.key);
	if (rc)
		return rc;
	if (op->sysctl.key > SYSCTL_RESERVED_PORTS)
		return number32(p, "a sysctl's value", value, 65535,
			&op->sysctl.value);
	if (op->sysctl.key == SYSCTL_PORT_RANGE || *value)
		rc = pair(p, "a port range", value,
			op->sysctl.key == SYSCTL_RESERVED_PORTS, &low, &high);
	op->sysctl.value = low;
	op->sysctl.high = high;
	return rc;
}

static int bind_or_connect(struct parser *p, struct op *op)
{
	uint64_t value = LEN_NATURAL;
	char *word;
	int rc = place(p, &op->bind.place);

	op->bind.family = FAMILY_NATURAL;
	if (!rc && op->kind == OP_BIND && (word = take_value(p, "len")))
		rc = number(p, "a length", word, 128, &value);
	op->bind.len = value;
	if (!rc && op->kind == OP_BIND && (word = take_value(p, "family")))
		rc = number16(p, "a family", word, &op->bind.family);
	return rc;
}

static int pick(struct parser *p, struct op *op)
{
	bool stable = op->kind == OP_PICK_STABLE;
	char *word = take_value(p, stable ? "offset" : "random");
	int rc = word ? number32(p, stable ? "offset" : "random", word,
				stable ? UINT32_MAX : PROGRAM_RANDOM_MAX,
				&op->pick.random) : 0;

	if (rc)
		return rc;
	word = take_value(p, "test");
	return word ? tester(p, word, &op->pick.test) :
		      fail(p, "expected test=, found '%s'",
			peek(p) ? peek(p) : "the end of the line");
}

static int operands(struct parser *p, struct op *op)
{
	char *word;
	int rc;

	switch (op->kind) {
	case OP_SOCKET:
		op->socket.uid = UID_NONE;
		rc = enum_word(p, "type", take(p), text_type, SOCKET_TYPES, &op->socket.type);
		if (!rc && (word = take_value(p, "uid")))
			rc = number32(p, "a uid", word, UID_NONE - 1,
				&op->socket.uid);
		return rc;
	case OP_SET: return set(p, op);
	case OP_GET:
		return enum_word(p, "property", take(p), text_property,
			PROPERTIES, &op->get.property);
	case OP_BIND:
	case OP_CONNECT: return bind_or_connect(p, op);
	case OP_LISTEN:
		op->listen.backlog = BACKLOG_DEFAULT;
		return peek(p) ? number16(p, "a backlog", take(p),
				&op->listen.backlog) : 0;
	case OP_ACCEPT: return socket_name(p, take(p), &op->accept.sock);
	case OP_SHUTDOWN:
		return enum_word(p, "direction", take(p), text_direction,
			DIRECTIONS, &op->shutdown.how);
	case OP_EUID:
		return number32(p, "a uid", take(p), UID_NONE - 1,
			&op->euid.uid);
	case OP_SYSCTL: return sysctl(p, op);
	case OP_REPEAT: {
		uint64_t times;

		rc = number(p, "a count", take(p), PROGRAM_REPEAT_MAX, &times);
		if (!rc)
			op->repeat.times = times;
		return rc;
	}
	case OP_RESERVE:
	case OP_TUPLE:
	case OP_RELEASE:
	case OP_AVAILABLE: return reserve(p, op);
	case OP_RANGE:
		op->range.set = peek(p) != NULL;
		return op->range.set ? pair(p, "a port range", take(p), false,
				&op->range.first, &op->range.last) : 0;
	case OP_PICK:
	case OP_PICK_STABLE: return pick(p, op);
	}
	return 0;
}

static int append(struct parser *p, const struct op *op)
{
	struct program *program = &p->out->program;
	uint8_t slot = op->kind == OP_ACCEPT ? op->accept.sock : op->sock;

	if (!program->count && op_level(op->kind) >= 0)
		program->level = op_level(op->kind);
	switch (program_append(program, op)) {
	case 0: return 0;
	case -E2BIG:
		return fail(p, "more than %d ops", PROGRAM_OPS_MAX);
	case -EXDEV:
		return fail(p, "%s: a file has ops on sockets or on "
			"reservations, not both", text_kind(op->kind));
	case -EEXIST:
		return fail(p, "the name '%s' is in use; close it first",
			program->names[slot]);
	default:
		return fail(p, "nothing that can be repeated before this");
	}
}

static int outcome(struct parser *p, const char *word, struct outcome *out)
{
	if (!word || text_parse_outcome(word, out))
		return fail(p, "expected an outcome such as ok, ok:7000 or "
			"EADDRINUSE, found '%s'",
			word ? word : "the end of the line");
	return 0;
}

static int expectations(struct parser *p, struct expect *expect)
{
	int rc;

	expect->line = p->line;
	if (!*p->next)
		return 0;
	if (strcmp(*p->next, "="))
		return fail(p, "unexpected '%s'", *p->next);
	p->next++;
	rc = outcome(p, *p->next, &expect->outcome);
	if (rc)
		return rc;
	for (p->next++; *p->next; p->next++) {
		char *who = *p->next, *value = strchr(who, '=');

		if (!value || value == who || value - who >= WHO_MAX ||
		    !islower((unsigned char)*who))
			return fail(p, "expected SUBJECT=OUTCOME, found '%s'",
				who);
		if (expect->count == EXPECT_QUALIFIED_MAX)
			return fail(p, "more than %d qualified outcomes",
				EXPECT_QUALIFIED_MAX);
		*value = '\0';
		rc = outcome(p, value + 1, &expect->qualified[expect->count]);
		if (rc)
			return rc;
		strcpy(expect->who[expect->count++], who);
	}
	return 0;
}

static int one_op(struct parser *p)
{
	struct op op;
	int rc;

	memset(&op, 0, sizeof(op));
	rc = enum_word(p, "op", take(p), text_kind, OP_KINDS, &op.kind);
	if (!rc && (op.kind == OP_SOCKET || op_has_socket(&op)))
		rc = socket_name(p, take(p), &op.sock);
	if (!rc)
		rc = operands(p, &op);
	if (!rc && peek(p))
		rc = fail(p, "unexpected '%s'", peek(p));
	if (!rc)
		rc = append(p, &op);
	return rc ? rc : expectations(p,
		&p->out->expect[p->out->program.count - 1]);
}

static int one_line(struct parser *p)
{
	char *comment = strchr(p->text, '#'), *rest = p->text, *word;
	int count = 0;

	if (comment) {
		*comment++ = '\0';
		if (!p->started && !*p->out->why)
			snprintf(p->out->why, sizeof(p->out->why), "%s",
				comment + strspn(comment, " \t"));
	}
	while ((word = strsep(&rest, " \t\r"))) {
		if (!*word)
			continue;
		if (count == WORDS_MAX)
			return fail(p, "more than %d words", WORDS_MAX);
		p->words[count++] = word;
	}
	p->words[count] = NULL;
	p->next = p->words;
	if (!count)
		return 0;
	p->started = true;
	return one_op(p);
}

int text_parse(const char *text, size_t size, struct case_text *out,
	struct text_error *error)
{
	struct case_text result;
	struct parser p = { .out = &result, .error = error };
	const char *end = text + size;
	int rc;

	memset(&result, 0, sizeof(result));
	program_init(&result.program, LEVEL_SOCKET);
	if (size > TEXT_SIZE_MAX)
		return fail(&p, "%zu bytes; a program has at most %d", size,
			TEXT_SIZE_MAX);
	while (text < end) {
		const char *stop = memchr(text, '\n', end - text);
		size_t length = (stop ? stop : end) - text;

		p.line++;
		if (length > LINE_MAX_BYTES)
			return fail(&p, "a line of %zu bytes; at most %d",
				length, LINE_MAX_BYTES);
		for (size_t i = 0; i < length; i++)
			if (!text[i] || (unsigned char)text[i] == 0x7f ||
			    (text[i] > 0 && text[i] < ' ' && text[i] != '\t' &&
			     text[i] != '\r'))
				return fail(&p, "expected text, found byte "
					"0x%02x", (unsigned char)text[i]);
		memcpy(p.text, text, length);
		p.text[length] = '\0';
		rc = one_line(&p);
		if (rc)
			return rc;
		text += length + 1;
	}
	*out = result;
	return 0;
}
