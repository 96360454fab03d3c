/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_netlink.h - what a kernel answers, without any kernel
 *
 * A target that has fake_netlink.c opens no socket: libnl gets its datagrams
 * from one run of bytes, in which the length of each stands before it (two
 * bytes, low one first). Behind the last one all lists are at their end. Nor
 * are sysctls and processes of this machine looked at.
 */
#ifndef FAKE_NETLINK_H
#define FAKE_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/** fake_netlink_answers() - What will be answered */
void fake_netlink_answers(const uint8_t *data, size_t size);

#endif /* FAKE_NETLINK_H */
