// SPDX-License-Identifier: Apache-2.0
/*
 * netns.c - one port, bound in two network namespaces at a time
 *
 * Prints: here 0, there 0, here again -98
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <portclash/netns.h>

/* A socket stays where it was made, whoever has it. It is never closed. */
static int bind_here(struct netns *from, void *arg)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(8080) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)from;
	(void)arg;
	return bind(fd, (struct sockaddr *)&in, sizeof(in)) ? -errno : 0;
}

int main(void)
{
	struct netns *ns;

	if (netns_unshare() < 0 || netns_new(&ns))
		return 1;
	printf("here %d, ", bind_here(NULL, NULL));
	printf("there %d, ", netns_do(ns, bind_here, NULL));
	printf("here again %d\n", bind_here(NULL, NULL));
	netns_free(ns);
	return 0;
}
