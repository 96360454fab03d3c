/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - what is asked of a subject, and what it answers
 *
 * A *program* is at most 64 ops over at most 16 named sockets. It is a plain
 * value: copy it with =, compare it with program_equal(). A *trace* is an
 * outcome for every op of a program. These types are here; see also
 *
 *	text.h	 text to program and back, with expected outcomes
 *	bytes.h	 any bytes to a program and back: what fuzzers mutate
 *	subject.h	 program to trace
 *
 * There are two levels, and a program keeps to one: ops on sockets, which
 * kernels answer, and ops on a port manager's reservations, one level down.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "reservation.h"
#include "world.h"

enum {
	PROGRAM_OPS_MAX = 64,
	PROGRAM_SOCKETS_MAX = 16,
	PROGRAM_NAME_MAX = 15,
	PROGRAM_REPEAT_MAX = 300,
	PROGRAM_RANDOM_MAX = (1 << 30) - 1,
};

/* Values that mean "not written" */
enum { LEN_NATURAL = 255, FAMILY_NATURAL = 65535, BACKLOG_DEFAULT = 128 };
#define UID_NONE UINT32_MAX

/* The order of every enum here is part of the byte format: append only. */

enum level { LEVEL_RESERVATION, LEVEL_SOCKET };

enum op_kind {
	OP_SOCKET,
	OP_SET,
	OP_GET,
	OP_BIND,
	OP_LISTEN,
	OP_CONNECT,
	OP_DISCONNECT,
	OP_ACCEPT,
	OP_SHUTDOWN,
	OP_CLOSE,
	OP_EUID,
	OP_SYSCTL,
	OP_REPEAT,
	OP_RESERVE,
	OP_TUPLE,
	OP_RELEASE,
	OP_AVAILABLE,
	OP_RANGE,
	OP_PICK,
	OP_PICK_STABLE,
	OP_LIVE,
	OP_SAVE,
	OP_KINDS
};

enum socket_type { TCP4, TCP6, UDP4, UDP6, MPTCP4, MPTCP6, SOCKET_TYPES };

enum sockopt {
	OPT_REUSEADDR, /* the first seven are switches: value 0 or 1 */
	OPT_REUSEPORT,
	OPT_V6ONLY,
	OPT_FREEBIND,
	OPT_TRANSPARENT,
	OPT_BIND_NO_PORT,
	OPT_REPAIR,
	OPT_DEV,	/* value: a world_device */
	OPT_PORT_RANGE, /* low, high */
	OPT_UID,	/* value: fchown of the socket */
	OPT_LINGER,	/* only 0: close sends RST */
	OPTIONS
};

enum property { GET_NAME, GET_DEV, GET_V6ONLY, PROPERTIES };

enum direction { SHUT_READ, SHUT_WRITE, SHUT_BOTH, DIRECTIONS };

enum test_kind {
	TEST_ABSENT, /* no tester at all */
	TEST_ALL,
	TEST_NONE,
	TEST_ODD,
	TEST_ERR,
	TEST_EQ, /* from here on with an argument */
	TEST_GE,
	TEST_LT,
	TEST_NTH,   /* good at the n-th call, from 1 */
	TEST_ERREQ, /* an error at port n, good at every other */
	TEST_KINDS
};

/**
 * struct place - Where to bind or to connect
 * @addr:	IPv4 or IPv6
 * @scope:	IPv6 scope id, 0 if none is written
 * @port:	The port, if @port_of is 0
 * @port_of:	1 + the slot of the socket whose last port is meant (":@b")
 */
struct place {
	struct addr addr;
	uint32_t scope;
	uint16_t port;
	uint8_t port_of;
};

struct tester {
	uint8_t kind;
	uint16_t arg;
};

/**
 * struct op - One step
 * @kind:	An op_kind, which says what part of the union is used
 * @sock:	Slot of the socket it works on, for ops on a socket
 *
 * What is not used is zero, so that equal ops are equal bytes.
 */
