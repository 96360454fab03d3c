/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_leak.h - not of Linux: what stays held when its holder is gone
 *
 * Other systems give back a port by what a socket is now, not by what it was
 * when it got the port. What they miss is held for ever. Here that is a socket
 * that no name of the program means, at the address that was bound.
 */
#ifndef SPEC_LEAK_H
#define SPEC_LEAK_H

#include "spec_state.h"

/**
 * spec_leak_wildcard() - A TCP socket has left the wildcard by a connect
 *
 * The wildcard stays held beside the socket itself, for good
 * (tcp_connect_keeps_wildcard).
 */
void spec_leak_wildcard(struct spec *spec, struct spec_socket *s);

/**
 * spec_leak_source() - A TCP socket gets no connection from where it is now
 *
 * It keeps that address, and if it was at the wildcard, that stays held
 * (refused_connect_keeps_source).
 */
void spec_leak_source(struct spec *spec, struct spec_socket *s);

/**
 * spec_leak_to_kept() - A TCP socket has got a port at the wildcard
 *
 * If it has kept an address of a call that was refused, it is there, and the
 * wildcard stays held beside it.
 */
void spec_leak_to_kept(struct spec *spec, struct spec_socket *s);

/**
 * spec_leak_udp() - A UDP socket is about to give its port back
 *
 * It misses the IPv6 half of a wildcard that it has connected from by IPv4
 * (udp_connect_leaks_wildcard), and all if it has got another device since
 * (udp_new_device_leaks). If it has connected with other options, these are
 * given back, and somebody else goes on with the old ones
 * (udp_new_options_leak).
 */
void spec_leak_udp(struct spec *spec, const struct spec_socket *s);

#endif /* SPEC_LEAK_H */
