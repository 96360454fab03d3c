/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_private.h - the parts of a look (private to why)
 */
#ifndef WHY_PRIVATE_H
#define WHY_PRIVATE_H

#include "why.h"

/**
 * why_grow() - Room for one more element of a list
 * @list:	Of @count elements of @size bytes
 *
 * Return: The list, perhaps elsewhere; NULL without memory, it is then as it
 *	   was
 */
void *why_grow(void *list, unsigned int count, size_t size);

/** why_look_net() - Devices, routes and addresses: 0, or a negative errno */
int why_look_net(struct why_situation *situation);

/** why_look_sysctls() - Sysctls, and the kernel's version */
void why_look_sysctls(struct why_situation *situation);

/** why_look_owners() - Whose are the holders, and with which options? */
int why_look_owners(struct why_situation *situation);

/** why_vrf() - The VRF that a device is, or is in; 0 for none */
uint32_t why_vrf(const struct why_situation *situation, uint32_t ifindex);

/** why_is_wildcard() - Is it :: or 0.0.0.0, mapped or not? */
bool why_is_wildcard(const struct addr *addr);

#endif /* WHY_PRIVATE_H */