struct op {
	uint8_t kind;
	uint8_t sock;
	union {
		struct {
			uint8_t type;
			uint32_t uid; /* or UID_NONE */
		} socket;
		struct {
			uint8_t option;
			uint32_t value; /* or low */
			uint32_t high;
		} set;
		struct {
			uint8_t property;
		} get;
		struct { /* connect: place only */
			struct place place;
			uint16_t family; /* or FAMILY_NATURAL */
			uint8_t len;	 /* or LEN_NATURAL */
		} bind;
		struct {
			uint16_t backlog;
		} listen;
		struct {
			uint8_t sock; /* slot of the new socket */
		} accept;
		struct {
			uint8_t how;
		} shutdown;
		struct {
			uint32_t uid;
		} euid;
		struct {
			uint8_t key;
			uint32_t value; /* or low */
			uint32_t high;
		} sysctl;
		struct {
			uint16_t times;
		} repeat;
		struct { /* also tuple, release, available */
			struct reservation res;
			struct tester test;
			uint32_t random;
		} reserve;
		struct {
			uint8_t set; /* 0: only ask */
			uint16_t first, last;
		} range;
		struct { /* pick_stable: random is offset */
			struct tester test;
			uint32_t random;
		} pick;
	};
};

/**
 * struct program - A short list of ops, as a plain value
 * @level:	LEVEL_SOCKET or LEVEL_RESERVATION
 * @count:	How many ops there are
 * @ops:	The ops; unused ones are zero
 * @names:	What each socket slot is called; "a".."p" unless text said else
 */
struct program {
	uint8_t level;
	uint8_t count;
	struct op ops[PROGRAM_OPS_MAX];
	char names[PROGRAM_SOCKETS_MAX][PROGRAM_NAME_MAX + 1];
};

enum outcome_kind {
	OUTCOME_OK,
	OUTCOME_ERRNO,
	OUTCOME_NA, /* the subject has no such op */
	OUTCOME_CRASH,
	OUTCOME_HANG,
};

enum value_kind {
	VALUE_NONE,
	VALUE_NUMBER, /* a: a port or another number */
	VALUE_CALLS,  /* a: a port, b: calls of the tester */
	VALUE_RANGE,  /* a: first, b: last */
	VALUE_PLACE,  /* addr and a: an address and a port, or any */
	VALUE_DEVICE, /* a: a world_device */
};

/* The subjects that say by which of their rules they answer (rule.h) */
enum model { MODEL_SPEC, MODEL_PORTMAN, MODELS };

/* In what a case demands, "*": a port that the subject chose */
enum { PORT_ANY = 65536 };

/**
 * struct outcome - What one op gave
 * @kind:	An outcome_kind
 * @value:	A value_kind; OUTCOME_OK only
 * @error:	A positive errno; OUTCOME_ERRNO only
 * @model:	The model whose rule decided, if @rule is one
 * @rule:	The rule that decided, from a model only; 0 is none
 * @effects:	A bit for each effect beside it. None of these is ever compared.
 */
struct outcome {
	uint8_t kind;
	uint8_t value;
	uint16_t error;
	uint32_t a, b;
	struct addr addr;
	uint8_t model;
	uint16_t rule;
	uint64_t effects[2];
};

/**
 * struct trace - The outcomes of a program, from one subject
 * @count:	As many as the program has ops
 */
struct trace {
	uint8_t count;
	struct outcome outcomes[PROGRAM_OPS_MAX];
};

/**
 * program_init() - Make the empty program of a level
 * @program:	Overwritten; sockets are called a, b, c, ...
 * @level:	Which ops it may have
 */
void program_init(struct program *program, enum level level);

/**
 * program_append() - Add an op if a program may have it there
 * @program:	Changed only on success
 * @op:		What to add
 *
 * This is the one place that says which programs are well formed. They have at
 * most PROGRAM_OPS_MAX ops, all of one level. Socket and accept need a name
 * that is not in use; a name is in use from there to its close. Repeat follows
 * an op that makes no name and is no repeat itself.
 *
 * Return: 0, -E2BIG (too many), -EXDEV (the other level), -EEXIST (the name is
 *	   in use), -ENOENT (nothing to repeat)
 */
int program_append(struct program *program, const struct op *op);

/** program_remove() - Take out an op, and what cannot stand without it */
void program_remove(struct program *program, unsigned int index);

/** program_equal() - Are the ops the same, and the names of their sockets? */
bool program_equal(const struct program *a, const struct program *b);

/** program_common() - How many ops two programs begin with in common */
unsigned int program_common(const struct program *a, const struct program *b);

/** program_hash() - FNV-1a, 64 bits, of ops, or of a program as bytes */
uint64_t program_hash(const void *data, size_t size);

/** program_in_use() - Bits of the slots whose name is in use after all ops */
uint16_t program_in_use(const struct program *program);

/** program_type() - The socket_type that a slot last had, or -1 for none */
int program_type(const struct program *program, unsigned int slot);

/**
 * op_make() - An op of a kind; what is not said here, the caller fills in
 *
 * All of it is zero, padding too: programs are compared as memory.
 */
