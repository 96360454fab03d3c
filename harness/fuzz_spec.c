// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_spec.c - the specification against this kernel, inside the fuzzer
 *
 * There are no classes of these: any difference is our own bug, and aborts.
 */
#include "two_subjects.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	two_subjects_start(&subject_spec, &subject_kernel);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return two_subjects_one(data, size);
}
