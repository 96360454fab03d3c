// SPDX-License-Identifier: Apache-2.0
/*
 * conn.c - to close a socket wakes whoever reads from it
 *
 * Prints: the reader was told: Bad file descriptor
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <portclash/conn.h>
#include <portclash/netns.h>

static void *read_one(void *arg)
{
	char byte;
	ssize_t n = conn_read(arg, &byte, 1, NULL);

	printf("the reader was told: %s\n", strerror(-n));
	return NULL;
}

int main(void)
{
	struct conn *conn;
	pthread_t reader;

	if (netns_unshare() < 0 ||
		conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &conn) ||
		pthread_create(&reader, NULL, read_one, conn))
		return 1;
	usleep(10000);
	conn_close(conn);
	pthread_join(reader, NULL);
	conn_free(conn);
	return 0;
}
