// SPDX-License-Identifier: Apache-2.0
/*
 * epoll.c - conns in an event loop, whose calls then never wait
 *
 * Prints: 3 messages, then nothing for 10 ms: Timer expired
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <portclash/conn.h>

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN }, ready;
	int loop = epoll_create1(EPOLL_CLOEXEC), fds[2], count = 0;
	struct wait soon = WAIT_INIT;
	struct conn *a, *b;
	char byte;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) || conn_adopt(fds[0], &a) ||
		conn_adopt(fds[1], &b))
		return 1;
	event.data.ptr = a;
	if (epoll_ctl(loop, EPOLL_CTL_ADD, conn_fd(a), &event))
		return 1;
	for (int i = 0; i < 3; i++)
		conn_write(b, "x", 1, NULL);
	while (epoll_wait(loop, &ready, 1, 0) == 1) {
		conn_read(ready.data.ptr, &byte, 1, NULL);
		count++;
	}
	soon.deadline = wait_in_ms(10);
	printf("%d messages, then nothing for 10 ms: %s\n", count,
		strerror(-conn_read(a, &byte, 1, &soon)));
	/* The loop first: a closed descriptor may be another's at once. */
	close(loop);
	conn_free(a);
	conn_free(b);
	return 0;
}
