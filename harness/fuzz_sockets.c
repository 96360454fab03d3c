// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_sockets.c - the port manager against the specification
 *
 * As fuzz_kernel, many times as fast: both are in this process. It looks for
 * new classes of divergence between gVisor's rules and Linux's.
 */
#include "pair.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pair_start("portman", "spec");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return pair_one(data, size);
}
