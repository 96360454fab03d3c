/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_test.h - for tests: each call that a helper makes fails once
 *
 * A scenario is run again and again, and in each run the next call fails
 * (faults.h). It must then end with the errno of that call, unless the call may
 * fail without harm. It must leave no descriptor behind, and no memory, which
 * LeakSanitizer would report.
 *
 * Each call of a scenario stands in TRY_OR_OUT(call): it sets the scenario's
 * rc, and *jumps* to its label "out", which frees all, if the call has failed.
 */
#ifndef FAULT_TEST_H
#define FAULT_TEST_H

#include "pitfall.h"

#include <errno.h>
#include <string.h>

#include "own_netns.h"
#include "faults.h"
#include "case_test.h"
#include "util.h"

enum { FAULT_CALLS_MAX = 1000, FAULT_STUCK_S = 120 };

/* TRY_OR_OUT() - The first failure ends a scenario. */
#define TRY_OR_OUT(call)                                                       \
	do {                                                                   \
		rc = (call);                                                   \
		if (rc < 0)                                                    \
			goto out;                                              \
	} while (0)

/* A call of the test's own */
#define SPARED(call)                                                           \
	({                                                                     \
		faults_spare(true);                                            \
		__auto_type result_ = (call);                                  \
		faults_spare(false);                                           \
		result_;                                                       \
	})

/**
 * struct scenario - Some calls of a helper
 * @run:	0 or more if all went well, or the first negative errno
 * @fresh:	Each run is in an empty namespace
 */
struct scenario {
	const char *name;
	int (*run)(void);
	bool fresh;
};

/* Calls that may fail without harm, in one scenario or in all, and why */
static const struct {
	const char *name, *scenario;
} harmless[] = {
	{ "close", NULL },	      /* it is closed all the same */
	{ "futex", NULL },	      /* it looks again */
	{ "nanosleep", NULL },	      /* it looks again sooner */
	{ "eventfd", NULL },	      /* a wait looks from time to time */
	{ "malloc", "conversation" }, /* and without what wakes it, too */
	{ "malloc", "adopted" },
	{ "malloc", "processes" },
	{ "malloc", "reuse" },
	{ "getsockopt", NULL },	     /* SO_TYPE: then plain reads are used */
	{ "setsockopt", "buffers" }, /* without FORCE it is tried again */
	{ "sigtimedwait", "pipes" }, /* and again */
	{ "open", "owners" },	     /* a name of a process that has ended */
	{ "read", "owners" },
};

static inline bool fault_test_is_harmless(const struct fault *fault,
	const char *scenario)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (!strcmp(harmless[i].name, fault->name) &&
			(!harmless[i].scenario ||
				!strcmp(harmless[i].scenario, scenario)))
			return true;
	return false;
}

static inline void fault_test_every_call(void **state)
{
	const struct scenario *s = *state;
	struct fault fault;
	int rc, i;

	for (i = 0; i < FAULT_CALLS_MAX; i++) {
		int before = pitfall_fds();

		if (s->fresh)
			assert_true(own_netns_enter());
		faults_arm(i);
		rc = s->run();
		if (!faults_disarm(&fault))
			break;
		if (rc != -fault.error &&
			!(rc >= 0 && fault_test_is_harmless(&fault, s->name)))
			fail_msg("%s: call %d, %s, failed with %s, and the "
				 "result is %s",
				s->name, i, fault.name, strerror(fault.error),
				strerror(-rc));
		if (pitfall_fds() != before)
			fail_msg("%s: call %d, %s, failed, and left %d "
				 "descriptors",
				s->name, i, fault.name, pitfall_fds() - before);
	}
	assert_true(rc >= 0 && i < FAULT_CALLS_MAX);
	print_message("%s: %d calls\n", s->name, i);
}

// clang-format off: it takes the braces of an initializer for a block
#define FAULT_TEST(fn, fresh)                                                  \
	{ #fn, fault_test_every_call, NULL, NULL,                           \
		&(struct scenario){ #fn, fn, fresh } }
// clang-format on

#endif /* FAULT_TEST_H */