static inline struct op op_make(enum op_kind kind, uint8_t sock)
{
	struct op op;

	memset(&op, 0, sizeof(op));
	op.kind = kind;
	op.sock = sock;
	return op;
}

/** op_socket() - Open a socket; UID_NONE leaves it to the caller's uid */
static inline struct op op_socket(uint8_t sock, enum socket_type type,
	uint32_t uid)
{
	struct op op = op_make(OP_SOCKET, sock);

	op.socket.type = type;
	op.socket.uid = uid;
	return op;
}

/** op_set() - Set an option; of a range of ports, its low end */
static inline struct op op_set(uint8_t sock, enum sockopt option,
	uint32_t value)
{
	struct op op = op_make(OP_SET, sock);

	op.set.option = option;
	op.set.value = value;
	return op;
}

/** op_bind() - Bind, with the address's own family and length */
static inline struct op op_bind(uint8_t sock, const struct addr *addr,
	uint16_t port)
{
	struct op op = op_make(OP_BIND, sock);

	op.bind.place.addr = *addr;
	op.bind.place.port = port;
	op.bind.len = LEN_NATURAL;
	op.bind.family = FAMILY_NATURAL;
	return op;
}

/** op_connect() - Connect; the same arguments */
static inline struct op op_connect(uint8_t sock, const struct addr *addr,
	uint16_t port)
{
	struct op op = op_bind(sock, addr, port);

	op.kind = OP_CONNECT;
	return op;
}

/** op_listen() - Listen, with the backlog that text has by default */
static inline struct op op_listen(uint8_t sock)
{
	struct op op = op_make(OP_LISTEN, sock);

	op.listen.backlog = BACKLOG_DEFAULT;
	return op;
}

/** op_sysctl() - Write a sysctl; @high is for a range of ports */
static inline struct op op_sysctl(enum sysctl_key key, uint32_t value,
	uint32_t high)
{
	struct op op = op_make(OP_SYSCTL, 0);

	op.sysctl.key = key;
	op.sysctl.value = value;
	op.sysctl.high = high;
	return op;
}

/** op_level() - The level of a kind; repeat is of both: -1 */
int op_level(enum op_kind kind);

/** op_has_socket() - Does @op->sock name a socket that must exist? */
static inline bool op_has_socket(const struct op *op)
{
	return op->kind > OP_SOCKET && op->kind < OP_EUID;
}

/** type_is_v6() - Is it one of the AF_INET6 types? */
static inline bool type_is_v6(int type)
{
	return type == TCP6 || type == UDP6 || type == MPTCP6;
}

/** type_is_udp() - Is it one of the UDP types? */
static inline bool type_is_udp(int type)
{
	return type == UDP4 || type == UDP6;
}

/** outcome_ok() - It was done */
static inline struct outcome outcome_ok(void)
{
	return (struct outcome){ .kind = OUTCOME_OK };
}

/** outcome_number() - It was done, and this is its value */
static inline struct outcome outcome_number(uint32_t a)
{
	return (struct outcome){ .value = VALUE_NUMBER, .a = a };
}

/** outcome_error() - It failed; @error has either sign, and 0 is ok */
static inline struct outcome outcome_error(int error)
{
	return (struct outcome){ .kind = error ? OUTCOME_ERRNO : OUTCOME_OK,
		.error = error < 0 ? -error : error };
}

/** outcome_na() - The subject has no such op */
static inline struct outcome outcome_na(void)
{
	return (struct outcome){ .kind = OUTCOME_NA };
}

/*
 * Are two outcomes the same? That is asked in four ways, here and nowhere
 * else. Which rule decided, and its effects, never matter.
 */

/** outcome_alike() - Both ok, or the same errno? Values do not matter */
bool outcome_alike(const struct outcome *a, const struct outcome *b);

/** outcome_equal() - Alike, and with the same value, whoever chose it? */
bool outcome_equal(const struct outcome *a, const struct outcome *b);

/**
 * outcome_same() - Did two subjects answer an op alike?
 * @op:		The op
 *
 * Values are compared on reservations and of a get. All other values of the
 * ops on sockets are ports that a subject has chosen: they are never compared.
 */
bool outcome_same(const struct op *op, const struct outcome *a,
	const struct outcome *b);

/**
 * outcome_holds() - Is an outcome what a case demands?
 *
 * "ok" accepts any value, "ok:V" only V, "ok:ADDRESS:*" any port.
 */
bool outcome_holds(const struct outcome *want, const struct outcome *got);

#endif /* PROGRAM_H */
