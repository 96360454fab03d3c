// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_kernel.c - the port manager against this kernel, inside the fuzzer
 *
 * Under test: portman, under gVisor's rules for what a socket reserves, with
 * the kernel as its judge.
 */
#include "two_subjects.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	two_subjects_start(&subject_portman, &subject_kernel);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return two_subjects_one(data, size);
}
