/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint_known.h - for which calls is it known what gVisor does?
 *
 * The rules of gvisor_rules.h were measured, or read. Where they are silent one
 * could only guess what gVisor does, and a guess that differs from Linux is no
 * finding. So the outcome is n/a there. It is not known what happens
 *
 *	to a socket whose connect failed, by another connect;
 *	to a listener after shutdown, but that it keeps its port and
 *	  that listen revives it;
 *	to a TCP connection that is closing or over, but for its port;
 *	with link-local addresses, with the routes of a device;
 *	to a socket that a refused bind left with an address, if it is
 *	  then used with another family;
 *	with a connect to a broadcast address;
 *	to the device of a child;
 *	with sources that Linux would not use for that destination.
 */
#ifndef ENDPOINT_KNOWN_H
#define ENDPOINT_KNOWN_H

#include "endpoint.h"
#include "program/program.h"

/**
 * endpoint_known_covers() - Is it known what gVisor does for this call?
 * @ep:		Of an open socket
 * @explicit:	Its port was written in a bind
 * @op:		An op on it, its places resolved
 */
bool endpoint_known_covers(const struct endpoint *ep, bool explicit,
	const struct op *op);

#endif /* ENDPOINT_KNOWN_H */
