// SPDX-License-Identifier: Apache-2.0
/*
 * text_outcome.c - text to an outcome, and to what is expected of whom
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "words.h"
#include "world.h"

/* glibc has these since 2.32 only, and others have none. */
#define NAME(error) [error] = #error
static const char *const errnos[] = { NAME(EPERM), NAME(ENOENT), NAME(ESRCH),
	NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC),
	NAME(EBADF), NAME(ECHILD), NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES),
	NAME(EFAULT), NAME(ENOTBLK), NAME(EBUSY), NAME(EEXIST), NAME(EXDEV),
	NAME(ENODEV), NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE),
	NAME(EMFILE), NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG), NAME(ENOSPC),
	NAME(ESPIPE), NAME(EROFS), NAME(EMLINK), NAME(EPIPE), NAME(EDOM),
	NAME(ERANGE), NAME(EDEADLK), NAME(ENAMETOOLONG), NAME(ENOLCK),
	NAME(ENOSYS), NAME(ENOTEMPTY), NAME(ELOOP), NAME(ENOMSG), NAME(EIDRM),
	NAME(ECHRNG), NAME(EL2NSYNC), NAME(EL3HLT), NAME(EL3RST), NAME(ELNRNG),
	NAME(EUNATCH), NAME(ENOCSI), NAME(EL2HLT), NAME(EBADE), NAME(EBADR),
	NAME(EXFULL), NAME(ENOANO), NAME(EBADRQC), NAME(EBADSLT), NAME(EBFONT),
	NAME(ENOSTR), NAME(ENODATA), NAME(ETIME), NAME(ENOSR), NAME(ENONET),
	NAME(ENOPKG), NAME(EREMOTE), NAME(ENOLINK), NAME(EADV), NAME(ESRMNT),
	NAME(ECOMM), NAME(EPROTO), NAME(EMULTIHOP), NAME(EDOTDOT),
	NAME(EBADMSG), NAME(EOVERFLOW), NAME(ENOTUNIQ), NAME(EBADFD),
	NAME(EREMCHG), NAME(ELIBACC), NAME(ELIBBAD), NAME(ELIBSCN),
	NAME(ELIBMAX), NAME(ELIBEXEC), NAME(EILSEQ), NAME(ERESTART),
	NAME(ESTRPIPE), NAME(EUSERS), NAME(ENOTSOCK), NAME(EDESTADDRREQ),
	NAME(EMSGSIZE), NAME(EPROTOTYPE), NAME(ENOPROTOOPT),
	NAME(EPROTONOSUPPORT), NAME(ESOCKTNOSUPPORT), NAME(EOPNOTSUPP),
	NAME(EPFNOSUPPORT), NAME(EAFNOSUPPORT), NAME(EADDRINUSE),
	NAME(EADDRNOTAVAIL), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENETRESET),
	NAME(ECONNABORTED), NAME(ECONNRESET), NAME(ENOBUFS), NAME(EISCONN),
	NAME(ENOTCONN), NAME(ESHUTDOWN), NAME(ETOOMANYREFS), NAME(ETIMEDOUT),
	NAME(ECONNREFUSED), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY),
	NAME(EINPROGRESS), NAME(ESTALE), NAME(EUCLEAN), NAME(ENOTNAM),
	NAME(ENAVAIL), NAME(EISNAM), NAME(EREMOTEIO), NAME(EDQUOT),
	NAME(ENOMEDIUM), NAME(EMEDIUMTYPE), NAME(ECANCELED), NAME(ENOKEY),
	NAME(EKEYEXPIRED), NAME(EKEYREVOKED), NAME(EKEYREJECTED),
	NAME(EOWNERDEAD), NAME(ENOTRECOVERABLE), NAME(ERFKILL),
	NAME(EHWPOISON) };
#undef NAME

const char *text_errno(int error)
{
	bool known = error > 0 && error < (int)ARRAY_SIZE(errnos);

	return known && errnos[error] ? errnos[error] : "E?";
}

