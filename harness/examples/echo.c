// SPDX-License-Identifier: Apache-2.0
/*
 * echo.c - a server of several processes, of which any may end at any time
 *
 *	echo ADDRESS WORKERS
 *
 * Each worker has a listener of its own on one address, and the parent keeps
 * all of them: who is queued when a worker ends is served by the next, whose
 * number and pid it prints. On SIGTERM a worker accepts no more, and ends when
 * all it has are done, or say nothing for IDLE_MS; the parent ends after them.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <portclash/reuseport.h>

enum { WORKERS_MAX = 64, IDLE_MS = 5000, RETRY_US = 10000 };

static struct conn *listeners[WORKERS_MAX];
static pid_t pids[WORKERS_MAX];
static int workers;
static sigset_t signals; /* blocked, to be waited for */

static void *serve(void *conn)
{
	struct wait idle = WAIT_INIT;
	char bytes[4096];
	ssize_t n;

	do {
		idle.deadline = wait_in_ms(IDLE_MS);
		n = conn_read(conn, bytes, sizeof(bytes), &idle);
	} while (n > 0 && !conn_write_all(conn, bytes, n, &idle, NULL));
	conn_free(conn);
	return NULL;
}

/* Until SIGTERM is there; the process ends with its last thread. */
static void work(struct conn *listener)
{
	struct wait until = { 0, signalfd(-1, &signals, SFD_CLOEXEC) };
	struct conn *conn;
	pthread_t thread;
	int rc = 0;

	while (rc != -ECANCELED) {
		rc = conn_accept(listener, 0, &until, &conn, NULL);
		if (rc) /* Such as -EMFILE: the connection is still queued. */
			usleep(RETRY_US);
		else if (pthread_create(&thread, NULL, serve, conn))
			serve(conn);
		else
			pthread_detach(thread);
	}
	pthread_exit(NULL);
}

static void start(int number)
{
	while ((pids[number] = fork()) < 0)
		usleep(RETRY_US);
	if (pids[number]) {
		printf("%d %d\n", number, pids[number]);
		fflush(stdout);
		return;
	}
	/* The others are the parent's as well, and no loss to it. */
	for (int i = 0; i < workers; i++)
		if (i != number)
			conn_free(listeners[i]);
	work(listeners[number]);
}

/* A worker that ended is started anew, unless all are to end. */
static void supervise(void)
{
	int signal, left = workers;
	bool over = false;

	while (left && !sigwait(&signals, &signal)) {
		over |= signal == SIGTERM;
		for (int i = 0; i < workers; i++) {
			if (over && pids[i])
				kill(pids[i], SIGTERM);
			if (!pids[i] || !waitpid(pids[i], NULL, WNOHANG))
				continue;
			pids[i] = 0;
			if (over)
				left--;
			else
				start(i);
		}
	}
}

int main(int argc, char **argv)
{
	workers = argc == 3 ? atoi(argv[2]) : 0;
	if (workers < 1 || workers > WORKERS_MAX)
		return 2;
	for (int i = 0; i < workers; i++)
		if (reuseport_listen("tcp", argv[1], NULL, &listeners[i])) {
			fputs("echo: cannot listen there\n", stderr);
			return 1;
		}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int i = 0; i < workers; i++)
		start(i);
	supervise();
	return 0;
}
