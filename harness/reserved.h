/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserved.h - what the workloads of bench_ports reserve
 */
#ifndef RESERVED_H
#define RESERVED_H

#include <netinet/in.h>
#include <stdbool.h>

#include "reservation.h"

enum {
	/* of the mixed workloads */
	MIXED_PORTS = 10000,
	MIXED_ADDRS = 8,
	MIXED_DEVICES = 3,
	/* distinct ports of one transport, or of one peer */
	SPREAD = 50000,
	SPREAD_FIRST = 10000,
};

static inline struct reservation reserved_make(uint8_t transport, uint16_t port,
	uint8_t flags)
{
	return (struct reservation){ .networks = { 4 },
		.network_count = 1,
		.transport = transport,
		.port = port,
		.flags = flags };
}

/* 10.0.x.y by a number */
static inline struct addr reserved_address(unsigned int number)
{
	return (struct addr){ .len = 4,
		.bytes = { 10, 0, number >> 8, number & 0xff } };
}

/* What a word of the mixed workloads means */
static inline struct reservation reserved_mixed(uint64_t word)
{
	uint16_t port = 10000 + word % MIXED_PORTS;
	unsigned int number = (word /= MIXED_PORTS) % MIXED_ADDRS;
	int32_t device = (word /= MIXED_ADDRS) % MIXED_DEVICES;
	bool udp = (word /= MIXED_DEVICES) % 2;
	struct reservation res = reserved_make(udp ? IPPROTO_UDP : IPPROTO_TCP,
		port, word / 2 % 8);

	res.device = device;
	if (number)
		res.addr = reserved_address(number);
	return res;
}

/* 10.0.0.1:80 to a peer */
static inline struct reservation reserved_tuple(unsigned int number)
{
	struct reservation res = reserved_make(IPPROTO_TCP, 80,
		RESERVATION_TUPLE_ONLY);

	res.addr = reserved_address(1);
	res.dest_addr = reserved_address(2 + number / SPREAD);
	res.dest_port = SPREAD_FIRST + number % SPREAD;
	return res;
}

/* Of distinct ports; a transport has SPREAD of them */
static inline struct reservation reserved_distinct(uint64_t number)
{
	return reserved_make(number / SPREAD, SPREAD_FIRST + number % SPREAD,
		0);
}

#endif /* RESERVED_H */
