/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demux.h - gVisor's transport demuxer: endpoints registered by their ids
 *
 * DOC: Theory of Operation
 *
 * Besides the port manager, gVisor has a second table that may refuse a port.
 * An endpoint that listens or is connected is registered under its exact id,
 * network, transport and device. All endpoints under one such key are a group.
 * A group counts flags as the port manager does, with the same consequence: an
 * endpoint that leaves with other flags than it came with leaves a wrong count
 * behind for those that stay.
 */
#ifndef DEMUX_H
#define DEMUX_H

#include "addr.h"
#include "gvisor.h"

enum { DEMUX_MEMBERS_MAX = 136, DEMUX_GROUPS_MAX = 520 };

struct endpoint;

/**
 * struct endpoint_id - Both ends; no address is the wildcard
 */
struct endpoint_id {
	struct addr local, remote;
	uint16_t local_port, remote_port;
};

/**
 * struct demux_key - Where to register
 * @networks:	4 or 6 each
 * @transport:	As in IP
 * @flags:	RES_* bits; those the demuxer does not know are ignored
 * @device:	0 for none
 */
struct demux_key {
	uint8_t networks[2], network_count, transport, flags;
	int32_t device;
	struct endpoint_id id;
};

/**
 * struct demux_group - Endpoints under one key
 * @refs:	References by flags
 * @members:	In the order they came
 */
struct demux_group {
	uint8_t network, transport;
	int32_t device;
	struct endpoint_id id;
	int refs[8];
	unsigned int count;
	struct endpoint *members[DEMUX_MEMBERS_MAX];
};

/**
 * struct demux - All groups; none is empty
 * @gvisor:	The rules; it notes which had a part
 */
struct demux {
	struct gvisor *gvisor;
	unsigned int count;
	struct demux_group groups[DEMUX_GROUPS_MAX];
};

/** demux_check() - Could this be registered? */
bool demux_check(const struct demux *demux, const struct demux_key *key);

/** demux_register() - Register, on all networks or none; true if it could be */
bool demux_register(struct demux *demux, const struct demux_key *key,
	struct endpoint *endpoint);

/** demux_unregister() - Take the endpoint out of the groups of the key */
void demux_unregister(struct demux *demux, const struct demux_key *key,
	struct endpoint *endpoint);

/**
 * demux_find() - The endpoint that gets a packet
 * @network:	Of the packet
 * @transport:	Of the packet
 * @id:		As the receiver sees it
 * @device:	Where the packet comes in
 * @many:	Set if the receiver is drawn from several, by a secret hash
 *
 * Only the group of the best id is asked, even if no one in it is on @device
 * or on none.
 *
 * Return: The endpoint, or NULL: nobody
 */
struct endpoint *demux_find(const struct demux *demux, uint8_t network,
	uint8_t transport, const struct endpoint_id *id, int32_t device,
	bool *many);

#endif /* DEMUX_H */
