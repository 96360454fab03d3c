// SPDX-License-Identifier: Apache-2.0
/*
 * echo.c - a server of several processes, of which any may end at any time
 *
 *	echo ADDRESS WORKERS
 *
 * Each worker has a listener of its own on the same address (SO_REUSEPORT), and
 * the kernel deals connections out. The parent keeps all listeners: whoever is
 * queued when a worker ends is served by the next one. On SIGTERM a worker
 * accepts no more, and ends when those that it has accepted are done, or say
 * nothing for IDLE_MS. The parent passes it on, and ends after all workers.
 *
 * It prints a line for each worker: its number and its pid.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <portclash/reuseport.h>

enum { WORKERS_MAX = 64, IDLE_MS = 5000, RETRY_MS = 10 };

static struct conn *listeners[WORKERS_MAX];
static pid_t pids[WORKERS_MAX];
static int workers;

/* Of a worker: what SIGTERM cancels, and how many are being served */
static struct wait_token *stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int served;

static void on_term(int signal)
{
	(void)signal;
	wait_token_cancel(stop);
}

static void count(int change)
{
	pthread_mutex_lock(&lock);
	served += change;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void *serve(void *arg)
{
	struct conn *conn = arg;
	char bytes[4096];
	ssize_t n;

	do {
		struct wait idle = WAIT_FOREVER;

		idle.deadline = wait_in_ms(IDLE_MS);
		n = conn_read(conn, bytes, sizeof(bytes), &idle);
		if (n > 0 && conn_write_all(conn, bytes, n, &idle, NULL))
			break;
	} while (n > 0);
	conn_free(conn);
	count(-1);
	return NULL;
}

static void begin(struct conn *conn)
{
	pthread_t thread;

	count(1);
	if (pthread_create(&thread, NULL, serve, conn))
		serve(conn);
	else
		pthread_detach(thread);
}

/* Until the token is cancelled */
static int work(struct conn *listener)
{
	struct wait until = WAIT_FOREVER, retry = WAIT_FOREVER;
	struct conn *conn;
	int rc;

	until.cancel_fd = retry.cancel_fd = wait_token_fd(stop);
	while ((rc = conn_accept(listener, 0, &until, &conn, NULL)) !=
		-ECANCELED) {
		retry.deadline = wait_in_ms(RETRY_MS);
		if (!rc)
			begin(conn);
		else if (rc == -EBADF || rc == -EINVAL)
			break;
		else /* Such as -EMFILE: the connection is still queued. */
			wait_poll(NULL, 0, &retry);
	}
	pthread_mutex_lock(&lock);
	while (served)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return rc != -ECANCELED;
}

static void start(int i, const sigset_t *before)
{
	struct sigaction action = { .sa_handler = on_term };

	fflush(stdout);
	pids[i] = fork();
	if (pids[i]) {
		printf("%d %d\n", i, pids[i]);
		fflush(stdout);
		return;
	}
	/* The others are the parent's as well, and no loss to it. */
	for (int k = 0; k < workers; k++)
		if (k != i)
			listeners[k] = conn_free(listeners[k]);
	if (wait_token_new(&stop) || sigaction(SIGTERM, &action, NULL))
		_exit(1);
	sigprocmask(SIG_SETMASK, before, NULL);
	_exit(work(listeners[i]));
}

/* A worker that ended is started anew, unless all are to end. */
static void supervise(const sigset_t *signals, const sigset_t *before)
{
	bool over = false;
	int left = workers;

	for (int i = 0; i < workers; i++)
		start(i, before);
	while (left) {
		int signal = 0;
		pid_t pid;

		sigwait(signals, &signal);
		over |= signal == SIGTERM;
		for (int i = 0; i < workers && signal == SIGTERM; i++)
			if (pids[i])
				kill(pids[i], SIGTERM);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			for (int i = 0; i < workers; i++)
				if (pids[i] == pid && !over)
					start(i, before);
				else if (pids[i] == pid)
					pids[i] = 0, left--;
	}
}

int main(int argc, char **argv)
{
	sigset_t signals, before;

	workers = argc == 3 ? atoi(argv[2]) : 0;
	if (workers < 1 || workers > WORKERS_MAX)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	for (int i = 0; i < workers; i++) {
		int rc = reuseport_listen("tcp", argv[1], NULL, &listeners[i]);

		if (rc) {
			fprintf(stderr, "echo: %s\n", strerror(-rc));
			return 1;
		}
	}
	supervise(&signals, &before);
	return 0;
}
