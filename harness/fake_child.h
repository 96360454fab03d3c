/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_child.h - what agents say, without any process
 *
 * A target that has fake_child.c has it in the place of child.c. All agents
 * that are started say, one after the other, what is in one run of bytes. A
 * line whose first byte is 1, 2, ... is none: then something happens to the
 * agent, such as its death.
 */
#ifndef FAKE_CHILD_H
#define FAKE_CHILD_H

#include <stddef.h>
#include <stdint.h>

/** fake_child_says() - What will be said; at its end all agents have ended */
void fake_child_says(const uint8_t *data, size_t size);

#endif /* FAKE_CHILD_H */
