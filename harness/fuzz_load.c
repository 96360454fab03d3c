// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_load.c - saved port managers, of any bytes
 *
 * The input is given to portman_load() three times: as it is; with the magic,
 * the number of rows and the checksum mended, so that the rows are looked at;
 * and with the rows in their order as well. What is refused has changed
 * nothing. What is taken is a manager that passes portman_check(), is saved as
 * the very bytes, and can be asked, changed, saved and loaded again.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "ports/portman.h"

/* As portman_save.c has them */
enum { MAGIC = 8, HEADER = 24, ROW = 56, SUM = 8, ROWS_MAX = 64 };

static const struct reservation one = { .networks = { 4 },
	.network_count = 1,
	.transport = 6,
	.port = 80 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	return 0;
}

static void put(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = value >> 8 * i;
}

static uint64_t checksum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;

		for (int k = 7; k >= 0; k--)
			word = word << 8 | data[i + k];
		sum = (sum ^ word) * 0x100000001b3;
		sum ^= sum >> 32;
	}
	return sum;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ROW);
}

/* Does a manager become these bytes? It saves as what @size bytes are. */
static void saves_as(struct portman *pm, const uint8_t *data, size_t size)
{
	uint8_t *saved;
	size_t saved_size;

	portman_check(pm);
	ASSERT(!portman_save(pm, &saved, &saved_size));
	ASSERT(saved_size == size && !memcmp(saved, data, size));
	free(saved);
}

static void load(const uint8_t *data, size_t size)
{
	struct portman *pm = portman_new();
	uint8_t *before;
	size_t before_size;
	uint16_t port;
	int rc;

	ASSERT(pm && !portman_reserve(pm, &one, 0, NULL, NULL, &port));
	ASSERT(!portman_save(pm, &before, &before_size));
	rc = portman_load(pm, data, size);
	ASSERT(!rc || rc == -EINVAL);
	saves_as(pm, rc ? before : data, rc ? before_size : size);
	fuzz_counters->refused += rc != 0;
	fuzz_counters->tally.programs += !rc;
	/* It is a manager like any other. */
	portman_reserve(pm, &one, 0, NULL, NULL, &port);
	portman_release(pm, &one);
	portman_check(pm);
	ASSERT(!portman_load(pm, before, before_size));
	saves_as(pm, before, before_size);
	free(before);
	portman_free(pm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mended[HEADER + ROWS_MAX * ROW + SUM];
	size_t rows = size < HEADER ? 0 : MIN((size - HEADER) / ROW, ROWS_MAX);
	size_t end = HEADER + rows * ROW;

	fuzz_counters->execs++;
	load(data, size);
	if (size < HEADER)
		return 0;
	memcpy(mended, data, end);
	memcpy(mended, "portman\2", MAGIC);
	put(mended + HEADER - 8, rows);
	put(mended + end, checksum(mended, end));
	load(mended, end + SUM);
	qsort(mended + HEADER, rows, ROW, by_bytes);
	put(mended + end, checksum(mended, end));
	load(mended, end + SUM);
	return 0;
}
