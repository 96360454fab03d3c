// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz.c - what the fuzz targets share: counters, and a readable last word
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "quote.h"
#include "util.h"
#include "whole.h"
#include "compare/divergence.h"
#include "program/bytes.h"
#include "program/text.h"

static struct fuzz_counters unread;
struct fuzz_counters *fuzz_counters = &unread;

const char *fuzz_file;

static const struct program *running;

/* A path below $PORTCLASH_FUZZ_DIR; false if that is not set */
static bool path_of(char path[FUZZ_PATH_MAX], const char *name)
{
	const char *directory = getenv("PORTCLASH_FUZZ_DIR");

	return directory && *directory &&
	       snprintf(path, FUZZ_PATH_MAX, "%s/%s", directory, name) <
		       FUZZ_PATH_MAX;
}

static void map_counters(void)
{
	char path[FUZZ_PATH_MAX];
	void *map;
	int fd;

	if (!path_of(path, "counters"))
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, sizeof(*fuzz_counters))) {
		quote_printf(stderr, "%s: %s\n", path, strerror(errno));
		exit(3);
	}
	map = mmap(NULL, sizeof(*fuzz_counters), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		quote_printf(stderr, "%s: %s\n", path, strerror(errno));
		exit(3);
	}
	close(fd);
	fuzz_counters = map;
}

static void last_word(void)
{
	const struct program *program = running;

	running = NULL;
	if (fuzz_file) {
		fputc('\n', stderr);
		quote_printf(stderr, "fuzz: %s: failed\n", fuzz_file);
	}
	fuzz_file = NULL;
	if (!program)
		return;
	fputs("\nfuzz: while running\n\n", stderr);
	text_print(program, NULL, NULL, stderr);
}

/* The process is lost, so what a handler may call no longer matters. */
static void on_abort(int number)
{
	last_word();
	signal(number, SIG_DFL);
	raise(number);
}

/* Only there with sanitizers, which may end the process by themselves */
extern void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((weak));

/*
 * AddressSanitizer keeps 256 MB of freed memory by default, and so touches new
 * memory all the time. A program frees some kilobytes at most.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
	       "malloc_context_size=8";
}

void fuzz_start(void)
{
	process_begin();
	map_counters();
	signal(SIGABRT, on_abort);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(last_word);
}

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_start();
	return 0;
}

void fuzz_running(const struct program *program)
{
	running = program;
}

bool fuzz_unpack(const uint8_t *data, size_t size, enum level level,
	struct program *program)
{
	static uint8_t own[INPUT_MAX];

	size = MIN(size, sizeof(own));
	memcpy(own, data, size);
	/* Bit 0 of byte 0 is the level (bytes.h). */
	own[0] = (own[0] & ~1) | level;
	bytes_unpack(own, size, program);
	return program->count;
}

void fuzz_class(const char *name)
{
	for (int i = 0; i < FUZZ_CLASSES_MAX; i++) {
		char *slot = fuzz_counters->classes[i].name;

		if (!*slot)
			strcpy(slot, name);
		if (strcmp(slot, name))
			continue;
		fuzz_counters->classes[i].count++;
		return;
	}
}

void fuzz_keep(const struct program *program, const char *const names[2],
	const struct divergence *divergence)
{
	char folder[FUZZ_PATH_MAX], path[FUZZ_PATH_MAX];
	struct whole whole;

	if (fuzz_counters->unknown_kinds >= UNKNOWN_MAX ||
		!path_of(folder, "unknown") ||
		!divergence_path(folder, program, path, sizeof(path)))
		return;
	mkdir(folder, 0777);
	if (!access(path, F_OK))
		return; /* known to be unknown */
	if (whole_open(&whole, path))
		return;
	divergence_keep(program, names, divergence, whole.file);
	fuzz_counters->unknown_kinds += !whole_close(&whole);
}
