// SPDX-License-Identifier: Apache-2.0
/*
 * stop.c - long work that is asked to stop says what there is
 */
#include "stop.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "util.h"

static const int numbers[] = { SIGINT, SIGTERM };
static volatile sig_atomic_t asked, taken[ARRAY_SIZE(numbers)];
static volatile pid_t victim;

static void ask(int number)
{
	asked = number;
	if (victim > 0)
		kill(victim, SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (taken[i])
			signal(numbers[i], SIG_DFL);
}

void stop_begin(void)
{
	struct sigaction action = { .sa_handler = ask }, old;

	if (asked)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!sigaction(numbers[i], NULL, &old) &&
			old.sa_handler != SIG_IGN)
			taken[i] = !sigaction(numbers[i], &action, NULL);
}

void stop_child(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void stop_kill(pid_t child)
{
	victim = child;
	if (asked && child > 0)
		kill(child, SIGKILL);
}

int stop_asked(void)
{
	return asked;
}
