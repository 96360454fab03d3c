// SPDX-License-Identifier: Apache-2.0
/*
 * portman.c - the port manager: who may share a port, and a port to choose
 *
 * Prints: shared 0, not shared -98, chosen 16001
 */
#include <stdio.h>

#include <portclash/portman.h>

int main(void)
{
	struct reservation res = { .networks = { 4 },
		.network_count = 1,
		.transport = 6,
		.port = 80,
		.flags = RESERVATION_LOAD_BALANCED };
	struct portman *pm = portman_new_strict();
	uint16_t port;

	if (!pm || portman_reserve(pm, &res, 0, NULL, NULL, NULL))
		return 1;
	printf("shared %d, ", portman_reserve(pm, &res, 0, NULL, NULL, NULL));
	res.flags = 0;
	printf("not shared %d, ",
		portman_reserve(pm, &res, 0, NULL, NULL, NULL));
	res.port = 0;
	portman_reserve(pm, &res, 1, NULL, NULL, &port);
	printf("chosen %u\n", port);
	portman_free(pm);
	return 0;
}
