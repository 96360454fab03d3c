// SPDX-License-Identifier: Apache-2.0
/*
 * mutator.c - edits of programs as bytes, for AFL++ and for libFuzzer
 *
 * DOC: Theory of Operation
 *
 * An input is one byte and then records (bytes.h). Some edits are made of it:
 * a record is inserted, taken out, copied, or changes its place with another; a
 * field gets a value of its table; and of two programs the end of one is put
 * behind the beginning of the other, or their records are shuffled together, so
 * that they share their sockets. What is no edit of records is left to the
 * fuzzers, which have edits of their own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "program/bytes.h"

/* FIELD_MAX: no table has more values; OTHERS: edits that need two programs */
enum { EDITS_MAX = 6, FIELD_MAX = 16, EDITS = 9, OTHERS = 3, KEPT_MAX = 65536 };

/**
 * struct edited - An input while it is edited
 * @records:	Behind its first byte
 * @count:	How many there are, of at most @max
 * @other:	Those of another input
 */
struct edited {
	uint64_t random;
	uint8_t *records;
	const uint8_t *other;
	size_t count, max, other_count;
};

static size_t below(struct edited *e, size_t n)
{
	e->random = e->random * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
	return (e->random >> 33) % n;
}

static uint8_t *at(const struct edited *e, size_t i)
{
	return e->records + i * RECORD_SIZE;
}

static void put(struct edited *e, size_t i, const uint8_t *records,
	size_t count)
{
	count = MIN(count, e->max - e->count);
	memmove(at(e, i + count), at(e, i), (e->count - i) * RECORD_SIZE);
	memcpy(at(e, i), records, count * RECORD_SIZE);
	e->count += count;
}

static void take_out(struct edited *e, size_t i)
{
	memmove(at(e, i), at(e, i + 1), (--e->count - i) * RECORD_SIZE);
}

/* Any op in index mode, with small values */
static void insert(struct edited *e)
{
	uint8_t record[RECORD_SIZE];

	for (int i = 0; i < RECORD_SIZE; i++)
		record[i] = below(e, FIELD_MAX);
	put(e, below(e, e->count + 1), record, 1);
}

static void copy(struct edited *e)
{
	uint8_t record[RECORD_SIZE];

	memcpy(record, at(e, below(e, e->count)), sizeof(record));
	put(e, below(e, e->count + 1), record, 1);
}

static void exchange(struct edited *e)
{
	uint8_t *a = at(e, below(e, e->count)), *b = at(e, below(e, e->count));

	for (int i = 0; i < RECORD_SIZE; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

static void change(struct edited *e)
{
	uint8_t *record = at(e, below(e, e->count));

	record[1 + below(e, RECORD_SIZE - 1)] = below(e, FIELD_MAX);
}

/* A field as another record has it */
static void borrow(struct edited *e)
{
	size_t field = below(e, RECORD_SIZE), from = below(e, e->count);

	at(e, below(e, e->count))[field] = at(e, from)[field];
}

/* One record of the other, or its end in the place of ours, or all of them
 * between ours */
static void cross(struct edited *e, unsigned int how)
{
	size_t from = below(e, e->other_count);
	const uint8_t *other = e->other + from * RECORD_SIZE;

	if (how == 0) {
		put(e, below(e, e->count + 1), other, 1);
	} else if (how == 1) {
		e->count = below(e, e->count + 1);
		put(e, e->count, other, e->other_count - from);
	} else {
		for (size_t i = 0; from < e->other_count; from++) {
			i += below(e, e->count + 1 - i);
			put(e, i, e->other + from * RECORD_SIZE, 1);
			i = MIN(i + 1, e->count);
		}
	}
}

static void edit(struct edited *e)
{
	size_t which = below(e, e->other_count ? EDITS : EDITS - OTHERS);

	if (which >= EDITS - OTHERS) {
		cross(e, which - (EDITS - OTHERS));
		return;
	}
	if (!e->count)
		which = 0;
	switch (which) {
	case 0: insert(e); break;
	case 1: take_out(e, below(e, e->count)); break;
	case 2: copy(e); break;
	case 3: exchange(e); break;
	case 4: change(e); break;
	case 5: borrow(e); break;
	}
}

/* Edit @data in its place, where there is room for @max bytes; its new size */
static size_t mutate(uint64_t *random, uint8_t *data, size_t size, size_t max,
	const uint8_t *other, size_t other_size)
{
	struct edited e = { .random = *random, .records = data + 1 };

	if (max < 1 + RECORD_SIZE)
		return size;
	if (!size)
		*data = 0;
	e.max = (max - 1) / RECORD_SIZE;
	e.count = size ? (size - 1) / RECORD_SIZE : 0;
	if (other_size > RECORD_SIZE) {
		e.other = other + 1;
		e.other_count = (other_size - 1) / RECORD_SIZE;
	}
	for (size_t n = 1 + below(&e, EDITS_MAX); n; n--)
		edit(&e);
	*random = e.random;
	return 1 + e.count * RECORD_SIZE;
}

/* What AFL++ calls, whose prototypes these are */

struct state {
	uint64_t random;
	uint8_t out[KEPT_MAX];
};

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *in, size_t size, uint8_t **out,
	uint8_t *other, size_t other_size, size_t max);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct state *state = calloc(1, sizeof(*state));

	(void)afl;
	if (state)
		state->random = seed;
	return state;
}

size_t afl_custom_fuzz(void *data, uint8_t *in, size_t size, uint8_t **out,
	uint8_t *other, size_t other_size, size_t max)
{
	struct state *state = data;

	max = MIN(max, sizeof(state->out));
	size = MIN(size, max);
	memcpy(state->out, in, size);
	*out = state->out;
	return mutate(&state->random, state->out, size, max, other, other_size);
}

void afl_custom_deinit(void *data)
{
	free(data);
}

/* What libFuzzer calls. Every other time it edits bytes as it likes. */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
	__attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
	unsigned int seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
	unsigned int seed)
{
	uint64_t random = seed;

	if (seed & 1 && LLVMFuzzerMutate)
		return LLVMFuzzerMutate(data, size, max);
	return mutate(&random, data, size, max, NULL, 0);
}
