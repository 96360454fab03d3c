// SPDX-License-Identifier: Apache-2.0
/*
 * twin_play.c - a call of an input, whatever it is about
 */
#include "twin_play.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocked.h"
#include "side.h"
#include "twin_once.h"
#include "twin_wait.h"
#include "twins.h"
#include "util.h"

/* Numbers of calls: of those that wait, of those that do not, of others */
enum { WAITING = TWIN_CALLS, KINDS = WAITING + TWIN_ONCE_CALLS, OTHERS = 6 };

static bool limited, forked, in_child;

/* Was there one? */
static bool end_reader(uint8_t how)
{
	ssize_t want, got;

	if (!blocked_is_there())
		return false;
	got = blocked_end(how, &want);
	side_tell("%-9s", "reader");
	side_same(want, got);
	return true;
}

static void open_both(struct twin *t, struct call call)
{
	static const int domains[] = { AF_INET, AF_INET6, AF_UNIX, AF_INET };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int rc;

	rc = twin_open(t, domains[call.a & 3], types[call.a >> 2 & 1],
		call.a >> 3 & 1, call.b % TWIN_BIRTHS);
	side_tell("open domain %d type %d birth %d: %d\n", domains[call.a & 3],
		types[call.a >> 2 & 1], call.b % TWIN_BIRTHS, rc);
	differs |= rc && rc != -EMFILE;
}

static void turn_token(struct call call)
{
	struct wait_token **token = twins_token(call.b);

	side_tell("token %d: %s\n", call.b % TWINS_TOKENS,
		call.a & 1 ? "new" : "cancel");
	wait_token_cancel(*token);
	if (call.a & 1) {
		wait_token_free(*token);
		ASSERT(!wait_token_new(token));
	}
}

static void call_of_twin(struct twin *t, unsigned int kind, struct call call)
{
	if (!t->conn) {
		open_both(t, call);
	} else if (kind < WAITING) {
		twin_wait_call(t, kind, call);
	} else {
		side_tell("%-9s", twin_once[kind - WAITING].name);
		twin_once[kind - WAITING].make(t, call);
	}
}

/* There is no descriptor to be had */
static void call_without(struct twin *t, unsigned int kind, struct call call)
{
	struct rlimit before, none;
	int lowest = dup(0);

	limited = false;
	ASSERT(!getrlimit(RLIMIT_NOFILE, &before) && lowest >= 0);
	close(lowest);
	none = (struct rlimit){ lowest, before.rlim_max };
	ASSERT(!setrlimit(RLIMIT_NOFILE, &none));
	call_of_twin(t, kind, call);
	ASSERT(!setrlimit(RLIMIT_NOFILE, &before));
}

/* A child goes on first; to both, all that it has done is done. */
static void fork_once(void)
{
	int status;
	pid_t pid = forked ? -1 : fork();

	if (pid > 0) {
		ASSERT(waitpid(pid, &status, 0) == pid);
		side_tell("the child: status %d%s\n", status,
			status ? " !" : "");
		differs |= status != 0;
	} else if (!pid) {
		alarm(TWIN_PLAY_STUCK_S);
		blocked_forget();
		in_child = true;
	}
	forked = true;
}

void twin_play_begin(void)
{
	limited = forked = false;
	twins_begin();
}

void twin_play(struct call call)
{
	struct twin *t = twins_at(call.slot);
	unsigned int kind = call.kind % (KINDS + OTHERS);

	side_tell("\n%d, %2u: ", call.slot % TWINS_SLOTS, kind);
	switch (kind) {
	case KINDS: turn_token(call); break;
	case KINDS + 1:
		if (!end_reader(call.b))
			blocked_begin();
		break;
	case KINDS + 3: limited = true; break;
	case KINDS + 4: blocked_cancel(); break;
	case KINDS + 5: fork_once(); break;
	case KINDS + 2: twin_free(t); /* fall through */
	default: (limited ? call_without : call_of_twin)(t, kind, call);
	}
}

bool twin_play_end(void)
{
	end_reader(0);
	twins_end();
	return in_child;
}
