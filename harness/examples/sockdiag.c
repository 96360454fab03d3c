// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag.c - every TCP port that is held, also by a bind alone
 *
 * Prints: port 8080 is in state 7 of uid 0
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <portclash/netns.h>
#include <portclash/sockdiag.h>

static int print(const struct sockdiag_row *row, void *arg)
{
	(void)arg;
	printf("port %u is in state %u of uid %u\n", row->port, row->state,
		row->uid);
	return 0;
}

int main(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(8080) };
	struct sockdiag *diag;
	int fd;

	if (netns_unshare() < 0 || sockdiag_open(&diag))
		return 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)))
		return 1;
	sockdiag_each(diag, IPPROTO_TCP, AF_INET, SOCKDIAG_ALL, print, NULL);
	sockdiag_close(diag);
	return 0;
}
