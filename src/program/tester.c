// SPDX-License-Identifier: Apache-2.0
/*
 * tester.c - the port testers that a program can name
 */
#include "tester.h"

#include <errno.h>

int tester_call(uint16_t port, void *arg)
{
	struct tester_run *run = arg;
	uint16_t n = run->test.arg;

	run->calls++;
	switch (run->test.kind) {
	case TEST_NONE: return 0;
	case TEST_ODD: return port % 2;
	case TEST_ERR: return -EPROTO;
	case TEST_EQ: return port == n;
	case TEST_GE: return port >= n;
	case TEST_LT: return port < n;
	case TEST_NTH: return run->calls == n;
	case TEST_ERREQ: return port == n ? -EPROTO : 1;
	}
	return 1;
}
