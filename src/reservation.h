/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reservation.h - what is reserved with a port manager
 */
#ifndef RESERVATION_H
#define RESERVATION_H

#include "addr.h"
#include "portclash.h"

PORTCLASH_BEGIN

/* Flags of a reservation, and limits */
enum {
	RESERVATION_MOST_RECENT = 1,   /* SO_REUSEADDR of UDP */
	RESERVATION_LOAD_BALANCED = 2, /* SO_REUSEPORT */
	RESERVATION_TUPLE_ONLY = 4,    /* SO_REUSEADDR of TCP */
	RESERVATION_FLAGS = 7,	       /* all of them */
	RESERVATION_NETWORKS_MAX = 4,
};

/**
 * struct reservation - Ports that are reserved together
 * @networks:	Each 4 or 6; may repeat
 * @network_count: How many; may be none, and then nothing is held
 * @transport:	An IP protocol number; 6 has rules of its own
 * @flags:	RESERVATION_* bits
 * @device:	0 is none; others are compared as numbers
 * @port:	Local port; 0 asks portman_reserve() to choose one
 * @dest_port:	Port of the destination
 * @addr:	Local address; no address is the wildcard
 * @dest_addr:	Destination
 */
struct reservation {
	uint8_t networks[RESERVATION_NETWORKS_MAX], network_count;
	uint8_t transport, flags;
	int32_t device;
	uint16_t port, dest_port;
	struct addr addr, dest_addr;
};

PORTCLASH_END

#endif /* RESERVATION_H */
