/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit.h - a case as a C program that needs nothing of ours
 *
 * The program can be pasted into a mail to a kernel list: it has real calls and
 * constants, makes a world of its own, and its exit status says whether it saw
 * what the case demands of Linux.
 */
#ifndef EMIT_H
#define EMIT_H

#include "text.h"

/**
 * emit_c() - Write it
 * @text:	A case of ops on sockets; expected are its unqualified outcomes
 * @file:	Where to
 *
 * Return: 0, or -EINVAL: its ops are on reservations
 */
int emit_c(const struct case_text *text, FILE *file);

#endif /* EMIT_H */
