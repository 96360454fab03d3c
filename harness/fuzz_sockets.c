// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_sockets.c - the port manager against the specification
 *
 * As fuzz_kernel, many times as fast: both are in this process. It looks for
 * new classes of divergence between gVisor's rules and Linux's. Here the port
 * manager chooses ports, and the specification follows or objects: it answers
 * ENOTRECOVERABLE to a choice that Linux would not make.
 */
#include "two_subjects.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	two_subjects_start(&subject_portman, &subject_spec);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return two_subjects_one(data, size);
}