static int parse_errno(const char *text, struct outcome *out)
{
	for (int error = 1; error < (int)ARRAY_SIZE(errnos); error++) {
		if (errnos[error] && !strcmp(errnos[error], text)) {
			*out = outcome_error(error);
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_device(const char *text, struct outcome *out)
{
	const struct world_device *found =
		world_device_named(strcmp(text, "-") ? text : "");

	if (!found || !*text)
		return -EINVAL;
	*out = (struct outcome){ .value = VALUE_DEVICE, .a = found->index };
	return 0;
}

static int parse_place(const char *text, struct outcome *out)
{
	char addr[ADDR_TEXT_MAX];
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool bracketed = *text == '[';
	char *end;
	unsigned long port;

	if (!length || length >= sizeof(addr) ||
		(bracketed && (length < 3 || text[length - 1] != ']')))
		return -EINVAL;
	memcpy(addr, text + bracketed, length - 2 * bracketed);
	addr[length - 2 * bracketed] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (!strcmp(colon + 1, "*"))
		port = PORT_ANY;
	else if (!isdigit((unsigned char)colon[1]) || *end || port > 65535)
		return -EINVAL;
	*out = (struct outcome){ .value = VALUE_PLACE, .a = port };
	if (!strcmp(addr, "*"))
		return 0;
	return addr_parse(addr, &out->addr);
}

static int parse_numbers(const char *text, struct outcome *out)
{
	char *end;
	unsigned long a, b = 0;
	int value = VALUE_NUMBER;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	a = strtoul(text, &end, 10);
	if (*end == '/' || *end == '-') {
		value = *end == '/' ? VALUE_CALLS : VALUE_RANGE;
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		b = strtoul(end + 1, &end, 10);
	}
	if (*end || a > UINT32_MAX || b > UINT32_MAX)
		return -EINVAL;
	*out = (struct outcome){ .value = value, .a = a, .b = b };
	return 0;
}

int text_parse_outcome(const char *text, struct outcome *out)
{
	struct outcome result = outcome_ok();
	int rc = 0;

	if (!strcmp(text, "ok"))
		;
	else if (!strcmp(text, "n/a"))
		result = outcome_na();
	else if (!strcmp(text, "crash"))
		result.kind = OUTCOME_CRASH;
	else if (!strcmp(text, "hang"))
		result.kind = OUTCOME_HANG;
	else if (strncmp(text, "ok:", 3))
		rc = parse_errno(text, &result);
	else if (parse_numbers(text + 3, &result) &&
		 parse_device(text + 3, &result))
		rc = parse_place(text + 3, &result);
	if (!rc)
		*out = result;
	return rc;
}

#define NAME_BYTES                                                             \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@"

size_t text_name_length(const char *text)
{
	return strspn(text, NAME_BYTES);
}

/* The same with a law behind the name, or with what old files have there: a
 * rule that is taken away */
static size_t who_length(const char *text)
{
	return strspn(text, NAME_BYTES "+~");
}

void text_who(const char *subject, char who[WHO_MAX])
{
	size_t length = who_length(subject);

	snprintf(who, WHO_MAX, "%.*s", (int)length, subject);
}

static int outcome(struct words *w, const char *word, struct outcome *out)
{
	if (!word || text_parse_outcome(word, out))
		return words_fail(w,
			"expected an outcome such as ok, ok:7000 "
			"or EADDRINUSE, found '%s'",
			word ? word : "the end of the line");
	return 0;
}

int words_expect(struct words *w, struct expect *expect)
{
	int rc;

	expect->line = w->line;
	expect->outcome = outcome_ok();
	expect->count = 0;
	if (!*w->next)
		return 0;
	if (strcmp(*w->next, "="))
		return words_fail(w, "unexpected '%s'", *w->next);
	w->next++;
	rc = outcome(w, *w->next, &expect->outcome);
	if (rc)
		return rc;
	for (w->next++; *w->next; w->next++) {
		char *who = *w->next, *value = strchr(who, '=');

		if (!value || value == who || value - who >= WHO_MAX)
			return words_fail(w,
				"expected SUBJECT=OUTCOME, found "
				"'%s'",
				who);
		if (who + who_length(who) != value)
			return words_fail(w,
				"a subject's name is letters, digits and "
				".-_@, found '%s'",
				who);
		if (expect->count == EXPECT_QUALIFIED_MAX)
			return words_fail(w, "more than %d qualified outcomes",
				EXPECT_QUALIFIED_MAX);
		*value = '\0';
		rc = outcome(w, value + 1, &expect->qualified[expect->count]);
		if (rc)
			return rc;
		strcpy(expect->who[expect->count++], who);
	}
	return 0;
}
