// SPDX-License-Identifier: Apache-2.0
/*
 * blocked.c - a thread that is blocked in a read
 */
#include "blocked.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>

#include "util.h"
#include "net/conn.h"

static struct {
	pthread_t thread;
	struct conn *conn;
	struct wait_token *token;
	sem_t here;
	ssize_t result;
} reader;

bool blocked_is_there(void)
{
	return reader.conn;
}

static void *read_blocked(void *arg)
{
	struct wait wait = { 0, wait_token_fd(reader.token) };

	(void)arg;
	sem_post(&reader.here);
	reader.result = conn_read(reader.conn, &(char){ 0 }, 1, &wait);
	return NULL;
}

void blocked_begin(void)
{
	if (reader.conn)
		return;
	ASSERT(!conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &reader.conn));
	ASSERT(!wait_token_new(&reader.token));
	reader.result = 0;
	ASSERT(!sem_init(&reader.here, 0, 0));
	ASSERT(!pthread_create(&reader.thread, NULL, read_blocked, NULL));
	/* A thread that begins has a lock of the sanitizer's allocator. A child
	 * that is forked then could not allocate. */
	while (sem_wait(&reader.here))
		;
}

void blocked_cancel(void)
{
	if (reader.conn)
		pthread_cancel(reader.thread);
}

void blocked_forget(void)
{
	reader.conn = conn_free(reader.conn);
	reader.token = wait_token_free(reader.token);
}

ssize_t blocked_end(uint8_t how, ssize_t *result)
{
	static const int results[] = { -EBADF, -ECANCELED, -ETIME };

	switch (how % 3) {
	case 0: conn_close(reader.conn); break;
	case 1: wait_token_cancel(reader.token); break;
	case 2: conn_set_deadline(reader.conn, CONN_READ, 1); break;
	}
	pthread_join(reader.thread, NULL);
	*result = results[how % 3];
	blocked_forget();
	return reader.result;
}
