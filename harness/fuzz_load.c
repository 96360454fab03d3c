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

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "compare/gen.h"
#include "ports/portman.h"

/* As portman_save.c has them */
enum { MAGIC = 8, HEADER = 24, ROW = 56, SUM = 8, ROWS_MAX = 64 };

static const struct reservation one = {
	.networks = { 4 }, .network_count = 1, .transport = 6, .port = 80
};

/* Put the sum of all before it at @end */
static void put_sum(uint8_t *data, size_t end)
{
	uint64_t sum = 0xcbf29ce484222325, word;

	for (size_t i = 0; i < end; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		sum = (sum ^ le64toh(word)) * 0x100000001b3;
		sum ^= sum >> 32;
	}
	sum = htole64(sum);
	memcpy(data + end, &sum, SUM);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ROW);
}

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
	uint8_t *image, *a, *b, row[ROW];
	size_t end, rows;

	ASSERT(pm);
	fuzz_unpack(data, size, LEVEL_RESERVATION, &program);
	for (int i = 0; i < program.count; i++)
		if (program.ops[i].kind == OP_RESERVE)
			portman_reserve(pm, &program.ops[i].reserve.res,
				gen_random(&random), NULL, NULL, NULL);
	ASSERT(!portman_save(pm, &image, &end));
	end -= SUM;
	rows = (end - HEADER) / ROW;
	a = image + HEADER + (rows ? gen_random(&random) % rows * ROW : 0);
	b = image + HEADER + (rows ? gen_random(&random) % rows * ROW : 0);
	if (rows && gen_random(&random) % 2) {
		memcpy(row, a, ROW);
		memcpy(a, b, ROW);
		memcpy(b, row, ROW);
	} else if (rows) {
		a[gen_random(&random) % ROW] = gen_random(&random) % 4 - 1;
	}
	put_sum(image, end);
	load(image, end + SUM);
	free(image);
	portman_free(pm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mended[HEADER + ROWS_MAX * ROW + SUM];
	size_t rows = size < HEADER ? 0 : MIN((size - HEADER) / ROW, ROWS_MAX);
	size_t end = HEADER + rows * ROW;
	uint64_t number;

	fuzz_counters->execs++;
	load(data, size);
	damaged(data, size);
	if (size < HEADER)
		return 0;
	memcpy(mended, data, end);
	memcpy(mended, "portman\2", MAGIC);
	number = htole64(rows);
	memcpy(mended + HEADER - sizeof(number), &number, sizeof(number));
	put_sum(mended, end);
	load(mended, end + SUM);
	qsort(mended + HEADER, rows, ROW, by_bytes);
	put_sum(mended, end);
	load(mended, end + SUM);
	return 0;
}
