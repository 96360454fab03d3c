// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_load.c - saved port managers, of any bytes
 *
 * The input is loaded three times: as it is; with the magic, the number of rows
 * and the checksum mended, so that the rows are looked at; and with the rows in
 * their order as well. Then the input is a program, and what that holds is
 * saved, and loaded with one byte of it changed or two rows exchanged. What is
 * refused has changed nothing. What is taken is a manager that passes
 * portman_check() and is saved as the very bytes.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "util.h"
#include "ports/portman.h"

static const struct reservation one = {
	.networks = { 4 }, .network_count = 1, .transport = 6, .port = 80
};

static void saves_as(struct portman *pm, const uint8_t *data, size_t size)
{
	uint8_t *saved;
	size_t n;

	portman_check(pm);
	ASSERT(!portman_save(pm, &saved, &n));
	ASSERT(n == size && !memcmp(saved, data, size));
	free(saved);
}

static void load(const uint8_t *data, size_t size)
{
	struct portman *pm = portman_new();
	uint8_t *before;
	size_t before_size;
	int rc;

	ASSERT(pm && !portman_reserve(pm, &one, 0, NULL, NULL, NULL));
	ASSERT(!portman_save(pm, &before, &before_size));
	rc = portman_load(pm, data, size);
	saves_as(pm, rc ? before : data, rc ? before_size : size);
	fuzz_counters->refused += rc != 0;
	fuzz_counters->tally.programs += !rc;
	portman_reserve(pm, &one, 0, NULL, NULL, NULL);
	portman_release(pm, &one);
	portman_check(pm);
	ASSERT(!portman_load(pm, before, before_size));
	saves_as(pm, before, before_size);
	free(before);
	portman_free(pm);
}

/* What a program of reservations holds is saved, and one place of it changed */
static void damaged(const uint8_t *data, size_t size)
{
	struct gen_random random = { program_hash(data, size) };
	struct portman *pm = portman_new();
	static struct program program;
	uint8_t *image;
	size_t n;

	ASSERT(pm);
	fuzz_unpack(data, size, LEVEL_RESERVATION, &program);
	for (int i = 0; i < program.count; i++)
		if (program.ops[i].kind == OP_RESERVE)
			portman_reserve(pm, &program.ops[i].reserve.res,
				gen_random(&random), NULL, NULL, NULL);
	ASSERT(!portman_save(pm, &image, &n));
	image_damage(&random, image, n);
	load(image, n);
	free(image);
	portman_free(pm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mended[IMAGE_MAX];

	fuzz_counters->execs++;
	load(data, size);
	damaged(data, size);
	if (size < IMAGE_HEADER)
		return 0;
	size = image_mend(data, size, mended);
	load(mended, size);
	image_sort(mended, size);
	load(mended, size);
	return 0;
}
