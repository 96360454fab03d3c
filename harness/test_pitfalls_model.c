// SPDX-License-Identifier: Apache-2.0
/*
 * test_pitfalls_model.c - what goes wrong with a model of ports if it is made
 * the obvious way (pitfall.h)
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <string.h>

#include "own_netns.h"
#include "case_test.h"
#include "unit.h"
#include "util.h"
#include "ports/portman.h"
#include "subjects/subjects.h"

enum { COUNT = 49536, TCP = 6 };

static bool offered[65536];

static int offer(uint16_t port, void *arg)
{
	(void)arg;
	offered[port] = true;
	return 0;
}

/* Are all ports offered, wherever the walk begins? */
static bool the_walk_does_not_wrap_too_soon(bool naive)
{
	const uint32_t start = UINT32_MAX - 20000;
	struct portman *pm = naive ? portman_new() : portman_new_strict();
	uint32_t seen = 0;

	memset(offered, 0, sizeof(offered));
	assert_int_equal(portman_pick_ephemeral(pm, start, offer, NULL, NULL),
		-EAGAIN);
	for (unsigned int port = 0; port < ARRAY_SIZE(offered); port++)
		seen += offered[port];
	portman_free(pm);
	return seen == COUNT;
}

/* 0 to 65535 are 65536, for which 16 bits have a 0. */
static bool no_range_is_empty_unseen(bool naive)
{
	struct portman *pm = naive ? portman_new() : portman_new_strict();
	uint16_t port;
	int rc = portman_set_range(pm, 0, UINT16_MAX);

	if (!rc)
		rc = portman_pick_ephemeral(pm, 0, NULL, NULL, &port);
	portman_free(pm);
	return !rc || rc == -EINVAL;
}

static bool a_release_with_other_flags_frees_nothing(bool naive)
{
	struct portman *pm = naive ? portman_new() : portman_new_strict();
	const struct reservation held = { .networks = { 4 },
		.network_count = 1,
		.transport = TCP,
		.port = 80 };
	struct reservation other = held;
	bool holds;

	other.flags = RESERVATION_LOAD_BALANCED;
	assert_int_equal(portman_reserve(pm, &held, 0, NULL, NULL, NULL), 0);
	portman_release(pm, &other);
	holds = portman_reserve(pm, &held, 0, NULL, NULL, NULL) == -EADDRINUSE;
	portman_free(pm);
	return holds;
}

/* Has @name the outcomes of Linux? */
static bool follows_linux(const char *name, const char *text)
{
	struct case_text want = case_test_parsed(text);
	struct subject subject;
	struct trace got;
	bool same = true;

	assert_int_equal(subjects_open(&subject, name), 0);
	assert_int_equal(subject_run(&subject, &want.program, 1, NULL, &got),
		0);
	for (unsigned int i = 0; i < got.count; i++)
		same &= got.outcomes[i].kind == OUTCOME_NA ||
			outcome_holds(&want.expect[i].outcome,
				&got.outcomes[i]);
	subject_close(&subject);
	return same;
}

/* As this kernel has it */
static bool model(bool naive, const char *ours, const char *obvious,
	const char *text)
{
	assert_true(follows_linux("linux", text));
	return follows_linux(naive ? obvious : ours, text);
}

/* Reuse, both, and then reuseport alone: IPv4 meets "both" first, which shares
 * with it; IPv6 the one that does not. */
#define IN_ORDER(family, any, last)                                            \
	"socket a udp" family "\nset a reuseaddr\nbind a " any "\n"            \
	"socket b udp" family "\nset b reuseaddr\nset b reuseport\n"           \
	"bind b " any "\nsocket c udp" family "\nset c reuseport\n"            \
	"bind c " any " = " last "\n"

static bool order_decides_for_udp4(bool naive)
{
	return model(naive, "spec", "spec~udp_first_match_decides",
		IN_ORDER("4", "0.0.0.0:5000", "ok"));
}

static bool order_decides_for_udp6(bool naive)
{
	return model(naive, "spec", "spec~udp_ipv6_reuseport_last",
		IN_ORDER("6", "[::]:5000", "EADDRINUSE"));
}

/* What counts is what is set now, not what was at the bind. */
static bool options_are_live(bool naive)
{
	return model(naive, "spec", "portman",
		"socket a tcp4\nbind a 0.0.0.0:5000\nset a reuseport\n"
		"socket b tcp4\nset b reuseport\nbind b 0.0.0.0:5000 = ok\n");
}

static bool reuseport_is_for_one_user(bool naive)
{
	return model(naive, "spec", "spec~tcp_conflict_uid",
		"socket a tcp4\nset a reuseport\nbind a 0.0.0.0:5000\n"
		"socket b tcp4 uid=7\nset b reuseport\n"
		"bind b 0.0.0.0:5000 = EADDRINUSE\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PITFALL(13, the_walk_does_not_wrap_too_soon),
		PITFALL(13, no_range_is_empty_unseen),
		PITFALL(13, a_release_with_other_flags_frees_nothing),
		PITFALL(14, order_decides_for_udp4),
		PITFALL(14, order_decides_for_udp6),
		PITFALL(15, options_are_live),
		PITFALL(16, reuseport_is_for_one_user),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
