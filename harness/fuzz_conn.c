// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_conn.c - calls of conn, beside the raw calls that they stand for
 *
 * DOC: Theory of Operation
 *
 * The input is a list of calls (struct call): what, on which of a few twins
 * (twin.h), and how. Each call of conn must give what the raw call does,
 * or what was decided before it: -EBADF once it is closed, -ECANCELED and
 * -ETIME for a token and a deadline, in this order; -ETIME where the raw call
 * would block. One reader may be blocked in a thread, until close, token or
 * deadline ends it, and not pthread_cancel(3). A call may be made without one
 * descriptor to be had. Once a program forks: then the child does the rest of
 * it first, and its parent after that. At the end no descriptor may be left,
 * and all of it must take less than TWIN_PLAY_STUCK_S.
 *
 * Loopback is not always at once, and a port that is chosen may by chance be
 * the one that is connected to: a difference counts if it is there three times.
 * Then the calls are told, and it aborts.
 */
#include "fuzz.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "side.h"
#include "twin_play.h"
#include "util.h"

enum { CALLS_MAX = 48, TRIES = 3, FDS_SEEN = 128 };

/* How many descriptors are open? */
static int count_open(void)
{
	struct pollfd fds[FDS_SEEN];

	for (int i = 0; i < FDS_SEEN; i++)
		fds[i] = (struct pollfd){ .fd = i };
	/* Each that is not is "ready", with POLLNVAL. */
	return FDS_SEEN - poll(fds, FDS_SEEN, 0);
}

static void run(const uint8_t *data, size_t size)
{
	int before = count_open();
	struct call call;
	bool in_child;

	differs = false;
	twin_play_begin();
	for (size_t i = 0; i < MIN(size / sizeof(call), CALLS_MAX); i++) {
		memcpy(&call, data + i * sizeof(call), sizeof(call));
		fuzz_counters->tally.programs++;
		twin_play(call);
	}
	in_child = twin_play_end();
	if (count_open() != before) {
		side_tell("a descriptor is left\n");
		differs = true;
	}
	if (in_child)
		_exit(differs);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	twin_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_counters->execs++;
	alarm(TWIN_PLAY_STUCK_S);
	for (int i = 0; i < TRIES; i++) {
		telling = i == TRIES - 1;
		run(data, size);
		if (!differs)
			return 0;
	}
	fputs("\nfuzz_conn: conn and the raw calls differ\n", stderr);
	abort();
}
