/* SPDX-License-Identifier: Apache-2.0 */
/*
 * narrow.h - few ports for programs that would search many of them
 */
#ifndef NARROW_H
#define NARROW_H

#include "program/program.h"

/**
 * narrow_if_costly() - Take ports away where the search for one may take long
 * @program:	One of reservations. If it may ask about thousands of ports, it
 *		gets a range of few ports instead; else it stays as it is
 *
 * Longer walks are for corpus/cases and portclash random.
 */
void narrow_if_costly(struct program *program);

#endif /* NARROW_H */
